"""`few_shot` at the command line: what is put is shown, and a conversation cannot be had with it."""

from collections.abc import Callable
from pathlib import Path

import pytest

from eval.engine import Engine
from eval.report import Report
from tests.cli.running import Command, only_line
from tests.eval.fake_engine import FakeEngine

Serve = Callable[[Engine], None]


@pytest.fixture
def shown(brief: str) -> str:
    """A persona of the same group that is steered by three answers of the group."""
    file = Path(brief)
    text = file.read_text().replace("portray", "few_shot")
    file.write_text(f"{text}[few_shot]\nquestions = 3\n")
    return brief


def test_eval_puts_so_many_answers_of_the_group_before_each_question(
    command: Command, served_by: Serve, survey: str
) -> None:
    engine = FakeEngine()
    served_by(engine)
    options = ("--no-unsteered", "--steering", "few_shot", "--shots", "4", "--survey", survey, "--json", "-")
    ran = command("eval", "democrat", *options)
    report = Report.model_validate_json(ran.out)
    assert (report.steering, report.shots) == ("few_shot", 4)
    assert all(prompt.count("What about") == 5 for prompt in engine.asked)
    assert engine.prefixes == [()]
    assert "few_shot, 4 shots" in ran.err


def test_the_built_in_model_answers_after_the_answers_of_others(command: Command) -> None:
    ran = command("eval", "democrat", "--steering", "few_shot", "--model", "pocket", "--limit", "2", "--json", "-")
    report = Report.model_validate_json(ran.out)
    assert report.failures == ()
    assert [question.valid for question in report.questions] == [True, True]


def test_a_persona_file_says_how_many(command: Command, served_by: Serve, survey: str, shown: str) -> None:
    served_by(FakeEngine())
    ran = command("eval", shown, "--survey", survey, "--json", "-")
    assert Report.model_validate_json(ran.out).shots == 3


def test_shots_for_another_steering_are_refused(command: Command, survey: str) -> None:
    ran = command("eval", "democrat", "--shots", "4", "--survey", survey)
    assert ran.code == 2
    assert '--shots is for steering "few_shot"' in only_line(ran)


def test_more_shots_than_there_are_questions_are_refused_with_what_can_be_had(command: Command, survey: str) -> None:
    ran = command("eval", "democrat", "--steering", "few_shot", "--shots", "20", "--survey", survey)
    assert ran.code == 2
    assert "use --shots 19" in only_line(ran)


@pytest.mark.parametrize(
    ("name", "why"), [("chat", "is for chat-personas eval"), ("matrix", 'steering "few_shot" is more than a prompt')]
)
def test_what_cannot_be_done_with_few_shot_says_what_it_is_for(
    command: Command, served_by: Serve, shown: str, name: str, why: str
) -> None:
    served_by(FakeEngine())
    ran = command(name, shown, given="Hello")
    assert ran.code == 2
    assert ran.out == ""
    assert why in only_line(ran)


def test_personas_show_prints_what_the_first_question_is_put_as(command: Command, shown: str) -> None:
    said = command("personas", "show", shown).out
    assert "(no system prompt)" in said
    assert said.index("This is how people like you") < said.index("Now answer this question as one of them.")
    assert said.rstrip().endswith("Answer with one letter only.")
    Path(shown).write_text(said)
    assert command("personas", "check", shown).code == 0


def test_personas_show_of_a_group_without_figures_says_so(command: Command, shown: str) -> None:
    file = Path(shown)
    file.write_text(file.read_text().replace("POLPARTY", "CITIZEN").replace("Democrat", "No"))
    ran = command("personas", "show", shown)
    assert ran.code == 0
    assert "the survey civic has no figures for it" in ran.out
