"""A program that is killed: the console command in a process of its own, and the corpus as the next start finds it.

It is forked from this process, which has its modules loaded, so that a run takes no start-up, and has a pseudo-terminal
of its own. `benchmarks.kill_stages` and `benchmarks.study_kills` kill it in every stage of its work.
"""

import gc
import json
import os
import pty
import random
import re
import select
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.terminal import ESCAPE
from chat_personas.corpus import Corpus, MessageRow
from eval.surveys.loading import load_survey

PATIENCE = 60.0
QUESTIONS = 6
LEFT_OVER = re.compile(r"\.part$|-journal$")


class LostError(Exception):
    """Something that was acknowledged is not there, or something is left that should not be."""


class Program:
    """A command in a process of its own on a pseudo-terminal; `text` is what it has shown, without escape sequences."""

    def __init__(self, work: Callable[[], None]) -> None:
        """Run `work` in a fork of this process."""
        self.text = ""
        self._raw = b""
        self.pid, self._file = pty.fork()
        if self.pid == 0:
            _become(work)

    def wait_for(self, pattern: str, *, after: int = 0) -> None:
        """Return as soon as `pattern` stands in what was shown from the character `after` on."""
        deadline = time.monotonic() + PATIENCE
        while re.search(pattern, self.text[after:]) is None:
            if time.monotonic() > deadline or not self._read(1.0):
                raise TimeoutError(f"no {pattern!r} in {self.text[-600:]!r}")

    def type(self, text: str) -> None:
        """Type `text`."""
        os.write(self._file, text.encode())

    def kill(self, seconds: float = 0.0) -> str:
        """Kill the process after that many seconds, and return all that it has shown."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0 and self._read(left):
            pass
        os.kill(self.pid, signal.SIGKILL)
        while self._read(0.0):
            pass
        return self._ended()

    def finish(self) -> str:
        """Let the process end by itself, and return all that it has shown."""
        while self._read(PATIENCE):
            pass
        return self._ended()

    def _ended(self) -> str:
        os.waitpid(self.pid, 0)
        os.close(self._file)
        return self.text

    def _read(self, seconds: float) -> bool:
        """Take what is shown within `seconds`; return False at the end."""
        if not select.select([self._file], [], [], seconds)[0]:
            return seconds > 0
        try:
            new = os.read(self._file, 65536)
        except OSError:  # how Linux says that the other side is closed
            return False
        self._raw += new
        self.text = ESCAPE.sub(b"", self._raw).decode(errors="replace")
        return bool(new)


def _become(work: Callable[[], None]) -> None:
    """Run `work` with streams of its own, and leave without what the parent has registered for its end."""
    code = 1
    try:
        sys.stdin = sys.__stdin__ = os.fdopen(0, closefd=False)  # type: ignore[misc]
        sys.stdout = sys.__stdout__ = os.fdopen(1, "w", buffering=1, closefd=False)  # type: ignore[misc]
        sys.stderr = sys.__stderr__ = os.fdopen(2, "w", buffering=1, closefd=False)  # type: ignore[misc]
        work()
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 1
    finally:
        sys.stdout.flush()
        os._exit(code)


def command(home: Path, *arguments: str, **environment: str) -> Callable[[], None]:
    """Return what runs `chat-personas` with its files in `home`."""

    def work() -> None:
        from chat_personas.cli.main import run

        os.environ.update({"TERM": "xterm-256color", "COLUMNS": "120", "LINES": "36", "CHAT_PERSONAS_HOME": str(home)})
        os.environ.update(environment)
        sys.argv = ["chat-personas", *arguments]
        run()

    return work


class Lab:
    """Where the runs of one stage happen: a home directory, the servers, and chance."""

    def __init__(self, folder: Path, quick: str, steady: str, chance: random.Random) -> None:
        self.folder = folder
        self.home = folder / "home"
        self.quick = quick
        self.steady = steady
        self.chance = chance
        self.number = 0
        self.survey = folder / "few.json"
        document = load_survey("civic").survey.model_dump(mode="json", by_alias=True, exclude_none=True)
        self.survey.write_text(json.dumps({**document, "questions": document["questions"][:QUESTIONS]}))

    @property
    def corpus_file(self) -> Path:
        """The corpus of the program."""
        return self.home / "data" / "corpus.db"

    def question(self) -> str:
        """Return something to say that was not said before."""
        self.number += 1
        return f"Question {self.number}"

    def line_mode(self, *more: str, model: str | None = None) -> Program:
        """Start the line mode."""
        return Program(command(self.home, "chat", "democrat", "--plain", "--model", model or self.quick, *more))

    def screen(self, *more: str, measure: bool = False) -> Program:
        """Start the screen, and wait until it takes messages."""
        program = Program(
            command(
                self.home, "chat", "democrat", "--model", self.quick, *more, CHAT_PERSONAS_MEASURE=str(measure).lower()
            )
        )
        program.wait_for("Three things to try")
        return program

    @contextmanager
    def corpus(self) -> Iterator[Corpus]:
        """Open the corpus as the next start does; when it is closed again, nothing may be left of a process."""
        with Corpus.open(self.corpus_file) as corpus:
            if corpus.problems():
                raise LostError(f"the corpus is damaged: {corpus.problems()[0]}")
            yield corpus
        left = [file.name for file in self.home.rglob("*") if LEFT_OVER.search(file.name)]
        left += [file.name for file in self.corpus_file.parent.glob("corpus.db-*") if not file.is_dir()]
        left += [file.name for file in self.corpus_file.parent.glob("corpus.db-open/*")]
        if left:
            raise LostError(f"left over: {', '.join(left)}")


def branch_with(corpus: Corpus, said: str) -> tuple[MessageRow, ...]:
    """Return the active branch of the conversation that begins with `said`."""
    for row in corpus.conversations():
        leaf = corpus.conversation(row.id).active_leaf_id
        branch = corpus.branch(leaf) if leaf is not None else ()
        if branch and branch[0].text == said:
            return branch
    raise LostError(f"the message {said!r} is not in the corpus")


def expect(held: bool, what: str) -> None:
    """Raise LostError unless `held`."""
    if not held:
        raise LostError(what)


def warm() -> None:
    """Load what the program loads, once for all runs."""
    import numpy  # noqa: F401

    import chat_personas.cli.app
    import chat_personas.cli.commands.evaluate
    import chat_personas.cli.line_mode
    import chat_personas.cli.main
    import chat_personas.monitor.monitor
    import chat_personas.tui.chat.screen  # noqa: F401

    gc.freeze()
