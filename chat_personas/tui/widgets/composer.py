"""Where the person types."""

import math
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType
from textual.message import Message
from textual.widgets import TextArea

from chat_personas.tui.screens.first import INVITATION

if TYPE_CHECKING:
    from textual.events import Key


TYPING_SECONDS = 0.2
"""So long after a key the person counts as typing: slow typists press three keys a second, fast ones ten."""


class Composer(TextArea):
    """A text area in which Enter sends. Shift+Enter starts a line, and so does Ctrl+J, which every terminal has."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "send", "Send", id="send"),
        Binding("shift+enter,ctrl+j", "newline", "New line", id="newline", show=False),
        Binding("pageup", "scroll_transcript(-1)", "Read earlier messages", id="earlier", priority=True, show=False),
        Binding("pagedown", "scroll_transcript(1)", "Read later messages", id="later", priority=True, show=False),
    ]

    @dataclass
    class Submitted(Message):
        """The person sent `text`, which is not blank."""

        text: str

    @dataclass
    class ScrollAsked(Message):
        """The person wants to see earlier (−1) or later (1) messages without leaving the text."""

        pages: int

    def __init__(self) -> None:
        super().__init__(
            placeholder=INVITATION,
            highlight_cursor_line=False,
            show_line_numbers=False,
            soft_wrap=True,
            tab_behavior="focus",
            compact=True,
            id="composer",
        )
        self._last_key = -math.inf

    @property
    def typing(self) -> bool:
        """Whether the person pressed a key a moment ago, and may be pressing the next."""
        return time.monotonic() - self._last_key < TYPING_SECONDS

    def on_key(self, event: "Key") -> None:
        """Send, or start a line, when it is this key's turn.

        A binding would act when the application sees the key, which in fast typing is before the text area has seen
        the letters in front of it.
        """
        self._last_key = time.monotonic()
        if event.is_printable:
            return
        bound = self.screen.active_bindings.get(event.key)
        act = {"send": self.action_send, "newline": self.action_newline}.get(bound.binding.action) if bound else None
        if act is not None:
            event.stop()
            event.prevent_default()
            act()

    def action_send(self) -> None:
        """Hand the text over and empty the area."""
        text = self.text.strip()
        if text:
            self.post_message(self.Submitted(text))
            self.clear()

    def action_newline(self) -> None:
        """Start a new line at the cursor."""
        self.insert("\n")

    def action_scroll_transcript(self, pages: int) -> None:
        """Ask for the transcript to be scrolled."""
        self.post_message(self.ScrollAsked(pages))

    def give_back(self, text: str) -> None:
        """Put `text` before what is there, so that nothing typed is lost."""
        self.text = f"{text}\n{self.text}" if self.text.strip() else text
        self.move_cursor(self.document.end)
