"""Ctrl+C stops and leaves; lines that are written meanwhile wait, go first, or are dropped."""

import asyncio
import os
import signal
import tempfile
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from pathlib import Path

import pytest

from chat_personas.corpus import Corpus
from chat_personas.paths import corpus_path
from eval.engine import Message, Piece, Probe, ProbeScore, Sampling
from tests.cli.accessible.test_commands import WithoutCorpus
from tests.cli.running import kept_messages, write_survey
from tests.cli.sittings import TOWN, Model
from tests.cli.still_output import Person, faults_of
from tests.corpus.making import texts
from tests.examples import slow_but_first
from tests.fakes import END


def test_ctrl_c_stops_a_reply_and_keeps_it_and_a_second_one_leaves(home: Path) -> None:
    person = Person(home, Model(["So far. ", asyncio.Event()]), "chat", "democrat", "--accessible")
    person.reads("You: ")
    person.enters("Hello", "So far")
    person.type("\x03")
    person.reads("Reply stopped. What was said so far is kept")
    person.reads("You: ")
    person.type("\x03")
    assert person.code == 130
    assert faults_of(person.sent) == []
    assert [(row.text, row.status) for row in kept_messages()] == [("Hello", "complete"), ("So far. ", "stopped")]


def test_a_reply_that_is_stopped_before_its_first_word_is_not_said_to_be_kept(home: Path) -> None:
    person = Person(home, Model([asyncio.Event()]), "chat", "democrat", "--accessible")
    person.reads("You: ")
    person.type("Hello\n\n")
    person.reads("Waiting for the reply")
    person.type("\x03")
    person.reads(r"Reply stopped before the first word\.")
    person.reads("You: ")
    person.type("\x04")
    assert person.code == 0


