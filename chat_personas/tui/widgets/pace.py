"""When something that grows is drawn again while the person types: no key is echoed during a drawing."""

import time
from collections.abc import Callable

WHILE_TYPING = 40
"""For so many times the seconds that the last drawing took, nothing is drawn while the person types.

A fixed pause would fit one machine: the slower a drawing, the more keys wait for it.
"""
LONGEST = 3.0
"""Seconds after which something is drawn all the same: what grows still grows."""


class Pace:
    """Tells when something may be drawn again, from what the last drawing took. The first one gives way to nothing."""

    def __init__(self, give_way: Callable[[], bool]) -> None:
        """`give_way`: whether the person types, or something else is more urgent than a drawing."""
        self._give_way = give_way
        self._began = self._next = 0.0

    def due(self) -> bool:
        """Whether it may be drawn now."""
        return time.monotonic() >= self._next or not self._give_way()

    def begin(self) -> None:
        """Note that a drawing begins."""
        self._began = time.monotonic()
        self._next = self._began + LONGEST

    def end(self) -> None:
        """Note that it is on the screen."""
        now = time.monotonic()
        self._next = now + min(LONGEST, WHILE_TYPING * (now - self._began))
