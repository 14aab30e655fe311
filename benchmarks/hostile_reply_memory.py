"""The most memory that the program takes for replies that are too much, against an ordinary reply of as many pieces."""

import sqlite3
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path

from benchmarks.figure import Goal, Timing, interleaved
from benchmarks.hostile_replies import LONG_LINE, long_persona
from benchmarks.process_memory import peak
from benchmarks.row import Measured, Row, Settings
from benchmarks.terminal import Terminal
from benchmarks.token_server import token_server

PER_SECOND, PIECES = 5000, 20_000
KINDS = ("rules", LONG_LINE)
SETTLES = 2.0
"""Seconds after the reply has ended in which the rest of it is drawn."""
PATIENCE = 120.0
TOKENS = 100_000
"""As many as a persona may ask for: a reply is cut at 128 bytes for each, the long line at 12.8 MB."""


def measure(settings: Settings) -> Measured:
    """Ask for both replies and for an ordinary one, each in a program of its own with a corpus of its own."""
    most = dict.fromkeys(KINDS, 0.0)
    with token_server(per_second=PER_SECOND, length=PIECES) as url:

        def hostile(_: int) -> Timing:
            taken = {kind: _peak(url, kind) for kind in KINDS}
            most.update({kind: max(most[kind], size) for kind, size in taken.items()})
            return Timing(max(taken.values()))

        pairs = interleaved(hostile, lambda _: Timing(_peak(url, "ordinary")), settings.repeats, settings.tell)
    return Measured(
        pairs,
        {"pieces": PIECES, "pieces a second": PER_SECOND},
        (
            "the larger of the two; the most in any run: "
            + ", ".join(f"{k} {size:.0f} MiB" for k, size in most.items()),
            "the server sends 20 MB in the long line; the program keeps the 12.8 MB up to its limit",
        ),
    )


def _peak(url: str, kind: str) -> float:
    """Return the most MiB that the program has taken by the time at which it has drawn such a reply."""
    with tempfile.TemporaryDirectory() as home:
        persona = Path(home) / "long.toml"
        persona.write_text(long_persona(TOKENS), encoding="utf-8")
        command = [str(Path(sys.executable).parent / "chat-personas"), "chat", str(persona), "--model", url]
        with Terminal(command, {"CHAT_PERSONAS_HOME": home}) as terminal:
            terminal.seconds_until(b"guns?", PATIENCE)
            terminal.write(f":{kind}\r")
            _wait_for_end(terminal, Path(home) / "data" / "corpus.db")
            terminal.watch(SETTLES)
            return peak(terminal.pid)


def _wait_for_end(terminal: Terminal, corpus: Path) -> None:
    end = time.monotonic() + PATIENCE
    query = "SELECT count(*) FROM messages WHERE role = 'assistant' AND status != 'streaming'"
    with closing(sqlite3.connect(f"file:{corpus}?mode=ro", uri=True)) as connection:
        while not connection.execute(query).fetchone()[0]:
            if time.monotonic() > end:
                raise TimeoutError(f"the reply has not ended within {PATIENCE:.0f} s")
            terminal.watch(0.1)


ROW = Row(
    name="hostile-reply-memory",
    what="most memory of the program when a server sends a reply of 20,000 rules, or one line of 20 MB",
    against="the same program and an ordinary reply of as many pieces",
    goal=Goal(2),
    unit="MiB",
    measure=measure,
)
