"""What the persona said, growing while it is said.

A line of the program's own in the transcript: what went wrong, or what was done.

Markdown as replies may use it: emphasis, lists, tables, code. Nothing that acts.

What a model says is never trusted. HTML, links, images and entities are not parsed, so they appear as the characters
they are: nothing can be clicked, no address hides behind a text, and no entity smuggles in a character that `printable`
replaced.

What the person said, as they said it.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Markdown, Static

from chat_personas.text import printable

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.rules_core import StateCore
    from textual.timer import Timer
    from textual.widgets.markdown import MarkdownStream


class Notice(Static):
    """A line that neither side said. `failed` marks an error, with a glyph and not by colour alone."""

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
"""Each growth of a reply lays out and draws the conversation anew; at 60 times a second, keys have to wait for it."""
MOST_POSTPONED = 11
"""How often in a row a drawing gives way to the person's typing: the reply then still grows once a second.

No key is echoed during a drawing; drawn twice a second, the slowest twentieth of the keys had to wait for one
(`benchmarks/key_echo.py`).
"""


class Reply(Vertical):
    """A reply as Markdown. Text may be written to it in pieces of any size; `end` closes it with a note, or none.

    While it grows, it is drawn less often as long as `give_way` says that something more urgent is going on.
    """

    def __init__(
        self,
        speaker: str,
        text: str = "",
        note: str = "",
        *,
        growing: bool = False,
        give_way: Callable[[], bool] = lambda: False,
    ) -> None:
        super().__init__(classes="reply")
        self._speaker = speaker
        self._text = text
        self._note = note or (FIRST_WORD if growing and not text else "")
        self._growing = growing
        self._stream: MarkdownStream | None = None
        self._unwritten: list[str] = []
        self._pause: Timer | None = None
        self._give_way = give_way
        self._postponed = 0

    def compose(self) -> ComposeResult:
        """Lay out the speaker, the text and the note."""
        yield Static(printable(self._speaker), markup=False, classes="speaker")
        yield Markdown(printable(self._text), parser_factory=plain_markdown, open_links=False, classes="reply-text")
        yield Static(printable(self._note), markup=False, classes="note")

    def on_mount(self) -> None:
        """Open the stream if the reply is still growing."""
        self._show_note(self._note)
        if self._growing:
            self._stream = Markdown.get_stream(self.query_one(Markdown))

    async def write(self, text: str) -> None:
        """Append a piece of the reply; it is drawn at once, or together with those that come soon after another."""
        if self._stream is None:
            return
        if self._note:
            self._show_note("")
        self._unwritten.append(printable(text))
        if self._pause is None:
            await self._draw()

    async def end(self, note: str = "") -> None:
        """Show all that was written and close the reply, saying why it ended if it did not end by itself."""
        await self._close()
        self._show_note(note)

    async def on_unmount(self) -> None:
        """Stop the stream's task with the widget."""
        await self._close()

    async def _draw(self) -> None:
        """Draw what was not drawn yet, and nothing more for a while."""
        self._pause = None
        if not self._unwritten or self._stream is None:
            return
        self._pause = self.set_timer(SECONDS_BETWEEN_DRAWINGS, self._draw)
        if self._postponed < MOST_POSTPONED and self._give_way():
            self._postponed += 1
            return
        self._postponed = 0
        text = "".join(self._unwritten)
        self._unwritten.clear()
        await self._stream.write(text)

    async def _close(self) -> None:
        if self._pause is not None:
            self._pause.stop()
        stream, self._stream = self._stream, None
        if stream is not None:
            await stream.write("".join(self._unwritten))
            self._unwritten.clear()
            await stream.stop()

    def _show_note(self, note: str) -> None:
        self._note = note
        line = self.query_one(".note", Static)
        line.update(printable(note))
        line.display = bool(note)


WAITING = "waiting for the model; it is sent as soon as it can be (Esc takes it back)"


class UserMessage(Static):
    """A message of the person's, never parsed as markup. One that could not be sent yet says so."""

    def __init__(self, text: str, *, waiting: bool = False) -> None:
        parts: list[Content | tuple[str, str]] = [("You", "bold"), Content("\n"), Content(printable(text))]
        if waiting:
            parts += [Content("\n"), ("… " + WAITING, "italic")]
        super().__init__(Content.assemble(*parts), markup=False, classes="user-message")
