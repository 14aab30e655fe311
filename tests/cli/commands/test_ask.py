"""`chat-personas ask`: one question to a room, from the command line."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from chat_personas.corpus import Corpus
from eval.engine import Engine, EngineInfo
from tests.cli.running import Command, only_line, write_survey
from tests.corpus.making import branch_of
from tests.eval.fake_engine import FakeEngine
from tests.eval.towns import DEMOCRAT, REPUBLICAN, question, town
from tests.reporting.reading import tree

PARTIES = ("--groups", "POLPARTY=Democrat", "--groups", "POLPARTY=Republican")
LEANING = {"BUS": {"option 1": 0.6, "option 2": 0.3}, "own": {"A lot": 0.5, "A little": 0.25, "Not at all": 0.25}}


@pytest.fixture
def asked(command: Command, served_by: Callable[[Engine], None], tmp_path: Path) -> Command:
    """Runs `ask` on a survey of one question and an engine that answers it."""
    served_by(FakeEngine(LEANING))
    figures = {DEMOCRAT: [30, 10], REPUBLICAN: [5, 15]}
    survey = write_survey(tmp_path / "town.json", town(question("BUS", figures, overall=[35, 25])))
    return lambda *arguments, **given: command("ask", *arguments, "--survey", survey, **given)


def test_everybody_is_shown_with_the_people_beside_it_and_a_quote(asked: Command) -> None:
    ran = asked("BUS", *PARTIES)

    assert ran.code == 0
    for name in ("The model as it is", "A Democrat", "A Republican"):
        assert name in ran.out
    assert ran.out.count("A━") == 6
    assert "Democrat answers (n 40)" in ran.out
    assert "everyone's answers (n 60)" in ran.out
    assert ran.out.count("“Yes.”") == 3


def test_it_says_that_one_question_has_no_verdict_and_how_far_the_orders_agree(asked: Command) -> None:
    shown = " ".join(asked("BUS", *PARTIES).out.split())

    assert (
        "one question alone has no verdict: it cannot show whether the model answers, or follows the letters" in shown
    )
    assert shown.count("orders agree 1.00") == 3


def test_the_quotes_are_kept_and_without_quotes_nothing_is(asked: Command, corpus: Corpus) -> None:
    assert asked("BUS", *PARTIES, "--no-quotes").code == 0
    assert corpus.conversations() == ()

    assert asked("BUS", *PARTIES).code == 0
    kept = {row.persona_name: [message.text for message in branch_of(corpus, row.id)] for row in corpus.conversations()}
    assert kept == {name: ["What about BUS?", "Yes."] for name in ("unsteered", "democrat", "republican")}


def test_the_documents_hold_the_same_figures(asked: Command, tmp_path: Path) -> None:
    files = {kind: tmp_path / f"room.{kind}" for kind in ("json", "html", "svg")}
    ran = asked("BUS", *PARTIES, *(part for kind, file in files.items() for part in (f"--{kind}", str(file))))

    assert ran.code == 0
    assert {file.stat().st_mode & 0o777 for file in files.values()} == {0o600}, "they hold replies"
    report = json.loads(files["json"].read_text())
    assert report["schema"] == "chat-personas/room@1"
    assert [answer["model"] for answer in report["answers"]] == [[pytest.approx(2 / 3), pytest.approx(1 / 3)]] * 3
    assert report["answers"][1]["people"]["distribution"] == [0.75, 0.25]
    page, figure = files["html"].read_text(), files["svg"].read_text()
    for written in (page, figure):
        assert "A 67" in written
        assert "A 75" in written
    assert "“Yes.”" in page
    tree(figure)


def test_with_a_document_on_standard_output_nothing_else_is_there(asked: Command) -> None:
    ran = asked("BUS", *PARTIES, "--json", "-")

    assert json.loads(ran.out)["question"]["id"] == "BUS"
    assert "A Democrat" in ran.err


def test_ones_own_question_has_ones_own_options(asked: Command) -> None:
    ran = asked("Do you trust it?", *PARTIES, "--options", "A lot|A little|Not at all", "--json", "-")

    report = json.loads(ran.out)
    assert report["question"]["options"] == ["A lot", "A little", "Not at all"]
    assert report["survey"] is None
    assert report["answers"][0]["model"] == [0.5, 0.25, 0.25]
    assert "in your own words: no human figures" in ran.err


def test_a_question_without_options_gets_replies_only(asked: Command) -> None:
    ran = asked("What worries you?", *PARTIES)

    assert "there are replies in words and no figures" in ran.out
    assert ran.out.count("“Yes.”") == 3
    assert "━" not in ran.out


def test_a_persona_of_ones_own_can_sit_in_the_room(asked: Command, brief: str) -> None:
    report = json.loads(asked("BUS", "--persona", brief, "--json", "-").out)

    assert [answer["persona"]["name"] for answer in report["answers"]] == ["unsteered", "brief"]


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("BUS",), "name groups"),
        (("BSU", *PARTIES), "did you mean BUS"),
        (("BUS", "--groups", "PARTY"), "did you mean"),
        (("BUS", *PARTIES, "--options", "Yes|No"), "has its own options"),
        (("Why is that?", *PARTIES, "--no-quotes"), "answered in words only"),
        (("Why is that?", *PARTIES, "--svg", "room.svg"), "--svg draws shares of options"),
        (("BUS", *PARTIES, "--steering", "few_shot"), "--steering few_shot"),
    ],
)
def test_what_cannot_be_asked_is_one_line_and_exit_2(asked: Command, arguments: tuple[str, ...], why: str) -> None:
    ran = asked(*arguments)

    assert ran.code == 2
    assert why in only_line(ran)


def test_a_server_on_another_machine_is_asked_with_consent_only(
    command: Command, served_by: Callable[[Engine], None]
) -> None:
    far = FakeEngine(info=EngineInfo("far", "openai", log_probabilities="exact", local=False))
    served_by(far)
    ran = command("ask", "GUNCONTRIBA_W26", *PARTIES)

    assert ran.code == 2
    assert "this sends 9 requests to far" in only_line(ran)
    assert far.asked == []


def test_the_built_in_model_answers_a_question_of_the_built_in_survey(command: Command) -> None:
    ran = command("ask", "GUNCONTRIBA_W26", *PARTIES, "--json", "-")

    unsteered, democrat, republican = json.loads(ran.out)["answers"]
    assert all(answer["valid"] and answer["quote"] for answer in (unsteered, democrat, republican))
    assert democrat["model"][0] > republican["model"][0]  # "It adds a lot": what the model was trained to show
    assert "demonstration model" in ran.err
