"""Asking the room in sentences: what is asked and whom, the rows that are heard, guesses, people's answers, files."""

import asyncio
import json
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from chat_personas.corpus import Corpus, CorpusError, Selection
from chat_personas.paths import corpus_path, display_path
from eval.engine import Engine, EngineError, Message, Probe, ProbeScore
from tests.cli.running import Command, write_survey
from tests.cli.sittings import Model, Script, Serve
from tests.cli.still_output import Person, faults_of
from tests.corpus.making import branch_of, texts
from tests.eval.fake_engine import FakeEngine as AnsweringEngine
from tests.eval.towns import DEMOCRAT, REPUBLICAN, question, town
from tests.fakes import END
from tests.fakes import FakeEngine as ScriptedEngine

BUS = town(
    question("BUS", {DEMOCRAT: (60, 40), REPUBLICAN: (10, 90)}, overall=(70, 130), ordinals=(1, 2), topic="transport"),
    question("TRAM", {DEMOCRAT: (50, 50), REPUBLICAN: (50, 50)}, overall=(100, 100), ordinals=(1, 2), topic="rails"),
)
"""A town whose Democrats answer 60 to 40 on buses, and whose Republicans answer 10 to 90."""


class Speaking(Model):
    """Gives the first option three quarters of the mass, and speaks by scripts."""

    def __init__(self, *scripts: Script) -> None:
        AnsweringEngine.__init__(self, {"BUS": {"option 1": 0.6, "option 2": 0.2}})
        self.says = ScriptedEngine(*scripts)


Heard = Callable[..., Sequence[str]]


@pytest.fixture
def heard(command: Command, served_by: Serve, tmp_path: Path) -> Heard:
    """Runs a sitting about the town, and returns its lines from the first prompt on."""
    survey = write_survey(tmp_path / "town.json", BUS)

    def run(given: str, engine: Engine | None = None) -> Sequence[str]:
        served_by(engine or Speaking())
        ran = command("chat", "democrat", "--accessible", "--survey", survey, given=given)
        assert (ran.code, ran.err) == (0, "")
        assert faults_of(ran.out.encode()) == []
        return ran.out.partition("You: ")[2].splitlines()

    return run


def test_every_row_has_its_heading_and_people_are_hidden_until_they_are_revealed(heard: Heard) -> None:
    lines = heard("/room BUS\nPOLPARTY=Democrat, republican\n/reveal\n/reveal\n/quit\n")
    first, rest = lines[: lines.index("You: /reveal")], lines[lines.index("You: /reveal") :]
    assert "Answer 2, A Democrat: Orders agree 1.00, order bias 0.00." in first
    assert "Answer 2, A Democrat, option 1: model 75 percent." in first
    assert "Answer 3, A Republican, option 2: model 25 percent." in first
    assert "Answer 3, A Republican, in words: Yes." in first
    assert not any("people" in line and "percent" in line for line in first)
    assert "Answer 2, A Democrat, option 1: model 75 percent, people 60 percent." in rest
    assert "Answer 3, A Republican, option 1: model 75 percent, people 10 percent." in rest
    assert "Answer 2, A Democrat: People's are Democrat answers (n 100)." in rest
    assert "People's answers are hidden again." in rest


def test_what_the_room_hides_is_hidden_in_the_measurement_until_it_is_revealed(heard: Heard) -> None:
    reads = "/question 1\n/explain question\n"
    lines = heard(f"/measure on\n{reads}/room BUS\nDemocrat\n{reads}/reveal\n{reads}/quit\n")
    asked, revealed = (lines.index(f"You: {command}") for command in ("/room BUS", "/reveal"))
    before, hidden, after = lines[:asked], lines[asked:revealed], lines[revealed:]
    for read in (before, after):
        assert "Question 1, option 1: Democrat 60 percent, persona 75 percent." in read
        assert any("The most frequent answer of people (Democrat)" in line for line in read)
    assert "Question 1, option 1: persona 75 percent." in hidden
    assert "Question 1: People's answers are hidden until the room reveals them. /reveal reads them." in hidden
    assert "People's answers are hidden until the room reveals them." in hidden
    assert not any("60 percent" in line or "answer of people" in line for line in hidden)


def test_a_guess_stands_between_the_model_and_people_and_its_distance_is_said_after_the_reveal(heard: Heard) -> None:
    lines = heard("/room BUS\nDemocrat\n/guess\n/guess 2 50 50\n/guess 2\n80 20\n/reveal\n/quit\n")
    assert "Answer 2: Democrat answers" in lines
    assert "Answer 2, A Democrat, option 1: model 75 percent, guess 50 percent." in lines
    assert "Of 100 people, how many gave each answer? These are Democrat answers." in lines
    assert "Answer 2, A Democrat, option 1: model 75 percent, guess 80 percent, people 60 percent." in lines
    assert (
        "Answer 2, A Democrat: Answers that would have to move to match people's: the guess: 20 of 100; "
        "the model: 15 of 100." in lines
    )


