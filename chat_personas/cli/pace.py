"""How fast a long run goes, and how long it will take."""

import time
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from chat_personas.engines.cached import Tally

WINDOW = 60.0
"""Seconds over which the rate is taken: a server that slows down is noticed, one slow answer is not."""


class Pace:
    """The rate of answers that were asked for now (remembered ones take no time), and the time left from it.

    `tally` tells of the answers; without one every step done is an answer.
    """

    def __init__(self, tally: "Callable[[], Tally] | None" = None, clock: Callable[[], float] = time.monotonic) -> None:
        self._tally = tally
        self._clock = clock
        self._samples: deque[tuple[float, int]] = deque([(clock(), self._asked(0))])
        self._before = self._answers(0)
        self.done, self.total = 0, 0

    def now(self) -> float:
        """Return the time in seconds, from an arbitrary moment."""
        return self._clock()

    def step(self, done: int, total: int) -> None:
        """Take note that `done` of `total` are done."""
        now = self._clock()
        self.done, self.total = done, total
        self._samples.append((now, self._asked(done)))
        while len(self._samples) > 2 and self._samples[1][0] < now - WINDOW:
            self._samples.popleft()

    @property
    def rate(self) -> float | None:
        """Answers a second; None before there is one."""
        (began, asked_before), (now, asked) = self._samples[0], self._samples[-1]
        return (asked - asked_before) / (now - began) if asked > asked_before and now > began else None

    @property
    def left(self) -> float | None:
        """Seconds until the end if everything that is left has to be asked; None before there is a rate."""
        if self.rate is None or not self.done:
            return None
        answers_each = (self._answers(self.done) - self._before) / self.done
        return (self.total - self.done) * answers_each / self.rate

    @property
    def failed(self) -> int:
        """How many answers failed."""
        return 0 if self._tally is None else self._tally().failed

    def in_words(self) -> str:
        """Return the rate, the time left and what failed, as far as they are known: `4.1/s, 1:33 left, 2 failed`."""
        words = []
        if self.rate is not None:
            words.append(f"{self.rate:.1f}/s" if self.rate >= 1 else f"{60 * self.rate:.1f}/min")
        if self.left is not None:
            words.append(f"{_clock_time(self.left)} left")
        if self.failed:
            words.append(f"{self.failed} failed")
        return ", ".join(words)

    def _asked(self, done: int) -> int:
        if self._tally is None:
            return done
        tally = self._tally()
        return tally.asked + tally.failed

    def _answers(self, done: int) -> int:
        return done if self._tally is None else self._asked(done) + self._tally().remembered


def _clock_time(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
