"""What a terminal must not be sent where nothing may move or be drawn, and a person at such a terminal."""

import os
import re
import sys
from collections.abc import Callable
from pathlib import Path

from benchmarks.killed_program import Program
from chat_personas.engines import open as opening
from eval.engine import Engine
from tests.cli.running import opener

ESCAPES = re.compile(rb"\x1b|\xc2[\x80-\x9f]")
OVERWRITES = re.compile(rb"\r(?!\n)|\x08")
DRAWN = re.compile("[\u2500-\u259f\u2800-\u28ff]")
"""Frames, bars, and the dots of spinners."""


def faults_of(sent: bytes) -> list[str]:
    """Say what in these bytes moves the cursor, erases, overwrites or draws; nothing where they are lines of text."""
    found = []
    if ESCAPES.search(sent):
        found.append(f"an escape sequence: {sent[max(0, ESCAPES.search(sent).start() - 30) :][:60]!r}")  # type: ignore[union-attr]
    if OVERWRITES.search(sent):
        found.append(f"a line is overwritten: {sent[max(0, OVERWRITES.search(sent).start() - 30) :][:60]!r}")  # type: ignore[union-attr]
    if drawn := DRAWN.findall(sent.decode(errors="replace")):
        found.append(f"something is drawn: {''.join(drawn[:10])}")
    return found


class Person(Program):
    """Sits at a pseudo-terminal with a command whose model is a stand-in; `sent` is every byte that came."""

    def __init__(self, home: Path, engine: Engine, *arguments: str, **environment: str) -> None:
        """Start the command in a fork of this process."""
        super().__init__(_command(home, engine, arguments, environment))
        self._place = 0

    @property
    def sent(self) -> bytes:
        """Every byte that the terminal was sent so far."""
        return self._raw

    def reads(self, pattern: str) -> None:
        """Wait until `pattern` comes after what was waited for before."""
        self.wait_for(pattern, after=self._place)
        found = re.search(pattern, self.text[self._place :])
        assert found is not None
        self._place += found.end()

    def enters(self, line: str, *answers: str) -> None:
        """Write a line, and wait for answers to it, one after the other, and for the next prompt."""
        self.type(f"{line}\n")
        for answer in answers:
            self.reads(answer)

    @property
    def code(self) -> int:
        """Let the program end, and return its exit code."""
        while self._read(60.0):
            pass
        _, status = os.waitpid(self.pid, 0)
        os.close(self._file)
        return os.waitstatus_to_exitcode(status)


def _command(home: Path, engine: Engine, arguments: tuple[str, ...], environment: dict[str, str]) -> Callable[[], None]:
    def work() -> None:
        from chat_personas.cli.main import run

        for name in [name for name in os.environ if name.startswith("CHAT_PERSONAS_")]:
            del os.environ[name]
        os.environ.update({"TERM": "xterm-256color", "COLUMNS": "80", "LINES": "24", "CHAT_PERSONAS_HOME": str(home)})
        os.environ.update(environment)
        opening.open_engine = opener(engine)  # type: ignore[assignment]
        sys.argv = ["chat-personas", *arguments]
        run()

    return work
