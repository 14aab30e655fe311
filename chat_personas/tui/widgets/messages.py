"""What the transcript shows: messages of the person, replies as Markdown, and lines of the program's own.

What a model writes is never trusted. Emphasis, lists, tables and code are drawn. HTML, links, images and entities are
not parsed, so they appear as the characters they are: nothing can be clicked, no address hides behind a text, and no
entity smuggles in a character that `printable` replaced.
"""

import logging
import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.events import Mount
from textual.geometry import Size, Spacing
from textual.layout import DockArrangeResult
from textual.widget import Widget
from textual.widgets import Markdown, Static

from chat_personas.text import printable

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.rules_core import StateCore

LINE_BREAKS = {0x2028: "\n", 0x2029: "\n"}
"""Line and paragraph separator of Unicode: Textual counts them as line breaks, the Markdown parser does not."""


def visible(text: str) -> str:
    """Return text of others as the screen shows it: cleaned, and each of its lines on a line of its own."""
    return printable(text).translate(LINE_BREAKS)


class Notice(Static):
    """A line of the program's own. `failed` marks an error, with a glyph and not by colour alone."""

    def __init__(self, text: str, *, failed: bool = False) -> None:
        glyph = "✗ " if failed else "· "
        super().__init__(
            Content(glyph + printable(text)), markup=False, classes="notice -failed" if failed else "notice"
        )


ACTING = ["link", "image", "autolink", "html_inline", "html_block", "entity", "reference"]


def plain_markdown() -> "MarkdownIt":
    """Return the parser for replies. A line break within a paragraph stays one, as models mean it."""
    from markdown_it import MarkdownIt

    parser = MarkdownIt("commonmark", {"html": False, "linkify": False})
    parser.enable(["table", "strikethrough"]).disable(ACTING)
    parser.core.ruler.push("keep_line_breaks", _keep_line_breaks)
    return parser


def _keep_line_breaks(state: "StateCore") -> None:
    for token in state.tokens:
        for child in token.children or ():
            if child.type == "softbreak":
                child.type = "hardbreak"


FIRST_WORD = "… thinking (Esc stops)"
SECONDS_BETWEEN_DRAWINGS = 1 / 12
"""Each growth of a reply lays out and draws the conversation again; at 60 times a second, keys have to wait for it."""
MOST_POSTPONED = 11
"""How often in a row a drawing may give way to the person's typing: the reply then still grows once a second.

No key is echoed during a drawing; drawn twice a second, the slowest twentieth of the keys had to wait for one
(`benchmarks/key_echo.py`).
"""
_UNDECIDED = re.compile(r"[ \t>]*(?:[-+*_=#|:`~ \t]*|\d{1,9}[.)]?)\Z")
"""The beginning of a line that does not show yet whether it goes on with the block before it or begins another one."""