def test_who_leaves_by_ctrl_c_is_told_where_the_copy_is_of_what_could_not_be_stored(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    person = Person(home, WithoutCorpus(["Good day", END]), "chat", "democrat", "--accessible")
    person.reads("You: ")
    person.enters("Hello", "in memory only", "You: ")
    person.type("\x03")
    person.reads("Press Ctrl.C again to leave")
    person.type("\x03")
    assert person.code == 130
    (copy,) = folder.glob("chat-personas-*.jsonl")
    last = person.text.split("chat-personas: ")[-1]
    assert last.startswith("interrupted; ")
    assert last.strip().endswith(f"; the conversation is in {copy}")


@pytest.mark.slow
def test_after_a_stop_and_another_line_ctrl_c_stops_again(home: Path) -> None:
    model = Model(["First. ", asyncio.Event()], ["Second. ", asyncio.Event()])
    person = Person(home, model, "chat", "democrat", "--accessible")
    person.reads("You: ")
    for line, answer in (("One", "First"), ("Two", "Second")):
        person.enters(line, answer)
        person.type("\x03")
        person.reads("Reply stopped")
        person.reads("You: ")
    person.type("\x04")
    person.reads("Left. What was said is kept")
    assert person.code == 0


@slow_but_first(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_a_signal_in_a_reply_leaves_with_its_code_and_keeps_the_reply(home: Path, number: int, code: int) -> None:
    person = Person(home, Model(["So far. ", asyncio.Event()]), "chat", "democrat", "--accessible")
    person.reads("You: ")
    person.enters("Hello", "So far")
    os.kill(person.pid, number)
    assert person.code == code
    assert texts(kept_messages()) == ["Hello", "So far. "]


def test_a_line_written_while_a_reply_comes_waits_for_its_end(home: Path) -> None:
    class Awaited(Model):
        """Its first reply ends when the person has been told that the second message waits."""

        async def stream(self, messages: Sequence[Message], sampling: Sampling) -> AsyncGenerator[Piece, None]:
            if len(messages) == 2:
                yield Piece("Not yet. ")
                while not (home / "told").exists():
                    await asyncio.sleep(0.01)
            yield Piece("Done.", finish_reason="stop")

    person = Person(home, Awaited(), "chat", "democrat", "--accessible")
    person.reads("You: ")
    person.enters("One", "Not yet")
    person.enters("", "The reply is coming")
    person.enters("Two", "Your line waits until the reply has ended")
    (home / "told").touch()
    person.reads("Reply complete")
    person.reads("Reply complete")
    person.enters("/quit", "Left")
    assert person.code == 0
    assert texts(kept_messages()) == ["One", "Not yet. Done.", "Two", "Done."]


def test_stopping_drops_the_lines_that_wait_and_quitting_in_a_reply_leaves_at_once(home: Path) -> None:
    model = Model(["First. ", asyncio.Event()], ["Second. ", asyncio.Event()])
    person = Person(home, model, "chat", "democrat", "--accessible")
    person.reads("You: ")
    person.enters("One", "First")
    person.enters("pasted by", "Your line waits")
    person.enters("mistake", "Your line waits")
    person.enters("/stop", "Not sent: 2 lines that waited", "Reply stopped", "You: ")
    person.enters("Two", "Second")
    person.enters("/quit", "Reply stopped", "Left")
    assert person.code == 0
    assert texts(kept_messages()) == ["One", "First. ", "Two", "Second. "]


def test_a_line_written_while_the_persona_is_measured_goes_first_and_measuring_goes_on_later(
    home: Path, tmp_path: Path
) -> None:
    class Held(Model):
        """The round before the first message stands still."""

        async def score(self, prefix: Sequence[Message], probes: Sequence[Probe]) -> AsyncGenerator[ProbeScore, None]:
            if not any(message.role == "user" for message in prefix):
                await asyncio.Event().wait()
            async with aclosing(super().score(prefix, probes)) as scores:
                async for each in scores:
                    yield each

    survey = write_survey(tmp_path / "town.json", TOWN)
    person = Person(home, Held(), "chat", "democrat", "--accessible", "--measure", "--survey", survey)
    person.reads("Measuring. You can write meanwhile")
    person.enters(
        "Hello",
        r"Measuring(, 0 of 20)?\. Stopped there\.",
        "You: Hello\r\nA Democrat: Yes",
        "Measured after turn 1",
        "You: ",
    )
    assert faults_of(person.sent) == []
    person.enters("/quit", "Left")
    assert person.code == 0


def test_what_changes_nothing_that_was_said_does_not_stop_the_measuring(home: Path, tmp_path: Path) -> None:
    class Held(Model):
        """The round stands still."""

        async def score(self, prefix: Sequence[Message], probes: Sequence[Probe]) -> AsyncGenerator[ProbeScore, None]:
            await asyncio.Event().wait()
            yield ProbeScore("", {}, 0.0)

    survey = write_survey(tmp_path / "town.json", TOWN)
    person = Person(home, Held(), "chat", "democrat", "--accessible", "--measure", "--survey", survey)
    person.reads("Measuring. You can write meanwhile")
    person.enters("/panel", "You: /panel", "(Still measuring|Nothing was measured yet)")
    person.enters("/help quit", "You: /help quit", "/quit: Leave the program")
    person.enters("/question 99", "You: /question 99", "(No question was answered yet|Nothing was measured yet)")
    person.enters("/theme nord", "You: /theme nord", "theme")
    person.enters("/nonsense", "You: /nonsense", "no command")
    person.enters("/rename Town", "You: /rename Town", "This conversation is now called: Town")
    person.enters("", r"Measuring(, 0 of 20)?\.")
    assert b"Stopped there" not in person.sent
    person.enters("/versions 9", r"Measuring(, 0 of 20)?\. Stopped there\.")
    assert faults_of(person.sent) == []
    person.enters("/quit", "Left")
    assert person.code == 0


@pytest.mark.slow
def test_more_than_a_terminal_passes_on_of_a_line_is_not_sent(home: Path) -> None:
    person = Person(home, Model(), "chat", "democrat", "--accessible")
    person.reads("You: ")
    person.enters("x" * 5000, "Nothing was sent: the line was cut by the terminal, which passes on 4,095 bytes")
    person.enters("/quit", "Left")
    assert person.code == 0
    with Corpus.open(corpus_path(), read_only=True) as corpus:
        assert corpus.conversations() == ()
