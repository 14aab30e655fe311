"""Memory of the application in a long conversation with the built-in model."""

import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from benchmarks.figure import Goal, Timing, interleaved
from benchmarks.first_paint import EMPTY
from benchmarks.process_memory import model_needs, resident
from benchmarks.row import Measured, Row, Settings
from benchmarks.terminal import Terminal
from chat_personas.models import pocket_path

TURNS, LAST, EVERY = 300, 100, 5
TOLERANCE = 3.0
"""MiB that the last 100 turns may add: their text is kept, and allocators give back in steps."""
PATIENCE = 120.0
PERSONA = """\
schema = "chat-personas/persona@1"
name = "brief"
title = "Brief"
steering = "portray"
[[groups]]
attribute = "POLPARTY"
value = "Democrat"
[sampling]
max_tokens = 16
seed = 1
"""
SAID = ("What do you think of that?", "And the schools?", "Who should pay for it?", "Is that fair?", "What else?")


def measure(settings: Settings) -> Measured:
    """Hold the conversation in the real application, and start an empty one, each in a process of its own."""
    needs = model_needs(pocket_path())
    growths: list[float] = []

    def ours(_: int) -> Timing:
        samples = _conversation()
        growths.append(_growth(samples))
        return Timing(samples[-1][1])

    pairs = interleaved(ours, lambda _: Timing(_empty() + sum(needs.values())), settings.repeats, settings.tell)
    growth = statistics.median(growths)
    return Measured(
        pairs,
        {"turns": TURNS, **{f"{kind} (MiB)": round(size, 1) for kind, size in needs.items()}},
        (
            f"growth in the last {LAST} turns: {growth:.2f} MiB (median; the slope over a sample every {EVERY} turns)",
            "each message is sent as soon as the reply has ended, so that a round of probes is under way all the time",
        ),
        {f"at most {TOLERANCE:g} MiB more in the last {LAST} turns": growth <= TOLERANCE},
    )


def _conversation() -> list[tuple[int, float]]:
    """Hold the conversation; return (turn, MiB) every few turns."""
    samples = []
    with tempfile.TemporaryDirectory() as directory:
        persona = Path(directory) / "brief.toml"
        persona.write_text(PERSONA, encoding="utf-8")
        program = str(Path(sys.executable).parent / "chat-personas")
        command = [program, "chat", str(persona), "--model", "pocket"]
        with Terminal(command, {"CHAT_PERSONAS_HOME": directory}) as terminal:
            terminal.seconds_until(b"guns?", PATIENCE)
            for turn in range(1, TURNS + 1):
                terminal.write(f"{SAID[turn % len(SAID)]}\r")
                _wait_for_reply(terminal, Path(directory) / "data" / "corpus.db", turn)
                if turn % EVERY == 0:
                    samples.append((turn, resident(terminal.pid)))
    return samples


def _wait_for_reply(terminal: Terminal, corpus: Path, turn: int) -> None:
    end = time.monotonic() + PATIENCE
    with closing(sqlite3.connect(f"file:{corpus}?mode=ro", uri=True)) as connection:
        query = "SELECT count(*) FROM messages WHERE role = 'assistant' AND status = 'complete'"
        while connection.execute(query).fetchone()[0] < turn:
            if time.monotonic() > end:
                raise TimeoutError(f"no reply in turn {turn} within {PATIENCE:.0f} s")
            terminal.watch(0.02)


def _growth(samples: Sequence[tuple[int, float]]) -> float:
    """Return the MiB that the last 100 turns added, by the slope of a least-squares line through their samples."""
    turns, sizes = zip(*samples[-LAST // EVERY :], strict=True)
    return statistics.linear_regression(turns, sizes).slope * LAST


def _empty() -> float:
    """Return the MiB of an empty Textual application."""
    with tempfile.TemporaryDirectory() as directory:
        script = Path(directory) / "empty.py"
        script.write_text(EMPTY, encoding="utf-8")
        with Terminal([sys.executable, str(script)]) as terminal:
            terminal.seconds_until(b"ready")
            terminal.watch(1.0)
            return resident(terminal.pid)


ROW = Row(
    name="memory",
    what=f"memory of the application with the pocket model after a conversation of {TURNS} turns",
    against="an empty Textual application plus the model file, its cache and compute buffers",
    goal=Goal(3, also=f"and no growth in the last {LAST} turns"),
    unit="MiB",
    measure=measure,
)
