"""What becomes of a message that was not sent, and what is said of a reply that is not stored."""

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from chat_personas.conversation.conversation import Conversation
from chat_personas.corpus import Corpus, CorpusError
from chat_personas.paths import corpus_path
from eval.engine import TooLongError
from tests.cli.running import Command, kept_messages
from tests.cli.sittings import Serve, said
from tests.conversation.test_gone_on_elsewhere import gone_on, growing
from tests.corpus.making import texts
from tests.fakes import END, FakeEngine

NOT_SENT = "The disk is full; make room. Your message was not sent. /again sends it once more."
Fails = Callable[..., None]


@pytest.fixture
def fails(monkeypatch: pytest.MonkeyPatch) -> Fails:
    """Lets the calls of these numbers of a method of the corpus meet a full disk."""

    def let(name: str, *numbers: int) -> None:
        real, calls = getattr(Corpus, name), list[str]()

        def call(corpus: Corpus, *given: Any, **named: Any) -> Any:
            calls.append(name)
            if len(calls) in numbers:
                raise CorpusError("the disk is full; make room")
            return real(corpus, *given, **named)

        monkeypatch.setattr(Corpus, name, call)

    return let


def test_an_edit_that_could_not_be_stored_is_said_in_the_same_place_by_again(
    command: Command, served_by: Serve, fails: Fails
) -> None:
    fails("begin_turn", 3)
    sitting = "One?\nTwo?\n/edit #1 Ten minutes of work\n/again\n/copy all\n/quit\n"
    lines = said(command, served_by, sitting, ["First.", END], ["Second.", END], ["Third.", END])
    assert NOT_SENT in lines
    assert not any("in memory only" in line for line in lines)
    assert lines[lines.index("You: /copy all") + 1 :][:2] == ["You: Ten minutes of work", "A Democrat: Third."]


