"""How the screen is left: the real program in a terminal, in every state, left in every way at random moments.

For each way and state it is written how the program ended (exit code), how long that took, and whether a word that was
on the screen is missing in the corpus.

    python -m benchmarks.leaving --times 500
    python -m benchmarks.leaving --states silent,streaming --ways sigterm
"""

import argparse
import os
import random
import re
import select
import signal
import statistics
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from benchmarks.stalled_server import STALLS, Stall, stalled_server
from benchmarks.terminal import ESCAPE, Terminal
from benchmarks.token_server import TokenServer
from chat_personas.corpus import Corpus
from chat_personas.models import pocket_path
from chat_personas.storage.drafts import Drafts

LIMIT = 90.0
"""Seconds after which a state counts as not reached, and a program as hanging."""
BY_CHOICE, MODEL_FAILED, CLOSED = 0, 3, 129
HINT = b"again to quit"
WAITING = "message that waits"


class Program(Terminal):
    """`chat-personas` on a terminal, with a home of its own."""

    def __init__(self, arguments: list[str], home: Path, environment: Mapping[str, str] | None = None) -> None:
        """Start it with `environment` on top of ours."""
        self.received = b""
        self.code: int | None = None
        own = {"CHAT_PERSONAS_HOME": str(home), "COLORTERM": "truecolor"}
        super().__init__([sys.executable, "-m", "chat_personas", *arguments], own | dict(environment or {}))

    @property
    def text(self) -> str:
        """Everything that was drawn so far, without what moves the cursor and colours."""
        return ESCAPE.sub(b"", self.received).decode("utf-8", "replace")

    def until(self, pattern: bytes, limit: float = LIMIT) -> None:
        """Take what is drawn until `pattern`, a regular expression, is in it. Raises TimeoutError, EOFError."""
        end, wanted = time.monotonic() + limit, re.compile(pattern)
        while not wanted.search(self.received):
            if time.monotonic() > end:
                raise TimeoutError(f"no {pattern!r} within {limit} s; the last was {self.text[-300:]!r}")
            if not self._take(0.1):
                raise EOFError(f"the program ended before {pattern!r}; the last was {self.text[-300:]!r}")

    def signal(self, number: int) -> None:
        """Send a signal."""
        os.kill(self.pid, number)

    def seconds_to_end(self, limit: float = LIMIT) -> float:
        """Wait for the end and return how long it took; `code` is the exit code then. Raises TimeoutError."""
        began = time.monotonic()
        while self.code is None:
            with suppress(OSError, ValueError):  # the terminal is closed
                self._take(0.005)
            found, status = os.waitpid(self.pid, os.WNOHANG)
            if found:
                self.code = os.waitstatus_to_exitcode(status)
            elif time.monotonic() - began > limit:
                raise TimeoutError(f"did not end within {limit} s; the last was {self.text[-300:]!r}")
        took = time.monotonic() - began
        with suppress(OSError, ValueError):
            while select.select([self.file], [], [], 0)[0] and self._take(0):
                pass
        return took

    def watch_and_keep(self, seconds: float) -> None:
        """Take what is drawn for `seconds`."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0 and self._take(left):
            pass

    def hang_up(self) -> None:
        """Close the terminal."""
        os.close(self.file)
        self.file = -1

    def _take(self, seconds: float) -> bool:
        """Take what comes within `seconds`; return False once the program has left the terminal."""
        try:
            came = self._read(seconds)
        except OSError:
            if self.file < 0:
                raise
            return False
        self.received += came
        return True

    def __exit__(self, *_: object) -> None:
        if self.code is None:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        if self.file >= 0:
            os.close(self.file)


F1, F2, F3, DELETE = "\x1bOP", "\x1bOQ", "\x1bOR", "\x1b[3~"
CTRL_C, CTRL_G, CTRL_N, CTRL_O, CTRL_Q, CTRL_S = "\x03", "\x07", "\x0e", "\x0f", "\x11", "\x13"
Model = Literal["pocket", "untried", "words"] | Stall
READY = b"guns?"


@dataclass(frozen=True, slots=True)
class State:
    """What the program is doing when it is left: its model, and how it got there, as keys and what they draw."""

    model: Model
    steps: tuple[tuple[str, bytes], ...] = ()
    arguments: tuple[str, ...] = ()
    code: int = BY_CHOICE
    """The exit code when it is left by a key."""


_TALKING = (("", READY), ("Well?\r", rb"w3\b"))
STATES: dict[str, State] = {
    "first frame": State("pocket"),
    "opening": State("pocket", (("", b"Send"),)),
    "trying a new file": State("untried", (("", b"Send"),)),
    "nothing said yet": State("pocket", (("", READY),)),
    "typing": State("pocket", (("", READY), ("What should be done about g", b"about"))),
    "measuring": State("pocket", (("", b"of \\d+ questions|\\d/\\d\\d|measured: "),)),  # beside it, or in the title
    "reply": State("words", _TALKING),
    "help": State("words", (*_TALKING, (F1, b"Esc closes"))),
    "panel": State("words", (*_TALKING, (F2, b"Back"))),
    "exact prompt": State("words", (*_TALKING, (F3, b"exact prompt"))),
    "personas": State("words", (*_TALKING, (CTRL_G, b"Choose a persona"))),
    "conversations": State("words", (*_TALKING, (CTRL_O, b"1 conversation"))),
    "search": State("words", (*_TALKING, (CTRL_O, b"1 conversation"), ("/well", b"Found in"))),
    "question whether to delete": State("words", (*_TALKING, (CTRL_O, b"1 conversation"), (DELETE, b"with all its"))),
    "where to export": State("words", (*_TALKING, (CTRL_S, b"Export this"))),
    "new conversation": State("words", (*_TALKING, (CTRL_N, READY))),
    WAITING: State("silent", (("", b"Send"), ("Well?\r", b"waiting for the model"))),
    **{f"server: {stall}": State(stall, (("", b"Send"),)) for stall in STALLS if "repl" not in stall},
    **{
        f"server: {stall}": State(stall, (("", READY), ("Well?\r", b"thinking|Half a")))
        for stall in STALLS
        if "repl" in stall
    },
}


def _press_ctrl_c_twice(program: Program) -> None:
    program.write(CTRL_C)
    program.until(HINT)
    program.write(CTRL_C)


WAYS: dict[str, tuple[Callable[[Program], None], int | None]] = {
    "ctrl+q": (lambda program: program.write(CTRL_Q), None),
    "ctrl+c": (_press_ctrl_c_twice, None),
    "sigint": (lambda program: program.signal(signal.SIGINT), 128 + signal.SIGINT),
    "sigterm": (lambda program: program.signal(signal.SIGTERM), 128 + signal.SIGTERM),
    "sighup": (lambda program: program.signal(signal.SIGHUP), 128 + signal.SIGHUP),
    "closed terminal": (Program.hang_up, CLOSED),
}
"""How the program is left, and its exit code then; None where that is the state's."""


