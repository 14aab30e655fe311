"""`chat --accessible`: a whole sitting on a terminal, byte by byte, and the setting that replaces the screen."""

import asyncio
from pathlib import Path

import pytest

from chat_personas.cli.accessible.mode import AccessibleMode
from chat_personas.cli.launch import Launch
from chat_personas.conversation.commands import COMMANDS
from eval.engine import Piece
from tests.cli.running import Command, only_line, write_survey
from tests.cli.sittings import TOWN, Model, Serve
from tests.cli.still_output import Person, faults_of
from tests.fakes import END
from tests.fakes import FakeEngine as ScriptedEngine


@pytest.fixture(autouse=True)
def unmeasured(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    monkeypatch.setenv("CHAT_PERSONAS_MEASURE", "false")


HOSTILE = "\x1b[2J\x1b[31mred\x1b]0;title\x07 one\rtwo \x9b1A \x08\x08gone ┌──┐ █▓"
THOUGHT = Piece("", thought="Hm \x1b[5A now.")


def test_a_whole_sitting_sends_the_terminal_lines_of_text_and_nothing_else(home: Path, tmp_path: Path) -> None:
    survey = write_survey(tmp_path / "town.json", TOWN)
    model = Model(["Good ", "day. And", " more.", END], [THOUGHT, HOSTILE, END], ["Slowly. ", asyncio.Event()])
    person = Person(home, model, "chat", "democrat", "--accessible", "--survey", survey)
    person.reads("Measured before the first message: alignment 0[.]")
    person.reads("You: ")
    person.enters("Hello", "A Democrat: Good day[.] And more[.]", "Reply complete", "Measured after turn 1", "You: ")
    person.enters("Two lines,\\", "More: ")
    person.enters("of which this is one", "Thought for", "␛.2J", "Reply complete", "You: ")
    person.enters("Go on", "A Democrat: Slowly")
    person.enters("/stop", "Reply stopped", "Measured after turn 3", "You: ")
    for line, answer in (
        ("/panel", "Validity, order bias"),
        ("/explain", "More in docs/measures.md, Scores[.]"),
        ("/explain valid", "Order agreement 1.00, from 1.00 to 1.00: how far the answers"),
        ("/explain question", "Question 1 of 20: "),
        ("/explain colours", "There is no section “colours”[.] There are: alignment, references"),
        ("/question", "Question 20"),
        ("/question 3", "Question 3, option 1: Democrat"),
        ("/again", "A Democrat: Yes"),
        ("/edit Go on, please", "A Democrat: Yes"),
        ("/versions", "Version 2 of 2, your message, current: Go on, please"),
        ("/versions 1", "last messages now"),
        ("/copy", "Slowly|Yes"),
        ("/thought", "has not thought"),
        ("/prompt", "Your next message comes here"),
        ("/prompt probe", "the answers in the reversed order: Refusals together: probability"),
        ("/prompt all", "Write /prompt, or /prompt probe"),
        ("/rate 5 realism 1-7", "rated 5 on the scale realism 1-7"),
        ("/measure off", "off"),
        ("/personas woman dem", "1 persona|democrat-woman"),
        ("/model", "Model: fake"),
        ("/models built in", "Built in, pocket: 12 MB, demonstration model.*/model pocket opens it"),
        ("/steer", "Inside the model: nothing"),
        ("/list", "Conversation 1, this one"),
        ("/search day", "Found 1: In Hello"),
        ("/rename A good day", "now called: A good day"),
        (f"/export {tmp_path / 'copy.md'}", "Written to"),
        ("/go-on republican", "From here on you talk with: A Republican"),
        ("/go-on democrat", "From here on you talk with: A Democrat"),
        ("/save-persona ruth", "Saved as ruth"),
        ("/persona republican", "A new conversation with: A Republican"),
        ("/open 1", "Conversation: A good day"),
        ("/new", "A new conversation with: A Democrat"),
        ("/help", "The program, /quit"),
        ("/nonsense", "There is no command"),
        ("left \x1b[D\x1b[D arrows", "2 keys without a character"),
        ("/measure on", "Measured|Measuring"),
    ):
        person.enters(line, answer, "You: ")
    person.enters("/compare", "or words to find others: ")
    person.enters("republican", "Column 1: A Democrat", "Column 2: A Republican", "To all: ")
    person.enters("Tea?", "A Democrat: Yes", "A Republican: Yes", "A Democrat. Measured", "A Republican. Measured")
    person.reads("To all: ")
    person.enters("/end", "Left the comparison", "You: ")
    person.enters("/room Q3", "Asked: ", "Enter alone asks all of POLPARTY: ")
    person.enters("democrat", "Answer 2, A Democrat, option 1: model", "Answer 2, A Democrat, in words: ", "You: ")
    person.enters("/guess 2", "5 numbers in this order that sum to 100: ")
    person.enters("20 20 20 20 20", "Answer 2, A Democrat, option 5: model 30 percent, guess 20 percent", "You: ")
    person.enters("/reveal", "the guess: .* of 100; the model: ", "You: ")
    person.enters(f"/save-room {tmp_path / 'room.html'}", "Written to", "You: ")
    person.enters("/paste", "A line with /end sends them")
    person.enters("one\n\ntwo\n/end", "Reply complete", "You: ")
    person.enters("/delete", "Write yes or no: ")
    person.enters("yes", "Deleted", "You: ")
    person.type("\x03")
    person.reads("Press Ctrl.C again to leave")
    person.enters("/quit", "Left")
    assert person.code == 0
    assert faults_of(person.sent) == []


def test_the_check_of_the_bytes_finds_what_moves_erases_overwrites_and_draws() -> None:
    assert faults_of("A Democrat: Yes.\r\nYou: \t“Ja” – ein Wörtchen…\r\n".encode()) == []
    for sent in ("\x1b[K", "\x1b[?2004h", "\x1b7", "\x9b1A", "a\rb", "a\x08b", "┌", "█", "⠋"):
        assert faults_of(f"before {sent} after\r\n".encode()) != [], repr(sent)


def test_every_command_of_the_table_does_something_here() -> None:
    expected = [name for name, command in COMMANDS.items() if command.on("sentences")]
    assert sorted(AccessibleMode(Launch(), measure=False).commands) == sorted(expected)


def test_the_setting_replaces_the_screen_on_a_terminal(home: Path) -> None:
    person = Person(home, Model(), "chat", "democrat", CHAT_PERSONAS_ACCESSIBLE="true", CHAT_PERSONAS_MEASURE="false")
    person.reads("the mode for screen readers")
    person.enters("/quit", "Left")
    assert person.code == 0
    assert faults_of(person.sent) == []


def test_the_setting_changes_no_byte_of_what_a_pipe_gets(
    command: Command, served_by: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CHAT_PERSONAS_ACCESSIBLE", "true")
    served_by(ScriptedEngine(["Good ", "day", END]))
    ran = command("chat", "democrat", given="Hello\n")
    assert (ran.code, ran.out, ran.err) == (0, "Good day\n\n", "")


def test_under_the_setting_a_long_opening_is_a_line_and_not_a_spinner(home: Path) -> None:
    person = Person(home, Model(), "doctor", CHAT_PERSONAS_ACCESSIBLE="true")
    person.reads("accessible")
    assert person.code == 0
    assert faults_of(person.sent) == []


def test_the_two_modes_without_a_screen_exclude_each_other(command: Command) -> None:
    ran = command("chat", "--plain", "--accessible")
    assert ran.code == 2
    assert "leave one of them out" in only_line(ran)
