"""Keeping what native libraries write to file descriptor 2 off the screen.

Textual draws on standard error. A library that writes to the same descriptor would corrupt the picture, so while the
screen is up Textual draws on a copy of it and the descriptor itself leads to the log.
"""

import errno
import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

DESCRIPTOR = 2


class Screen(io.TextIOWrapper):
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
    screen = Screen(os.fdopen(os.dup(terminal), "wb"), encoding="utf-8")
    sys.__stderr__ = screen  # type: ignore[misc]
    try:
        yield
    finally:
        sys.__stderr__ = before  # type: ignore[misc]
        with suppress(OSError):  # what is left to draw has nowhere to go if the terminal is gone
            screen.close()
        os.dup2(terminal, DESCRIPTOR)
        os.close(terminal)
