"""Finding words in the open conversation: the line in which they are typed, and where they were found."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.message import Message
from textual.widgets import Input, Static

from chat_personas.text import Sought, pluralize
from chat_personas.tui.widgets.entries import SAID, Entry
from chat_personas.tui.widgets.message_cursor import ChoosingTranscript

NOTHING = "not found"


class Finds:
    """The messages that have all words, also those that are not on the screen, and which of them is shown."""

    def __init__(self, transcript: ChoosingTranscript) -> None:
        self._transcript = transcript
        self._sought = Sought()
        self._found: Sequence[Entry] = ()
        self._at = 0

    def look_for(self, sought: Sought) -> None:
        """Highlight the words, and show the newest message that has all of them."""
        self._sought = sought
        self._found = self._with_all_words()
        self._transcript.highlight(sought if self._found else Sought())
        self._show(len(self._found) - 1)

    def go(self, by: int) -> None:
        """Show the next message (1) or the one before (−1); after the last comes the first.

        The conversation may have changed since the last look: a message that waited may have been sent.
        """
        before = self._found
        self._found = self._with_all_words()
        if bool(before) != bool(self._found):
            self._transcript.highlight(self._sought if self._found else Sought())
        shown = before[self._at] if before else None
        if shown is not None and shown in self._found:
            self._at = self._found.index(shown)
        elif by > 0:
            self._at -= 1  # the one after it stands in its place
        self._show(self._at + by)

    def _with_all_words(self) -> list[Entry]:
        entries = self._transcript.entries
        return [entry for entry in entries if entry.kind in SAID and self._sought.in_(entry.text)]

    @property
    def described(self) -> str:
        """Say how many there are, and which one is shown."""
        total = len(self._found)
        return f"{self._at + 1} of {pluralize(total, 'message')}" if total else NOTHING

    def _show(self, at: int) -> None:
        if self._found:
            self._at = at % len(self._found)
            self._transcript.show_found(self._found[self._at])


class FindLine(Horizontal):
    """A line above the composer in which words to be found are typed; hidden until it is asked for."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter,up", "go(-1)", "Before", id="find_before", tooltip="Go to the message before", priority=True),
        Binding("down", "go(1)", "After", id="find_after", tooltip="Go to the next message", priority=True),
        Binding("escape", "leave", "Leave", id="find_leave", tooltip="Go to the message that was found", priority=True),
    ]

    @dataclass
    class Left(Message):
        """The person has found it, or gives up."""

    def __init__(self, transcript: ChoosingTranscript) -> None:
        super().__init__(id="find")
        self.display = False
        self._finds = Finds(transcript)
        self._transcript = transcript
        self.typed = Input(
            placeholder="Words to find in this conversation", id="find-words", compact=True, select_on_focus=False
        )
        self._count = Static(markup=False, id="find-count")

    def compose(self) -> ComposeResult:
        """Lay out the words and how often they were found."""
        yield Static("Find: ", markup=False, id="find-label")
        yield self.typed
        yield self._count

    def open(self, words: str = "") -> None:
        """Show the line; `words` are looked for at once."""
        self.display = True
        self.screen.set_focus(self.typed)
        if words:
            self.typed.value = words
        self.typed.select_all()
        self._look()

    def close(self) -> None:
        """Hide the line, and mark nothing any more."""
        if self.display:
            self.display = False
            self._transcript.highlight(Sought())

    def action_go(self, by: int) -> None:
        """Go to the next message with the words, or the one before."""
        self._finds.go(by)
        self._say()

    def action_leave(self) -> None:
        """Leave the search where it is."""
        self.post_message(self.Left())

    @on(Input.Changed)
    def _look(self) -> None:
        """Look for the words as they are typed."""
        self._finds.look_for(Sought.typed(self.typed.value))
        self._say()

    def _say(self) -> None:
        self._count.update(self._finds.described if self.typed.value.strip() else "", layout=True)
