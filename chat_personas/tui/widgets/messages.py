"""What the transcript shows: messages of the person, replies as Markdown, and lines of the program's own.

What a model writes is never trusted. Emphasis, lists, tables and code are drawn. HTML, links, images and entities are
not parsed, so they appear as the characters they are: nothing can be clicked, no address hides behind a text, and no
entity smuggles in a character that `printable` replaced.
"""

import asyncio
import logging
import re
import time
from collections.abc import Callable

from rich.segment import Segment
from rich.style import Style
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content, Span
from textual.events import Click, Mount
from textual.geometry import Region, Size, Spacing
from textual.layout import DockArrangeResult
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget
from textual.widgets import Markdown, Static
from textual.widgets._markdown import MarkdownFence

from chat_personas.text import Sought, printable
from chat_personas.tui.key_registry import key_of
from chat_personas.tui.widgets.pace import Pace
from chat_personas.tui.widgets.reply_parts import (
    MOST_KEPT,
    MOST_MARKDOWN,
    MOST_WIDGETS,
    Part,
    next_part,
    plain_markdown,
    plain_part,
)

LINE_BREAKS = {0x2028: "\n", 0x2029: "\n"}
"""Line and paragraph separator of Unicode: Textual counts them as line breaks, the Markdown parser does not."""


def visible(text: str) -> str:
    """Return text of others as the screen shows it: cleaned, and each of its lines on a line of its own."""
    return printable(text).translate(LINE_BREAKS)


def highlighted(content: Content, sought: Sought) -> Content:
    """Return a text with the words that are looked for in reverse."""
    for start, end in sought.places(content.plain):
        content = content.stylize("reverse", start, end)
    return content


def shown_in_part(characters: int, opens: str) -> str:
    """Say that a message of so many characters is not drawn to its end, and what `opens` it, "" where nothing does."""
    return (
        f"shown in part; {opens} opens all {characters:,} characters"
        if opens
        else f"shown in part: {characters:,} characters"
    )


class Notice(Static):
    """A line of the program's own. `failed` marks an error, with a glyph and not by colour alone."""

    def __init__(self, text: str, *, failed: bool = False) -> None:
        glyph = "✗ " if failed else "· "
        super().__init__(
            Content(glyph + printable(text)), markup=False, classes="notice -failed" if failed else "notice"
        )


FIRST_WORD = "… thinking"
SECONDS_BETWEEN_DRAWINGS = 1 / 12
"""Each growth of a reply lays out and draws the conversation again; at 60 times a second, keys have to wait for it."""
SECONDS_BETWEEN_PARTS = 0.03
"""Between two parts of a reply, so that keys get in between."""
REST = 2
"""Nothing more is drawn for so many times the time that a part took: a slow or busy machine gets as many keys in
between as a fast one."""
MOST_UNSETTLED = 2000
"""Characters at the end of a growing reply about whose blocks the next lines may decide."""
_UNDECIDED = re.compile(r"[ \t>]*(?:[-+*_=#|:`~ \t]*|\d{1,9}[.)]?)\Z")
"""The beginning of a line that does not show yet whether it goes on with the block before it or begins another one."""


