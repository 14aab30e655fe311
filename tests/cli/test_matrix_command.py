"""`matrix` at the command line: personas and the unsteered model beside every group."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from eval.engine import Engine, EngineInfo
from eval.matrix_report import MatrixReport
from tests.cli.running import Command, only_line, write_survey
from tests.eval.fake_engine import FakeEngine
from tests.eval.towns import many

Serve = Callable[[Engine], None]


def said(text: str) -> str:
    return " ".join(text.split())


def test_the_tables_show_every_row_group_and_measure(command: Command, served_by: Serve, survey: str) -> None:
    served_by(FakeEngine())
    ran = command("matrix", "democrat", "republican", "--survey", survey)
    assert (ran.code, ran.err) == (0, "")
    out = said(ran.out)
    for wanted in ("unsteered", "democrat", "people, best", "people, worst", "everyone", "Republican"):
        assert wanted in out
    assert "alignment over 20 questions" in out
    assert "its own group is number" in out
    assert "closest on:" in out
    assert "(its representativeness)" in out
    assert "(peeks: the best of these per question)" in out
    assert "POLPARTY" in out
    assert "the share of 3 topics" in out
    assert "(chance 0.50)" in out


def test_a_document_on_standard_output_stands_alone(command: Command, served_by: Serve, survey: str) -> None:
    served_by(FakeEngine())
    ran = command("matrix", "democrat", "--survey", survey, "--groups", "POLPARTY", "--json", "-")
    report = MatrixReport.model_validate_json(ran.out)
    assert json.loads(ran.out)["schema"] == "chat-personas/matrix@1"
    assert (report.attribute, [row.name for row in report.rows]) == ("POLPARTY", ["unsteered", "democrat"])
    assert "steerability" in ran.err


def test_a_document_in_a_file_holds_the_same_figures_every_time(
    command: Command, served_by: Serve, survey: str
) -> None:
    for file in ("one.json", "two.json"):
        served_by(FakeEngine())
        assert command("matrix", "democrat", "--survey", survey, "--json", file).code == 0
    one, two = (MatrixReport.model_validate_json(Path(file).read_text()) for file in ("one.json", "two.json"))
    assert (one.rows, one.targets, one.steerability) == (two.rows, two.targets, two.steerability)


def test_under_20_questions_no_interval_is_shown(command: Command, served_by: Serve, survey: str) -> None:
    served_by(FakeEngine())
    ran = command("matrix", "democrat", "--survey", survey, "--limit", "6")
    assert "under 20 questions: no intervals" in ran.out
    assert "[" not in ran.out


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["democrat", "republican", "democrat"], "the persona democrat is named twice; name each once"),
        (["democrat", "--groups", "POLPARTI"], "did you mean POLPARTY?"),
        (["democrat", "--groups", "RACE"], 'the survey "town" has no figures for two groups of RACE'),
        (["democart"], '"democrat"'),
        (["democrat", "--limit", "0"], "--limit"),
        (["democrat", "--json", "nowhere/m.json"], "there is no directory nowhere"),
        ([], "PERSONA"),
    ],
)
def test_what_is_wrong_is_said_before_anything_is_asked(
    command: Command, served_by: Serve, survey: str, arguments: list[str], says: str
) -> None:
    engine = FakeEngine()
    served_by(engine)
    ran = command("matrix", *arguments, "--survey", survey)
    assert ran.code == 2
    assert says in only_line(ran)
    assert engine.asked == []


def test_another_machine_is_probed_only_after_the_person_agreed(
    command: Command, served_by: Serve, survey: str
) -> None:
    info = EngineInfo(name="https://far.example/v1#big", engine="openai", log_probabilities="exact", local=False)
    engine = FakeEngine(info=info)
    served_by(engine)
    ran = command("matrix", "democrat", "--survey", survey)
    assert ran.code == 2
    assert "sends 160 requests to https://far.example/v1#big" in only_line(ran)  # 4 prompts, 20 questions, 2 orders
    assert engine.asked == []
    assert command("matrix", "democrat", "--survey", survey, "--yes").code == 0
    assert len(engine.asked) == 160


def test_a_demonstration_is_called_one_before_any_figure(command: Command, served_by: Serve, survey: str) -> None:
    info = EngineInfo(name="toy", engine="llama", log_probabilities="exact", demonstration=True)
    served_by(FakeEngine(info=info))
    out = said(command("matrix", "democrat", "--survey", survey).out)
    assert out.index("evidence about nobody") < out.index("everyone")


def test_a_question_that_fails_is_named_and_left_out(command: Command, served_by: Serve, survey: str) -> None:
    served_by(FakeEngine(failures={"Q3/survey": "too long for \x1b[2J the context"}))
    ran = command("matrix", "democrat", "--survey", survey)
    assert ran.code == 0
    assert "failed: Q3: survey order: too long for ␛[2J the context" in ran.out
    assert "1 of 20 questions left out of the table" in ran.out


def test_a_survey_whose_years_nobody_knows_has_its_tables(command: Command, served_by: Serve, tmp_path: Path) -> None:
    served_by(FakeEngine())
    undated = write_survey(tmp_path / "undated.json", many(3).model_copy(update={"years": ()}))
    ran = command("matrix", "democrat", "--survey", undated)
    assert (ran.code, ran.err) == (0, "")
    assert "(original wording, unweighted, years not stated)" in said(ran.out)
