"""The conversation as it is read: entries in order, followed to the end; those in a bounded window have widgets."""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, ClassVar, Literal

from textual import work
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.message import Message

from chat_personas.text import Sought
from chat_personas.tui.widgets.entries import SAID, Entry, Kind

if TYPE_CHECKING:
    from textual.events import Click
    from textual.widget import Widget

    from chat_personas.tui.widgets.thoughts import ThoughtFold

FOR_WAITING = ("unsend", "sooner", "later")
FOR_ALL = ("menu", "before", "after")
"""What is asked for with a key in the transcript: with a message that waits to be sent, and with any."""
CHOSEN_EDGE: Literal["thick"] = "thick"
ROWS_AT_ONCE = 3
"""By how much a key shows more of a message that is longer than the screen."""


LIMIT = 40
"""The most entries that are mounted at once: they fill 120 lines at least, and every one of them costs time.

`benchmarks/long_conversation.py` measures how much.
"""
STEP = 15
"""How many entries are mounted and removed when the reader reaches an end of the window."""


@dataclass(frozen=True, slots=True)
class Window:
    """The entries of a conversation that have widgets: `first` (included) to `last` (excluded)."""

    first: int = 0
    last: int = 0

    @classmethod
    def at_end(cls, total: int) -> "Window":
        """The newest entries of `total`."""
        return cls(max(0, total - LIMIT), total)

    @classmethod
    def around(cls, index: int, total: int) -> "Window":
        """Entries before and after the one at `index` of `total`."""
        first = max(0, min(index - LIMIT // 2, total - LIMIT))
        return cls(first, min(total, first + LIMIT))

    def earlier(self) -> "Window":
        """Move towards the first entry; the newest are left out if there would be too many."""
        first = max(0, self.first - STEP)
        return Window(first, min(self.last, first + LIMIT))

    def later(self, total: int) -> "Window":
        """Move towards the last of `total` entries; the oldest are left out if there would be too many."""
        last = min(total, self.last + STEP)
        return Window(max(self.first, last - LIMIT), last)


class Transcript(VerticalScroll):
    """Entries in order. The newest are mounted; reaching the top mounts older ones and removes the newest.

    Several tasks may add, write and remove at the same time. Their changes to the widgets are made one after the other,
    and each leaves exactly the widgets of the entries in the window.
    """

    def __init__(self, give_way: Callable[[], bool] = lambda: False) -> None:
        """`give_way`: see `Reply`."""
        super().__init__(id="transcript")
        self._give_way = give_way
        self.entries: list[Entry] = []
        self._thoughts_unfolded = False
        self._window = Window()
        self._shown: dict[Entry, Widget] = {}
        self._moving = False
        self._sought = Sought()
        self._widgets_change = asyncio.Lock()

    def on_mount(self) -> None:
        """Keep the end in view while it grows."""
        self.anchor()

    def update_node_styles(self, animate: bool = True) -> None:
        """Find the styles of the transcript itself again, as when it gets the focus.

        Nothing within depends on that. Textual would look at every widget of every message, which takes a second.
        """
        self.app.stylesheet.update_nodes([self], animate=animate)

    async def show(self, entries: Iterable[Entry]) -> None:
        """Show `entries` instead of what is there, from their end."""
        self.entries = list(entries)
        await self._move_to(Window.at_end)
        self.to_end()

    async def add(self, entry: Entry) -> None:
        """Append `entry`, before the messages that wait to be sent, and bring the end into view."""
        waiting = 0 if entry.waiting else sum(other.waiting for other in self.entries)
        self.entries.insert(len(self.entries) - waiting, entry)
        await self._follow_end()

    async def _follow_end(self) -> None:
        """Bring what was added into view."""
        await self._move_to(Window.at_end)
        self.to_end()

    async def exchange_waiting(self, one: Entry, other: Entry) -> None:
        """Let two entries change places."""
        places = self.entries.index(one), self.entries.index(other)
        for place, entry in zip(places, (other, one), strict=True):
            self.entries[place] = entry
        async with self._widgets_change:  # mounted again: their widgets stand in the old order
            for entry in (one, other):
                if (widget := self._shown.pop(entry, None)) is not None:
                    await widget.remove()
        await self._move_to(Window.at_end)

    def highlight(self, sought: Sought) -> None:
        """Highlight words wherever they stand in messages, and no others; `Sought()` highlights none."""
        self._sought = sought
        for entry, widget in self._shown.items():
            if entry.kind in SAID:
                widget.highlight(sought)  # type: ignore[attr-defined]

    async def remove_entries(self, gone: Callable[[Entry], bool]) -> None:
        """Remove the entries for which `gone` is true."""
        self.entries = [entry for entry in self.entries if not gone(entry)]
        await self._move_to(Window.at_end)

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

    async def show_version(self, entry: Entry, version: str) -> None:
        """Say beside the speaker of a message which version of several it is."""
        async with self._widgets_change:
            entry.version = version
            if (message := self._shown.get(entry)) is not None:
                message.show_version(version)  # type: ignore[attr-defined]

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
        if self._moving or old_value == new_value:
            return
        if new_value <= 1 and new_value < old_value and self._window.first > 0:
            self._shift(self._window.earlier(), self.entries[self._window.first], at_top=True)
        elif new_value >= self.max_scroll_y - 1 and self._window.last < len(self.entries):
            self._shift(self._window.later(len(self.entries)), self.entries[self._window.last - 1], at_top=False)

    def _shift(self, window: Window, kept: Entry, *, at_top: bool) -> None:
        """Move to `window`, and leave the entry `kept` where the reader sees it."""
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
        """Mount the entries in `window`, a function of their number, that have no widget yet; remove all others."""
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
                widgets = [_widget(entry, self._give_way, self._sought) for entry in run]
                mounted = self.mount_all(widgets, before=position if position < len(self.children) else None)
                self._shown.update(zip(run, widgets, strict=True))  # before the wait, which may be cancelled
                await mounted
            position += len(run)


class ChoosingTranscript(Transcript):
    """A transcript in which one message can be chosen, to do something with it. A message may be chosen while the
    transcript has the focus, and while words are looked for in it.

    What a key costs does not depend on how long the conversation is: the chosen message is looked for among those that
    are mounted, and the choice is shown without laying anything out again.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "ask('menu')", "Do", id="message_menu", tooltip="List what can be done with it"),
        Binding("left", "ask('before')", "Version before", id="version_before", tooltip="Go to the version before"),
        Binding("right", "ask('after')", "Next version", id="version_after", tooltip="Go to the next version"),
        Binding("up", "choose(-1)", "Choose the message before", id="choose_before", show=False),
        Binding("down", "choose(1)", "Choose the message after", id="choose_after", show=False),
        Binding("home", "choose_end(0)", "Choose the first message", id="choose_first", show=False),
        Binding("end", "choose_end(-1)", "Choose the last message", id="choose_last", show=False),
        Binding("delete", "ask('unsend')", "Unsend", id="unsend", tooltip="Unsend the waiting message"),
        Binding("shift+up", "ask('sooner')", "Sooner", id="send_sooner", tooltip="Send the waiting message sooner"),
        Binding("shift+down", "ask('later')", "Later", id="send_later", tooltip="Send the waiting message later"),
    ]

    @dataclass
    class Asked(Message):
        """The person asks to do something with the chosen message: one of `FOR_ALL` or of `FOR_WAITING`."""

        entry: Entry
        what: str

    def __init__(self, give_way: Callable[[], bool] = lambda: False) -> None:
        super().__init__(give_way)
        self.chosen: Entry | None = None

    async def show(self, entries: Iterable[Entry]) -> None:
        """Show `entries` instead of what is there, from their end; none of them is chosen."""
        self.choose(None)
        await super().show(entries)

    async def remove_entries(self, gone: Callable[[Entry], bool]) -> None:
        """Remove the entries for which `gone` is true, the chosen one among them, and else stay with that."""
        if self.chosen is None or gone(self.chosen):
            self.choose(None)
            await super().remove_entries(gone)
        else:
            self.entries = [entry for entry in self.entries if not gone(entry)]
            await self._stay()

    async def _follow_end(self) -> None:
        if self.chosen is None:
            await super()._follow_end()
        else:
            await self._stay()

    async def _stay(self) -> None:
        """Leave the chosen message where the person sees it, whatever is added or removed after it."""
        chosen = self.chosen
        assert chosen is not None
        total, window = len(self.entries), Window.at_end(len(self.entries))
        if not window.first <= self._index(chosen) < window.last:
            window = Window.around(self._index(chosen), total)
        await self._move_to(lambda _: window)

    def choose(self, entry: Entry | None, *, bring: bool = True) -> None:
        """Choose a message, or none, and bring it into view, unless it is where the person has clicked."""
        self._draw_choice(chosen=False)
        before, self.chosen = _offers(self.chosen), entry
        if _offers(entry) != before:
            self.refresh_bindings()
        if entry is None:
            return
        self.release_anchor()
        if entry in self._shown:
            self._draw_choice(chosen=True)
            if bring:
                self._bring_into_view(entry)
        else:
            self._moving = True
            self._mount_around(entry)

    def own(self) -> list[Entry]:
        """Return what the person said and the corpus has, in order."""
        return [entry for entry in self.entries if entry.kind == "user" and entry.message_id is not None]

    def meant(self, kind: Kind) -> Entry | None:
        """Return the chosen message if it is of this kind and was sent, else the last one of the kind, or None."""
        chosen = self.chosen
        return chosen if chosen is not None and chosen.kind == kind and not chosen.waiting else self.last(kind)

    def choose_message(self, message_id: str) -> None:
        """Choose the message of that id, if it is here."""
        self.choose(next((entry for entry in self.entries if entry.message_id == message_id), self.chosen))

    def show_found(self, entry: Entry) -> None:
        """Choose a message in which words are highlighted, and bring the first of them into view."""
        self.choose(entry)

        def show() -> None:
            if entry.kind == "reply" and (widget := self._shown.get(entry)) is not None and entry is self.chosen:
                widget.show_found()  # type: ignore[attr-defined]

        self.call_after_refresh(show)

    def on_focus(self) -> None:
        """Choose the last message in view, if none is chosen."""
        self._choose_in_view()

    def _choose_in_view(self) -> None:
        if self.chosen is None:
            mounted = self.entries[self._window.first : self._window.last]
            shown = [entry for entry in mounted if entry in self._shown and entry.kind in SAID]
            in_view = [entry for entry in shown if self._shown[entry].region.overlaps(self.region)]
            self.choose(next(reversed(in_view or shown), None), bring=False)

    def on_blur(self) -> None:
        """Choose nothing any more."""
        self.choose(None)

    def on_click(self, event: "Click") -> None:
        """Choose the message that was clicked."""
        clicked = set(event.widget.ancestors_with_self) if event.widget is not None else set()
        entry = next((entry for entry, widget in self._shown.items() if widget in clicked), None)
        if entry is not None and entry.kind in SAID and self.has_focus:
            self.choose(entry, bring=False)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer for a message what it has: versions, or a place among those that wait."""
        if action != "ask":
            return super().check_action(action, parameters)
        if self.chosen is None:
            return False
        (what,) = parameters
        if what in FOR_WAITING:
            return self.chosen.waiting
        return what == "menu" or bool(self.chosen.version)

    def action_ask(self, what: str) -> None:
        """Let the screen do something with the chosen message."""
        if self.chosen is not None:
            self.post_message(self.Asked(self.chosen, what))

    def action_choose(self, by: int) -> None:
        """Choose the next message, or the one before; of one that is longer than the screen show more first."""
        if self.chosen is None:
            self._choose_in_view()
            return
        hidden = self._hidden(self.chosen, by)
        if hidden > 0:
            self.release_anchor()
            self.scroll_relative(y=by * min(ROWS_AT_ONCE, hidden), animate=False)
            return
        beside = self._beside(self.chosen, by)
        if beside is not None:
            self.choose(beside)

    def action_choose_end(self, index: int) -> None:
        """Choose the first message of the conversation, or the last, and show what stands after it."""
        said = (entry for entry in (self.entries if index == 0 else reversed(self.entries)) if entry.kind in SAID)
        entry = next(said, self.chosen)
        if index == 0:
            self.choose(entry)
        else:
            self._choose_at_end(entry)

    @work(group="choose", exclusive=True)
    async def _choose_at_end(self, entry: Entry | None) -> None:
        await self._move_to(Window.at_end)
        self._moving = False  # going elsewhere may have been broken off for this
        self.choose(entry, bring=False)
        self.to_end()

    def _beside(self, entry: Entry, by: int) -> Entry | None:
        """Return the message before or after another one."""
        index = self._index(entry) + by
        while 0 <= index < len(self.entries):
            if self.entries[index].kind in SAID:
                return self.entries[index]
            index += by
        return None

    def _index(self, entry: Entry) -> int:
        """Return where an entry stands, at once where it is mounted."""
        try:
            return self.entries.index(entry, self._window.first, self._window.last)
        except ValueError:
            return self.entries.index(entry)

    def _hidden(self, entry: Entry, by: int) -> int:
        """Return how many rows of a message that is partly in view are below it, or above where `by` is negative."""
        widget = self._shown.get(entry)
        if widget is None or not widget.region.overlaps(self.region):
            return 0
        return widget.region.bottom - self.region.bottom if by > 0 else self.region.y - widget.region.y

    def _bring_into_view(self, entry: Entry) -> None:
        """Scroll no farther than needed to show a message; of one that is longer than the screen the nearer end."""
        widget = self._shown[entry]
        if not self.region.contains_region(widget.region):
            above = widget.region.y < self.region.y
            long = widget.region.height > self.region.height
            self.scroll_to_widget(widget, animate=False, top=above != long, force=True)

    @work(group="choose", exclusive=True)
    async def _mount_around(self, entry: Entry) -> None:
        def around(total: int) -> Window:
            # it may have gone while another change was awaited
            return Window.around(self._index(entry), total) if entry in self.entries else Window.at_end(total)

        await self._move_to(around)

        def settle() -> None:
            if entry is self.chosen and entry in self._shown:
                self._bring_into_view(entry)
            self._moving = False

        self.call_after_refresh(settle)

    async def _move_to(self, window: Callable[[int], Window]) -> None:
        await super()._move_to(window)
        if self.chosen is not None and self.chosen not in self.entries[self._window.first : self._window.last]:
            return
        self._draw_choice(chosen=True)

    def _draw_choice(self, *, chosen: bool) -> None:
        """Show by its edge whether the chosen message is chosen.

        No class says that: when one changes, Textual finds the styles of everything in the message again. And the edge
        is there before and after, for a new one would have the screen laid out again.
        """
        widget = self._shown.get(self.chosen) if self.chosen is not None else None
        if widget is None:
            return
        edge = widget.styles.base.border_left
        colour = self.app.theme_variables.get("foreground", "ansi_default")
        widget.styles.border_left = (CHOSEN_EDGE, colour) if chosen else edge


def _offers(entry: Entry | None) -> tuple[bool, ...]:
    """Return what decides which keys there are for a message."""
    return () if entry is None else (entry.waiting, bool(entry.version))


def _widget(entry: Entry, give_way: Callable[[], bool], sought: Sought) -> "Widget":
    """Make the widget for `entry`. Imported here: Markdown is not needed for the first paint."""
    from chat_personas.tui.widgets.messages import Notice, Reply, UserMessage
    from chat_personas.tui.widgets.thoughts import ThoughtFold

    if entry.kind == "user":
        message = UserMessage(entry.text, waiting=entry.waiting, version=entry.version)
        message.highlight(sought)
        return message
    if entry.kind == "reply":
        thought = ThoughtFold(entry.thought) if entry.thought is not None else None
        reply = Reply(entry.speaker, entry.text, entry.note, growing=entry.growing, give_way=give_way, thought=thought)
        reply.show_version(entry.version)
        reply.highlight(sought)
        reply.show_mark(entry.mark)
        return reply
    notice = Notice(entry.text, failed=entry.kind == "failure")
    notice.set_class(entry.kind == "introduction", "-introduction")
    return notice
