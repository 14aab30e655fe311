"""A terminal for programs under measurement: a pseudo-terminal of fixed size, and the text that arrives on it."""

import fcntl
import os
import pty
import re
import select
import struct
import termios
import time
from collections.abc import Mapping, Sequence
from typing import Self

ROWS, COLUMNS = 36, 120
ESCAPE = re.compile(rb"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|P[^\x1b]*\x1b\\|[@-Z\\-_=>])")


class Terminal:
    """One program on a pseudo-terminal. Use as a context manager: the program is killed at the end."""

    def __init__(self, command: Sequence[str], environment: Mapping[str, str] | None = None) -> None:
        """Start `command` with `environment` on top of ours."""
        self.began = time.perf_counter()
        self.pid, self.file = pty.fork()
        if self.pid == 0:
            os.environ.update({"TERM": "xterm-256color", "COLORTERM": "truecolor", **(environment or {})})
            os.execvp(command[0], list(command))
        fcntl.ioctl(self.file, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))

    def seconds_to_text(self, limit: float = 30.0) -> float:
        """Return the seconds from the start until the first visible character; TimeoutError after `limit`."""
        received = b""
        while (left := self.began + limit - time.perf_counter()) > 0:
            if not select.select([self.file], [], [], left)[0]:
                break
            received += os.read(self.file, 65536)
            if ESCAPE.sub(b"", received).translate(None, b"\x00\x1b \r\n\t"):
                return time.perf_counter() - self.began
        raise TimeoutError(f"no text within {limit} s")

    def write(self, text: str) -> None:
        """Type `text`."""
        os.write(self.file, text.encode())

    def seconds_until(self, pattern: bytes, limit: float = 30.0) -> float:
        """Return the seconds from now until `pattern`, a regular expression, arrives; TimeoutError after `limit`."""
        began, received, wanted = time.perf_counter(), b"", re.compile(pattern)
        while (left := began + limit - time.perf_counter()) > 0:
            received += self._read(left)
            if wanted.search(received):
                return time.perf_counter() - began
        raise TimeoutError(f"no {pattern!r} within {limit} s; the last that came was {received[-200:]!r}")

    def watch(self, seconds: float) -> None:
        """Take what arrives, for `seconds`."""
        end = time.perf_counter() + seconds
        while (left := end - time.perf_counter()) > 0:
            self._read(left)

    def _read(self, seconds: float) -> bytes:
        """Return what arrives within `seconds`, as soon as something does."""
        return os.read(self.file, 65536) if select.select([self.file], [], [], seconds)[0] else b""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        import signal

        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        os.close(self.file)
