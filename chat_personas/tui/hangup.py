"""Noticing that the terminal is gone, so that the program does not live on without one.

Usually the system says so with SIGHUP. Where that signal is ignored (`nohup`, some service managers), the end of the
terminal shows only on its descriptor; Textual's input thread would then spin on it for ever.
"""

import asyncio
import contextlib
import select
import signal
import sys
from collections.abc import Awaitable, Callable

EVERY_SECONDS = 0.5


def terminal_gone() -> bool:
    """Whether the other end of standard input's terminal has been closed."""
    poll = select.poll()
    poll.register(sys.__stdin__.fileno() if sys.__stdin__ is not None else 0, 0)
    return any(events & (select.POLLHUP | select.POLLNVAL) for _, events in poll.poll(0))


async def watch_for_hangup(act: Callable[[], Awaitable[None]]) -> None:
    """Await `act` once the terminal is gone, by signal or by its descriptor. Runs until then, or until cancelled."""
    gone = asyncio.Event()
    loop = asyncio.get_running_loop()
    ignored = signal.getsignal(signal.SIGHUP) == signal.SIG_IGN
    if not ignored:
        loop.add_signal_handler(signal.SIGHUP, gone.set)
    try:
        while not gone.is_set() and not terminal_gone():
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(gone.wait(), EVERY_SECONDS)
        await act()
    finally:
        if not ignored:
            loop.remove_signal_handler(signal.SIGHUP)
