"""What a person is told while a long run is under way."""

import asyncio
import io
import os
import re
import sys
from pathlib import Path

import pytest

from benchmarks.killed_program import Program
from chat_personas.cli import progress
from chat_personas.cli.progress import RateEstimate, busy, lines, progress_bar
from chat_personas.cli.terminal import clean_output
from chat_personas.engines.cached import CacheStats
from tests.cli.still_output import faults_of


class Clock:
    """A clock that the test sets."""

    def __init__(self) -> None:
        self.time = 1000.0

    def __call__(self) -> float:
        return self.time


def test_before_anything_was_asked_nothing_is_said_about_the_pace() -> None:
    assert RateEstimate(clock=Clock()).in_words() == ""


def test_rate_and_time_left_come_from_what_was_asked_now() -> None:
    clock, tally = Clock(), CacheStats()
    pace = RateEstimate(lambda: tally, clock)
    tally.remembered = 80
    pace.step(40, 100)
    assert pace.in_words() == "", "what was remembered took no time and tells nothing about the model"
    clock.time += 10
    tally.asked, tally.failed = 19, 1
    pace.step(50, 100)
    assert pace.rate == pytest.approx(2)
    assert pace.left == pytest.approx(50)  # 50 questions of 2 answers each, at 2 answers a second
    assert pace.in_words() == "2.0/s, 0:50 left, 1 failed"


def test_a_server_that_slows_down_is_noticed_within_a_minute() -> None:
    clock = Clock()
    pace = RateEstimate(clock=clock)
    for step in range(1, 11):
        clock.time += 1
        pace.step(10 * step, 10_000)
    assert pace.rate == pytest.approx(10)
    for step in range(1, 16):
        clock.time += 10
        pace.step(100 + step, 10_000)
    assert pace.rate == pytest.approx(0.1)
    assert pace.in_words().startswith("6.0/min, 27:27:30")  # 9885 answers at 0.1 a second


def test_a_log_file_is_told_every_half_minute_and_a_short_run_says_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    clock = Clock()
    advance = lines("democrat", RateEstimate(clock=clock))
    for done in range(1, 8):
        clock.time += 10
        advance(done, 20)
    told = capsys.readouterr().err.splitlines()
    assert told == ["democrat: 3 of 20, 6.0/min, 2:50 left", "democrat: 6 of 20, 6.0/min, 2:20 left"]


@pytest.mark.parametrize(
    ("longest", "beside"),
    [("at most 600 s", "(at most 600 s; Ctrl-C stops)"), ("", "(Ctrl-C stops)")],
)
async def test_beside_what_takes_long_stands_how_long_at_most_and_how_to_stop_it(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, longest: str, beside: str
) -> None:
    monkeypatch.setattr(progress, "PATIENCE", 0.0)
    monkeypatch.setattr(progress.CleanConsole, "is_terminal", True)
    with busy("opening x…", longest):
        await asyncio.sleep(0)
        await asyncio.sleep(0)
    assert f"opening x… {beside}" in capsys.readouterr().err


def sent_while_waiting(home: Path, *, still: bool, accessible: bool) -> bytes:
    """Return what a terminal is sent while something is waited for and counted."""

    def work() -> None:
        os.environ.update(CHAT_PERSONAS_HOME=str(home), TERM="xterm-256color", CHAT_PERSONAS_ACCESSIBLE=str(accessible))
        progress.PATIENCE = 0.0
        progress.SECONDS_BETWEEN_LINES = 0.0
        asyncio.run(wait())

    async def wait() -> None:
        with busy("opening x…", still=still):
            for _ in range(3):
                await asyncio.sleep(0)
        if not still:
            with progress_bar("democrat") as advance:
                advance(1, 2)

    program = Program(work)
    program.finish()
    return program._raw


def test_where_nothing_may_move_a_wait_is_one_line(tmp_path: Path) -> None:
    assert sent_while_waiting(tmp_path, still=True, accessible=False).decode() == "opening x… (Ctrl-C stops)\r\n"


def test_under_the_setting_accessible_waits_and_progress_are_lines(tmp_path: Path) -> None:
    moving, lines = (sent_while_waiting(tmp_path, still=False, accessible=wanted) for wanted in (False, True))
    assert faults_of(moving) != []
    assert faults_of(lines) == []
    assert re.fullmatch(r"opening x… \(Ctrl-C stops\)\r\ndemocrat: 1 of 2, .*\r\n", lines.decode())


class TerminalLike(io.StringIO):
    """A stream that says that it is a terminal."""

    def isatty(self) -> bool:
        return True


async def test_what_is_drawn_on_a_terminal_controls_it_and_what_is_printed_meanwhile_does_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    terminal = TerminalLike()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setattr(progress, "PATIENCE", 0.0)
    monkeypatch.setenv("TERM", "xterm-256color")
    with clean_output():
        with progress_bar("democrat") as advance:
            advance(1, 2)
            print("from a model: \x1b[31mred", file=sys.stderr)
        with busy("opening x…"):
            await asyncio.sleep(0)
            await asyncio.sleep(0)
    assert "\x1b[" in terminal.getvalue()
    assert terminal.getvalue().count("␛") == 1, "only what was printed shows its escape sequence"