class Reply(Vertical):
    """A reply as Markdown. Text may be written to it in pieces of any size; `end` closes it with a note, or none.

    While it grows, only its end is drawn again, and less often as long as `give_way` says that something more urgent is
    going on. Once it has ended it is drawn again from its whole text, because the growing end can be drawn wrongly:
    Textual 8.2 decides too early to which block an unfinished line belongs. A text that cannot be drawn as Markdown is
    shown as it is.
    """

    def __init__(
        self,
        speaker: str,
        text: str = "",
        note: str = "",
        *,
        growing: bool = False,
        give_way: Callable[[], bool] = lambda: False,
        thought: Widget | None = None,
    ) -> None:
        """`thought` is shown above the text."""
        super().__init__(classes="reply")
        self._thought = thought
        self._speaker = speaker
        self._text = visible(text)
        self._drawn = 0
        self._note = note or (FIRST_WORD if growing and not text else "")
        self._growing = growing
        self._give_way = give_way
        self._postponed = 0
        self._drawing_due = False
        self._plain = False
        self._markdown = _ReplyText(parser_factory=plain_markdown, open_links=False, classes="reply-text")
        self._note_line = Static(printable(self._note), markup=False, classes="note")

    def compose(self) -> ComposeResult:
        """Lay out the speaker, the thought, the text and the note."""
        yield Static(printable(self._speaker), markup=False, classes="speaker")
        if self._thought is not None:
            yield self._thought
        yield self._markdown
        yield self._note_line

    async def on_mount(self) -> None:
        """Draw what there is."""
        self._show_note(self._note)
        if self._text:
            await self._draw_whole()

    async def show_thought(self, thought: Widget) -> None:
        """Show a thought above the text from now on, and no longer that the first word is waited for."""
        self._thought = thought
        self._show_note("")
        await self.mount(thought, after=self.query_one(".speaker"))

    async def write(self, text: str) -> None:
        """Append a piece of the reply; it is drawn at once, or together with those that come soon after another."""
        if not self._growing:
            return
        if self._note:
            self._show_note("")
        self._text += visible(text)
        if not self._drawing_due:
            self._drawing_due = True
            self.call_later(self._draw)

    async def end(self, note: str = "") -> None:
        """Show all that was written and close the reply, saying why it ended if it did not end by itself."""
        if self._growing:
            self._growing = False
            await self._draw_whole()
        self._show_note(note)

    def show_plain(self, error: Exception) -> None:
        """Show the text as it is from now on, because drawing it as Markdown raised `error`."""
        if not self._plain:
            self._plain = True
            logging.getLogger(__name__).error("a reply is shown as plain text: it cannot be drawn", exc_info=error)
            self.call_later(self._replace_markdown)  # later: Textual may be in the middle of laying out the screen

    async def _replace_markdown(self) -> None:
        await self.mount(Static(Content(self._text), markup=False, classes="reply-text"), after=self._markdown)
        await self._markdown.remove()

    async def _draw(self) -> None:
        """Draw what was not drawn yet, and nothing more for a while. Runs in the widget's own task: one at a time."""
        whole_lines, newline, line = self._text.rpartition("\n")
        ready = len(whole_lines + newline) if _UNDECIDED.match(line) else len(self._text)
        text = self._text[self._drawn : ready]
        self._drawing_due = bool(text) and self._growing
        if not self._drawing_due:
            return
        if self._postponed < MOST_POSTPONED and self._give_way():
            self._postponed += 1
        else:
            self._postponed = 0
            await self._draw_more(text)
        self.set_timer(SECONDS_BETWEEN_DRAWINGS, self._draw)

    async def _draw_more(self, text: str) -> None:
        """Append `text` to what is drawn; where Textual cannot, draw everything again."""
        self._drawn += len(text)
        if self._plain:
            self._redraw_plain()
            return
        try:
            await self._markdown.append(text)
        except Exception:
            await self._draw_whole()

    async def _draw_whole(self) -> None:
        self._drawn = len(self._text)
        if self._plain:
            self._redraw_plain()
            return
        if not (self._markdown.is_attached and self._markdown.is_mounted):
            return  # not yet: `on_mount` draws it; or not any more
        try:
            await self._markdown.update(self._text)
        except Exception as error:
            self.show_plain(error)

    def _redraw_plain(self) -> None:
        for shown in self.query(".reply-text").results(Static):
            shown.update(Content(self._text))

    def _show_note(self, note: str) -> None:
        self._note = note
        self._note_line.update(printable(note))
        self._note_line.display = bool(note)


class _ReplyText(Markdown):
    """The Markdown of a `Reply`. Errors in parsing and laying out go to the reply."""

    def on_mount(self, event: Mount) -> None:
        """Leave the first drawing to the reply."""
        event.prevent_default()

    def arrange(self, size: Size, optimal: bool = False) -> DockArrangeResult:
        """Lay out the blocks; none of them where that fails, for an exception here would end in any other widget."""
        try:
            return super().arrange(size, optimal)
        except Exception as error:
            assert isinstance(self.parent, Reply)
            self.parent.show_plain(error)
            return DockArrangeResult([], set(), Spacing())


def reply_drawn_by(widget: object) -> Reply | None:
    """Return the reply of whose Markdown `widget` is a part, or None."""
    around = widget.ancestors_with_self if isinstance(widget, Widget) else []
    markdown = next((above for above in around if isinstance(above, _ReplyText)), None)
    return markdown.parent if markdown is not None and isinstance(markdown.parent, Reply) else None


WAITING = "waiting for the model; sent as soon as possible (Esc unsends it)"


class UserMessage(Static):
    """A message of the person, never parsed as markup. While it waits to be sent, it says so."""

    def __init__(self, text: str, *, waiting: bool = False) -> None:
        parts: list[Content | tuple[str, str]] = [("You", "bold"), Content("\n"), Content(visible(text))]
        if waiting:
            parts += [Content("\n"), ("… " + WAITING, "italic")]
        super().__init__(Content.assemble(*parts), markup=False, classes="user-message")
