"""What the screen needs of its process: descriptor 2 for itself, notice of a hang-up, quiet garbage collection.

Native libraries write to file descriptor 2, on which Textual draws. So while the screen is up Textual draws on a copy
of the descriptor, and the descriptor itself leads to the log.

When the terminal is gone, the system usually sends SIGHUP. Where that signal is ignored (`nohup`, some service
managers) only the descriptor shows it, and Textual's input thread would spin on it for ever.

A full garbage collection visits every object. It takes 170 ms once SciPy is loaded, comes several times during a reply,
and no key is echoed meanwhile.
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
    """Exempt all objects that exist now from garbage collection, and stop automatic full collections.

    Packages, surveys and the screen stay until the end anyway. Exempt objects are still freed when nothing refers to
    them; only reference cycles that are garbage already stay. So call this just after much has been loaded.
    """
    gc.freeze()
    young, middle, _ = gc.get_threshold()
    gc.set_threshold(young, middle, _HARDLY_EVER)


def collect() -> None:
    """Collect all garbage. Call it when nothing moves on the screen, as at the end of a reply."""
    gc.collect()


EVERY_SECONDS = 0.5


def terminal_gone() -> bool:
    """Whether the terminal of standard input has been closed."""
    poll = select.poll()
    poll.register(sys.__stdin__.fileno() if sys.__stdin__ is not None else 0, 0)
    return any(events & (select.POLLHUP | select.POLLNVAL) for _, events in poll.poll(0))


async def watch_for_hangup(act: Callable[[], Awaitable[None]]) -> None:
    """Wait until the terminal is gone, by signal or by its descriptor, then await `act`."""
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

    Output is dropped once the terminal is gone. An error would end that thread, and the event loop would wait for it
    for ever, before `watch_for_hangup` notices.
    """

    def write(self, text: str) -> int:
        """Write `text`, or drop it if the terminal is gone. Raises OSError for any other reason."""
        with _unless_gone():
            return super().write(text)
        return len(text)

    def flush(self) -> None:
        """Flush what was written, unless the terminal is gone. Raises OSError for any other reason."""
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
    """Until the block ends, lead descriptor 2 to `log` (None: nowhere) and `sys.__stderr__` to the terminal."""
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
        with suppress(OSError):  # the rest cannot be drawn if the terminal is gone
            screen.close()
        os.dup2(terminal, DESCRIPTOR)
        os.close(terminal)
