"""A message as it is, from its first character to its last, however long: only the lines in view are drawn."""

import asyncio
import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from operator import itemgetter
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
_MAY_BE_WIDE = re.compile(r"[^\x00-\u10ff\u2010-\u205e\u2500-\u257f]")
"""Characters that may take two cells: none of European letters, of general punctuation or of frames."""


@dataclass(frozen=True, slots=True)
class Passage:
    """A text that begins a new line, drawn in the style of the component class `rows--STYLE`, if it has one."""

    text: str
    style: str = ""


def row_starts(text: str, width: int) -> Iterator[int]:
    """Yield where each row begins if `text` is wrapped to `width` cells, at spaces where there are any.

    A line with a character that may take two cells is wrapped as if all of them did.
    """
    start = 0
    for line in text.split("\n"):
        end, step = start + len(line), max(1, width // 2 if _MAY_BE_WIDE.search(line) else width)
        yield start
        while end - start > step:
            space = text.rfind(" ", start + 1, start + step + 1)
            start = start + step if space < 0 else space + 1
            yield start
        start = end + 1


class Rows(ScrollView, can_focus=True):
    """The rows of a text."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"rows--heading", "rows--aside"}
    DEFAULT_CSS = """
    Rows {
        overflow-x: hidden;
        overflow-y: scroll;
        & .rows--heading {
            text-style: bold;
            color: $accent;
        }
        & .rows--aside {
            color: $text-muted;
        }
    }
    """

    def __init__(self, passages: Sequence[Passage]) -> None:
        super().__init__(id="rows")
        self._raw = passages
        self._text = ""
        self._styled: Sequence[tuple[int, str]] = [(0, "")]
        self._starts: Sequence[int] = ()
        self._width = 0

    def show(self, passages: Sequence[Passage]) -> None:
        """Show another text in place of this one."""
        self._raw, self._text = passages, ""
        if self._width:
            self.wrap(self._width)

    def on_resize(self) -> None:
        """Wrap the text to the new width."""
        if (width := max(2, self.scrollable_content_region.width)) != self._width:
            self._width = width
            self.wrap(width)

    @work(exclusive=True)
    async def wrap(self, width: int) -> None:
        """Find the rows in a thread, as many megabytes take seconds."""
        text, styled = self._text, self._styled
        if not text:
            text, styled = await asyncio.to_thread(_joined, self._raw)
        starts = await asyncio.to_thread(lambda: list(row_starts(text, width)))
        self._text, self._styled, self._starts = text, styled, starts
        self.virtual_size = Size(width, len(starts))
        self.refresh()

    def render_line(self, y: int) -> Strip:
        """Draw one row."""
        row, style = self.scroll_offset.y + y, self.rich_style
        if row >= len(self._starts):
            return Strip.blank(self.size.width, style)
        start = self._starts[row]
        end = self._starts[row + 1] if row + 1 < len(self._starts) else None
        name = self._styled[bisect_right(self._styled, start, key=itemgetter(0)) - 1][1]
        drawn = self.get_component_rich_style(f"rows--{name}") if name else style
        text = self._text[start:end].removesuffix("\n")
        return Strip([Segment(text, drawn)]).adjust_cell_length(self.size.width, style)


def _joined(passages: Sequence[Passage]) -> tuple[str, list[tuple[int, str]]]:
    """Return one text, and where the passages begin in it, each with its style."""
    texts = [_drawable(passage.text) for passage in passages]
    begins = accumulate((len(text) + 1 for text in texts), initial=0)
    return "\n".join(texts), [(start, each.style) for start, each in zip(begins, passages, strict=False)] or [(0, "")]


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
        yield Rows([Passage(self._text)])
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
