"""The conversation as it is read: anchored to its end, and with a bounded number of widgets however long it is.

One thing in the transcript, as data; it outlives the widget that shows it.

From the rows of a conversation to entries of the transcript.

Which part of a long conversation has widgets: a range that moves, of bounded length.
"""

import asyncio
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Literal

from textual.containers import VerticalScroll

from chat_personas.reporting.wording import STATUS_NOTES

if TYPE_CHECKING:
    from textual.widget import Widget

    from chat_personas.corpus import MessageRow

Kind = Literal["user", "reply", "notice", "failure"]


@dataclass(slots=True, eq=False)
class Entry:
    """A message of either side, or a line of the program's own.

    `note` says why a reply ended early. `waiting` marks a user message that is not sent yet, `growing` a reply that is
    being said. `message_id` is the row of the corpus, once there is one. `replaces` is the row of the message in
    whose place an edited one is said.
    """

    kind: Kind
    text: str
    message_id: str | None = None
    note: str = ""
    speaker: str = ""
    waiting: bool = False
    growing: bool = False
    replaces: str | None = None


def path_entries(rows: Iterable["MessageRow"], speaker: str) -> Iterator[Entry]:
    """Yield an entry per message; a reply that did not end by itself says so."""
    for row in rows:
        if row.role == "user":
            yield Entry("user", row.text, message_id=row.id)
        else:
            note = STATUS_NOTES.get(row.status) or row.why or ""
            yield Entry("reply", row.text, message_id=row.id, speaker=speaker, note=note)
            if row.why and row.status in ("error", "interrupted"):
                yield Entry("failure", row.why)


LIMIT = 60
"""The most entries that are mounted at once."""
STEP = 20
"""How many entries come and go when the reader reaches an end of the window."""


@dataclass(frozen=True, slots=True)
class Window:
    """Entries `first` (included) to `last` (excluded) of a conversation."""

    first: int = 0
    last: int = 0

    @classmethod
    def at_end(cls, total: int) -> "Window":
        """The newest entries of `total`."""
        return cls(max(0, total - LIMIT), total)

    def earlier(self) -> "Window":
        """Move towards the first entry, letting the newest go if there would be too many."""
        first = max(0, self.first - STEP)
        return Window(first, min(self.last, first + LIMIT))

    def later(self, total: int) -> "Window":
        """Move towards the last of `total` entries, letting the oldest go if there would be too many."""
        last = min(total, self.last + STEP)
        return Window(max(self.first, last - LIMIT), last)


