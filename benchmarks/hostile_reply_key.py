"""From a key press to its echo while a server sends replies that are too much, against an ordinary reply."""

import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path
from statistics import median
from typing import NamedTuple

import numpy as np

from benchmarks.figure import Goal, Pair, Timing
from benchmarks.hostile_replies import KINDS, long_persona
from benchmarks.process_memory import resident
from benchmarks.row import Measured, Row, Settings
from benchmarks.terminal import Terminal
from benchmarks.token_server import token_server

PER_SECOND, PIECES = 5000, 20_000
BETWEEN_KEYS = 0.05
SETTLES = 2.0
"""Seconds after the last piece in which the rest is drawn, and keys are still typed."""
KEYS = [letter for letter in map(chr, chain(range(0x100, 0x250), range(0x400, 0x530))) if letter.isalpha()]
"""Letters that occur nowhere else on the screen, so that an echo cannot be mistaken."""
ORDINARY = "ordinary"
HOSTILE = [kind for kind in KINDS if kind != ORDINARY]


class Echo(NamedTuple):
    """The 95th percentile of the seconds to echo during a reply, and the MiB by which the memory grew."""

    seconds: float
    growth: float


def measure(settings: Settings) -> Measured:
    """Ask for a reply of every kind, each in a program of its own, and type meanwhile; so many rounds of it."""
    with tempfile.TemporaryDirectory() as home, token_server(per_second=PER_SECOND, length=PIECES) as url:
        persona = Path(home) / "long.toml"
        persona.write_text(long_persona(PIECES), encoding="utf-8")
        command = [str(Path(sys.executable).parent / "chat-personas"), "chat", str(persona), "--model", url]
        rounds = []
        for number in range(1, settings.repeats + 1):
            rounds.append(echoes := dict[str, Echo]())
            for kind in KINDS:
                echoes[kind] = _slow_echo(command, kind, home)
                settings.tell(f"round {number} of {settings.repeats}, {kind}: {echoes[kind].seconds:.4g}")
    slowest = max(HOSTILE, key=lambda kind: median(echoes[kind].seconds for echoes in rounds))
    growth = max(echoes[kind].growth for echoes in rounds for kind in HOSTILE)
    pairs = tuple(Pair(Timing(echoes[slowest].seconds), Timing(echoes[ORDINARY].seconds)) for echoes in rounds)
    notes = (
        f"each figure is the 95th percentile over the keys of one reply; of {len(HOSTILE)} hostile kinds the one with "
        f"the largest median: {slowest}",
        f"memory: at most {growth:.0f} MiB more than before the reply",
    )
    return Measured(pairs, {"pieces": PIECES, "pieces a second": PER_SECOND, "hostile replies": len(HOSTILE)}, notes)


def _slow_echo(command: Sequence[str], kind: str, home: str) -> Echo:
    """Have a reply of a kind said and type meanwhile."""
    with Terminal(command, {"CHAT_PERSONAS_HOME": home}) as terminal:
        terminal.seconds_until(b"guns?")
        terminal.watch(1.0)
        before = resident(terminal.pid)
        terminal.write(f":{kind}\r")
        echoes = list(_type(terminal, time.perf_counter() + PIECES / PER_SECOND + SETTLES))
        return Echo(float(np.quantile(echoes, 0.95)), resident(terminal.pid) - before)


def _type(terminal: Terminal, end: float) -> Iterator[float]:
    """Type until `end`; yield the seconds to each echo."""
    for letter in KEYS:
        if (pressed := time.perf_counter()) >= end:
            return
        terminal.write(letter)
        yield terminal.seconds_until(letter.encode(), 120.0)
        terminal.watch(pressed + BETWEEN_KEYS - time.perf_counter())


ROW = Row(
    name="hostile-reply-key",
    what="key press to echo while a server sends a reply of 20,000 rules, headings, quotes and the like",
    against="the same program during an ordinary reply of as many pieces",
    goal=Goal(1.5, ceiling=0.050, also="and 50 ms"),
    unit="s",
    measure=measure,
)
