"""Where a key goes: to the screen that takes every key, to the text that is written, or to an action.

It is decided in one place, the application, where keys come in order: several are on their way to a widget before it
sees the first.
"""

from typing import Any, Literal, Protocol, runtime_checkable

from textual.events import Event, Key, Paste
from textual.screen import Screen

UNTAKEN = "ctrl+c"
"""The one key that no screen takes: it ends the program."""
Destination = Literal["screen", "text", "action", "focus"]
"""`screen`: the screen takes it. `text`: the text gets the focus, and then the key. `action`: the action on it runs.

`focus`: Textual passes it on to what has the focus; so it does where there is no action on the key.
"""


@runtime_checkable
class TakesKeys(Protocol):
    """A screen that is given every key but Ctrl+C before any binding is looked for, as to choose a key."""

    def take_key(self, event: Key) -> None:
        """Do something with the key."""


@runtime_checkable
class WritesOn(Protocol):
    """A screen with a text to which letters and pasted text go that are typed elsewhere on it."""

    @property
    def away_from_text(self) -> bool:
        """Whether something has the focus in which nothing is written."""

    def write_on(self) -> None:
        """Give the focus to the text, at once."""


def destination_of(event: Event, screen: Screen[Any] | None) -> Destination:
    """Say where an event goes that arrives while `screen` is shown.

    Away from the text, a letter or pasted text goes there. A letter with an action acts where the focus is now, before
    the next key can move it.
    """
    if isinstance(event, Key) and event.key != UNTAKEN and isinstance(screen, TakesKeys):
        return "screen"
    if not isinstance(event, Key | Paste) or event.is_forwarded:
        return "focus"
    if not isinstance(screen, WritesOn) or not screen.away_from_text:
        return "focus"
    return "text" if isinstance(event, Paste) or _is_to_write(event, screen) else "action"


def _is_to_write(event: Key, screen: Screen[Any]) -> bool:
    """Whether a key is a letter on which the screen has no action: it is written, so that it is never lost."""
    acting = screen.active_bindings
    return is_letter(event.key, event.is_printable) and acting.keys().isdisjoint({event.key, small_letter(event.key)})


def is_letter(key: str, is_printable: bool) -> bool:
    """Whether a key writes a character. With Alt or Ctrl it does not, although a terminal sends one."""
    return is_printable and not {"alt", "ctrl", "super", "hyper", "meta"} & set(key.split("+")[:-1])


def small_letter(key: str) -> str:
    """Return the key of the small letter for a capital one, and every other key as it is.

    A capital letter without an action has that of its small one, as under Caps Lock.
    """
    return key.lower() if len(key) == 1 else key
