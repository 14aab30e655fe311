"""A line of the program's own in the transcript: what went wrong, or what was done."""

from textual.content import Content
from textual.widgets import Static

from chat_personas.text import printable


class Notice(Static):
    """A line that neither side said. `failed` marks an error, with a glyph and not by colour alone."""

    def __init__(self, text: str, *, failed: bool = False) -> None:
        glyph = "✗ " if failed else "· "
        super().__init__(
            Content(glyph + printable(text)), markup=False, classes="notice -failed" if failed else "notice"
        )
