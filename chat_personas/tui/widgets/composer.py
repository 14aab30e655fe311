"""The composer, in which the person types, and the edit of an earlier message in it."""

import math
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType
from textual.message import Message
from textual.widgets import TextArea

from chat_personas.conversation.commands import SLASH
from chat_personas.storage.drafts import joined
from chat_personas.tui.drawing import INVITATION
from chat_personas.tui.key_registry import key_of
from chat_personas.tui.key_routing import is_letter
from chat_personas.tui.widgets.entries import LAST

if TYPE_CHECKING:
    from textual.events import Key

EDITING = "-editing"
"""The class of a composer that holds an edit."""
TYPING_SECONDS = 0.2
"""For so long after a key the person counts as typing: slow typists press three keys a second, fast ones ten."""

FRAMED, MOST_ROWS = 3, 10
"""How many rows the composer has at least where it has a frame, and at most."""
RECALLS = {"up": 1, "down": -1}
"""The keys that recall what was said before, and by how much."""


class Composer(TextArea):
    """A text area in which Enter sends. Shift+Enter starts a line, and so does Ctrl+J, which reaches every terminal."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "send", "Send", id="send"),
        Binding("shift+enter,ctrl+j", "newline", "New line", id="newline", show=False),
        Binding("alt+u", "clear", "Clear the text (^z: bring it back)", id="clear_text", priority=True, show=False),
        Binding(
            "pageup", "scroll_transcript(-1)", "Scroll to earlier messages", id="earlier", priority=True, show=False
        ),
        Binding("pagedown", "scroll_transcript(1)", "Scroll to later messages", id="later", priority=True, show=False),
    ]

    @dataclass
    class ScrollAsked(Message):
        """The person wants to see earlier (−1) or later (1) messages without leaving the composer."""

        pages: int

    @dataclass
    class RecallAsked(Message):
        """The person wants to see what they said before what is shown (1), or after it (−1)."""

        by: int

    def __init__(self, submit: Callable[[str], None], complete: Callable[[str], str | None] | None = None) -> None:
        """`submit` is given each text that is sent, stripped and not blank.

        `complete` is what Tab makes of a text that may be a command, where there are commands; where it gives None, Tab
        goes to the next widget.
        """
        self._submit = submit
        self._complete = complete
        self._returned = ""
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
        self._recalled = ""

    @property
    def typing(self) -> bool:
        """Whether the person pressed a key a moment ago, so that another may follow."""
        return time.monotonic() - self._last_key < TYPING_SECONDS

    def fit(self, rows: int) -> None:
        """Take no more than so many rows, and have no frame where they are too few for one."""
        self.set_class(rows < FRAMED, "-bare")
        self.styles.max_height = max(1, min(MOST_ROWS, rows))

    def on_key(self, event: "Key") -> None:
        """Send, or start a line, after the keys before this one.

        A binding would act when the application sees the key. In fast typing that is before the text area has seen the
        letters typed before it.
        """
        self._last_key = time.monotonic()
        if is_letter(event.key, event.is_printable):
            if event.character == SLASH and self._is_as_returned:
                self.insert("\n\n")
            return
        if event.key in RECALLS and self._may_recall(event.key):
            event.stop()
            event.prevent_default()
            self.post_message(self.RecallAsked(RECALLS[event.key]))
            return
        completed = self._complete(self.text) if event.key == "tab" and self._complete is not None else None
        if completed is not None:
            event.stop()
            event.prevent_default()
            self.text = completed
            self.move_cursor(self.document.end)
            return
        bound = self.screen.active_bindings.get(event.key)
        act = {"send": self.action_send, "newline": self.action_newline}.get(bound.binding.action) if bound else None
        if act is not None:
            event.stop()
            event.prevent_default()
            act()

    def _may_recall(self, key: str) -> bool:
        """Whether the cursor cannot go up or down in a text that is empty or was recalled as it stands."""
        if not self.text:
            return key == "up"
        row = 0 if key == "up" else self.document.line_count - 1
        return self.text == self._recalled and self.cursor_location[0] == row

    def recall(self, text: str) -> None:
        """Show what was said before, in place of what was recalled last."""
        self._recalled = text
        self.text = text
        self.move_cursor(self.document.end)

    def action_send(self) -> None:
        """Submit the text and clear the composer: at once, for the program may end before a message is received."""
        text = self.text.strip()
        if text:
            self.clear()
            self._submit(text)

    def action_newline(self) -> None:
        """Start a new line at the cursor."""
        self.insert("\n")

    def action_clear(self) -> None:
        """Clear the text, also a very long one, as one change that can be undone."""
        self.clear()

    def action_scroll_transcript(self, pages: int) -> None:
        """Ask for the transcript to be scrolled."""
        self.post_message(self.ScrollAsked(pages))

    def give_back(self, text: str, command: str = "") -> None:
        """Put `text` before the present text, as a paragraph of its own, so that nothing typed is lost.

        A `command` that was typed after it and not done stands there again.
        """
        before = self._returned if self.text.startswith(self._returned) and not command else ""
        self._returned = joined(text, before).strip()
        self.text = joined(text, command, self.text)
        self.move_cursor(self.document.end)

    @property
    def _is_as_returned(self) -> bool:
        """Whether a text that came back stands here as it came: a command that is typed now is no part of it.

        Who types as the program starts does not see that there is a text already.
        """
        untouched = self.text.strip() == self._returned != "" and self.cursor_location == self.document.end
        return untouched and self._complete is not None and not self.has_class(EDITING)

    def parted(self, sent: str) -> tuple[str, str]:
        """Return the text that had come back and the line with a slash that was typed after it, of what is sent.

        Of any other text the first is "" and the second is all of it.
        """
        returned, self._returned = self._returned, ""
        line = sent.removeprefix(returned)
        if returned and sent.startswith(returned) and line.startswith("\n") and line.strip().startswith(SLASH):
            return returned, line.strip()
        return "", sent


TITLE = "Edit your {which} (Enter sends, {cancel} cancels)"


class Recalled:
    """What the person said before, the newest first, and where in it they are."""

    def __init__(self, said: Iterable[str]) -> None:
        self._said = list(said)
        self._at = -1

    def add(self, text: str) -> None:
        """Note what is said now, and begin with it the next time."""
        self._said = [text, *(each for each in self._said if each != text)]
        self._at = -1

    def go(self, by: int, present: str) -> str | None:
        """Return what was said before the `present` text (1) or after it (−1); None where there is nothing.

        After the newest comes the empty text.
        """
        if not present:
            self._at = -1
        at = self._at + by
        if not -1 <= at < len(self._said):
            return None
        self._at = at
        return self._said[at] if at >= 0 else ""


class Editing:
    """The message that is being edited in the composer, if there is one, and how the composer shows it.

    A text that was typed there before is set aside meanwhile. `changed` is called when an edit begins or ends.
    """

    def __init__(self, composer: Composer, changed: Callable[[], None]) -> None:
        self._composer = composer
        self._changed = changed
        self._message_id: str | None = None
        self._set_aside = ""

    @property
    def under_way(self) -> bool:
        """Whether a message is being edited."""
        return self._message_id is not None

    @property
    def message_id(self) -> str | None:
        """The id of the message that is being edited, None where none is."""
        return self._message_id

    @property
    def set_aside(self) -> str:
        """The text that was typed before the edit, and comes back after it."""
        return self._set_aside

    def begin(self, message_id: str, text: str, which: str = LAST) -> None:
        """Put `text` into the composer; sending it will replace the message of that id, of which `which` is said."""
        self._message_id = message_id
        self._set_aside = self._composer.text
        self._composer.text = text
        self._composer.move_cursor(self._composer.document.end)
        self._composer.border_title = TITLE.format(which=which, cancel=key_of("leave_edit"))
        self._composer.add_class(EDITING)
        self._composer.focus()
        self._changed()

    def end(self) -> str | None:
        """Make the composer ready for new messages again; return the id of the message that was edited, if any.

        The text in the composer stays, after the text that was set aside.
        """
        message_id, self._message_id = self._message_id, None
        self._composer.border_title = ""
        self._composer.remove_class(EDITING)
        set_aside, self._set_aside = self._set_aside, ""
        if set_aside.strip():
            self._composer.give_back(set_aside)
        self._changed()
        return message_id

    def give_back(self, text: str) -> None:
        """Return a text that could not be sent to the composer; while a message is being edited, it is set aside."""
        if self.under_way:
            self._set_aside = joined(text, self._set_aside)
        else:
            self._composer.give_back(text)

    def leave(self) -> None:
        """Cancel the edit; the message stays as it is."""
        self._composer.clear()
        self.end()