class Reply(Vertical):
    """A reply as Markdown. Text may be written to it in pieces of any size; `end` closes it with a note, or none.

    It is drawn in parts (see `reply_parts`), of which only the last one grows, and less often as long as `give_way`
    says that something more urgent is going on. A part that has ended is drawn again from its whole text, because the
    growing end can be drawn wrongly: Textual 8.2 decides too early to which block an unfinished line belongs. A text
    that cannot be drawn as Markdown is shown as it is, and one that is too long in part.
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
        opens: str = "",
    ) -> None:
        """`thought` is shown above the text. `opens` is the key that opens a reply that is shown in part."""
        super().__init__(classes="reply")
        self._thought = thought
        self._opens = opens
        self._speaker = printable(speaker)
        self._version = ""
        self._speaker_line = Static(self._speaker, markup=False, classes="speaker")
        self._length = 0
        self._kept = 0
        self._text = ""
        """What the last part is to show: as much of it as `_drawn` says is on the screen."""
        self._drawn = 0
        self._characters, self._widgets = MOST_MARKDOWN, MOST_WIDGETS
        self._take(text)
        self._note = note or (f"{FIRST_WORD} ({key_of('stop')} stops)" if growing and not text else "")
        self._growing = growing
        self._pace = Pace(give_way)
        self._drawing_due = bool(text)
        self._whole = False
        self._drawing = asyncio.Lock()
        self._plain = False
        self._sought = Sought()
        self._to_show = False
        self._mark = ""
        self._last_part: _ReplyText | _PlainText = _ReplyText()
        self._part_note = Static(markup=False, classes="note part-note")
        self._end_note = Static(printable(self._note), markup=False, classes="note end-note")

    @property
    def in_part(self) -> bool:
        """Whether some of the text is not drawn, because it is too long."""
        if isinstance(self._last_part, _PlainText) and not self._plain:
            return self._kept < self._length or plain_part(self._text) != self._text
        return self._kept < self._length

    def compose(self) -> ComposeResult:
        """Lay out the speaker, the thought, the text and the notes."""
        yield self._speaker_line
        if self._thought is not None:
            yield self._thought
        yield self._last_part
        yield self._part_note
        yield self._end_note

    async def on_mount(self) -> None:
        """Draw what there is."""
        self._show_note(self._note)
        await self._draw()

    def show_version(self, version: str) -> None:
        """Say after the speaker which version of several this is, as `version 2/2 (F8)`; "" for the only one."""
        if version != self._version:
            self._version = version
            self._speaker_line.update(_versioned(self._speaker, version))

    class MarkClicked(Message):
        """The mark in the margin was clicked."""

    def on_click(self, event: Click) -> None:
        """Say that the mark was clicked."""
        if self._mark and event.x == 0 and event.y == 0:
            self.post_message(self.MarkClicked())

    def show_mark(self, mark: str) -> None:
        """Show one character in the margin beside the speaker, in place of the line there, or the line again."""
        self._mark = mark
        self.refresh()  # nothing is laid out again

    def render_lines(self, crop: Region) -> list[Strip]:
        """Draw the frame around the parts, with the mark in its first cell."""
        lines = super().render_lines(crop)
        if self._mark and crop.x == 0 and crop.y == 0 and lines:
            (_, style, *_), *_ = lines[0]
            mark = Strip([Segment(self._mark, (style or Style()) + Style(bold=True))])
            lines[0] = Strip.join([mark, lines[0].crop(mark.cell_length)])
        return lines

    async def show_thought(self, thought: Widget) -> None:
        """Show a thought above the text from now on, and no longer that the first word is waited for."""
        self._thought = thought
        self._show_note("")
        await self.mount(thought, after=self._speaker_line)

    async def write(self, text: str) -> None:
        """Append a piece of the reply; it is drawn at once, or together with those that come soon after another."""
        if not self._growing:
            return
        if self._note:
            self._show_note("")
        self._take(text)
        self._draw_soon()

    async def end(self, note: str = "") -> None:
        """Close the reply, saying why it ended if it did not end by itself.

        What was written is drawn by then, except for parts that follow the present one: they come one by one.
        """
        if self._growing:
            self._growing = False
            await self._draw_next(len(self._text))
            self._draw_soon()
        self._show_note(note)

    def highlight(self, sought: Sought) -> None:
        """Highlight these words wherever they stand in the reply, and no others, also in what is drawn later."""
        self._sought = sought
        for part in self.query_children(_ReplyText):
            part.highlight(sought)
        for plain in self.query_children(_PlainText):
            plain.highlight(sought)

    def show_found(self) -> None:
        """Bring the first highlighted word into view, as soon as it is drawn."""
        self._to_show = True
        self._show_first_found()

    def _show_first_found(self) -> None:
        if self._to_show:
            found = (part.first_highlighted for part in self.query_children(_ReplyText))
            first = next((widget for widget in found if widget is not None), None)
            if first is not None:
                self._to_show = False
                self.call_after_refresh(first.scroll_visible, animate=False)

    def _highlight_again(self, part: "_ReplyText | _PlainText") -> None:
        """Highlight words in what was just drawn."""
        if self._sought.words:
            part.highlight(self._sought)
            self._show_first_found()

    def show_plain(self, error: Exception) -> None:
        """Show the text as it is from now on, because drawing it as Markdown raised `error`."""
        if not self._plain:
            self._plain = True
            logging.getLogger(__name__).error("a reply is shown as plain text: it cannot be drawn", exc_info=error)
            self.call_later(self._replace_markdown)  # later: Textual may be in the middle of laying out the screen

    def _take(self, text: str) -> None:
        """Keep as much of `text` as may be drawn."""
        kept = text[: MOST_KEPT - self._kept]
        self._length += len(text)
        self._kept += len(kept)
        self._text += visible(kept)

    async def _replace_markdown(self) -> None:
        """Replace all parts, also while one is being drawn: where a block fails, that waits for it until it is gone."""
        for part in list(self.query_children(_ReplyText)):
            await self._replace(part, part.said)

    async def _replace(self, part: "_ReplyText", text: str) -> None:
        """Show `text` as it is in place of a part that is drawn as Markdown."""
        plain = _PlainText(text)
        plain.set_class(part.has_class("-apart"), "-apart")
        if part is self._last_part:
            self._last_part = plain  # before the wait: what comes meanwhile belongs there
        await self.mount(plain, after=part)
        await part.remove()

    def _draw_soon(self) -> None:
        if not self._drawing_due:
            self._drawing_due = True
            self.call_later(self._draw)

    async def _draw(self) -> None:
        """Draw one part of what was not drawn yet, and after a while the next. Runs in the widget's own task."""
        ready = self._ready()
        self._drawing_due = ready > self._drawn if self._growing else not self._whole
        if not self._drawing_due:
            return
        if not self._pace.due():
            self.set_timer(SECONDS_BETWEEN_DRAWINGS, self._draw)
            return
        began = time.monotonic()
        self._pace.begin()
        least = SECONDS_BETWEEN_PARTS if await self._draw_next(ready) else SECONDS_BETWEEN_DRAWINGS
        self.call_after_refresh(self._pace.end)
        self.set_timer(max(least, REST * (time.monotonic() - began)), self._draw)

    def _ready(self) -> int:
        """Return how many characters can be drawn: of a line that has hardly begun it is not known yet what it is."""
        whole_lines, newline, line = self._text.rpartition("\n")
        return len(whole_lines + newline) if self._growing and _UNDECIDED.match(line) else len(self._text)

    async def _draw_next(self, ready: int) -> bool:
        """Draw the last part as far as `ready`, or as far as it goes; return whether another one follows it."""
        async with self._drawing:
            if not self.is_attached or self._whole:
                return False
            growing = self._growing  # it may end while this is drawn
            text = self._settled(ready)
            part = next_part(text, characters=self._characters, widgets=self._widgets)
            follows = part.length < len(text) and not isinstance(self._last_part, _PlainText)
            with self.app.batch_update():  # the screen is laid out once for all of it, not at every step
                if part.plain and isinstance(self._last_part, _ReplyText):
                    await self._replace(self._last_part, "")
                if follows:
                    await self._draw_whole(self._text[: part.length])
                    await self._begin_part(part)
                elif growing:
                    await self._draw_more(ready)
                else:
                    await self._draw_whole(self._text)
                self._show_in_part()
            self._whole = not (growing or follows)
            return follows

    def _settled(self, ready: int) -> str:
        """Return the text of which it is clear where its blocks begin: while it grows, without the last two lines."""
        if not self._growing:
            return self._text
        before = self._text.rfind("\n", 0, max(0, self._text.rfind("\n", 0, ready))) + 1
        return self._text[: before if ready - before < MOST_UNSETTLED else ready]

    async def _begin_part(self, last: Part) -> None:
        """Begin another part after the `last` one."""
        ended = self._last_part
        self._last_part = _PlainText() if self._plain else _ReplyText()
        self._last_part.set_class(not last.continues, "-apart")
        self._text, self._drawn = self._text[last.length :], 0
        self._characters -= last.length
        self._widgets -= last.widgets
        await self.mount(self._last_part, after=ended)

    async def _draw_more(self, ready: int) -> None:
        """Append to what is drawn what comes up to `ready`; where Textual cannot, draw all of it again."""
        part, text = self._last_part, self._text[self._drawn : ready]
        if isinstance(part, _PlainText):
            await self._draw_whole(self._text[:ready])
        if isinstance(part, _PlainText) or not text:
            return
        self._drawn = ready
        part.said += text
        if self._plain:
            return  # `_replace_markdown` is about to show it
        part.highlight(Sought())  # the highlighted text would be taken for the reply's
        try:
            await part.append(text)
        except Exception:
            await self._draw_whole(part.said)
        self._highlight_again(part)

    async def _draw_whole(self, text: str) -> None:
        """Draw `text` as the last part."""
        part, self._drawn = self._last_part, len(text)
        if isinstance(part, _PlainText):
            part.show(text if self._plain else plain_part(text))
            self._highlight_again(part)
            return
        part.said = text
        if self._plain:
            return
        part.highlight(Sought())
        try:
            await part.update(text)
        except Exception as error:
            self.show_plain(error)
        self._highlight_again(part)

    def _show_in_part(self) -> None:
        self._part_note.display = self.in_part
        if self.in_part:
            self._part_note.update(f"… {shown_in_part(self._length, self._opens)}")

    def _show_note(self, note: str) -> None:
        self._note = note
        self._end_note.update(printable(note))
        self._end_note.display = bool(note)


