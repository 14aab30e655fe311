"""Where a key goes, and when: to the screen that takes every key, to the text that is written, or to an action.

Both are decided in one place, the application, where keys come in order. A key that comes after one that opens a screen
belongs to that screen, also while it is not there yet: it waits. Letters that are written do not wait for each other.
"""

import math
import time
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass
from functools import wraps
from typing import TYPE_CHECKING, Any, Concatenate, Literal, ParamSpec, Protocol, TypeVar, cast, runtime_checkable

from textual._context import active_app
from textual.events import Event, Key, Paste
from textual.screen import Screen
from textual.worker import active_worker

if TYPE_CHECKING:
    from textual.app import App
    from textual.message_pump import MessagePump
    from textual.worker import Worker

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


@runtime_checkable
class Question(Protocol):
    """A screen that a letter answers. What people were typing on while it came is no answer."""

    @property
    def shown_at(self) -> float:
        """When it could be seen for the first time, as `time.monotonic` has it; infinite before that."""

    def write_behind(self, text: str) -> None:
        """Put what was typed into the text behind the question, if there is one."""


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


SECONDS_OF_TYPING_ON = 0.3
"""A key that comes sooner after another one is typed on: nobody reads a question and answers it in that time."""


class TypingOn:
    """Tells an answer to a question from what is typed on while it comes, by when the keys were pressed."""

    def __init__(self, seconds: float = SECONDS_OF_TYPING_ON) -> None:
        self.seconds = seconds
        self._last = -math.inf

    def is_typed_on(self, event: Key | Paste, screen: Screen[Any]) -> bool:
        """Whether a key at a question is none for it: a letter, pasted text, or an Enter after them."""
        if not isinstance(screen, Question):
            self._last = event.time
            return False
        if isinstance(event, Key) and not is_letter(event.key, event.is_printable) and event.key != "enter":
            return False
        typed_on = event.time < screen.shown_at or event.time - self._last < self.seconds
        if typed_on:
            self._last = event.time
        return typed_on


ROUNDS = 3
"""How often a note follows a key through the queues of messages before the next key goes on its way.

First it comes behind the key itself, then behind what the key's binding has asked for (Enter in a text is an action of
the text), then behind what that has asked of another widget (Enter in the palette takes the highlighted line).
"""


@dataclass(eq=False)
class Coming:
    """What keys wait for: a screen that is going to be opened or left.

    `worker` opens it, None where no worker does. `asking` is the screen that it has opened and that the person answers
    now: no key waits while that is there.
    """

    worker: "Worker[Any] | None" = None
    asking: Screen[Any] | None = None


@dataclass(eq=False)
class Listing:
    """The lines of a list that are being read. `holds` says whether the list is of no use yet to one who chooses."""

    screen: Screen[Any]
    holds: Callable[[], bool]


