"""Checks hold or fail whether anybody reads the tables or not: `| head` changes no exit code."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.running import Command
from tests.examples import slow_but_first

PROGRAM = [sys.executable, "-m", "chat_personas"]


def code_when_nobody_reads(*arguments: str, with_errors: bool = False) -> int:
    """Return the exit code of a command whose standard output is a pipe that is closed already."""
    reading, writing = os.pipe()
    os.close(reading)
    errors = writing if with_errors else subprocess.DEVNULL
    try:
        return subprocess.run([*PROGRAM, *arguments], stdout=writing, stderr=errors, check=False).returncode
    finally:
        os.close(writing)


@pytest.fixture
def answers(survey: str, tmp_path: Path) -> str:
    """A file of answers to the survey's first questions: half of the mass on each end."""
    questions = json.loads(Path(survey).read_text())["questions"]
    lines = [
        {
            "question": question["id"],
            "group": {"attribute": "POLPARTY", "value": "Democrat"},
            "distribution": {question["options"][0]["text"]: 0.5, question["options"][-1]["text"]: 0.5},
        }
        for question in questions
    ]
    (tmp_path / "answers.jsonl").write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    return "answers.jsonl"


@slow_but_first(
    ("least", "code", "with_errors"),
    [
        pytest.param("0.999", 1, True, id="fails-tables and errors"),
        pytest.param("0.001", 0, False, id="holds-tables"),
        pytest.param("0.999", 1, False, id="fails-tables", marks=pytest.mark.slow),
        pytest.param("0.001", 0, True, id="holds-tables and errors", marks=pytest.mark.slow),
    ],
)
def test_a_check_of_eval_is_made_although_nobody_reads(
    answers: str, survey: str, tmp_path: Path, least: str, code: int, with_errors: bool
) -> None:
    line = ("eval", "--answers", answers, "--survey", survey, "--fail-under", least, "--json", "r.json")
    assert code_when_nobody_reads(*line, with_errors=with_errors) == code
    assert json.loads((tmp_path / "r.json").read_text())["schema"] == "chat-personas/eval-report@2"


@pytest.mark.slow
def test_a_check_is_made_although_nobody_reads_the_document(answers: str, survey: str) -> None:
    line = ("eval", "--answers", answers, "--survey", survey, "--fail-under", "0.999")
    assert code_when_nobody_reads(*line, "--json", "-") == 1


@pytest.mark.slow
def test_verifying_a_report_fails_or_holds_although_nobody_reads(
    command: Command, answers: str, survey: str, tmp_path: Path
) -> None:
    assert command("eval", "--answers", answers, "--survey", survey, "--json", "r.json").code == 0
    assert code_when_nobody_reads("report", "verify", "r.json") == 0
    report = json.loads((tmp_path / "r.json").read_text())
    report["scores"]["alignment"]["mean"] *= 0.9
    (tmp_path / "r.json").write_text(json.dumps(report))
    assert code_when_nobody_reads("report", "verify", "r.json") == 1


@pytest.mark.slow
def test_wrong_usage_is_wrong_although_nobody_reads() -> None:
    assert code_when_nobody_reads("eval", "democart", with_errors=True) == 2
    assert code_when_nobody_reads("surveys", "list") == 0
