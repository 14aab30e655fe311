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

    def __enter__(self) -> "Terminal":
        return self

    def __exit__(self, *_: object) -> None:
        import signal

        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        os.close(self.file)
