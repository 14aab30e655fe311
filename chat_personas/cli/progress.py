"""Progress on standard error for anything longer than a second: a bar on a terminal, elsewhere a line now and then."""

import asyncio
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from chat_personas.cli.pace import Pace

if TYPE_CHECKING:
    from chat_personas.engines.cached import Tally

Advance = Callable[[int, int], None]
PATIENCE = 1.0
"""Seconds that something may take without a word."""
SECONDS_BETWEEN_LINES = 30.0
"""How often a log file is told; a run that is shorter says nothing."""


@contextmanager
def progress_bar(title: str, tally: "Callable[[], Tally] | None" = None) -> Iterator[Advance]:
    """Show `title`, a bar, the count, answers a second, the time left and failures; the function takes (done, total).

    `tally` tells how many answers were asked for, remembered and failed. Where standard error is no terminal, the same
    is a line every half minute.
    """
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    console, pace = Console(stderr=True), Pace(tally)
    if not console.is_terminal:
        yield lines(title, pace)
        return
    words = TextColumn("{task.fields[pace]}", markup=False)
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn(), words)
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task(title, total=None, pace="")

        def advance(done: int, total: int) -> None:
            pace.step(done, total)
            progress.update(task, completed=done, total=total, pace=pace.in_words())

        yield advance


def lines(title: str, pace: Pace) -> Advance:
    """Return a function of (done, total) that writes a line when the last one, or the start, was half a minute ago."""
    told = pace.now()

    def advance(done: int, total: int) -> None:
        nonlocal told
        pace.step(done, total)
        if pace.now() - told < SECONDS_BETWEEN_LINES:
            return
        told = pace.now()
        print(f"{title}: {done} of {total}, {pace.in_words()}", file=sys.stderr, flush=True)

    return advance


@contextmanager
def busy(title: str) -> Iterator[None]:
    """Show `title` with a moving mark if it takes longer than a second: it cannot be counted; in an event loop."""
    from rich.console import Console
    from rich.text import Text

    console = Console(stderr=True)
    if not console.is_terminal:
        yield
        return
    status = console.status(Text(title))
    later = asyncio.get_running_loop().call_later(PATIENCE, status.start)
    try:
        yield
    finally:
        later.cancel()
        status.stop()
