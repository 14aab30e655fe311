"""Ctrl+C at any stage of a start ends the program with 130 and one line: in its imports, before its screen, at its end.

The signal is sent by the program to itself, at the moment when a module begins to be imported or a function is called.
"""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.leaving import Program
from tests.examples import slow_but_first

ROOT = Path(__file__).parents[2]
INTERRUPTED = 130
SENDER = f"""\
import os, signal, sys

def watch(frame, event, _):
    name = frame.f_code.co_name
    if event == "call" and os.environ["STAGE"] == (frame.f_globals.get("__name__") if name == "<module>" else name):
        sys.setprofile(None)
        os.kill(os.getpid(), signal.{signal.SIGINT.name})

sys.setprofile(watch)
"""
"""Python runs a module called `sitecustomize` when it starts."""
OF_A_COMMAND = ("chat_personas.cli", "logging", "inspect", "personas.errors", "keep_log", "clean_output", "typer")
OF_THE_SCREEN = ("chat_personas.cli.terminal", "open_screen", "textual.app", "use_settings", "on_load")


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """Everything that the program needs to send itself the signal."""
    (tmp_path / "sitecustomize.py").write_text(SENDER, encoding="utf-8")
    return {"PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}", "CHAT_PERSONAS_HOME": str(tmp_path / "home")}


def run_to(stage: str, environment: dict[str, str]) -> "subprocess.CompletedProcess[str]":
    """Run a command that sends itself the signal at `stage`."""
    command = [sys.executable, "-m", "chat_personas", "personas", "list"]
    return subprocess.run(command, env=environment | {"STAGE": stage}, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("stage", OF_A_COMMAND)
def test_a_command_that_has_hardly_begun_ends_with_one_line(stage: str, environment: dict[str, str]) -> None:
    ended = run_to(stage, environment)
    assert (ended.returncode, ended.stdout, ended.stderr) == (INTERRUPTED, "", "chat-personas: interrupted\n")


@pytest.mark.slow
def test_a_command_that_is_about_to_end_has_printed_everything(environment: dict[str, str]) -> None:
    ended = run_to("_end", environment)
    assert (ended.returncode, ended.stderr) == (INTERRUPTED, "chat-personas: interrupted\n")
    assert "democrat" in ended.stdout


@pytest.mark.slow
def test_a_command_that_has_ended_is_not_interrupted_any_more(environment: dict[str, str]) -> None:
    ended = run_to("_shutdown", environment)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert "democrat" in ended.stdout


@slow_but_first("stage", OF_THE_SCREEN, quick=2)
def test_the_screen_that_is_not_there_yet_ends_with_one_line(
    stage: str, environment: dict[str, str], tmp_path: Path
) -> None:
    with Program(["democrat"], tmp_path / "home", environment | {"STAGE": stage}) as program:
        program.seconds_to_end()
    assert program.code == INTERRUPTED
    assert program.text.replace("^C", "").split("\r\n")[-2:] == ["chat-personas: interrupted", ""]
    assert "Traceback" not in program.text
    assert program.received.count(b"\x1b[?1049h") == program.received.count(b"\x1b[?1049l")


@pytest.mark.slow
def test_a_program_that_was_started_with_the_signal_ignored_goes_on(environment: dict[str, str]) -> None:
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        ended = [run_to(stage, environment) for stage in ("chat_personas.cli.main", "application")]
    finally:
        signal.signal(signal.SIGINT, before)
    assert [(each.returncode, each.stderr) for each in ended] == [(0, "")] * 2