@pytest.mark.parametrize(
    ("guess", "says"),
    [
        ("/guess 9", "There are 2 answers. Write a number from 1 to 2."),
        ("/guess 2 50", "Write 2 numbers, one for each answer; you wrote 1."),
        ("/guess 2 50 30", "The numbers sum to 80; give 20 more, so that they sum to 100."),
        ("/guess 2\n", "Nothing was guessed."),
    ],
)
def test_a_guess_that_is_none_is_a_sentence_and_changes_nothing(heard: Heard, guess: str, says: str) -> None:
    lines = heard(f"/room BUS\nDemocrat\n{guess}\n/reveal\n/quit\n")
    assert any(line.endswith(says) for line in lines)
    assert not any("guess " in line and "percent" in line for line in lines)


def test_words_find_a_question_of_the_survey_and_a_number_takes_it(heard: Heard) -> None:
    lines = heard("/room\nrails\n1\nDemocrat\n/quit\n")
    assert any(line.startswith("Question 1: ") for line in lines)
    stem = next(each.stem for each in BUS.questions if each.id == "TRAM")
    assert f"Asked: {stem}" in lines


def test_a_mistake_at_a_step_is_said_and_the_step_is_asked_again(heard: Heard) -> None:
    lines = heard("/room Tea?\nA lot\n9\nA lot|Never\nDemocart\n15\nDemocrat\n/quit\n")
    assert any(line.endswith("/stop leaves this.") and "options" in line for line in lines)
    assert any("Write a number from 1 to" in line for line in lines)
    assert any("Democart" in line and line.endswith("/stop leaves this.") for line in lines)
    assert "Answer 2, A Democrat, Never: model 50 percent." in lines


def test_numbers_of_a_guess_are_asked_for_until_they_are_right(heard: Heard) -> None:
    lines = heard("/room BUS\nDemocrat\n/guess 2\n50 30\n80 20\n/reveal\n/quit\n")
    assert any("The numbers sum to 80" in line and line.endswith("/stop leaves this.") for line in lines)
    assert any("guess 80 percent" in line for line in lines)


def test_a_question_of_ones_own_takes_options_of_ones_own_or_none(heard: Heard) -> None:
    lines = heard("/room Tea?\nA lot|Never\nDemocrat\n/reveal\n/guess 1\n/room Milk?\n\nSEX\n/quit\n")
    assert "Answer 2, A Democrat, Never: model 50 percent." in lines
    assert lines.count("You: /reveal") == 1
    assert "The survey has no people's answers to this question." in lines
    assert "There are no human figures for this group." in lines
    after = lines[lines.index("You: /room Milk?") :]
    assert "Answer 3, A woman, in words: Yes." in after
    assert not any("percent" in line for line in after)


def test_what_is_not_in_the_survey_is_said_with_the_nearest(heard: Heard) -> None:
    lines = heard("/room BUSS\n/room BUS\nPOLPARTI\n/stop\n/room BUS\nPOLPARTY=Democart\n/stop\n/room\n\n/quit\n")
    assert any('has no question "BUSS"; did you mean BUS?' in line for line in lines)
    assert any('no groups of "POLPARTI"' in line and "POLPARTY" in line for line in lines)
    assert any('"POLPARTY=Democart"' in line and "Democrat" in line for line in lines)
    assert any(line.endswith("Nothing was asked.") for line in lines)


def test_before_the_room_was_asked_its_commands_say_so(heard: Heard) -> None:
    lines = heard("/guess 1\n/reveal\n/save-room x.json\n/quit\n")
    assert sum("The room was not asked yet. /room asks it." in line for line in lines) == 3


def test_the_answers_are_saved_as_data_page_and_figure_and_never_over_a_file_without_a_yes(
    heard: Heard, tmp_path: Path
) -> None:
    files = [tmp_path / f"room{ending}" for ending in (".json", ".html", ".svg")]
    saves = "".join(f"/save-room {file}\n" for file in files)
    lines = heard(f"/room BUS\nDemocrat\n/save-room room.txt\n{saves}/save-room {files[0]}\nno\n/quit\n")
    assert "You: /save-room room.txt" in lines
    assert "Not saved: let the name end in one of .html, .svg, .json." in lines
    found = json.loads(files[0].read_text())
    assert [answer["title"] for answer in found["answers"]] == ["The model as it is", "A Democrat"]
    assert found["answers"][1]["model"] == pytest.approx([0.75, 0.25])
    assert found["answers"][1]["people"]["distribution"] == pytest.approx([0.6, 0.4])
    assert files[1].read_text().startswith("<!DOCTYPE html>")
    assert files[2].read_text().startswith("<?xml")
    assert {file.stat().st_mode & 0o777 for file in files} == {0o600}, "they hold replies"
    assert "Nothing was written." in lines


