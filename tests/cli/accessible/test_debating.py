"""A debate is held in sentences: chosen, listened to, stopped, told something, and gone on with."""

import asyncio
from pathlib import Path

from chat_personas.corpus import Corpus, Selection
from chat_personas.paths import corpus_path
from tests.cli.running import Command, write_survey
from tests.cli.sittings import TOWN, Model, Serve, said
from tests.cli.still_output import Person, faults_of
from tests.corpus.making import branch_of, texts
from tests.fakes import END
from tests.fakes import FakeEngine as ScriptedEngine


def test_a_debate_is_held_in_sentences_stopped_told_something_and_gone_on_with(home: Path, tmp_path: Path) -> None:
    survey = write_survey(tmp_path / "town.json", TOWN)
    model = Model(["Less. ", asyncio.Event()], ["More.", END])
    person = Person(home, model, "chat", "democrat", "--accessible", "--survey", survey)
    person.reads("Measured before the first message")
    person.reads("You: ")
    person.enters("/debate Guns?", "Who begins. Write a persona's name, or Enter alone for democrat: ")
    person.enters("", "Who answers. Write a persona's name: ")
    person.enters("republican", "For how many rounds. Enter alone for 3: ")
    measured = "Measured before A Democrat spoke", "Measured before A Republican spoke"
    person.enters("1", "Moderator: Guns", *measured, "A Democrat: Less")
    person.enters("/stop", "Stopped. What was said so far is kept", "Paused", "Moderator: ")
    person.enters("Be brief.", "Both sides are told", "Moderator: ")
    last = "Measured after contribution 1 of A Republican"
    person.enters("", "A Republican: More", last, "The debate has ended after 1 round")
    person.reads("A Democrat: alignment .* after turn 0, and no other turn")
    person.reads("A Republican: no change in alignment from turn 0 to turn 1 ")
    person.reads("Press Enter alone to go back to your conversation: ")
    person.enters("And taxes?", "The debate had ended. Your line was sent to nobody: And taxes?", "Left the debate")
    person.reads("You: ")
    person.enters("/quit", "Left")
    assert person.code == 0
    assert faults_of(person.sent) == []
    with Corpus.open(corpus_path(), read_only=True) as corpus:
        (republican,) = corpus.conversation_ids(Selection(persona="republican"))
        assert texts(branch_of(corpus, republican)) == ["Guns?", "Less. ", "Be brief.", "More."]
        said = [text for each in corpus.conversations() for text in texts(branch_of(corpus, each.id))]
        assert said.count("Guns?") == 2
        assert "And taxes?" not in said


def test_a_debate_without_a_second_persona_is_not_held(command: Command, served_by: Serve) -> None:
    lines = said(command, served_by, "/debate Guns?\n\n\n/quit\n")
    assert "A debate has two personas. /personas lists them." in "\n".join(lines)


def test_a_wrong_name_is_said_and_asked_for_again_and_stop_leaves_the_dialogue(
    command: Command, served_by: Serve
) -> None:
    given = "/debate Guns?\nnobody\n\nrepublicam\nrepublican\n1\n/debate Taxes?\nnobody\n/stop\n/debate\n/quit\nlost\n"
    lines = said(command, served_by, given, ["Less.", END], ["More.", END])
    assert sum('"nobody"' in line and line.endswith("/stop leaves this.") for line in lines) == 2
    assert any('"republicam"' in line and "did you mean" in line for line in lines)
    assert "The debate has ended after 1 round." in lines
    assert any(line.endswith("Left. You are in your conversation again.") for line in lines)
    assert (lines[-1], any("lost" in line for line in lines)) == ("Left.", False)


def test_a_number_of_rounds_is_asked_for_until_it_is_possible(command: Command, served_by: Serve) -> None:
    lines = "\n".join(
        said(command, served_by, "/debate Guns?\n\nrepublican\nthree\n51\n1\n/quit\n", ["Less.", END], ["More.", END])
    )
    assert 'A debate has 1 to 50 rounds, and not "three".' in lines
    assert 'A debate has 1 to 50 rounds, and not "51".' in lines
    assert "The debate has ended after 1 round" in lines


def test_a_conversation_that_is_a_side_goes_on_after_the_debates_last_turn(command: Command, served_by: Serve) -> None:
    served_by(ScriptedEngine(["Less.", END], ["More.", END], ["No.", END], ["Sure.", END]))
    assert command("debate", "republican", "democrat", "--topic", "Guns?", "--rounds", "1").code == 0
    with Corpus.open(corpus_path(), read_only=True) as corpus:
        (side,) = corpus.conversation_ids(Selection(persona="democrat"))
    ran = command("chat", "--accessible", "--resume", side, given="/debate\n/copy\nAnd you?\n/quit\n")
    assert ran.code == 0
    assert "The debate has ended after 1 round." in ran.out
    with Corpus.open(corpus_path(), read_only=True) as corpus:
        assert texts(branch_of(corpus, side)) == ["Guns?", "Less.", "More.", "And you?", "No."]


def test_the_persons_own_personas_may_debate(command: Command, served_by: Serve) -> None:
    given = "/persona POLPARTY=Democrat SEX=Female\n/save-persona ruth\n/debate Guns?\nruth\nSEX=Male\n1\n/quit\n"
    lines = said(command, served_by, given, ["Less.", END], ["More.", END])
    assert "The debate has ended after 1 round." in "\n".join(lines)
