"""`eval --fail-if-worse-than`: a build fails when a persona got worse, and only then."""

import json
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path

import pytest

from eval.engine import Engine
from eval.report import Report
from personas import Group
from tests.cli.running import Command, only_line
from tests.eval.fake_engine import FakeEngine
from tests.eval.towns import DEMOCRAT, many

Serve = Callable[[Engine], None]
Masses = dict[str, dict[str, float]]


def answers(count: int, closeness: float) -> Masses:
    """Return the answers of Democrats mixed with all mass on the first option."""
    masses: Masses = {}
    for question in many(count).questions:
        counts = question.responses[DEMOCRAT.attribute][DEMOCRAT.value].options
        likely = [
            closeness * count / sum(counts) + (1 - closeness) * (place == 0) for place, count in enumerate(counts)
        ]
        masses[question.id] = dict(zip(question.option_texts, likely, strict=True))
    return masses


def test_a_persona_that_got_worse_fails_the_check_and_its_report_is_written(
    command: Command, served_by: Serve, survey: str
) -> None:
    served_by(FakeEngine(answers(20, 0.9)))
    assert command("eval", "democrat", "--survey", survey, "--json", "a.json").code == 0
    served_by(FakeEngine(answers(20, 0.5)))
    ran = command("eval", "democrat", "--survey", survey, "--json", "b.json", "--fail-if-worse-than", "a.json")
    assert ran.code == 1
    assert "alignment is worse than in a.json: democrat -0." in only_line(ran)
    assert Report.model_validate_json(Path("b.json").read_text()).persona.name == "democrat"
    assert "20 questions paired" in ran.out


@pytest.mark.parametrize("closeness", [0.9, 1.0], ids=["same", "better"])
def test_a_persona_that_is_as_good_or_better_passes(
    command: Command, served_by: Serve, survey: str, closeness: float
) -> None:
    served_by(FakeEngine(answers(20, 0.9)))
    command("eval", "democrat", "--survey", survey, "--json", "a.json")
    served_by(FakeEngine(answers(20, closeness)))
    assert command("eval", "democrat", "--survey", survey, "--fail-if-worse-than", "a.json").code == 0


def test_under_20_questions_nothing_is_told_worse_or_not_and_the_check_fails(
    command: Command, served_by: Serve, survey: str
) -> None:
    served_by(FakeEngine(answers(20, 0.9)))
    command("eval", "democrat", "--survey", survey, "--json", "a.json", "--limit", "6")
    ran = command("eval", "democrat", "--survey", survey, "--limit", "6", "--fail-if-worse-than", "a.json")
    assert ran.code == 1
    assert "not sound: too few questions to check whether the model follows the letters" in " ".join(ran.err.split())


def test_the_document_still_stands_alone_on_standard_output(command: Command, served_by: Serve, survey: str) -> None:
    served_by(FakeEngine(answers(20, 0.9)))
    command("eval", "democrat", "--survey", survey, "--json", "a.json")
    ran = command("eval", "democrat", "--survey", survey, "--json", "-", "--fail-if-worse-than", "a.json")
    assert Report.model_validate_json(ran.out).persona.name == "democrat"
    assert "B − A" in ran.err


def test_the_earlier_report_is_not_written_over_by_the_new_one_which_may_be_worse(
    command: Command, served_by: Serve, survey: str
) -> None:
    served_by(FakeEngine(answers(20, 0.9)))
    command("eval", "democrat", "--survey", survey, "--json", "a.json")
    before = Path("a.json").read_text()
    ran = command("eval", "democrat", "--survey", survey, "--json", "a.json", "--fail-if-worse-than", "a.json")
    assert ran.code == 2
    assert "--json would overwrite the file of --fail-if-worse-than; choose another" in only_line(ran)
    assert Path("a.json").read_text() == before


def test_what_cannot_be_compared_is_said_before_anything_is_asked(
    command: Command, served_by: Serve, survey: str, few: str
) -> None:
    served_by(FakeEngine(answers(20, 0.9)))
    command("eval", "democrat", "--survey", survey, "--json", "a.json")
    Path("b.json").write_text(json.dumps({"schema": "of another kind"}))
    engine = FakeEngine()
    served_by(engine)
    for persona, figures, file, says in (
        ("republican", survey, "a.json", '"a.json" has no report on the persona "republican"'),
        ("democrat", few, "a.json", '"a.json" is on another survey'),
        ("democrat", survey, "b.json", 'the schema is "of another kind"'),
        ("democrat", survey, "gone.json", 'there is no file "gone.json"'),
    ):
        ran = command("eval", persona, "--survey", figures, "--fail-if-worse-than", file)
        assert ran.code == 2
        assert says in only_line(ran)
    assert engine.asked == []


def write_answers(file: str, closeness: float, group: Group = DEMOCRAT) -> str:
    """Write what a fake engine with these answers would have said, as a file of answers."""
    people = {"attribute": group.attribute, "value": group.value}
    Path(file).write_text(
        "\n".join(
            json.dumps({"question": question, "group": people, "distribution": masses})
            for question, masses in answers(20, closeness).items()
        )
    )
    return file


@pytest.mark.parametrize(("closeness", "code"), [(0.5, 1), (0.9, 0), (1.0, 0)], ids=["worse", "same", "better"])
def test_answers_from_a_file_are_checked_against_the_report_on_the_same_people(
    command: Command, served_by: Serve, survey: str, closeness: float, code: int
) -> None:
    served_by(FakeEngine(answers(20, 0.9)))
    assert command("eval", "republican", "democrat", "--survey", survey, "--json", "a.json").code == 0
    file = write_answers("mine.jsonl", closeness)
    ran = command("eval", "--answers", file, "--survey", survey, "--json", "b.json", "--fail-if-worse-than", "a.json")
    assert ran.code == code
    assert "20 questions paired" in ran.out
    assert Report.model_validate_json(Path("b.json").read_text()).persona.name == "POLPARTY=Democrat"
    if code:
        assert "alignment is worse than in a.json: POLPARTY=Democrat -0." in only_line(ran)


def test_answers_may_be_checked_against_answers(command: Command, survey: str) -> None:
    scored = ["eval", "--survey", survey, "--answers"]
    assert command(*scored, write_answers("old.jsonl", 0.9), "--json", "a.json").code == 0
    assert command(*scored, write_answers("new.jsonl", 0.5), "--fail-if-worse-than", "a.json").code == 1


def test_answers_that_cannot_be_compared_are_refused_before_anything_is_written(
    command: Command, served_by: Serve, survey: str, few: str
) -> None:
    served_by(FakeEngine(answers(20, 0.9)))
    command("eval", "democrat", "--survey", few, "--json", "short.json")
    command("eval", "republican", "--survey", survey, "--json", "red.json")
    other = Path("other.toml")
    other.write_text(
        f"# another file\n{files('personas').joinpath('library', 'democrat.toml').read_text('utf-8')}", "utf-8"
    )
    command("eval", "democrat", str(other), "--survey", survey, "--json", "two.json")
    file = write_answers("mine.jsonl", 0.9)
    for baseline, says in (
        ("short.json", '"short.json" is on another survey'),
        ("red.json", '"red.json" has no report on the people of "POLPARTY=Democrat"'),
        ("two.json", '"two.json" has 2 reports on the people of "POLPARTY=Democrat"; keep one'),
        ("gone.json", 'there is no file "gone.json"'),
    ):
        ran = command(
            "eval", "--answers", file, "--survey", survey, "--json", "new.json", "--fail-if-worse-than", baseline
        )
        assert ran.code == 2
        assert says in only_line(ran)
        assert not Path("new.json").exists()
