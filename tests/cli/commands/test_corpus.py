"""`corpus` at the command line: list, search, show, delete."""

import sys
from pathlib import Path

import pytest

from chat_personas.cli.main import main
from chat_personas.corpus import Corpus, Thought
from tests.cli.running import Command, only_line
from tests.corpus.making import branch_of, bytes_on_disk, conversation_row, talk


@pytest.fixture
def kept(corpus: Corpus) -> list[str]:
    """Two conversations, the second with terminal commands in it."""
    return [
        talk(corpus, ("What about guns?", "Fewer of them."), ("Why?", "For the children.")),
        talk(corpus, ("\x1b[2JHello", "Good \x1b[31mday"), row=conversation_row(persona="republican"), last="stopped"),
    ]


def test_list_has_a_line_for_each_conversation_the_latest_first(command: Command, kept: list[str]) -> None:
    ran = command("corpus", "list")
    assert (ran.code, ran.err) == (0, "")
    assert [line.split()[0] for line in ran.out.splitlines()] == kept[::-1]
    assert "4 messages" in ran.out
    assert [line.split()[0] for line in command("corpus", "list", "--persona", "democrat").out.splitlines()] == kept[:1]


def test_a_list_of_a_mistyped_persona_is_not_an_empty_list(command: Command, kept: list[str]) -> None:
    ran = command("corpus", "list", "--persona", "demcrat")
    assert (ran.code, ran.out) == (2, "")
    assert 'did you mean "democrat"?' in only_line(ran)


def test_search_finds_messages_by_all_their_words(command: Command, kept: list[str]) -> None:
    ran = command("corpus", "search", "about guns")
    assert [line.split()[0] for line in ran.out.splitlines()] == kept[:1]
    nothing = command("corpus", "search", "guns children")
    assert (nothing.code, nothing.out, nothing.err) == (0, "", "nothing found\n")
    assert command("corpus", "search", 'an "odd AND( quote').code == 0


def test_show_prints_who_said_what_and_obeys_nothing_of_it(command: Command, kept: list[str]) -> None:
    shown = command("corpus", "show", kept[0]).out
    assert "You: What about guns?\n\ndemocrat: Fewer of them.\n\nYou: Why?\n\ndemocrat: For the children." in shown
    strange = command("corpus", "show", kept[1]).out
    assert "You: ␛[2JHello\n\nrepublican (stopped): Good ␛[31mday" in strange
    assert "\x1b" not in strange


def test_show_says_of_a_reply_that_it_has_no_text(command: Command, corpus: Corpus) -> None:
    talk(corpus, ("Hello?", " \n"), ("Well?", ""), last="error")
    (identifier,) = corpus.conversation_ids()
    shown = command("corpus", "show", identifier).out
    assert "You: Hello?\n\ndemocrat (no text): " in shown
    assert "You: Well?\n\ndemocrat (failed, no text): " in shown


def test_show_says_that_the_model_thought_and_prints_the_thought_only_when_asked(
    command: Command, corpus: Corpus
) -> None:
    identifier = talk(corpus, ("Hello?", "Good day."))
    reply = branch_of(corpus, identifier)[-1]
    thought = Thought(text="\nShe \x1b[31mgreets me.\n", seconds=3.2)
    corpus.end_reply(reply.id, "Good day.", "complete", thought=thought)
    shown = command("corpus", "show", identifier).out
    assert "You: Hello?\n\ndemocrat (thought for 3 s, 3 words): Good day.\n" in shown
    assert "greets" not in shown
    shown = command("corpus", "show", identifier, "--thoughts").out
    assert "democrat, thinking: She ␛[31mgreets me.\n\ndemocrat (thought for 3 s, 3 words): Good day.\n" in shown
    assert "greets" not in command("corpus", "search", "greets").out


def test_delete_without_anyone_to_ask_wants_yes(command: Command, kept: list[str]) -> None:
    ran = command("corpus", "delete", kept[0])
    assert ran.code == 2
    assert "--yes" in only_line(ran)
    assert len(command("corpus", "list").out.splitlines()) == 2


def test_delete_with_yes_leaves_no_trace(command: Command, kept: list[str], corpus: Corpus, home: Path) -> None:
    corpus.close()
    ran = command("corpus", "delete", kept[0], "--yes")
    assert (ran.code, ran.err) == (0, "deleted\n")
    assert [line.split()[0] for line in command("corpus", "list").out.splitlines()] == kept[1:]
    assert b"For the children" not in bytes_on_disk(home / "data" / "corpus.db")


def test_delete_says_when_another_program_still_holds_traces(
    command: Command, kept: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Corpus, "delete", lambda corpus, identifier: False)
    ran = command("corpus", "delete", kept[0], "--yes")
    assert "traces of its text remain until the other program that has the corpus open closes it" in ran.err


@pytest.mark.parametrize(("answer", "left"), [("y\n", 1), ("n\n", 2), ("\n", 2)])
def test_delete_asks_at_a_terminal_and_takes_silence_for_no(
    command: Command, kept: list[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, answer: str, left: int
) -> None:
    (tmp_path / "answer").write_text(answer)
    with (tmp_path / "answer").open() as terminal:
        monkeypatch.setattr(terminal, "isatty", lambda: True, raising=False)
        monkeypatch.setattr(sys, "stdin", terminal)
        assert main(["corpus", "delete", kept[0]]) == 0
    assert len(command("corpus", "list").out.splitlines()) == left


def test_path_names_the_file(command: Command, home: Path) -> None:
    assert command("corpus", "path").out == f"{home / 'data' / 'corpus.db'}\n"
