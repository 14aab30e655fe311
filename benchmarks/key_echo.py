"""From a key press to its echo on the screen, while a reply streams and probes run."""

import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from benchmarks.figure import Goal, Timing, interleaved
from benchmarks.row import Measured, Row, Settings
from benchmarks.terminal import Terminal
from benchmarks.token_server import token_server

PER_SECOND, REPLY, PARAGRAPH = 200, 440, 60
PROBE_SECONDS, AT_ONCE = 0.15, 8
"""A round of 124 probes then takes a little longer than a reply."""
FEWEST_KEYS = 100
BETWEEN_KEYS = 0.05
MARGIN = 0.4
"""Seconds before the end of a reply in which nothing is typed, and after it in which the screen may finish."""
KEYS = [letter for letter in map(chr, range(0x100, 0x250)) if letter.isalpha()]
"""Letters that occur nowhere else on the screen, each typed once, so that an echo cannot be mistaken."""


def measure(settings: Settings) -> Measured:
    """Type into both programs on the same pseudo-terminal, with a server of the same kind behind them."""
    options = {"per_second": PER_SECOND, "length": REPLY, "paragraph": PARAGRAPH, "probe_seconds": PROBE_SECONDS}
    with tempfile.TemporaryDirectory() as home, token_server(**options) as url:
        _write_settings(Path(home), url)
        program = str(Path(sys.executable).parent / "chat-personas")
        ours = [program, "chat", "democrat", "--model", url]
        bare = [sys.executable, "-m", "benchmarks.bare_chat", url, str(AT_ONCE)]
        environment = {"CHAT_PERSONAS_HOME": home}
        pairs = interleaved(
            lambda _: _slow_echo(ours, b"guns?", environment),
            lambda _: _slow_echo(bare, b"ready", environment),
            settings.repeats,
            settings.tell,
        )
    described = {
        "keys": f"{FEWEST_KEYS} or more",
        "tokens a second": PER_SECOND,
        "seconds to answer a probe": PROBE_SECONDS,
        "probes at once": AT_ONCE,
    }
    note = "bare: a Log and an Input; the same engine streams the reply and puts as many probes to the same server"
    return Measured(pairs, described, (note, "each figure is the 95th percentile over the keys of one run"))


def _write_settings(home: Path, url: str) -> None:
    path = home / "config" / "settings.toml"
    path.parent.mkdir(parents=True)
    path.write_text(f'[servers."{url}"]\nconcurrency = {AT_ONCE}\n', encoding="utf-8")


def _slow_echo(command: Sequence[str], ready: bytes, environment: Mapping[str, str]) -> Timing:
    """Return the 95th percentile of the seconds to echo."""
    letters, echoes = iter(KEYS), list[float]()
    with Terminal(command, environment) as terminal:
        terminal.seconds_until(ready)
        while len(echoes) < FEWEST_KEYS:
            echoes += _type_during_a_reply(terminal, letters)
    return Timing(float(np.quantile(echoes, 0.95)))


def _type_during_a_reply(terminal: Terminal, letters: Iterator[str]) -> Iterator[float]:
    """Have a reply said and type until shortly before its end; yield the seconds to each echo."""
    terminal.write("go\r")
    terminal.seconds_until(rb"w\d")
    end = time.perf_counter() + REPLY / PER_SECOND
    while (pressed := time.perf_counter()) < end - MARGIN:
        letter = next(letters)
        terminal.write(letter)
        yield terminal.seconds_until(letter.encode())
        terminal.watch(pressed + BETWEEN_KEYS - time.perf_counter())
    terminal.watch(end + MARGIN - time.perf_counter())


ROW = Row(
    name="key-echo",
    what=f"key press to echo while a reply streams at {PER_SECOND} tokens a second and probes run, 95th percentile",
    against="a bare Textual application under the same stream and the same probes",
    goal=Goal(1.25, ceiling=0.050, also="and 50 ms"),
    unit="s",
    measure=measure,
)
