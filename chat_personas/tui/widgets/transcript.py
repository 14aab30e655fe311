"""The conversation as it is read: entries in order, followed to the end; those in a bounded window have widgets."""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

from textual.containers import VerticalScroll

from chat_personas.text import Sought
from chat_personas.tui.widgets.entries import SAID, Entry, Kind

if TYPE_CHECKING:
    from textual.widget import Widget

    from chat_personas.conversation.conversation import ReplyEvent
    from chat_personas.tui.widgets.thoughts import ThoughtFold

LIMIT = 40
"""The most entries that are mounted at once: they fill 120 lines at least, and every one of them costs time.

`benchmarks/long_conversation.py` measures how much.
"""
STEP = 15
"""How many entries are mounted and removed when the reader reaches an end of the window."""
LEAST_ROWS = 3
"""The rows of a message of one line: an empty one, the speaker, the line."""


@dataclass(frozen=True, slots=True)
class Window:
    """The entries of a conversation that have widgets: `first` (included) to `last` (excluded)."""

    first: int = 0
    last: int = 0

    @classmethod
    def at_end(cls, total: int, enough: int = LIMIT) -> "Window":
        """The newest entries of `total`, as many as are `enough`."""
        return cls(max(0, total - enough), total)

    def follow(self, total: int, enough: int) -> "Window":
        """Move to the last of `total` entries, `enough` of them at least; those before that are mounted stay."""
        return Window(max(0, min(max(self.first, total - LIMIT), total - enough)), total)

    @classmethod
    def around(cls, index: int, total: int) -> "Window":
        """Entries before and after the one at `index` of `total`."""
        first = max(0, min(index - LIMIT // 2, total - LIMIT))
        return cls(first, min(total, first + LIMIT))

    def earlier(self) -> "Window":
        """Move towards the first entry; the newest are left out if there would be too many."""
        first = max(0, self.first - STEP)
        return Window(first, min(self.last, first + LIMIT))

    def fuller(self) -> "Window":
        """Take in entries before those that are mounted, as far as there may be more; all of those stay."""
        return Window(min(self.first, max(0, self.first - STEP, self.last - LIMIT)), self.last)

    def within(self, total: int) -> "Window":
        """Leave out what is not there, where there are `total` entries."""
        return Window(min(self.first, total), min(self.last, total))

    def later(self, total: int) -> "Window":
        """Move towards the last of `total` entries; the oldest are left out if there would be too many."""
        last = min(total, self.last + STEP)
        return Window(max(self.first, last - LIMIT), last)


class Transcript(VerticalScroll):
    """Entries in order. The newest are mounted; reaching the top mounts older ones and removes the newest.

    Several tasks may add, write and remove at the same time. Their changes to the widgets are made one after the other,
    and each leaves exactly the widgets of the entries in the window.

    A class that inherits may decide what is in view when something is added (`follow_end`), and draw more after the
    widgets have changed (`move_to`). `settling`: something is being brought into view, so scrolling mounts nothing.
    """

    def __init__(self, give_way: Callable[[], bool] = lambda: False) -> None:
        """`give_way`: see `Reply`."""
        super().__init__(id="transcript")
        self._give_way = give_way
        self.entries: list[Entry] = []
        self._thoughts_unfolded = False
        self._window = Window()
        self._shown: dict[Entry, Widget] = {}
        self.settling = False
        self._sought = Sought()
        self._widgets_change = asyncio.Lock()
        self._waited_for = ""

    def on_mount(self) -> None:
        """Keep the end in view while it grows."""
        self.anchor()

    def update_node_styles(self, animate: bool = True) -> None:
        """Find the styles of the transcript itself again, as when it gets the focus.

        Nothing within depends on that. Textual would look at every widget of every message, which takes a second.
        """
        self.app.stylesheet.update_nodes([self], animate=animate)

    async def show(self, entries: Iterable[Entry]) -> None:
        """Show `entries` instead of what is there, from their end: so many of them as fill the screen.

        Those before are mounted when the reader comes near them, so that a long conversation is there soon.
        """
        self.entries = list(entries)
        await self.move_to(lambda total: Window.at_end(total, self._enough))
        self.to_end()
        self.call_after_refresh(self._fill)

    async def add(self, entry: Entry) -> None:
        """Append `entry`, before the messages that wait to be sent, and bring the end into view."""
        waiting = 0 if entry.waiting else sum(other.waiting for other in self.entries)
        self.entries.insert(len(self.entries) - waiting, entry)
        await self.follow_end()

    async def follow_end(self) -> None:
        """Bring into view what was added or removed."""
        await self.move_to(self.at_end)
        self.to_end()

    def at_end(self, total: int) -> Window:
        """Return the window that shows the last of `total` entries."""
        return self._window.follow(total, self._enough)

    @property
    def _enough(self) -> int:
        """How many entries fill the screen, and the step that is mounted at once."""
        return min(LIMIT, max(STEP, (self.size.height or self.app.size.height) // LEAST_ROWS + 1))

    def on_resize(self) -> None:
        """Fill what has become visible."""
        self._fill()

    def _fill(self) -> None:
        """Mount older entries where those that are mounted leave rows empty: nobody could scroll to reach them."""
        window = self._window
        if window.first == 0 or window.last - window.first >= LIMIT or self.max_scroll_y > 0 or self.settling:
            return

        async def fill() -> None:
            await self.move_to(lambda _: self._window.fuller())
            self.to_end()
            self.call_after_refresh(self._fill)

        self.run_worker(fill(), group="transcript", exclusive=True)

    @property
    def in_window(self) -> Sequence[Entry]:
        """The entries that have widgets, or are about to have them, in order."""
        return self.entries[self._window.first : self._window.last]

    def widget_of(self, entry: Entry | None) -> "Widget | None":
        """Return the widget of an entry; None where it has none."""
        return None if entry is None else self._shown.get(entry)

    def index_of(self, entry: Entry) -> int:
        """Return where an entry stands, at once where it is in the window. Raises ValueError: nowhere."""
        try:
            return self.entries.index(entry, self._window.first, self._window.last)
        except ValueError:
            return self.entries.index(entry)

    async def exchange_waiting(self, one: Entry, other: Entry) -> None:
        """Let two entries change places."""
        places = self.entries.index(one), self.entries.index(other)
        for place, entry in zip(places, (other, one), strict=True):
            self.entries[place] = entry
        with self.app.batch_update():  # nobody sees them gone
            async with self._widgets_change:  # mounted again: their widgets stand in the old order
                for entry in (one, other):
                    if (widget := self._shown.pop(entry, None)) is not None:
                        await widget.remove()
            await self.move_to(self.at_end)

    def highlight(self, sought: Sought) -> None:
        """Highlight words wherever they stand in messages, and no others; `Sought()` highlights none."""
        self._sought = sought
        for entry, widget in self._shown.items():
            if entry.kind in SAID:
                widget.highlight(sought)  # type: ignore[attr-defined]

    async def remove_entries(self, gone: Callable[[Entry], bool]) -> None:
        """Remove the entries for which `gone` is true."""
        self.entries = [entry for entry in self.entries if not gone(entry)]
        await self.move_to(self.at_end)

    async def cut_from(self, message_id: str) -> None:
        """Remove the message of that id and everything after it."""
        ids = [entry.message_id for entry in self.entries]
        if message_id in ids:
            gone = self.entries[ids.index(message_id) :]
            await self.remove_entries(lambda entry: entry in gone and not entry.waiting)

    def last(self, kind: Kind) -> Entry | None:
        """The newest entry of a kind, apart from waiting ones; None if there is none."""
        return next((entry for entry in reversed(self.entries) if entry.kind == kind and not entry.waiting), None)

    def to_read(self) -> Entry | None:
        """The newest message that is shown in part, of those in view if there is one; else the last reply, or None."""
        in_part = [entry for entry in reversed(self.entries) if getattr(self._shown.get(entry), "in_part", False)]
        in_view = (entry for entry in in_part if self._shown[entry].region.overlaps(self.region))
        return next(in_view, in_part[0] if in_part else self.last("reply"))

    async def write(self, entry: Entry, text: str) -> None:
        """Append `text` to a growing reply, and to its widget if it has one."""
        async with self._widgets_change:
            entry.text += text
            if (reply := self._shown.get(entry)) is not None:
                await reply.write(text)  # type: ignore[attr-defined]

    async def think(self, entry: Entry, text: str) -> None:
        """Append `text` to what the model thinks before a growing reply, and show that it thinks."""
        from chat_personas.tui.widgets.thoughts import ShownThought, ThoughtFold

        async with self._widgets_change:
            first = entry.thought is None
            if entry.thought is None:
                entry.thought = ShownThought(unfolded=self._thoughts_unfolded)
            entry.thought.add(text)
            reply = self._shown.get(entry)
            if reply is not None and first:
                await reply.show_thought(ThoughtFold(entry.thought))  # type: ignore[attr-defined]
            elif (fold := self._fold(entry)) is not None:
                fold.grow()

    async def recall(self, entry: Entry) -> None:
        """Show the text of a growing reply so far as a thought."""
        from chat_personas.tui.widgets.thoughts import ShownThought

        async with self._widgets_change:
            entry.thought = entry.thought or ShownThought(unfolded=self._thoughts_unfolded)
            entry.thought.add(entry.text)
            entry.text = ""
            reply = self._shown.get(entry)
            if reply is None:
                return
            with self.app.batch_update():
                self._shown[entry] = _widget(entry, self._give_way, self._sought, self.opens_whole, self._waited_for)
                await self.mount(self._shown[entry], after=reply)
                await reply.remove()
                self._show_versions()

    async def take(self, reply: Entry, event: "ReplyEvent") -> None:
        """Show what happens to a growing reply: its thoughts and its words; how it ends, `end` shows."""
        from chat_personas.conversation.conversation import ReplyRecalled, ReplyText, ReplyThought, ThoughtEnded

        if isinstance(event, ReplyText):
            await self.write(reply, event.text)
        elif isinstance(event, ReplyThought):
            await self.think(reply, event.text)
        elif isinstance(event, ReplyRecalled):
            await self.recall(reply)
        elif isinstance(event, ThoughtEnded):
            await self.end_thought(reply, event.thought.seconds)

    async def end_thought(self, entry: Entry, seconds: float | None) -> None:
        """Note that the model has thought before a growing reply, for so many seconds."""
        async with self._widgets_change:
            if entry.thought is not None:
                entry.thought.end(seconds)
                if (fold := self._fold(entry)) is not None:
                    fold.draw()

    @property
    def has_thoughts(self) -> bool:
        """Whether the model thought, or thinks, before any of the replies."""
        return any(entry.thought is not None for entry in self.entries)

    def toggle_thoughts(self) -> None:
        """Unfold all thoughts, and show the last one from its beginning; if they are unfolded, fold them again."""
        self._thoughts_unfolded = not self._thoughts_unfolded
        thinking = [entry for entry in self.entries if entry.thought is not None]
        for entry in thinking:
            assert entry.thought is not None
            entry.thought.unfolded = self._thoughts_unfolded
            if (fold := self._fold(entry)) is not None:
                fold.draw()
        self.to_end()
        last = thinking[-1] if thinking else None
        if self._thoughts_unfolded and last is not None and not last.growing:
            self._keep_in_view(self._fold(last))

    def on_thought_fold_toggled(self, event: "ThoughtFold.Toggled") -> None:
        """Keep the line in view that was clicked."""
        self._keep_in_view(event.fold)

    def _keep_in_view(self, fold: "ThoughtFold | None") -> None:
        """Scroll back to the line of a thought that has grown so long that the line has left the screen."""

        def show() -> None:
            if fold is not None and fold.region.y < self.region.y:
                self.scroll_to_widget(fold, animate=False, top=True, force=True)

        self.call_after_refresh(show)

    def _fold(self, entry: Entry) -> "ThoughtFold | None":
        """Return the widget of the thought of `entry`, if it is mounted."""
        from chat_personas.tui.widgets.thoughts import ThoughtFold

        widget = self._shown.get(entry)
        return next(iter(widget.query(ThoughtFold)), None) if widget is not None else None

    @property
    def opens_whole(self) -> str:
        """The key that opens a message that is shown in part; "" where there is none, as beside a conversation."""
        return ""

    def way_to_versions(self, entry: Entry) -> str:
        """Say how a person goes to another version of a message from here; "" where nobody can."""
        return ""

    def wait_for(self, what: str) -> None:
        """Say in messages that wait to be sent what they wait for; "" for the model, which will be there by itself."""
        self._waited_for = what
        waiting = [message for entry, message in self._shown.items() if entry.waiting]
        if waiting:
            from chat_personas.tui.widgets.messages import WAITING

            for message in waiting:
                message.wait_for(what or WAITING)  # type: ignore[attr-defined]

    async def show_version(self, entry: Entry, version: str) -> None:
        """Say beside the speaker of a message which version of several it is."""
        async with self._widgets_change:
            entry.version = version
            self._show_versions()

    def _show_versions(self) -> None:
        """Say beside each speaker which version a message is, and the way to others, which a new message changes."""
        for entry in self.in_window:
            if entry.version and (message := self._shown.get(entry)) is not None:
                way = self.way_to_versions(entry)
                message.show_version(f"version {entry.version}{f' ({way})' if way else ''}")  # type: ignore[attr-defined]

    def show_marks(self, marks: Mapping[str, str]) -> None:
        """Show one character in the margin of some replies (by the key of the message), and none at the others."""
        for entry in self.entries:
            mark = marks.get(entry.message_id or "", "") if entry.kind == "reply" else ""
            if mark != entry.mark:
                entry.mark = mark
                if (reply := self._shown.get(entry)) is not None:
                    reply.show_mark(mark)  # type: ignore[attr-defined]

    async def end(self, entry: Entry, note: str = "") -> None:
        """Close a growing reply with a note on why it ended, or none."""
        async with self._widgets_change:
            entry.growing, entry.note = False, note
            if (reply := self._shown.get(entry)) is not None:
                await reply.end(note)  # type: ignore[attr-defined]

    def to_end(self) -> None:
        """Bring the newest entry into view, and follow the end again."""
        self.anchor()

    def scroll_pages(self, pages: int) -> None:
        """Scroll by whole pages; the end is not followed again before it is reached."""
        if pages < 0:
            self.scroll_page_up(animate=False)
        else:
            self.scroll_page_down(animate=False)

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Mount older or newer entries when the reader reaches an end of the window."""
        super().watch_scroll_y(old_value, new_value)
        if self.settling or old_value == new_value:
            return
        here = self.in_window
        if not here or self.max_scroll_y <= 0:
            return  # others are about to be shown; or all fits by now, as after a resize, and nobody has scrolled
        if new_value <= 1 and new_value < old_value and self._window.first > 0:
            self._shift(lambda _: self._window.earlier(), here[0], at_top=True)
        elif new_value >= self.max_scroll_y - 1 and self._window.last < len(self.entries):
            self._shift(lambda total: self._window.later(total), here[-1], at_top=False)

    def _shift(self, window: Callable[[int], Window], kept: Entry, *, at_top: bool) -> None:
        """Move to `window`, and leave the entry `kept` where the reader sees it."""
        self.settling = True

        async def shift() -> None:
            # others may have been shown while another change was awaited: they stay as they are
            await self.move_to(lambda total: window(total) if kept in self.in_window else self._window)
            self.call_after_refresh(settle)

        def settle() -> None:
            if (widget := self._shown.get(kept)) is not None:
                self.scroll_to_widget(widget, animate=False, top=at_top)
            self.settling = False

        self.run_worker(shift(), group="transcript", exclusive=True)

    async def move_to(self, window: Callable[[int], Window]) -> None:
        """Mount the entries in `window`, a function of their number, that have no widget yet; remove all others.

        The window is asked for when all changes before this one are done.
        """
        async with self._widgets_change:
            total = len(self.entries)
            self._window = window(total).within(total)
            wanted = list(self.in_window)
            self._shown = {entry: self._shown[entry] for entry in wanted if entry in self._shown}
            kept = set(self._shown.values())
            with self.app.batch_update():
                await self.remove_children([child for child in self.children if child not in kept])
                await self._mount_missing(wanted)
                self._show_versions()

    async def _mount_missing(self, wanted: list[Entry]) -> None:
        position = 0
        for shown, group in groupby(wanted, key=self._shown.__contains__):
            run = list(group)
            if not shown:
                widgets = [
                    _widget(entry, self._give_way, self._sought, self.opens_whole, self._waited_for) for entry in run
                ]
                mounted = self.mount_all(widgets, before=position if position < len(self.children) else None)
                self._shown.update(zip(run, widgets, strict=True))  # before the wait, which may be cancelled
                await mounted
            position += len(run)


def _widget(entry: Entry, give_way: Callable[[], bool], sought: Sought, opens: str, waited_for: str) -> "Widget":
    """Make the widget for `entry`. Imported here: Markdown is not needed for the first paint."""
    from chat_personas.tui.widgets.messages import WAITING, Notice, Reply, UserMessage
    from chat_personas.tui.widgets.thoughts import ThoughtFold

    if entry.kind == "user":
        waiting = (waited_for or WAITING) if entry.waiting else ""
        message = UserMessage(entry.text, entry.speaker, waiting=waiting, opens=opens)
        message.highlight(sought)
        return message
    if entry.kind == "reply":
        thought = ThoughtFold(entry.thought) if entry.thought is not None else None
        reply = Reply(
            entry.speaker,
            entry.text,
            entry.note,
            growing=entry.growing,
            give_way=give_way,
            thought=thought,
            opens=opens,
        )
        reply.highlight(sought)
        reply.show_mark(entry.mark)
        if entry.side is not None:
            reply.add_class(f"-side-{entry.side}")
        return reply
    notice = Notice(entry.text, failed=entry.kind == "failure")
    notice.set_class(entry.kind == "introduction", "-introduction")
    return notice
