"""Reading a measurement in sentences: of which messages it is, and where there is none of these."""

from collections.abc import Callable, Sequence

import pytest

from chat_personas.corpus import MessageRow
from chat_personas.tui.session import Session
from eval.engine import Message
from tests.cli.running import Command
from tests.cli.sittings import Model, Script, Serve
from tests.cli.still_output import faults_of
from tests.fakes import END

Heard = Callable[..., Sequence[str]]
COMMANDS = ("/panel", "/question", "/question 1", "/explain alignment")
"""All that read figures of the newest measurement."""


@pytest.fixture
def heard(command: Command, served_by: Serve, survey: str) -> Heard:
    """Runs a measured sitting, and returns its lines after the last one that begins so."""

    def run(given: str, last: str, *scripts: Script) -> Sequence[str]:
        served_by(Model(*scripts))
        ran = command("chat", "democrat", "--accessible", "--measure", "--survey", survey, given=f"{given}\n/quit\n")
        assert (ran.code, ran.err) == (0, "")
        assert faults_of(ran.out.encode()) == []
        lines = ran.out.splitlines()
        return lines[max(n for n, line in enumerate(lines) if line.endswith(last)) + 1 :]

    return run


@pytest.mark.parametrize("reads", COMMANDS)
def test_figures_of_another_version_are_not_read(heard: Heard, reads: str) -> None:
    sitting = f"Hello\n/again\n/measure off\n/versions 1\n{reads}"
    lines = heard(sitting, f"You: {reads}", ["Yes one.", END], ["Yes two.", END])
    assert lines[0] == "The newest measurement is about another version. /measure on measures this one."
    assert lines[1] == "You: /quit"


@pytest.mark.parametrize("reads", COMMANDS)
def test_figures_of_an_earlier_turn_are_read_after_which_turn_that_was(heard: Heard, reads: str) -> None:
    lines = heard(f"Hello\n/measure off\nAnd you?\n{reads}", f"You: {reads}", ["Yes one.", END], ["Yes two.", END])
    assert lines[0] == "This was measured after turn 1. Messages have followed since."
    assert lines[1] != "You: /quit"


def test_the_question_that_was_read_last_is_the_one_that_is_explained_and_the_sections_are_listed_with_it(
    heard: Heard,
) -> None:
    explained = {}
    for number in (1, 2):
        lines = heard(f"/question {number}\n/explain probe", "You: /explain probe")
        explained[number] = lines
    assert explained[1] != explained[2]
    (missing, *_) = heard("/explain nosuch", "You: /explain nosuch")
    assert "nearest, question or probe, validity" in missing


def test_figures_of_a_version_are_read_again_once_it_is_gone_back_to(heard: Heard) -> None:
    sitting = "Hello\n/again\n/measure off\n/versions 1\n/versions 2\n/panel"
    lines = heard(sitting, "You: /panel", ["Yes one.", END], ["Yes two.", END])
    assert lines[0].startswith("Measurement after turn 1. Compared with Democrat.")


def test_in_a_debate_and_in_one_of_its_sides_figures_are_of_a_contribution(heard: Heard) -> None:
    debate = "/debate Guns?\n\nrepublican\n1\n"
    sitting = f"{debate}/list\n/open 2\n/panel\n/explain alignment"
    lines = heard(sitting, "For how many rounds? Enter alone for 3: 1")
    assert any(line.startswith("Measured before A Democrat spoke: alignment ") for line in lines)
    assert any(line.startswith("Measured after contribution 1 of A Democrat: alignment ") for line in lines)
    assert any(line.startswith("Measured after contribution 1 of A Republican: alignment ") for line in lines)
    read = " ".join(lines[lines.index("You: /open 2") :])
    assert "Measurement after contribution 1 of A Democrat. Compared with Democrat." in read
    assert "questions of the survey were answered after contribution 1 of A Democrat." in read
    assert "to message" not in " ".join(lines)


def test_the_needle_is_read_of_the_reply_that_the_round_is_about(heard: Heard, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[tuple[str, str]] = []

    async def read_inside(_: Session, context: Sequence[Message], path: Sequence[MessageRow]) -> None:
        read.append((context[-1].content, path[-1].text))

    monkeypatch.setattr(Session, "read_inside", read_inside)
    heard("Hello\nWhy?", "You: Why?", ["Yes one.", END], ["Yes two.", END])
    assert read == [("Yes one.", "Yes one."), ("Yes two.", "Yes two.")]


def test_figures_of_the_last_reply_are_read_without_a_remark(heard: Heard) -> None:
    lines = heard("Hello\n/question 1", "You: /question 1", ["Yes.", END])
    assert lines[0].startswith("Question 1: ")
