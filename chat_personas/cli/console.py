"""The console of tables and progress bars: it draws colours and lines of its own, and text from elsewhere as text."""

from collections.abc import Iterable
from typing import IO

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment

from chat_personas.cli.terminal import uncleaned
from chat_personas.text import printable


class CleanConsole(Console):
    """A console that cleans every text that it is given to draw, and reads no markup or emoji names in it.

    Rich writes past `chat_personas.cli.terminal.CleanStream`, because what it writes is made of escape sequences.
    """

    def __init__(self, *, to_error: bool) -> None:
        super().__init__(stderr=to_error, highlight=False, markup=False, emoji=False)

    @property
    def file(self) -> IO[str]:
        """The stream behind all that stand before it: a bar puts one of its own before that which cleans."""
        return uncleaned(super().file)

    @file.setter
    def file(self, stream: IO[str]) -> None:
        self._file = stream

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """Yield what is drawn; of texts without what would control the terminal."""
        for segment in super().render(renderable, options):
            yield segment if segment.control else segment._replace(text=printable(segment.text))