PALE = "$text 60%"
"""What Textual colours comments in code with: too pale to be read on white."""


class _Code(MarkdownFence):
    """Code in a reply. Comments have the colour of everything that is less important."""

    @classmethod
    def highlight(cls, code: str, language: str, ansi: bool = False, dark: bool = False) -> Content:
        """Return the code in the colours of the theme."""
        drawn = super().highlight(code, language, ansi, dark)
        spans = [Span(each.start, each.end, "$text-muted") if each.style == PALE else each for each in drawn.spans]
        return Content(drawn.plain, spans)


class _ReplyText(Markdown):
    """A part of the Markdown of a `Reply`. Errors in parsing and laying out go to the reply."""

    BLOCKS = {**Markdown.BLOCKS, "fence": _Code, "code_block": _Code}  # noqa: RUF012 - Textual has no ClassVar here

    def __init__(self) -> None:
        super().__init__(parser_factory=plain_markdown, open_links=False, classes="reply-text")
        self.said = ""
        self._plain_content: dict[Static, Content] = {}

    @property
    def first_highlighted(self) -> Widget | None:
        """The first block in which words are highlighted."""
        return next(iter(self._plain_content), None)

    def highlight(self, sought: Sought) -> None:
        """Highlight these words in all blocks, and no others. Nothing changes its size."""
        for block, before in self._plain_content.items():
            block.update(before, layout=False)
        self._plain_content = {}
        for block in self.query(Static) if sought.words else ():
            text = block.content
            if isinstance(text, Content) and sought.places(text.plain):
                self._plain_content[block] = text
                block.update(highlighted(text, sought), layout=False)

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