class KeyOrder:
    """Lets keys go on their way one after another, each when all is done that those before it have begun.

    `deliver` gives a key to what it is for now. All of it runs in the application's own message loop.
    """

    def __init__(self, app: "App[Any]", deliver: Callable[[Key | Paste], Awaitable[None]]) -> None:
        self._app = app
        self._deliver = deliver
        self._held: deque[Key | Paste] = deque()
        self._coming: set[Coming] = set()
        self._listings: set[Listing] = set()
        self._following = False
        self._written = False
        self._refused: tuple[Screen[Any], float] | None = None
        self.typing_on = TypingOn()

    async def arrived(self, event: Key | Paste) -> None:
        """Let a key go on its way now or, where keys wait, after them.

        Ctrl+C never waits; nor does the key that quits, where a screen or the lines of a list are long in coming.
        """
        reading = self._waits_for_screen or self._waits_for_lines
        if isinstance(event, Key) and (event.key == UNTAKEN or (reading and self._acts(event, "quit"))):
            await self._deliver(event)
            return
        self._held.append(event)
        await self.go_on()

    async def go_on(self) -> None:
        """Let the keys that wait go on their way, as far as they may."""
        while self._held and not self._following and not self._waits_for_screen and self._app.screen_stack:
            screen, event = self._app.screen, self._held[0]
            if not screen.is_mounted:
                self._follow()
            elif self.typing_on.is_typed_on(event, screen):
                self._write_behind(self._held.popleft())
            elif self._is_written(event):
                self._written = True
                await self._deliver(self._held.popleft())
            elif self._written:
                self._follow()  # what was written is in the text before a key does something with it
            elif self._waits_for_list(event):
                return
            else:
                self._held.popleft()
                if not self._was_meant_for_a_list(event):
                    await self._deliver(event)
                    self._follow()

    # A screen that is coming

    def begin(self, worker: "Worker[Any] | None" = None) -> Coming:
        """Let keys wait from now on for a screen that is going to be opened or left, by a worker if there is one."""
        coming = Coming(worker)
        self._coming.add(coming)
        return coming

    def coming(self) -> Coming | None:
        """Return what keys wait for on behalf of the worker that runs now, if they do."""
        worker = active_worker.get(None)
        return next((each for each in self._coming if worker is not None and each.worker is worker), None)

    def opened(self, screen: Screen[Any]) -> None:
        """Let the keys that have waited for this screen go on, now that the worker that runs now opens it."""
        if (coming := self.coming()) is not None:
            coming.asking = screen
        self._app.call_later(self.go_on)

    def end(self, coming: Coming) -> None:
        """Let no key wait for it any more."""
        self._coming.discard(coming)
        self._app.call_later(self.go_on)

    def begin_list(self, screen: Screen[Any], holds: Callable[[], bool]) -> Listing:
        """Let keys that choose wait from now on for the lines of a list; what is written does not wait."""
        listing = Listing(screen, holds)
        self._listings.add(listing)
        return listing

    def end_list(self, listing: Listing) -> None:
        """Let no key wait for those lines any more."""
        self._listings.discard(listing)
        self._app.call_later(self.go_on)

    def refused(self) -> None:
        """Take note that a screen does not come that was asked for.

        What was typed for it before the person could know is written where the focus is, and never sent.
        """
        if self._app.screen_stack:
            self._refused = self._app.screen, time.monotonic()

    # What a key waits for

    @property
    def _waits_for_screen(self) -> bool:
        there = self._app.screen_stack
        return any(each.asking not in there for each in self._coming)

    def _waits_for_list(self, event: Key | Paste) -> bool:
        """Whether a key may choose from a list that is being read. Escape leaves the list at any time."""
        return self._waits_for_lines and not (isinstance(event, Key) and event.key == "escape")

    @property
    def _waits_for_lines(self) -> bool:
        """Whether the list on the screen is being read, and of no use yet."""
        return any(each.screen is self._app.screen and each.holds() for each in self._listings)

    def _is_written(self, event: Key | Paste) -> bool:
        """Whether it is a letter, or pasted text, for a text: it opens nothing."""
        screen = self._app.screen
        destination = destination_of(event, screen)
        if isinstance(event, Paste) or destination == "text":
            return destination != "screen"
        focused = screen.focused
        if destination != "focus" or focused is None or not is_letter(event.key, event.is_printable):
            return False
        return focused.check_consume_key(event.key, event.character)

    def _was_meant_for_a_list(self, event: Key | Paste) -> bool:
        """Whether it would send a text that was typed for a screen that has not come."""
        if self._refused is None or not isinstance(event, Key):
            return False
        screen, since = self._refused
        return screen is self._app.screen and event.time < since and (event.key == "enter" or self._acts(event, "send"))

    def _write_behind(self, event: Key | Paste) -> None:
        """Write what was typed on behind the question that is shown; Enter sends nothing there."""
        text = event.text if isinstance(event, Paste) else event.character if event.is_printable else None
        if text:
            cast("Question", self._app.screen).write_behind(text)

    def _acts(self, event: Key, action: str) -> bool:
        """Whether a key has this action of the application or of the screen."""
        if not self._app.screen_stack:
            return False
        active = self._app.screen.active_bindings.get(event.key)
        return active is not None and active.binding.action in (action, f"app.{action}")

    def _follow(self, rounds: int = ROUNDS) -> None:
        """Send a note behind the key, through the queues of all that may do something with it."""
        self._following, self._written = True, False
        screen = self._app.screen
        self._pass_on((screen.focused or screen).ancestors_with_self, rounds)

    def _pass_on(self, through: "Sequence[MessagePump]", rounds: int) -> None:
        """Put the note into the first queue that is still open; the application's is the last one."""
        while len(through) > 1:
            first, *through = through
            if first.call_later(self._pass_on, through, rounds):
                return
        self._app.call_later(self._followed, rounds)

    async def _followed(self, rounds: int) -> None:
        if rounds > 1:
            self._follow(rounds - 1)
        else:
            self._following = False
            await self.go_on()


Given = ParamSpec("Given")
Owner = TypeVar("Owner")
Listed = TypeVar("Listed", bound=Screen[Any])
Method = Callable[Concatenate[Owner, Given], Coroutine[Any, Any, None]]


def key_order() -> KeyOrder | None:
    """Return the order of keys of the application that runs now; None where it keeps none."""
    return getattr(active_app.get(None), "key_order", None)


def changes_screen(method: "Method[Owner, Given]") -> "Method[Owner, Given]":
    """Let keys wait for a worker that opens or leaves a screen after it has read something.

    They wait until it is done or has said `no_screen_comes`, and not while a screen that it has opened is there.
    """

    @wraps(method)
    async def change(self: Owner, /, *arguments: Given.args, **options: Given.kwargs) -> None:
        order, worker = key_order(), active_worker.get(None)
        if order is None or worker is None:
            await method(self, *arguments, **options)
            return
        coming = order.begin(worker)
        try:
            await method(self, *arguments, **options)
        finally:
            order.end(coming)

    return change


def fills_list(
    holds: Callable[[Any], bool] = lambda _: True,
) -> "Callable[[Method[Listed, Given]], Method[Listed, Given]]":
    """Let keys that choose wait for a coroutine method of a screen that reads the lines to choose from.

    `holds` says whether the screen's list is of no use yet.
    """

    def decorate(method: "Method[Listed, Given]") -> "Method[Listed, Given]":
        @wraps(method)
        async def fill(self: Listed, /, *arguments: Given.args, **options: Given.kwargs) -> None:
            order = key_order()
            if order is None:
                await method(self, *arguments, **options)
                return
            listing = order.begin_list(self, lambda: holds(self))
            try:
                await method(self, *arguments, **options)
            finally:
                order.end_list(listing)

        return fill

    return decorate


def no_screen_comes(*, refused: bool = False) -> None:
    """Say that the worker that runs now opens no screen any more: keys need not wait for what else it does.

    `refused` says that one was asked for and cannot come.
    """
    order = key_order()
    coming = order.coming() if order is not None else None
    if order is not None and coming is not None:
        if refused:
            order.refused()
        order.end(coming)
