"""Leaving the screen: the signals that ask for it, and what may not hold it up.

A person who wants to leave waits for one thing only: that what was said is stored. Everything else that is under way, a
server that does not answer, a name that is not found, a model or a package that is being loaded, is given up. A thread
cannot be given up, so nothing waits for it: `chat_personas.cli.main.run` ends the process while it still runs.

When the terminal is gone, the system usually sends SIGHUP. Where that signal is ignored (`nohup`, some service
managers) only the descriptor of the terminal shows it, and Textual's input thread would spin on it for ever.
"""

import asyncio
import select
import signal
import sys
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, TypeVar

T = TypeVar("T")

SIGNALLED = 128
"""A shell reports this, and the number of the signal, for a program that a signal has ended."""
HUNG_UP = SIGNALLED + signal.SIGHUP
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
EVERY_SECONDS = 0.5
PATIENCE = 0.5
"""Seconds for each thing that is closed for good order only."""


class UnwaitedThreads(ThreadPoolExecutor):
    """The threads of an event loop that ends without waiting for them."""

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Take no more work; what is under way goes on for as long as the process lives."""
        super().shutdown(wait=False, cancel_futures=True)


def run_unwaited(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine as `asyncio.run` does, and do not wait for its threads at the end: Ctrl+C ends it at once."""

    async def run() -> T:
        asyncio.get_running_loop().set_default_executor(UnwaitedThreads())
        return await coroutine

    return asyncio.run(run())


async def in_time(closing: Awaitable[T]) -> T | None:
    """Wait for something that holds nothing of the person's, but not for long: None where it is not done by then.

    Raises what it raises until then.
    """
    task = asyncio.ensure_future(closing)
    await asyncio.wait({task}, timeout=PATIENCE)
    return task.result() if task.done() else None


def terminal_gone() -> bool:
    """Whether the terminal of standard input has been closed."""
    poll = select.poll()
    poll.register(sys.__stdin__.fileno() if sys.__stdin__ is not None else 0, 0)
    return any(events & (select.POLLHUP | select.POLLNVAL) for _, events in poll.poll(0))


_lent = 0


@contextmanager
def terminal_lent() -> Iterator[None]:
    """Leave Ctrl+C to the program that has the terminal until the block ends, as an editor."""
    global _lent
    _lent += 1
    try:
        yield
    finally:
        _lent -= 1


async def watch_for_the_end(leave: Callable[[int], Awaitable[None]]) -> None:
    """Wait for a signal that ends programs, or until the terminal is gone; then await `leave` with the exit code.

    A signal that is ignored when the program starts stays so. Further signals change nothing. While the terminal is
    lent, Ctrl+C is for the other program.
    """
    loop = asyncio.get_running_loop()
    code: asyncio.Future[int] = loop.create_future()

    def end(wanted: int) -> None:
        if not code.done() and not (_lent and wanted == SIGNALLED + signal.SIGINT):
            code.set_result(wanted)

    for number in SIGNALS:
        if signal.getsignal(number) != signal.SIG_IGN:
            loop.add_signal_handler(number, end, SIGNALLED + number)
    while not code.done():
        await asyncio.wait({code}, timeout=EVERY_SECONDS)
        if terminal_gone():
            end(HUNG_UP)
    await leave(code.result())
