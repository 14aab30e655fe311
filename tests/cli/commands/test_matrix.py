"""`matrix` at the command line: personas and the unsteered model beside every group."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from eval.engine import Engine, EngineInfo
from eval.matrix.models import MatrixReport
from personas import Group
from tests.cli.commands.test_eval_expressions import JUDGE_ERRS, judged_by, say
from tests.cli.running import Command, Ran, only_line, write_survey
from tests.eval.expression.test_open_ended import ListeningEngine
from tests.eval.fake_engine import FakeEngine
from tests.eval.saying_engine import SayingEngine
from tests.eval.towns import many, question, town
from tests.reporting.reading import words

Serve = Callable[[Engine], None]

PARTIES = {"Democrat": (3, 1), "Republican": (1, 3), "Independent": (2, 2), "Other": (4, 1)}


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
    assert "its own group has rank" in out
    assert "most often the nearest:" in out
    assert "(representativeness)" in out
    assert "(the best steering per question; uses the answers: an upper bound)" in out
    assert "POLPARTY" in out
    assert "the share of 3 topics" in out
    assert "(chance 0.50)" in out


def test_countries_are_groups_to_keep_to(command: Command, served_by: Serve, tmp_path: Path) -> None:
    served_by(FakeEngine())
    japan, ghana = Group.parse("COUNTRY=Japan"), Group.parse("COUNTRY=Ghana")
    asked = [question(f"Q{number}", {japan: (3, 1), ghana: (1, 3)}, overall=(4, 4)) for number in range(3)]
    survey = write_survey(tmp_path / "world.json", town(*asked))
    ran = command("matrix", "democrat", "--survey", survey, "--groups", "COUNTRY", "--json", "m.json")
    assert ran.code == 0
    document = json.loads((tmp_path / "m.json").read_text())
    assert [each["group"] for each in document["targets"]] == [
        None,
        {"attribute": "COUNTRY", "value": "Ghana"},
        {"attribute": "COUNTRY", "value": "Japan"},
    ]


def test_the_closest_groups_are_said_to_be_some_of_all_where_not_all_are_named(
    command: Command, served_by: Serve, tmp_path: Path
) -> None:
    served_by(FakeEngine())
    figures = {Group.parse(f"POLPARTY={party}"): counts for party, counts in PARTIES.items()}
    survey = write_survey(tmp_path / "four.json", town(question("Q0", figures, overall=(4, 4))))
    ran = command("matrix", "democrat", "--survey", survey, "--groups", "POLPARTY")
    assert "most often the nearest (3 of 4 groups): " in ran.out
    three = write_survey(tmp_path / "three.json", town(question("Q0", dict(list(figures.items())[:3]), overall=(4, 4))))
    assert "most often the nearest: " in command("matrix", "democrat", "--survey", three, "--groups", "POLPARTY").out


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
        (["democrat", "--groups", "POLPARTI"], 'did you mean "POLPARTY"?'),
        (["democrat", "--groups", "POLPARTY", "--groups", "SEX"], "takes one attribute, not POLPARTY and SEX"),
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
    assert out.index("says nothing about real people") < out.index("everyone")


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


def test_another_expression_is_asked_of_the_built_in_model_under_every_prompt(command: Command) -> None:
    asking = ["--groups", "POLPARTY", "--limit", "2", "--expression", "verbalized", "--no-cache"]
    ran = command("matrix", "democrat", *asking, "--json", "m.json")
    assert ran.code == 0
    report = MatrixReport.model_validate_json(Path("m.json").read_text())
    assert (report.expression, report.judge) == ("verbalized", None)
    assert report.replies is not None
    # 4 prompts (none, and democrat by three steerings), 2 questions, 2 orders; an order that fails ends its question.
    assert 4 * 2 <= report.replies.asked <= 4 * 2 * 2
    assert report.replies.constraint == "grammar"
    assert "· verbalized ·" in said(ran.out)
    again = command("matrix", "democrat", *asking, "--json", "-")
    assert MatrixReport.model_validate_json(again.out).rows == report.rows


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--expression", "all"], "--expression"),
        (["--expression", "openended"], 'did you mean "open_ended"?'),
        (["--samples", "5"], "--samples is for sampled and open_ended"),
        (["--judge", "pocket"], "--judge is for open_ended"),
    ],
)
def test_how_it_is_asked_must_go_together(
    command: Command, served_by: Serve, survey: str, arguments: list[str], says: str
) -> None:
    engine = FakeEngine()
    served_by(engine)
    ran = command("matrix", "democrat", "--survey", survey, *arguments)
    assert (ran.code, engine.asked) == (2, [])
    assert says in only_line(ran)


def in_own_words(command: Command, survey: str, monkeypatch: pytest.MonkeyPatch, right: float, *more: str) -> Ran:
    """Make a matrix in own words, judged by `pocket` with this much on what a statement names."""
    judged_by(monkeypatch, SayingEngine(say), ListeningEngine(right))
    asking = ["--model", "tiny.gguf", "--expression", "open_ended", "--judge", "pocket"]
    return command("matrix", "democrat", "--survey", survey, *asking, *more)


def test_known_statements_are_counted_once_whatever_the_number_of_prompts(
    command: Command, survey: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = in_own_words(command, survey, monkeypatch, 0.9, "--json", "m.json")
    assert f"the judge listening errs in {JUDGE_ERRS:.1f} of 100 known statements" in said(first.err + first.out)
    again = in_own_words(command, survey, monkeypatch, 0.9)
    # 4 prompts, 20 questions, 5 replies, each judged in two orders; 110 known statements in two orders.
    replies = 4 * 20 * 5
    assert f"{3 * replies + 2 * 110} of {3 * replies + 2 * 110} answers came from the cache" in again.err


def test_of_what_is_not_valid_no_figure_is_on_screen_page_or_picture(
    command: Command, survey: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = ["--json", "m.json", "--html", "m.html", "--svg", "m.svg"]
    ran = in_own_words(command, survey, monkeypatch, 0.5, *wanted)
    assert ran.code == 0
    assert "not valid: the judge itself errs in 47.4 of 100 options in other words (listening;" in said(ran.out)
    assert MatrixReport.model_validate_json(Path("m.json").read_text()).rows[0].cells[0].alignment.mean > 0
    page, figure = Path("m.html").read_text(), Path("m.svg").read_text()
    for shown in (ran.out, words(page).partition("To repeat this run")[0], words(figure)):
        assert "errs in 47.4 of 100" in said(shown)
        assert re.search(r"\b[01]\.[0-9]{3}\b", shown) is None
        assert "sounds" not in shown
    assert "--expression open_ended --samples 5 --judge listening" in words(page)