@dataclass(frozen=True, slots=True)
class Left:
    """How the program ended: its exit code and the one that it should have, seconds, and what is wrong besides."""

    state: str
    way: str
    code: int
    expected: frozenset[int]
    seconds: float
    faults: tuple[str, ...]

    @property
    def fine(self) -> bool:
        """Whether it ended as it should, whatever time it took."""
        return self.code in self.expected and not self.faults


def leave_once(state: str, way: str, home: Path, *, after: float = 0.0) -> Left:
    """Start the program with its files in `home`, bring it into `state`, and leave it `after` some seconds more.

    Raises:
        TimeoutError: the state was not reached, or the program did not end.
    """
    wanted, (act, code) = STATES[state], WAYS[way]
    with ExitStack() as stack:
        model = stack.enter_context(_model(wanted.model, home))
        program = stack.enter_context(Program(["democrat", "--model", model, *wanted.arguments], home))
        program.until(rb"\x1b\[\?1049h")
        for keys, drawn in wanted.steps:
            program.write(keys)
            program.until(drawn)
        program.watch_and_keep(after)
        seen = [int(number) for number in re.findall(rb"\bw(\d+)\b", ESCAPE.sub(b" ", program.received))]
        began = time.monotonic()
        act(program)
        program.seconds_to_end()
        took = time.monotonic() - began
        faults = (*_faults(program, home, max(seen, default=0)), *(_lost_drafts(home) if state == WAITING else ()))
    assert program.code is not None
    expected = {BY_CHOICE, MODEL_FAILED} if wanted.model in STALLS else {wanted.code}  # it may have been given up
    return Left(state, way, program.code, frozenset(expected if code is None else {code}), took, faults)