class Transcript(VerticalScroll):
    """Entries in order. The newest are mounted; reaching the top mounts older ones and lets the newest go.

    Several tasks may add, write and remove at once: widgets change one change at a time, and each leaves exactly those
    of the entries in the window.
    """

    def __init__(self, give_way: Callable[[], bool] = lambda: False) -> None:
        """`give_way`: see `Reply`."""
        super().__init__(id="transcript")
        self._give_way = give_way
        self.entries: list[Entry] = []
        self._window = Window()
        self._shown: dict[Entry, Widget] = {}
        self._moving = False
        self._widgets_change = asyncio.Lock()

    def on_mount(self) -> None:
        """Keep the end in view while it grows."""
        self.anchor()

    async def show(self, entries: Iterable[Entry]) -> None:
        """Show `entries` instead of what is there, from their end."""
        self.entries = list(entries)
        await self._move_to(Window.at_end)
        self.to_end()

    async def add(self, entry: Entry) -> None:
        """Append `entry`, before what still waits to be sent, and bring the end into view."""
        waiting = 0 if entry.waiting else sum(other.waiting for other in self.entries)
        self.entries.insert(len(self.entries) - waiting, entry)
        await self._move_to(Window.at_end)
        self.to_end()

    async def remove_entries(self, gone: Callable[[Entry], bool]) -> None:
        """Take away the entries for which `gone` says so."""
        self.entries = [entry for entry in self.entries if not gone(entry)]
        await self._move_to(Window.at_end)

    async def cut_from(self, message_id: str) -> None:
        """Take away the message of that id and all that follows it."""
        ids = [entry.message_id for entry in self.entries]
        if message_id in ids:
            gone = self.entries[ids.index(message_id) :]
            await self.remove_entries(lambda entry: entry in gone and not entry.waiting)

    def last(self, kind: Kind) -> Entry | None:
        """The newest entry of a kind, waiting ones apart; None if there is none."""
        return next((entry for entry in reversed(self.entries) if entry.kind == kind and not entry.waiting), None)

    async def write(self, entry: Entry, text: str) -> None:
        """Append `text` to a growing reply, on the screen too if it has a widget."""
        async with self._widgets_change:
            entry.text += text
            if (reply := self._shown.get(entry)) is not None:
                await reply.write(text)  # type: ignore[attr-defined]

    async def end(self, entry: Entry, note: str = "") -> None:
        """Close a growing reply with a note on why it ended, or none."""
        async with self._widgets_change:
            entry.growing, entry.note = False, note
            if (reply := self._shown.get(entry)) is not None:
                await reply.end(note)  # type: ignore[attr-defined]

    def to_end(self) -> None:
        """Bring the newest entry into view and follow it again."""
        self.anchor()

    def scroll_pages(self, pages: int) -> None:
        """Scroll by whole pages; following stops until the end is reached again."""
        if pages < 0:
            self.scroll_page_up(animate=False)
        else:
            self.scroll_page_down(animate=False)

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Mount older or newer entries when the reader reaches an end."""
        super().watch_scroll_y(old_value, new_value)
        if self._moving or old_value == new_value:
            return
        if new_value <= 1 and new_value < old_value and self._window.first > 0:
            self._shift(self._window.earlier(), self.entries[self._window.first], at_top=True)
        elif new_value >= self.max_scroll_y - 1 and self._window.last < len(self.entries):
            self._shift(self._window.later(len(self.entries)), self.entries[self._window.last - 1], at_top=False)

    def _shift(self, window: Window, kept: Entry, *, at_top: bool) -> None:
        """Move to `window` and hold the entry `kept` where the reader has it."""
        self._moving = True

        async def shift() -> None:
            await self._move_to(lambda _: window)
            self.call_after_refresh(settle)

        def settle() -> None:
            if (widget := self._shown.get(kept)) is not None:
                self.scroll_to_widget(widget, animate=False, top=at_top)
            self._moving = False

        self.run_worker(shift(), group="transcript", exclusive=True)

    async def _move_to(self, window: Callable[[int], Window]) -> None:
        """Mount what `window`, given the number of entries, asks for and has no widget yet; remove all others."""
        async with self._widgets_change:
            self._window = window(len(self.entries))
            wanted = self.entries[self._window.first : self._window.last]
            self._shown = {entry: self._shown[entry] for entry in wanted if entry in self._shown}
            kept = set(self._shown.values())
            with self.app.batch_update():
                await self.remove_children([child for child in self.children if child not in kept])
                await self._mount_missing(wanted)

    async def _mount_missing(self, wanted: list[Entry]) -> None:
        position = 0
        for shown, group in groupby(wanted, key=self._shown.__contains__):
            run = list(group)
            if not shown:
                widgets = [_widget(entry, self._give_way) for entry in run]
                mounted = self.mount_all(widgets, before=position if position < len(self.children) else None)
                self._shown.update(zip(run, widgets, strict=True))  # before the wait, which may be cancelled
                await mounted
            position += len(run)


def _widget(entry: Entry, give_way: Callable[[], bool]) -> "Widget":
    """Make the widget for `entry`. Imported here: Markdown is not needed for the first paint."""
    from chat_personas.tui.widgets.messages import Notice, Reply, UserMessage

    if entry.kind == "user":
        return UserMessage(entry.text, waiting=entry.waiting)
    if entry.kind == "reply":
        return Reply(entry.speaker, entry.text, entry.note, growing=entry.growing, give_way=give_way)
    return Notice(entry.text, failed=entry.kind == "failure")
