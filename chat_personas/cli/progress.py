"""Progress on standard error for anything longer than a second: a bar on a terminal, elsewhere a line now and then."""

import asyncio
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.text import Text

from chat_personas.cli.console import CleanConsole
from chat_personas.cli.terminal import clean_output
from chat_personas.settings_preview import is_accessible
from chat_personas.tui.leaving import run_unwaited

if TYPE_CHECKING:
    from chat_personas.engines.cached import CacheStats

Result = TypeVar("Result")
WINDOW = 60.0
"""Seconds over which the rate is taken: a server that slows down is noticed, one slow answer is not."""


class RateEstimate:
    """Estimates the rate of answers and the time left. Cached answers take no time and do not count in the rate.

    `tally` counts the answers; without it every step is an answer.
    """

    def __init__(
        self, tally: "Callable[[], CacheStats] | None" = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._tally = tally
        self._clock = clock
        self._samples: deque[tuple[float, int]] = deque([(clock(), self._asked(0))])
        self._before = self._answers(0)
        self.done, self.total = 0, 0

    def now(self) -> float:
        """Return the time in seconds since an arbitrary moment."""
        return self._clock()

    def step(self, done: int, total: int) -> None:
        """Record that `done` of `total` steps are done."""
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
        """Seconds until the end if no further answer is cached; None before there is a rate."""
        if self.rate is None or not self.done:
            return None
        answers_each = (self._answers(self.done) - self._before) / self.done
        return (self.total - self.done) * answers_each / self.rate

    @property
    def failed(self) -> int:
        """How many answers failed."""
        return 0 if self._tally is None else self._tally().failed

    def in_words(self) -> str:
        """Return rate, time left and failures, as far as they are known: `4.1/s, 1:33 left, 2 failed`."""
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


Advance = Callable[[int, int], None]
PATIENCE = 1.0
"""Seconds before something that takes long is shown."""
STOPS = "Ctrl-C stops"
SECONDS_BETWEEN_LINES = 30.0
"""How often a line is written where there is no terminal."""


@contextmanager
def progress_bar(title: str, tally: "Callable[[], CacheStats] | None" = None) -> Iterator[Advance]:
    """Show `title`, a bar, the count, answers a second, the time left and failures; lend a function of (done, total).

    `tally` counts answers that were asked for, came from the cache, or failed. Where standard error is not a terminal,
    and where the setting `accessible` is on, a line is written every half minute instead.
    """
    console, pace = CleanConsole(to_error=True), RateEstimate(tally)
    if not console.is_terminal or is_accessible():
        yield lines(title, pace)
        return
    words = TextColumn("{task.fields[pace]}", markup=False)
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn(), words)
    # Rich's stream, which writes above the bar what is printed meanwhile, makes colours of escape sequences.
    with Progress(*columns, console=console, transient=True) as progress, clean_output():
        task = progress.add_task(title, total=None, pace="")

        def advance(done: int, total: int) -> None:
            pace.step(done, total)
            progress.update(task, completed=done, total=total, pace=pace.in_words())

        yield advance


def while_busy(title: str, work: Callable[[], Result]) -> Result:
    """Do what takes long in a thread, and return its result; `busy` shows `title` meanwhile. Ctrl-C ends it at once."""

    async def doing() -> Result:
        with busy(title):
            return await asyncio.to_thread(work)

    return run_unwaited(doing())


def lines(title: str, pace: RateEstimate) -> Advance:
    """Return a function of (done, total) that writes a line, at most every half minute."""
    written = pace.now()

    def advance(done: int, total: int) -> None:
        nonlocal written
        pace.step(done, total)
        if pace.now() - written < SECONDS_BETWEEN_LINES:
            return
        written = pace.now()
        print(f"{title}: {done} of {total}, {pace.in_words()}", file=sys.stderr, flush=True)

    return advance


@contextmanager
def busy(title: str, longest: str = "", *, still: bool = False) -> Iterator[None]:
    """Show `title` with a spinner while the block takes longer than a second. Needs a running event loop.

    Beside it stand `longest`, which says how long it may take, and the keys that stop it. Where nothing may move
    (`still`, or the setting `accessible`) it is a line of its own, once.
    """
    console = CleanConsole(to_error=True)
    if not console.is_terminal:
        yield
        return
    said = f"{title} ({longest}; {STOPS})" if longest else f"{title} ({STOPS})"
    loop = asyncio.get_running_loop()
    if still or is_accessible():
        later = loop.call_later(PATIENCE, _write_line, said)
        try:
            yield
        finally:
            later.cancel()
        return
    status = console.status(Text(said))
    later = loop.call_later(PATIENCE, status.start)
    try:
        yield
    finally:
        later.cancel()
        status.stop()


def _write_line(said: str) -> None:
    """Write a line on standard error at once."""
    print(said, file=sys.stderr, flush=True)