def _faults(program: Program, home: Path, seen: int) -> Iterator[str]:
    """Yield what is wrong after the end: a traceback, a terminal that was not restored, words that are lost."""
    if "Traceback" in program.text:
        yield "a traceback"
    if program.file >= 0 and program.received.rfind(b"\x1b[?1049l") < program.received.rfind(b"\x1b[?1049h"):
        yield "the terminal is not as it was"
    log = home / "state" / "chat-personas.log"
    if log.exists() and "CRITICAL" in log.read_text(encoding="utf-8", errors="replace"):
        yield "a mistake in the log"
    corpus_file = home / "data" / "corpus.db"
    if not corpus_file.exists():
        if seen:
            yield "no corpus"
        return
    with Corpus.open(corpus_file) as corpus:
        yield from corpus.problems()
        if seen:
            (conversation,) = (each for each in corpus.conversations() if each.messages)  # another is only measured
            leaf = corpus.conversation(conversation.id).active_leaf_id
            said = [row.text for row in corpus.branch(leaf)] if leaf is not None else []
            if said[:1] != ["Well?"]:
                yield "the message is lost"
            if len(said[-1].split()) < seen:
                yield f"lost {seen - len(said[-1].split())} of {seen} words that were on the screen"


def _lost_drafts(home: Path) -> Iterator[str]:
    """Yield what is wrong if the message that waited for the model is not offered by the next start."""
    drafts = Drafts(home / "data" / "corpus.db-drafts", "next")
    if (kept := drafts.of(None, ())) is None or kept.whole != "Well?":
        yield "the message that waited is lost"


@contextmanager
def _model(model: Model, home: Path) -> Iterator[str]:
    """Yield what to write after `--model`, and serve it."""
    if model == "pocket":
        yield model
    elif model == "untried":
        home.mkdir(parents=True, exist_ok=True)
        copy = home / "untried.gguf"
        copy.write_bytes(pocket_path().read_bytes())
        yield str(copy)
    elif model == "words":
        server = TokenServer()
        try:
            yield server.url
        finally:
            server.shutdown()
            server.server_close()
    else:
        with stalled_server(model) as stalled:
            yield stalled.url


def main() -> int:
    """Leave as often as asked for, print a table, and fail if anything was not as it should be."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--times", type=int, default=500)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--states", default=",".join(STATES), help="names of states, separated by commas")
    parser.add_argument("--ways", default=",".join(WAYS), help="ways of leaving, separated by commas")
    arguments = parser.parse_args()
    chance = random.Random(arguments.seed)
    pairs = [(state, way) for state in arguments.states.split(",") for way in arguments.ways.split(",")]
    ended = defaultdict[str, list[Left]](list)
    wrong = Counter[str]()
    for number in range(arguments.times):
        state, way = pairs[number % len(pairs)]
        with tempfile.TemporaryDirectory() as directory:
            try:
                left = leave_once(state, way, Path(directory), after=chance.uniform(0.0, 1.5))
            except (TimeoutError, EOFError) as error:
                wrong[state] += 1
                print(f"{state}, {way}: {error}", flush=True)
                continue
        ended[state].append(left)
        print(f"{number + 1:4}  {state}, {way}: {left.code}, {left.seconds:.2f} s", file=sys.stderr, flush=True)
        if not left.fine:
            wrong[state] += 1
            print(f"{state}, {way}: exit code {left.code}, {', '.join(left.faults) or 'another one'}", flush=True)
    print("| state | times | wrong | median s | longest s |\n| --- | --- | --- | --- | --- |")
    for state, each in ended.items():
        seconds = [left.seconds for left in each]
        median, longest = statistics.median(seconds), max(seconds)
        print(f"| {state} | {len(each)} | {wrong[state]} | {median:.2f} | {longest:.2f} |")
    print(in_all([left.seconds for each in ended.values() for left in each], wrong.total()))
    return 1 if wrong else 0


def in_all(seconds: Sequence[float], wrong: int) -> str:
    """Return the line about all times that the program was left: how many, and how long it took where it ended."""
    if not seconds:
        return f"0 times: {wrong} wrong"
    over = sum(each > 1.0 for each in seconds)
    return (
        f"{len(seconds)} times: {wrong} wrong; median {statistics.median(seconds):.2f} s, "
        f"longest {max(seconds):.2f} s, {over} over a second"
    )


if __name__ == "__main__":
    sys.exit(main())
