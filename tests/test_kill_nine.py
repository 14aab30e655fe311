"""A program killed in mid-reply loses at most about a second, and killed anywhere else nothing.

`benchmarks/kill_nine.py` and `benchmarks/kill_stages.py` do it more often.
"""

import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.kill_nine import kill_once
from benchmarks.kill_stages import STAGES, LostError
from benchmarks.study_kills import check_pair
from benchmarks.token_server import TokenServer
from chat_personas.corpus import Corpus
from tests.studies.making import begin, go_through, made_study


@pytest.mark.long
def test_what_was_said_survives_kill_nine(tmp_path: Path) -> None:
    server = TokenServer()
    kills = [kill_once(server, tmp_path, f"Question {number}", 3.0 + 0.4 * number) for number in (1, 2)]
    server.shutdown()
    server.server_close()
    for kill in kills:
        assert kill.sent >= 55
        assert kill.fine, kill
    with Corpus.open(tmp_path / "data" / "corpus.db") as corpus:
        assert len(corpus.conversations()) == 2
        assert corpus.problems() == ()


def kill_in(*stages: str, times: int) -> None:
    """Kill the program so often in these stages; a process of its own forks, because this one has threads."""
    chosen = [word for stage in stages for word in ("--stage", stage)]
    command = [sys.executable, "-m", "benchmarks.kill_stages", "--times", str(times), *chosen]
    ran = subprocess.run(command, cwd=Path(__file__).parents[1], capture_output=True, text=True)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert f"{times} kills: in {times} nothing was lost and nothing left over" in ran.stdout


def test_what_was_acknowledged_is_there_after_a_kill() -> None:
    kill_in("first message", "turn 0 printed", "renaming", "rating", "deleting", "exporting", times=6)


@pytest.mark.long
@pytest.mark.timeout(600)
def test_nothing_is_lost_by_a_kill_in_any_stage() -> None:
    kill_in(*STAGES, times=2 * len(STAGES))


@pytest.mark.long
@pytest.mark.timeout(300)
def test_two_people_who_take_part_at_once_go_on_where_their_programs_were_killed() -> None:
    command = [sys.executable, "-m", "benchmarks.study_kills", "--times", "8"]
    ran = subprocess.run(command, cwd=Path(__file__).parents[1], capture_output=True, text=True)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "8 kills of two programs at once: in 0 runs something was lost" in ran.stdout


def test_a_run_of_kills_is_judged_by_its_own_two_people(tmp_path: Path) -> None:
    study = made_study(tmp_path)
    with Corpus.open(tmp_path / "data" / "corpus.db") as corpus:
        for name, until in (("P1a", "after"), ("P1b", None), ("P2a", None), ("P2b", None)):
            go_through(corpus, begin(corpus, study, name), until)
    with pytest.raises(LostError, match="did not come to the end"):
        check_pair(tmp_path, study, ("P1a", "P1b"))
    check_pair(tmp_path, study, ("P2a", "P2b"))