def test_a_file_that_holds_answers_which_are_still_hidden_is_said_to_hold_them(heard: Heard, tmp_path: Path) -> None:
    files = [tmp_path / "hidden.json", tmp_path / "shown.json"]
    lines = heard(f"/room BUS\nDemocrat\n/save-room {files[0]}\n/reveal\n/save-room {files[1]}\n/quit\n")
    assert f"Written to {display_path(files[0])}, with people's answers." in lines
    assert f"Written to {display_path(files[1])}." in lines


def test_one_goes_on_with_an_answer_by_its_number_and_room_alone_reads_the_answers_again(heard: Heard) -> None:
    lines = heard("/room BUS\nDemocrat\n/open 2\nWhy?\n/room\n/quit\n", Speaking(["Me.", END], ["You.", END]))
    again = lines[lines.index("You: /room") :]
    assert "Answer 2, A Democrat, option 1: model 75 percent." in again
    assert "Answer 2, A Democrat, in words: You." in again
    stem = next(each.stem for each in BUS.questions if each.id == "BUS")
    with Corpus.open(corpus_path(), read_only=True) as corpus:
        (democrat,) = corpus.conversation_ids(Selection(persona="democrat"))
        assert texts(branch_of(corpus, democrat)) == [stem, "You.", "Why?", "Yes."]


def test_who_has_not_replied_cannot_be_gone_on_with_and_the_reason_is_said(heard: Heard) -> None:
    lines = heard("/room BUS\nDemocrat\n/quit\n", Speaking(["Me.", END], ["Yo", EngineError("it broke")]))
    assert "Answer 2, A Democrat: No whole reply: It broke." in lines


def test_a_model_without_log_probabilities_replies_in_words_only(heard: Heard) -> None:
    model = Speaking()
    model.info = replace(model.info, log_probabilities="none")
    lines = heard("/room BUS\nDemocrat\n/quit\n", model)
    assert "Answer 2, A Democrat, in words: Yes." in lines
    assert any("log-probabilities" in line for line in lines)
    assert not any("model 75 percent" in line for line in lines)


def test_a_server_on_another_machine_is_asked_after_a_yes_only(heard: Heard) -> None:
    model = Speaking()
    model.info = replace(model.info, name="https://far.example/v1#big", local=False)
    lines = heard("/room BUS\nDemocrat\nno\n/quit\n", model)
    assert any(
        "is on another machine. Asking the room takes 6 requests, which may cost money" in line for line in lines
    )
    assert "Nobody was asked." in lines
    assert model.prefixes == []


def test_at_a_terminal_asking_is_stopped_and_what_came_before_stays(home: Path, tmp_path: Path) -> None:
    survey = write_survey(tmp_path / "town.json", BUS)
    model = Speaking(["Me.", END], ["Slowly. ", asyncio.Event()])
    quiet = {"CHAT_PERSONAS_MEASURE": "false"}
    person = Person(home, model, "chat", "democrat", "--accessible", "--survey", survey, **quiet)
    person.reads("You: ")
    person.enters("/room BUS", "Who is asked")
    person.enters("Democrat", "Answer 2, A Democrat, option 2: model 25 percent", "Answer 1, .*, in words: Me")
    person.enters("", "Asking for replies in words, 1 of 2")
    person.enters("/stop", "Stopped. /room asks those who have not answered", "You: ")
    person.enters("/open 2", "This one has not replied yet", "You: ")
    person.enters("/quit", "Left")
    assert person.code == 0
    assert faults_of(person.sent) == []


def test_where_a_reply_could_not_be_stored_that_is_said_and_numbers_mean_the_answers(
    heard: Heard, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Corpus.begin_turn

    def begin_turn(corpus: Corpus, *given: Any, **named: Any) -> Any:
        if given[2] == "Tea?" and (named["new"] or given[0]).persona_name == "democrat":
            raise CorpusError("the disk is full; make room")
        return real(corpus, *given, **named)

    monkeypatch.setattr(Corpus, "begin_turn", begin_turn)
    lines = heard("Other talk?\n/list\n/room Tea?\n1\nDemocrat\n/open 2\n/open 1\n/quit\n")
    assert "The disk is full; make room." in lines
    assert lines[lines.index("You: /open 2") + 1] == "This one has not replied yet."
    assert lines[lines.index("You: /open 1") + 1].startswith("Conversation: Room: Tea? With: ")


class HangsUp(Speaking):
    """Answers no probe until somebody has talked with it after that."""

    down = True

    async def score(self, prefix: Sequence[Message], probes: Sequence[Probe]) -> AsyncGenerator[ProbeScore, None]:
        if self.down:
            self.down = False
            raise EngineError("the server hung up")
        async with aclosing(super().score(prefix, probes)) as scores:
            async for each in scores:
                yield each


def test_why_there_were_no_figures_is_no_longer_said_once_they_have_come(heard: Heard) -> None:
    lines = heard("/room BUS\nDemocrat\n/room\n/quit\n", HangsUp())
    first, again = lines[: lines.index("You: /room")], lines[lines.index("You: /room") :]
    assert "The server hung up." in first
    assert "Answer 2, A Democrat, option 1: model 75 percent." in again
    assert "The server hung up." not in again
