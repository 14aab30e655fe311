"""What a model thinks before a reply is kept beside it, and is not part of what was said."""

import json
import sqlite3
from pathlib import Path

import pytest

from chat_personas.corpus import Corpus, Selection, Thought
from chat_personas.corpus.export import FORMATS, TextFormat
from chat_personas.corpus.export.source import reading
from chat_personas.corpus.migrations import APPLICATION_ID, migrations
from chat_personas.corpus.reply_writer import ReplyWriter
from eval.engine import Sampling
from tests.corpus.making import INFO, branch_of, bytes_on_disk, conversation_row, talk
from tests.corpus.test_reply_writer import begin, eventually

WORD = "zyxwvutwombat"


def columns(corpus: Corpus, message_id: str) -> tuple[str | None, float | None]:
    """The thought and its seconds as any program reads them from the table."""
    rows = corpus.database().query(
        "SELECT thought, thought_seconds FROM generations WHERE message_id = ?", [message_id]
    )
    (row,) = rows
    return row["thought"], row["thought_seconds"]


def thinking(corpus: Corpus, thought: str) -> str:
    """Keep a conversation of one turn before whose reply the model thought; return its key."""
    identifier = talk(corpus, ("Hi", "Hello."))
    reply = branch_of(corpus, identifier)[-1]
    corpus.end_reply(reply.id, "Hello.", "complete", thought=Thought(text=thought, seconds=12.5))
    return identifier


def test_a_thought_grows_on_the_disk_before_the_first_word_of_the_reply(corpus: Corpus) -> None:
    message = begin(corpus)
    writer = ReplyWriter(corpus, message, interval=0.01)
    for expected, piece in (("They ", "They "), ("They cost.", "cost.")):
        writer.add_thought(piece)
        assert eventually(lambda expected=expected: columns(corpus, message) == (expected, None))  # type: ignore[misc]
    assert (corpus.branch(message)[-1].text, corpus.branch(message)[-1].status) == ("", "streaming")
    writer.add("Yes.")
    writer.close("complete", thought_seconds=12.5)
    assert columns(corpus, message) == ("They cost.", 12.5)
    assert corpus.branch(message)[-1].text == "Yes."
    generation = corpus.generation(message)
    assert generation is not None
    assert (generation.thought, generation.thought_seconds) == ("They cost.", 12.5)


def test_without_a_thought_the_columns_are_null(corpus: Corpus) -> None:
    message = begin(corpus)
    writer = ReplyWriter(corpus, message)
    writer.add("Yes.")
    writer.close("complete")
    assert columns(corpus, message) == (None, None)
    assert corpus.thoughts(message) == {}


def test_the_thoughts_of_a_branch_are_found_by_their_replies(corpus: Corpus) -> None:
    identifier = talk(corpus, ("Q1", "A1"), ("Q2", "A2"))
    first, second = (row for row in branch_of(corpus, identifier) if row.role == "assistant")
    other = corpus.begin_reply(identifier, str(second.parent_id), INFO, Sampling())
    corpus.end_reply(first.id, "A1", "complete", thought=Thought(text="One\ud83d.", seconds=1.0))
    corpus.end_reply(other.id, "B2", "complete", thought=Thought(text="Two.", seconds=2.0))
    assert corpus.thoughts(second.id) == {first.id: Thought(text="One\ufffd.", seconds=1.0)}
    assert corpus.thoughts(other.id).keys() == {first.id, other.id}


def test_a_search_does_not_find_what_was_only_thought(corpus: Corpus) -> None:
    thinking(corpus, f"The {WORD} costs.")
    assert corpus.search(WORD) == ()
    assert len(corpus.search("Hello")) == 1
    assert corpus.problems() == ()


def test_a_dataset_of_chat_messages_holds_no_thought(corpus: Corpus) -> None:
    identifier = thinking(corpus, f"The {WORD} costs.")
    form = FORMATS["openai"]
    assert isinstance(form, TextFormat)
    with reading(corpus.path, Selection(ids=(identifier,), own=True)) as source:
        (line,) = form.texts(source)
    said = [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello."}]
    assert json.loads(line) == {"messages": said}


def test_no_byte_of_the_thoughts_of_a_deleted_conversation_is_left(corpus: Corpus, corpus_file: Path) -> None:
    gone = thinking(corpus, f"The {WORD} costs. " * 2_000)
    kept = thinking(corpus, "Another marsupial.")
    assert WORD.encode() in bytes_on_disk(corpus_file)
    assert corpus.delete(gone) is None
    assert WORD.encode() not in bytes_on_disk(corpus_file)
    assert [thought.text for thought in corpus.thoughts(branch_of(corpus, kept)[-1].id).values()] == [
        "Another marsupial."
    ]


def test_what_is_withdrawn_takes_its_thought_along(corpus: Corpus) -> None:
    row = conversation_row()
    said, reply = corpus.begin_turn(row.id, None, "Hi", INFO, Sampling(), new=row)
    corpus.flush_reply(reply.id, "", Thought(text=WORD))
    corpus.withdraw(reply, said, None, title=row.title)
    assert corpus.database()["generations"].count == 0


@pytest.mark.parametrize("schema", [1, 2, 3])
def test_replies_of_an_older_corpus_have_no_thought_and_can_get_one(corpus_file: Path, schema: int) -> None:
    corpus_file.parent.mkdir()
    older = sqlite3.connect(corpus_file)
    for migration in migrations()[:schema]:
        older.executescript(migration.read_text(encoding="utf-8"))
    older.executescript(OLDER_ROWS)
    older.executescript(f"PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {schema}")
    older.close()
    with Corpus.open(corpus_file) as corpus:
        generation = corpus.generation("M2")
        assert generation is not None
        assert (generation.thought, generation.thought_seconds, generation.decoded_tokens) == (None, None, 30)
        corpus.end_reply("M2", "Fewer.", "complete", thought=Thought(text="They kill.", seconds=2.0))
        assert corpus.thoughts("M2") == {"M2": Thought(text="They kill.", seconds=2.0)}
        assert corpus.problems() == ()


OLDER_ROWS = """
INSERT INTO conversations VALUES ('C', 'Guns', '2026-11-21T12:00:00.000Z', '2026-11-21T12:00:00.000Z', 'democrat',
    '{"name": "democrat"}', 'cd', '', 'pocket', NULL, '0', 'M2');
INSERT INTO messages (id, conversation_id, parent_id, role, text, status, created_at, updated_at) VALUES
    ('M1', 'C', NULL, 'user', 'Guns?', 'complete', '2026-11-21T12:00:00.000Z', '2026-11-21T12:00:00.000Z'),
    ('M2', 'C', 'M1', 'assistant', 'Fewer.', 'complete', '2026-11-21T12:00:00.000Z', '2026-11-21T12:00:00.000Z');
INSERT INTO messages_fts (messages_fts) VALUES ('rebuild');
INSERT INTO generations (message_id, started_at, engine, model, temperature, top_p, max_tokens, decoded_tokens,
    program_version) VALUES ('M2', '2026-11-21T12:00:00.000Z', 'llama', 'pocket', 0.7, 0.95, 400, 30, '0');
"""
