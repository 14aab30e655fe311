"""`eval --calibrate` at the command line: what it adds, and when it is refused."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from chat_personas.cli import opening as cli_opening
from eval.engine import Engine
from eval.report import Report
from tests.cli.running import Command, only_line
from tests.eval.fake_engine import FakeEngine

Serve = Callable[[Engine], None]
SURE = {f"Q{number}": {"option 1": 0.9, "option 2": 0.05, "No answer": 0.01} for number in range(20)}


def test_calibration_is_in_the_table_and_in_the_report_beside_the_scores_as_they_are(
    command: Command, served_by: Serve, survey: str
) -> None:
    served_by(FakeEngine(SURE))
    plain = Report.model_validate_json(command("eval", "democrat", "--survey", survey, "--json", "-").out)
    ran = command("eval", "democrat", "--survey", survey, "--calibrate", "--json", "-")
    report = Report.model_validate_json(ran.out)
    assert plain.calibration is None
    assert report.scores == plain.scores
    assert report.calibration is not None
    assert "calibrated with temperatures from" in ran.err
    changed = report.calibration.minus_uncalibrated.total_variation
    assert changed is not None
    assert f"change {changed.mean:+.3f} [" in ran.err


def test_answers_from_a_file_are_calibrated_like_those_of_a_model(
    command: Command, served_by: Serve, survey: str
) -> None:
    served_by(FakeEngine(SURE))
    asked = command("eval", "democrat", "--survey", survey, "--calibrate", "--save-answers", "a.jsonl", "--json", "-")
    read = command("eval", "--answers", "a.jsonl", "--survey", survey, "--calibrate", "--json", "-")
    first, second = (json.loads(ran.out)["calibration"] for ran in (asked, read))
    assert [fold["questions"] for fold in first["folds"]] == [fold["questions"] for fold in second["folds"]]
    for one, other in zip(first["folds"], second["folds"], strict=True):
        assert one["temperature"] == pytest.approx(other["temperature"], rel=1e-6)
    assert first["scores"]["total_variation"]["mean"] == pytest.approx(second["scores"]["total_variation"]["mean"])


def test_under_20_questions_it_is_refused_before_a_model_is_opened(
    command: Command, survey: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def never(model: str, settings: object) -> Engine:
        raise AssertionError("the model was opened")

    monkeypatch.setattr(cli_opening, "open_engine", never)
    ran = command("eval", "democrat", "--survey", survey, "--limit", "19", "--calibrate")
    assert ran.code == 2
    line = only_line(ran)
    assert "it needs 20 questions, not 19" in line
    assert "use more questions, or leave it out" in line


def test_under_20_answers_in_a_file_are_refused(command: Command, served_by: Serve, survey: str) -> None:
    served_by(FakeEngine(SURE))
    command("eval", "democrat", "--survey", survey, "--save-answers", "a.jsonl")
    lines = Path("a.jsonl").read_text().splitlines(keepends=True)
    Path("a.jsonl").write_text("".join(lines[:19]))
    ran = command("eval", "--answers", "a.jsonl", "--survey", survey, "--calibrate")
    assert ran.code == 2
    assert ran.out == ""
    assert "POLPARTY=Democrat: --calibrate" in ran.err


def test_where_failures_leave_too_few_the_report_is_kept_and_says_so(
    command: Command, served_by: Serve, survey: str
) -> None:
    served_by(FakeEngine(SURE, failures={"Q3/survey": "the server cut it off"}))
    ran = command("eval", "democrat", "--survey", survey, "--calibrate", "--json", "-")
    assert ran.code == 0
    assert Report.model_validate_json(ran.out).calibration is None
    assert "democrat: not calibrated, only 19 questions answered" in ran.err
