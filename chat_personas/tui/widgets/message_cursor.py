"""A cursor on the messages of a transcript: one of them is chosen by keys or a click, to do something with it."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, ClassVar, Literal

from textual import work
from textual.binding import Binding, BindingType
from textual.message import Message

from chat_personas.tui.key_registry import key_here, key_of
from chat_personas.tui.widgets.entries import SAID, Entry, Kind
from chat_personas.tui.widgets.transcript import Transcript, Window

if TYPE_CHECKING:
    from textual.events import Click
    from textual.widget import Widget

FOR_WAITING = ("unsend", "sooner", "later")
FOR_ALL = ("menu", "before", "after")
"""What is asked for with a key in the transcript: with a message that waits to be sent, and with any."""
GO_BESIDE = ("version_before", "version_after")
"""The ids of the keys that go to another version of the chosen message."""
CHOSEN_EDGE: Literal["thick"] = "thick"
ROWS_AT_ONCE = 3
"""By how much a key shows more of a message that is longer than the screen."""


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

    async def follow_end(self) -> None:
        """Bring what was added into view, unless a message is chosen."""
        if self.chosen is None:
            await super().follow_end()
        else:
            await self._stay()

    async def _stay(self) -> None:
        """Leave the chosen message where the person sees it, whatever is added or removed after it."""
        chosen = self.chosen
        assert chosen is not None

        def around(total: int) -> Window:
            window = self.at_end(total)
            if chosen not in self.entries or window.first <= self.index_of(chosen) < window.last:
                return window
            return Window.around(self.index_of(chosen), total)

        await self.move_to(around)

    def choose(self, entry: Entry | None, *, bring: bool = True) -> None:
        """Choose a message, or none, and bring it into view, unless it is where the person has clicked."""
        self._draw_choice(chosen=False)
        before, self.chosen = _offers(self.chosen), entry
        if _offers(entry) != before:
            self.refresh_bindings()
        if entry is None:
            return
        self.release_anchor()
        if (widget := self.widget_of(entry)) is not None:
            self._draw_choice(chosen=True)
            if bring and widget.region:
                self._bring_into_view(widget)
            elif bring:
                self.call_after_refresh(self._bring, entry)  # it has just been mounted, and has no place yet
        else:
            self.settling = True
            self._mount_around(entry)

    @property
    def opens_whole(self) -> str:
        """The key that opens a message that is shown in part."""
        return key_of("whole")

    def way_to_versions(self, entry: Entry) -> str:
        """Name the key that goes through the versions of the last turn; of others, the keys once they are chosen."""
        if entry in self._last_turn:
            return key_of("versions")
        keys = (key_here(ChoosingTranscript, name) for name in GO_BESIDE)
        return f"choose it, then {' or '.join(keys)}"

    @property
    def _last_turn(self) -> list[Entry]:
        """The last message, and if that is a reply, the one that it answers."""
        said = (entry for entry in reversed(self.entries) if entry.kind in SAID and not entry.waiting)
        last = list(islice(said, 2))
        return last if last and last[0].kind == "reply" else last[:1]

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
            if entry.kind == "reply" and (widget := self.widget_of(entry)) is not None and entry is self.chosen:
                widget.show_found()  # type: ignore[attr-defined]

        self.call_after_refresh(show)

    def on_focus(self) -> None:
        """Choose the last message in view, if none is chosen."""
        self._choose_in_view()

    def _choose_in_view(self) -> None:
        if self.chosen is None:
            said = [entry for entry in self.in_window if entry.kind in SAID]
            shown = [(entry, widget) for entry in said if (widget := self.widget_of(entry)) is not None]
            in_view = [(entry, widget) for entry, widget in shown if widget.region.overlaps(self.region)]
            entry, _ = next(reversed(in_view or shown), (None, None))
            self.choose(entry, bring=False)

    def on_blur(self) -> None:
        """Choose nothing any more where something else has the focus now, not where the whole window has lost it."""
        if self.screen.focused not in (None, self):
            self.choose(None)

    def on_click(self, event: "Click") -> None:
        """Choose the message that was clicked."""
        clicked = set(event.widget.ancestors_with_self) if event.widget is not None else set()
        entry = next((entry for entry in self.in_window if self.widget_of(entry) in clicked), None)
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
        await self.move_to(self.at_end)
        self.settling = False  # going elsewhere may have been broken off for this
        self.choose(entry, bring=False)
        self.to_end()

    def _beside(self, entry: Entry, by: int) -> Entry | None:
        """Return the message before or after another one."""
        index = self.index_of(entry) + by
        while 0 <= index < len(self.entries):
            if self.entries[index].kind in SAID:
                return self.entries[index]
            index += by
        return None

    def _hidden(self, entry: Entry, by: int) -> int:
        """Return how many rows of a message that is partly in view are below it, or above where `by` is negative."""
        widget = self.widget_of(entry)
        if widget is None or not widget.region.overlaps(self.region):
            return 0
        return widget.region.bottom - self.region.bottom if by > 0 else self.region.y - widget.region.y

    def _bring_into_view(self, widget: "Widget") -> None:
        """Scroll no farther than needed to show a message; of one that is longer than the screen the nearer end."""
        if not self.region.contains_region(widget.region):
            above = widget.region.y < self.region.y
            long = widget.region.height > self.region.height
            self.scroll_to_widget(widget, animate=False, top=above != long, force=True)

    def _bring(self, entry: Entry) -> None:
        """Bring a message into view if it is still the chosen one."""
        if entry is self.chosen and (widget := self.widget_of(entry)) is not None:
            self._bring_into_view(widget)

    @work(group="choose", exclusive=True)
    async def _mount_around(self, entry: Entry) -> None:
        def around(total: int) -> Window:
            # it may have gone while another change was awaited
            return Window.around(self.index_of(entry), total) if entry in self.entries else self.at_end(total)

        await self.move_to(around)

        def settle() -> None:
            self._bring(entry)
            self.settling = False

        self.call_after_refresh(settle)

    async def move_to(self, window: Callable[[int], Window]) -> None:
        """Mount the entries in `window`, remove the others, and show which message is chosen."""
        await super().move_to(window)
        self._draw_choice(chosen=True)

    def _draw_choice(self, *, chosen: bool) -> None:
        """Show by its edge whether the chosen message is chosen.

        No class says that: when one changes, Textual finds the styles of everything in the message again. And the edge
        is there before and after, for a new one would have the screen laid out again.
        """
        widget = self.widget_of(self.chosen)
        if widget is None:
            return
        edge = widget.styles.base.border_left
        colour = self.app.theme_variables.get("foreground", "ansi_default")
        widget.styles.border_left = (CHOSEN_EDGE, colour) if chosen else edge


def _offers(entry: Entry | None) -> tuple[bool, ...]:
    """Return what decides which keys there are for a message."""
    return () if entry is None else (entry.waiting, bool(entry.version))