class _PlainText(Static):
    """A part of a reply that is shown as it is."""

    def __init__(self, text: str = "") -> None:
        super().__init__(Content(text), markup=False, classes="reply-text")
        self._shown = text

    def show(self, text: str) -> None:
        """Show `text`; one that is shown already takes no time."""
        if text != self._shown:
            self._shown = text
            self.update(Content(text))

    def highlight(self, sought: Sought) -> None:
        """Highlight these words, and no others."""
        self.update(highlighted(Content(self._shown), sought), layout=False)


def reply_drawn_by(widget: object) -> Reply | None:
    """Return the reply of whose Markdown `widget` is a part, or None."""
    around = widget.ancestors_with_self if isinstance(widget, Widget) else []
    markdown = next((above for above in around if isinstance(above, _ReplyText)), None)
    return markdown.parent if markdown is not None and isinstance(markdown.parent, Reply) else None


MOST_SAID = 20_000
MOST_SAID_LINES = 500
"""Characters and lines of a message of the person that are drawn."""
WAITING = "waiting for the model; sent as soon as possible (/queue changes it or takes it back)"


class UserMessage(Static):
    """A message of the person, never parsed as markup. While it waits to be sent, it says so. A long one is cut."""

    def __init__(self, text: str, speaker: str = "", *, waiting: str = "", opens: str = "") -> None:
        """`waiting` says what it waits for; `opens` is the key that opens a message that is shown in part."""
        shown = plain_part(visible(text[:MOST_SAID]), characters=MOST_SAID, lines=MOST_SAID_LINES)
        self.in_part = len(text) > MOST_SAID or shown != visible(text)
        parts: list[Content | tuple[str, str]] = [Content("\n"), Content(shown)]
        if self.in_part:
            parts += [Content("\n"), ("… " + shown_in_part(len(text), opens), "italic")]
        self._said = Content.assemble(*parts)
        self._waiting = waiting
        self._speaker = printable(speaker) or "You"
        self._version = ""
        self._sought = Sought()
        super().__init__(markup=False, classes="user-message")
        self.update(self._drawn())

    def show_version(self, version: str) -> None:
        """Say after the speaker which version of several this is, as `version 2/2 (F8)`; "" for the only one."""
        if version != self._version:
            self._version = version
            self.update(self._drawn())

    def wait_for(self, waiting: str) -> None:
        """Say what it waits for."""
        if waiting != self._waiting:
            self._waiting = waiting
            self.update(self._drawn())

    def highlight(self, sought: Sought) -> None:
        """Highlight these words wherever they stand in the message, and no others."""
        if sought != self._sought:
            self._sought = sought
            self.update(self._drawn(), layout=False)

    def _drawn(self) -> Content:
        waiting = Content.assemble("\n", ("… " + self._waiting, "italic")) if self._waiting else Content()
        said = highlighted(Content.assemble(self._said, waiting), self._sought)
        return Content.assemble((_versioned(self._speaker, self._version), "bold"), said)


def _versioned(speaker: str, version: str) -> str:
    return f"{speaker} · {version}" if version else speaker
