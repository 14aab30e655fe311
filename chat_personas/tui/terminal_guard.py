"""What the screen needs of its process: its descriptor 2, quiet garbage collection, timers that keep time, memory.

Native libraries write to file descriptor 2, on which Textual draws. So while the screen is up Textual draws on a copy
of the descriptor, and the descriptor itself leads to the log.

A full garbage collection visits every object. It takes 170 ms once SciPy is loaded, comes several times during a reply,
and no key is echoed meanwhile.

Textual forgets what it was to call after a time if the machine does not give it the processor for so long.
"""

import errno
import gc
import io
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

_HARDLY_EVER = 1000
SECONDS_OF_QUIET = 0.5
MOST_REPLIES = 20
"""After so many replies garbage is collected though it is not quiet: the widgets of each that are gone are garbage."""


def spare_what_is_here() -> None:
    """Exempt all objects that exist now from garbage collection, and stop automatic full collections.

    Packages, surveys and the screen stay until the end anyway. Exempt objects are still freed when nothing refers to
    them; only reference cycles that are garbage already stay. So call this just after much has been loaded.
    """
    gc.freeze()
    young, middle, _ = gc.get_threshold()
    gc.set_threshold(young, middle, _HARDLY_EVER)


class QuietCollection:
    """Collects all garbage when nothing moves on the screen and nobody types: it holds every key meanwhile.

    Where it is not quiet for `MOST_REPLIES`, it collects all the same, which holds a key for a moment: the garbage of a
    hundred replies takes some 40 MB. `quiet` says whether that is so; `later` calls a function after so many seconds.
    """

    def __init__(self, quiet: Callable[[], bool], later: Callable[[float, Callable[[], None]], object]) -> None:
        self._quiet = quiet
        self._later = later
        self._due = False
        self._asked = 0

    def ask(self) -> None:
        """Collect as soon as it is quiet, or has been asked for often. Call it when a reply has ended."""
        self._asked += 1
        if not self._due:
            self._due = True
            self._later(SECONDS_OF_QUIET, self._collect_or_wait)

    def _collect_or_wait(self) -> None:
        if self._quiet() or self._asked >= MOST_REPLIES:
            self._due, self._asked = False, 0
            gc.collect()
        else:
            self._later(SECONDS_OF_QUIET, self._collect_or_wait)


def keep_late_calls() -> None:
    """Have Textual call a function after a time (`set_timer`) however late it is. Calling this again does nothing.

    Textual 8.2 leaves out the ticks of a timer for which it is too late, also where there is only one. So on a busy
    machine the rest of a reply was never drawn, and a window that had changed its size not laid out.
    """
    from textual import message_pump
    from textual.timer import Timer

    if vars(message_pump)["Timer"] is not Timer:
        return

    class KeepingTimer(Timer):
        def __init__(self, *arguments: Any, repeat: int | None = None, skip: bool = True, **options: Any) -> None:
            super().__init__(*arguments, repeat=repeat, skip=skip and repeat != 0, **options)

    vars(message_pump)["Timer"] = KeepingTimer  # where `set_timer` finds it


_M_MMAP_THRESHOLD = -3
_LARGE = 256 * 1024
"""Bytes; GNU's C library gives freed blocks of this size back to the system, and keeps smaller ones."""


def give_memory_back() -> None:
    """Have GNU's C library give large blocks back to the system as soon as they are freed.

    By itself it takes for large what is larger than the largest block freed so far. Scoring uses blocks of some MB for
    a moment, in several threads, and each would keep what it has had. Other C libraries are left as they are.
    """
    import ctypes

    mallopt = getattr(ctypes.CDLL(None), "mallopt", None) if sys.platform == "linux" else None
    if mallopt is not None:
        mallopt(_M_MMAP_THRESHOLD, _LARGE)


DESCRIPTOR = 2


class TerminalStream(io.TextIOWrapper):
    """The terminal as Textual writes to it, from a thread of its own.

    Output is dropped once the terminal is gone. An error would end that thread, and the event loop would wait for it
    for ever, before `watch_for_the_end` notices.
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
    """Until the block ends, lead descriptor 2 to `log` (None: nowhere) and `sys.__stderr__` to the terminal.

    A log that cannot be opened is done without: what native libraries write is then dropped.
    """
    file = _opened(log)
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


def _opened(log: Path | None) -> int:
    with suppress(OSError):
        if log is not None:
            from chat_personas.paths import open_log  # late: it brings in what the first frame does not need

            return open_log(log)
    return os.open(os.devnull, os.O_WRONLY)
