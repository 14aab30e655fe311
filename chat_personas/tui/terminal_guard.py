"""Keeping what native libraries write to file descriptor 2 off the screen.

Textual draws on standard error. A library that writes to the same descriptor would corrupt the picture, so while the
screen is up Textual draws on a copy of it and the descriptor itself leads to the log.

Keeping the garbage collector from holding the screen up.

A full collection walks through every object there is, and no key is echoed meanwhile: 170 ms once SciPy is loaded,
several times in the course of a reply.

Noticing that the terminal is gone, so that the program does not live on without one.

Usually the system says so with SIGHUP. Where that signal is ignored (`nohup`, some service managers), the end of the
terminal shows only on its descriptor; Textual's input thread would then spin on it for ever.
"""

import asyncio
import contextlib
import errno
import gc
import io
import os
import select
import signal
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_HARDLY_EVER = 1000


def spare_what_is_here() -> None:
    """Let the collector pass over all objects that exist now, and begin no full collection by itself.

    Packages, surveys and the screen stay until the end anyway. What is spared is still freed when nothing refers to it;
    only circles that are garbage at this moment stay. So this is for the few moments after much was loaded.
    """
    gc.freeze()
    young, middle, _ = gc.get_threshold()
    gc.set_threshold(young, middle, _HARDLY_EVER)


def collect() -> None:
    """Collect all garbage; for a moment in which nothing moves on the screen, such as the end of a reply."""
    gc.collect()


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


DESCRIPTOR = 2


class TerminalStream(io.TextIOWrapper):
    """The terminal as Textual writes to it, from a thread of its own.

    What is drawn after the terminal is gone has nowhere to go. An error there would end that thread, and the event loop
    would wait for it for ever, before anybody notices the hang-up (see `hangup`).
    """

    def write(self, text: str) -> int:
        """Write `text`, or drop it if the terminal is gone. Raises OSError for everything else."""
        with _unless_gone():
            return super().write(text)
        return len(text)

    def flush(self) -> None:
        """Send what was written, unless the terminal is gone. Raises OSError for everything else."""
        with _unless_gone():
            super().flush()


@contextmanager
def _unless_gone() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno != errno.EIO:
            raise


@contextmanager
def to_log(log: Path | None) -> Iterator[None]:
    """Lead descriptor 2 to `log` (nowhere if None) and `sys.__stderr__` to the terminal, until the block ends."""
    target = os.devnull if log is None else str(log)
    file = os.open(target, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    terminal = os.dup(DESCRIPTOR)
    before = sys.__stderr__
    os.dup2(file, DESCRIPTOR)
    os.close(file)
    screen = TerminalStream(os.fdopen(os.dup(terminal), "wb"), encoding="utf-8")
    sys.__stderr__ = screen  # type: ignore[misc]
    try:
        yield
    finally:
        sys.__stderr__ = before  # type: ignore[misc]
        with suppress(OSError):  # what is left to draw has nowhere to go if the terminal is gone
            screen.close()
        os.dup2(terminal, DESCRIPTOR)
        os.close(terminal)