def test_where_another_program_has_gone_on_the_message_waits_and_the_conversation_can_be_opened_again(
    command: Command, served_by: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Corpus.begin_turn

    def begin_turn(corpus: Corpus, key: str, parent: str | None, text: str, *given: Any, **named: Any) -> Any:
        if text == "Two?" and len(corpus.branch(str(parent))) == 2:
            monkeypatch.setattr(Corpus, "begin_turn", real)
            gone_on(corpus, key, "Elsewhere?")
        return real(corpus, key, parent, text, *given, **named)

    monkeypatch.setattr(Corpus, "begin_turn", begin_turn)
    lines = said(command, served_by, "One?\nTwo?\n/list\n/open 1\n/again\n/quit\n", ["First.", END], ["Second.", END])
    (told,) = (line for line in lines if "nother program has gone on with this conversation" in line)
    assert told.endswith("Your message was not sent. /again sends it once more.")
    assert lines.count("Your message was not sent. /again sends it once more.") == 1, "after it was opened again"
    assert texts(kept_messages()) == ["One?", "First.", "Elsewhere?", "Indeed.", "Two?", "Second."]


def test_a_reply_that_another_program_is_still_writing_is_heard_whole_before_anything_is_sent_after_it(
    command: Command, served_by: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    said(command, served_by, "One?\n/quit\n", ["First.", END])
    with Corpus.open(corpus_path()) as other:
        reply = growing(other, other.conversations()[0].id, "Two?", "It is")
        real, looked = Conversation.catch_up, list[str]()

        async def catch_up(conversation: Conversation) -> bool:
            looked.append(conversation.id)
            if len(looked) == 3:
                other.end_reply(reply, "It is whole now.", "complete")
            return await real(conversation)

        monkeypatch.setattr(Conversation, "catch_up", catch_up)
        lines = said(command, served_by, "/list\n/open 1\nThree?\n/again\n/quit\n", ["Third.", END])
    assert "Another program is still writing the last reply." in lines
    (refused,) = (line for line in lines if "still writing a reply in this conversation" in line)
    assert refused.endswith("Your message was not sent. /again sends it once more.")
    heard = lines.index("The other program has written the last reply:")
    assert lines[heard + 1] == "It is whole now."
    assert texts(kept_messages()) == ["One?", "First.", "Two?", "It is whole now.", "Three?", "Third."]


def test_an_edit_that_is_too_long_is_kept(command: Command, served_by: Serve) -> None:
    sitting = "One?\n/edit Many words\n/again\n/quit\n"
    too_long = TooLongError("it has 9000 tokens; shorten it")
    lines = said(command, served_by, sitting, ["First.", END], [too_long], ["Second.", END])
    assert "It has 9000 tokens; shorten it. Your message was not sent. /again sends it once more." in lines
    assert texts(kept_messages()) == ["Many words", "Second."]


def test_an_edit_waits_where_its_message_is_of_another_version(
    command: Command, served_by: Serve, fails: Fails
) -> None:
    fails("begin_turn", 3)
    sitting = "One?\n/edit Two?\n/edit Ten minutes of work\n/versions 1\n/again\n/versions 2\n/again\n/quit\n"
    lines = said(command, served_by, sitting, ["First.", END], ["Second.", END], ["Third.", END])
    says = "What was not sent is to replace a message of another version. /versions leads there, then /again."
    assert lines[lines.index("You: /again") + 1] == says
    assert texts(kept_messages()) == ["Ten minutes of work", "Third."]


def test_another_reply_that_could_not_be_begun_is_not_said_to_be_in_memory(
    command: Command, served_by: Serve, fails: Fails
) -> None:
    fails("begin_reply", 1)
    lines = said(command, served_by, "One?\n/again\n/again\n/quit\n", ["First.", END], ["Second.", END])
    assert lines[lines.index("You: /again") + 1] == "The disk is full; make room."
    assert texts(kept_messages()) == ["One?", "Second."]


def test_a_message_that_a_reply_in_memory_holds_up_is_kept_and_both_are_said(
    command: Command, served_by: Serve, fails: Fails
) -> None:
    fails("end_reply", 1, 2)
    in_memory = (
        "The reply is in memory only. It is stored before the next message, if that works by then. "
        "/export saves the conversation to another place."
    )
    lines = said(command, served_by, "One?\nTwo?\n/again\n/quit\n", ["First.", END], ["Second.", END])
    assert f"The disk is full; make room. {in_memory}" in lines
    assert lines[lines.index("You: Two?") + 1] == f"{NOT_SENT} {in_memory}"
    assert texts(kept_messages()) == ["One?", "First.", "Two?", "Second."]


@pytest.fixture
def deleted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lets another program delete the conversation before the second message."""
    real = Corpus.begin_turn

    def begin_turn(corpus: Corpus, key: str, *given: Any, **named: Any) -> Any:
        if corpus.conversations():
            monkeypatch.setattr(Corpus, "begin_turn", real)
            with Corpus.open(corpus.path) as other:
                other.delete(key)
        return real(corpus, key, *given, **named)

    monkeypatch.setattr(Corpus, "begin_turn", begin_turn)


@pytest.mark.usefixtures("deleted")
def test_a_message_comes_along_from_a_conversation_that_another_program_deleted(
    command: Command, served_by: Serve
) -> None:
    lines = said(command, served_by, "One?\nTwo?\n/new\n/again\n/quit\n", ["First.", END], ["Second.", END])
    (told,) = (line for line in lines if "no longer in the corpus" in line)
    assert told.endswith("Your message was not sent. /again sends it once more.")
    assert lines.count("Your message was not sent. /again sends it once more.") == 1, "in the new conversation"
    assert texts(kept_messages()) == ["Two?", "Second."]


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The directory of temporary files."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


@pytest.mark.usefixtures("deleted")
def test_a_message_that_was_not_sent_is_left_in_a_file_that_the_last_line_names(
    command: Command, served_by: Serve, temporary: Path
) -> None:
    served_by(FakeEngine(["First.", END]))
    ran = command("chat", "democrat", "--accessible", given="One?\nTwo?\n/quit\n")
    (copy,) = temporary.iterdir()
    assert (ran.code, copy.read_text()) == (4, "Two?\n")
    assert ran.err.endswith(f"; what you typed is in {copy}\n")
    assert "Go on with" not in ran.out


def test_a_conversation_of_a_removed_corpus_is_said_to_be_in_memory_and_left_in_a_file(
    command: Command, served_by: Serve, temporary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stored = Corpus.end_reply

    def end_reply(corpus: Corpus, *given: Any, **named: Any) -> None:
        stored(corpus, *given, **named)
        corpus_path().rename(corpus_path().with_name("moved.db"))

    monkeypatch.setattr(Corpus, "end_reply", end_reply)
    served_by(FakeEngine(["First.", END]))
    ran = command("chat", "democrat", "--accessible", given="One?\nTwo?\n/quit\n")
    conversation, typed = sorted(temporary.iterdir(), key=lambda file: file.suffix)
    assert ran.code == 4
    assert "The conversation is in memory only until the corpus is back." in ran.out
    assert f"the conversation is in {conversation}; what you typed is in {typed}" in ran.err
    assert typed.read_text() == "Two?\n"
    assert "Go on with" not in ran.out
    assert "is kept" not in ran.out


@pytest.mark.parametrize("leaves", ["", "/stop", "/end"])
def test_a_message_stays_as_it_is_where_no_new_text_is_written(command: Command, served_by: Serve, leaves: str) -> None:
    lines = said(command, served_by, f"One?\n/edit\n{leaves}\n/quit\n", ["First.", END])
    assert lines[lines.index(f"New text: {leaves}") + 1] == "Your message stays as it is."
    assert texts(kept_messages()) == ["One?", "First."]
