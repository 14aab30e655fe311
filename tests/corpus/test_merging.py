"""Corpora of several machines become one: nothing that is here changes, and nothing is added twice."""

import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chat_personas.corpus import Corpus, CorpusError, RatingRow, Words
from chat_personas.corpus.merging import Merged, merge
from chat_personas.corpus.migrations import APPLICATION_ID, migrations
from chat_personas.corpus.sql import new_key
from eval.engine import Sampling
from tests.corpus.making import BASE, INFO, branch_of, conversation_row, talk, texts, without_waiting_for_the_disk
from tests.corpus.test_measurements import PROBES, measurement
from tests.corpus.test_migrations import FIRST_ROWS
from tests.examples import share

TABLES = ("conversations", "messages", "generations", "measurements", "probes", "ratings")


@pytest.fixture
def other(tmp_path: Path) -> Iterator[Corpus]:
    """The corpus of another machine."""
    with Corpus.open(tmp_path / "elsewhere" / "corpus.db") as opened:
        yield opened


def rows(corpus: Corpus) -> dict[str, set[tuple[object, ...]]]:
    """Every row of every table, without what is of one file only."""
    database = corpus.database()
    return {
        table: {
            tuple(value for name, value in row.items() if name not in ("seq", "owner")) for row in database[table].rows
        }
        for table in TABLES
    }


def measured_talk(corpus: Corpus, *turns: tuple[str, str]) -> str:
    """A conversation with a measurement and a rating of its last reply."""
    identifier = talk(corpus, *turns)
    reply = branch_of(corpus, identifier)[-1]
    corpus.add_measurement(measurement(reply), PROBES)
    corpus.add_rating(RatingRow(message_id=reply.id, scale="realism 1-7", value=5))
    return identifier


def test_everything_of_another_corpus_is_here_afterwards_and_can_be_found(corpus: Corpus, other: Corpus) -> None:
    talk(corpus, ("Hello", "Good day."))
    theirs = measured_talk(other, ("What about guns?", "Fewer of them."), ("Why?", "For the children."))
    mine = rows(corpus)
    merged = corpus.merge(other.path)
    assert {table: count for table, count in merged.added.items() if count} == {
        "conversations": 1, "messages": 4, "generations": 2, "measurements": 1, "probes": len(PROBES), "ratings": 1,
    }  # fmt: skip
    assert (merged.known, merged.conflicts) == (0, ())
    both = rows(corpus)
    assert both == {table: mine[table] | rows(other)[table] for table in TABLES}
    assert texts(branch_of(corpus, theirs)) == ["What about guns?", "Fewer of them.", "Why?", "For the children."]
    assert [hit.conversation_id for hit in corpus.search("children")] == [theirs]
    assert corpus.problems() == ()


def test_what_is_here_already_is_not_added_again(corpus: Corpus, other: Corpus) -> None:
    measured_talk(other, ("Hello", "Good day."))
    corpus.merge(other.path)
    once = rows(corpus)
    again = corpus.merge(other.path)
    assert set(again.added.values()) == {0}
    assert again.known == sum(map(len, once.values()))
    assert rows(corpus) == once


def test_a_row_that_differs_is_named_and_stays_as_it_was(corpus: Corpus, other: Corpus) -> None:
    identifier = measured_talk(other, ("Hello", "Good day."))
    corpus.merge(other.path)
    reply = branch_of(other, identifier)[-1]
    other.end_reply(reply.id, "Changed elsewhere.", "complete", finish_reason="stop")
    mine = rows(corpus)
    assert corpus.merge(other.path).conflicts == (("messages", reply.id),)
    assert rows(corpus) == mine


def test_a_title_that_was_given_here_stays(corpus: Corpus, other: Corpus) -> None:
    identifier = talk(other, ("Hello", "Good day."))
    corpus.merge(other.path)
    corpus.rename(identifier, "Mine")
    other.rename(identifier, "Theirs")
    assert corpus.merge(other.path).conflicts == ()
    assert corpus.conversation(identifier).title == "Mine"


def test_a_conversation_that_was_continued_elsewhere_goes_on_here(corpus: Corpus, other: Corpus) -> None:
    identifier = talk(other, ("Hello", "Good day."))
    corpus.merge(other.path)
    leaf = branch_of(other, identifier)[-1]
    _, reply = other.begin_turn(identifier, leaf.id, "And guns?", INFO, Sampling())
    assert corpus.merge(other.path).added["messages"] == 1, "the reply has not ended: only the message is there"
    other.end_reply(reply.id, "Fewer.", "complete", finish_reason="stop")
    corpus.merge(other.path)
    assert texts(branch_of(corpus, identifier)) == ["Hello", "Good day.", "And guns?", "Fewer."]
    assert corpus.problems() == ()


def test_the_branch_on_the_screen_stays_where_another_one_was_chosen_elsewhere(corpus: Corpus, other: Corpus) -> None:
    identifier = talk(other, ("Hello", "Good day."))
    corpus.merge(other.path)
    said = branch_of(other, identifier)[0]
    second = other.begin_reply(identifier, said.id, INFO, Sampling())
    other.end_reply(second.id, "Good evening.", "complete")
    corpus.merge(other.path)
    assert texts(branch_of(corpus, identifier)) == ["Hello", "Good day."]
    assert len(corpus.siblings(second.id)) == 2


