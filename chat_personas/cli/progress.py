"""Progress on standard error for anything longer than a second; nothing where standard error is no terminal."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager

Advance = Callable[[int, int], None]
PATIENCE = 1.0
"""Seconds that something may take without a word."""


@contextmanager
def progress_bar(title: str) -> Iterator[Advance]:
    """Show `title`, a bar, the count and the time left; the yielded function takes (done, total)."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    console = Console(stderr=True)
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task(title, total=None)

        def advance(done: int, total: int) -> None:
            progress.update(task, completed=done, total=total)

        yield advance


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
