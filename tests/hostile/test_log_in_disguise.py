"""Something else stands in the place of the log: nothing is written through it, nothing waits, and one line says so."""

import logging
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from chat_personas.cli.bootstrap import OwnersLog
from chat_personas.tui.terminal_guard import to_log

ROOT = Path(__file__).parents[2]


def as_link(log: Path) -> None:
    log.with_name("precious").write_text("mine")
    log.symlink_to(log.with_name("precious"))


def as_link_to_nothing(log: Path) -> None:
    log.symlink_to(log.with_name("elsewhere"))


def as_pipe(log: Path) -> None:
    os.mkfifo(log)


DISGUISES = pytest.mark.parametrize("disguise", [as_link, as_link_to_nothing, as_pipe])


def untouched(folder: Path) -> bool:
    precious = folder / "precious"
    return not (folder / "elsewhere").exists() and (not precious.exists() or precious.read_text() == "mine")


@DISGUISES
def test_nothing_is_written_through_a_link_or_a_pipe_in_the_place_of_the_log(
    disguise: Callable[[Path], None], tmp_path: Path
) -> None:
    log = tmp_path / "chat-personas.log"
    disguise(log)
    OwnersLog(log).emit(logging.makeLogRecord({"msg": "hello", "levelno": logging.ERROR}))
    with to_log(log):
        os.write(2, b"hello")
    assert untouched(tmp_path)


@DISGUISES
def test_a_command_says_in_one_line_that_it_keeps_no_log(disguise: Callable[[Path], None], tmp_path: Path) -> None:
    (tmp_path / "state").mkdir()
    disguise(tmp_path / "state" / "chat-personas.log")
    ran = subprocess.run(
        [sys.executable, "-m", "chat_personas", "personas", "list"],
        env={**os.environ, "PYTHONPATH": str(ROOT), "CHAT_PERSONAS_HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert ran.returncode == 0
    assert ran.stderr.count("\n") == 1
    assert ran.stderr.startswith("no log is kept: ")
    assert untouched(tmp_path / "state")
