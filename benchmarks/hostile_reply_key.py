"""From a key press to its echo while a server sends replies that are too much, against an ordinary reply."""

import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path

import numpy as np

from benchmarks.figure import Goal, Timing, interleaved
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


def measure(settings: Settings) -> Measured:
    """Ask for every hostile reply and for as many ordinary ones, in programs of their own, and type meanwhile."""
    worst: dict[str, float] = {}
    growth: list[float] = []
    with tempfile.TemporaryDirectory() as home, token_server(per_second=PER_SECOND, length=PIECES) as url:
        persona = Path(home) / "long.toml"
        persona.write_text(long_persona(PIECES), encoding="utf-8")
        command = [str(Path(sys.executable).parent / "chat-personas"), "chat", str(persona), "--model", url]

        def hostile(_: int) -> Timing:
            slow = {}
            for kind in KINDS:
                if kind != "ordinary":
                    slow[kind], grown = _slow_echo(command, kind, home)
                    growth.append(grown)
                    worst[kind] = max(worst.get(kind, 0.0), slow[kind])
            return Timing(max(slow.values()))

        pairs = interleaved(
            hostile, lambda _: Timing(_slow_echo(command, "ordinary", home)[0]), settings.repeats, settings.tell
        )
    slowest = max(worst, key=worst.__getitem__)
    notes = (
        f"each figure is the 95th percentile over the keys of one reply; of the hostile ones the slowest: {slowest}",
        f"memory: at most {max(growth):.0f} MiB more than before the reply",
    )
    described = {"pieces": PIECES, "pieces a second": PER_SECOND, "hostile replies": len(KINDS) - 1}
    return Measured(pairs, described, notes)


def _slow_echo(command: Sequence[str], kind: str, home: str) -> tuple[float, float]:
    """Return the 95th percentile of the seconds to echo during a reply, and the MiB by which the memory grew."""
    with Terminal(command, {"CHAT_PERSONAS_HOME": home}) as terminal:
        terminal.seconds_until(b"for example")
        terminal.watch(1.0)
        before = resident(terminal.pid)
        terminal.write(f":{kind}\r")
        echoes = list(_type(terminal, time.perf_counter() + PIECES / PER_SECOND + SETTLES))
        return float(np.quantile(echoes, 0.95)), resident(terminal.pid) - before


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
