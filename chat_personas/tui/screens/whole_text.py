"""A message as it is, from its first character to its last, however long: only the lines in view are drawn."""

import asyncio
from collections.abc import Iterator, Sequence
from typing import ClassVar

from rich.segment import Segment
from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.scroll_view import ScrollView
from textual.strip import Strip
from textual.widgets import Static

from chat_personas.text import printable
from chat_personas.tui.screens.answering import AnsweringScreen
from chat_personas.tui.widgets.messages import LINE_BREAKS
from chat_personas.tui.widgets.title_and_status import KeyLine

_TAB = " " * 4


def row_starts(text: str, width: int) -> Iterator[int]:
    """Yield where each row begins if `text` is wrapped to `width` cells, at spaces where there are any.

    A character outside ASCII counts as two cells, which is the most that one takes.
    """
    start = 0
    for line in text.split("\n"):
        end, step = start + len(line), max(1, width if line.isascii() else width // 2)
        yield start
        while end - start > step:
            space = text.rfind(" ", start + 1, start + step + 1)
            start = start + step if space < 0 else space + 1
            yield start
        start = end + 1


class Rows(ScrollView, can_focus=True):
    """The rows of a text."""

    DEFAULT_CSS = """
    Rows {
        overflow-x: hidden;
        overflow-y: scroll;
    }
    """

    def __init__(self, text: str) -> None:
        super().__init__(id="rows")
        self._raw = text
        self._text = ""
        self._starts: Sequence[int] = ()
        self._width = 0

    def on_resize(self) -> None:
        """Wrap the text to the new width."""
        if (width := max(2, self.scrollable_content_region.width)) != self._width:
            self._width = width
            self.wrap(width)

    @work(exclusive=True)
    async def wrap(self, width: int) -> None:
        """Find the rows in a thread, as many megabytes take seconds."""
        if not self._text:
            self._text = await asyncio.to_thread(_drawable, self._raw)
        self._starts = await asyncio.to_thread(lambda: list(row_starts(self._text, width)))
        self.virtual_size = Size(width, len(self._starts))
        self.refresh()

    def render_line(self, y: int) -> Strip:
        """Draw one row."""
        row, style = self.scroll_offset.y + y, self.rich_style
        if row >= len(self._starts):
            return Strip.blank(self.size.width, style)
        end = self._starts[row + 1] if row + 1 < len(self._starts) else None
        text = self._text[self._starts[row] : end].removesuffix("\n")
        return Strip([Segment(text, style)]).adjust_cell_length(self.size.width, style)


def _drawable(text: str) -> str:
    return printable(text).translate(LINE_BREAKS).replace("\t", _TAB)


class WholeTextScreen(AnsweringScreen[None]):
    """Shows a message without Markdown. `c` copies it."""

    CSS_PATH = "prompt.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,f10", "close", "Back", id="whole_back"),
        Binding("c", "copy", "Copy", id="whole_copy"),
    ]

    def __init__(self, text: str) -> None:
        super().__init__()
        self._text = text

    def compose(self) -> ComposeResult:
        """Lay out the text below a heading that says how long it is."""
        yield Static(f"The whole message: {len(self._text):,} characters", markup=False, id="heading")
        yield Rows(self._text)
        yield KeyLine()

    def on_mount(self) -> None:
        """Let the arrow keys scroll at once."""
        self.query_one(Rows).focus()

    def action_close(self) -> None:
        """Go back to the conversation."""
        self.dismiss(None)

    def action_copy(self) -> None:
        """Copy the message to the clipboard."""
        self.app.copy_to_clipboard(self._text)
        self.notify("Copied the message.", markup=False)