def test_a_corpus_of_an_older_version_is_read_and_stays_as_it_is(corpus: Corpus, tmp_path: Path) -> None:
    older = tmp_path / "older.db"
    connection = sqlite3.connect(older)
    connection.executescript(migrations()[0].read_text(encoding="utf-8") + FIRST_ROWS)
    connection.executescript(f"PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = 1")
    connection.close()
    before = older.read_bytes()
    merged = corpus.merge(older)
    assert (merged.added["messages"], merged.added["measurements"]) == (2, 1)
    assert older.read_bytes() == before


def test_a_corpus_is_not_merged_with_itself(corpus: Corpus, tmp_path: Path) -> None:
    talk(corpus, ("Hello", "Good day."))
    (tmp_path / "link.db").symlink_to(corpus.path)
    mine = rows(corpus)
    for name in (corpus.path, tmp_path / "link.db"):
        with pytest.raises(CorpusError, match="is this corpus itself; give the file of another one") as raised:
            corpus.merge(name)
        assert raised.value.exit_code == 2
    assert rows(corpus) == mine


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "there is no corpus"),
        (b"SQLite format 3\x00 and then nothing", "is not a corpus"),
        (b"hello", "is not a"),
    ],
)
def test_what_is_no_corpus_is_one_line_and_changes_nothing(
    corpus: Corpus, tmp_path: Path, content: bytes | None, said: str
) -> None:
    talk(corpus, ("Hello", "Good day."))
    mine, odd = rows(corpus), tmp_path / "odd.db"
    if content is not None:
        odd.write_bytes(content)
    with pytest.raises(CorpusError, match=said):
        corpus.merge(odd)
    assert rows(corpus) == mine
    assert sorted(file.name for file in corpus.path.parent.iterdir() if file.name.startswith(".")) == []


def test_a_corpus_that_is_not_sound_is_refused_as_a_whole(corpus: Corpus, other: Corpus) -> None:
    talk(other, ("Hello", "Good day."))
    with other._connections.writing() as connection:
        connection.execute("DELETE FROM generations")
    with pytest.raises(CorpusError, match="not sound, so nothing was merged: 1 reply without a record"):
        corpus.merge(other.path)
    assert corpus.conversation_ids() == ()


def test_a_damaged_corpus_is_named_and_not_the_copy_of_it_that_was_read(corpus: Corpus, other: Corpus) -> None:
    for _ in range(40):
        talk(other, ("Hello", "Good day." * 100))
    other.close()
    content = bytearray(other.path.read_bytes())
    content[8192:16384] = b"\xff" * 8192
    other.path.write_bytes(content)
    with pytest.raises(CorpusError) as raised:
        corpus.merge(other.path)
    assert str(other.path) in str(raised.value)
    assert ".merge-" not in str(raised.value)


@settings(max_examples=share(25))  # each opens four corpora
@given(shared=st.lists(st.integers(0, 5), max_size=4), more=st.lists(st.integers(0, 5), max_size=4))
def test_whatever_two_corpora_share_the_order_of_merging_does_not_matter(
    tmp_path_factory: pytest.TempPathFactory, shared: list[int], more: list[int]
) -> None:
    folder = tmp_path_factory.mktemp("merges")
    paths = [folder / name / "corpus.db" for name in ("one", "two", "first", "second")]
    with (
        Corpus.open(paths[0]) as one, Corpus.open(paths[1]) as two,
        Corpus.open(paths[2]) as first, Corpus.open(paths[3]) as second,
    ):  # fmt: skip
        for opened in (one, two, first, second):
            without_waiting_for_the_disk(opened)
        for turns in shared:
            talk(one, *[("Hello", "Good day.")] * (turns + 1), row=conversation_row())
        two.merge(one.path)
        for turns in more:
            talk(two, *[("And?", "So.")] * (turns + 1), row=conversation_row())
        for path in (one.path, two.path):
            first.merge(path)
        for path in (two.path, one.path):
            second.merge(path)
        assert rows(first) == rows(second) == rows(two)


def test_merging_is_all_or_nothing(corpus: Corpus, other: Corpus, monkeypatch: pytest.MonkeyPatch) -> None:
    talk(other, ("Hello", "Good day."))

    def failing(ours: sqlite3.Connection, theirs: sqlite3.Connection) -> Merged:
        merge(ours, theirs)
        raise sqlite3.OperationalError

    monkeypatch.setattr("chat_personas.corpus.corpus.merge", failing)
    with pytest.raises((CorpusError, sqlite3.OperationalError)):
        corpus.merge(other.path)
    assert corpus.conversation_ids() == ()


def test_what_only_the_other_corpus_knows_of_a_model_is_taken_over_and_no_conflict(
    corpus: Corpus, other: Corpus
) -> None:
    """A conversation of an older version in which nobody had replied does not know how its model was asked."""
    row = conversation_row()
    corpus.begin_debate(new_key(), (row, conversation_row(persona="woman")), Words("Guns?", "Moderator"), 1)
    other.merge(corpus.path)
    reply = other.begin_reply(row.id, branch_of(other, row.id)[-1].id, replace(BASE, sha256=None), Sampling())
    other.end_reply(reply.id, "Fewer.", "complete")
    assert other.conversation(row.id).prompt_format == "plain", "the first reply tells"
    for mine, theirs in ((corpus, other), (other, corpus)):
        assert mine.merge(theirs.path).conflicts == ()
        assert mine.conversation(row.id).prompt_format == "plain"
