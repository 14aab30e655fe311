"""A fork begins with copies of another conversation's messages, and changes nothing about whose words they are."""

import csv
from pathlib import Path

import pytest

from chat_personas.corpus import Corpus, CorpusError, ExportError, RatingRow, Selection, Words
from chat_personas.corpus.export import FORMATS, export_to
from eval.engine import Sampling, Usage
from tests.corpus.export.participants import conversation_of, take_part
from tests.corpus.making import INFO, branch_of, bytes_on_disk, talk, texts
from tests.corpus.test_measurements import PROBES, measurement

TURNS = (("About guns?", "Ban them."), ("Why?", "For the children."))


def goes_on(corpus: Corpus, key: str, said: str, answered: str) -> None:
    """Say something more at the end of a conversation."""
    leaf = corpus.conversation(key).active_leaf_id
    _, reply = corpus.begin_turn(key, leaf, said, INFO, Sampling())
    corpus.end_reply(reply.id, answered, "complete", finish_reason="stop")


def test_a_fork_holds_the_messages_up_to_one_and_says_where_each_comes_from(corpus: Corpus) -> None:
    original = talk(corpus, *TURNS)
    said = branch_of(corpus, original)
    key = corpus.fork(said[1].id)
    copies = branch_of(corpus, key)
    assert texts(copies) == ["About guns?", "Ban them."]
    assert [copy.copy_of for copy in copies] == [said[0].id, said[1].id]
    assert [copy.created_at for copy in copies] == [said[0].created_at, said[1].created_at]
    assert copies[0].parent_id is None
    assert copies[1].parent_id == copies[0].id
    row = corpus.conversation(key)
    assert (row.forked_from, row.title, row.persona_name) == (original, "A conversation (fork)", "democrat")
    assert texts(branch_of(corpus, original)) == ["About guns?", "Ban them.", "Why?", "For the children."]
    assert corpus.problems() == ()


def test_a_fork_keeps_how_replies_were_made_and_what_was_thought(corpus: Corpus) -> None:
    original = talk(corpus, *TURNS)
    reply = branch_of(corpus, original)[1]
    usage = Usage(90, 60, 7, 1.5, seed=11)
    corpus.end_reply(reply.id, "Ban them.", "complete", usage=usage, finish_reason="stop")
    with corpus._connections.writing() as connection:
        connection.execute(
            "UPDATE generations SET thought = 'Hm.', thought_seconds = 2 WHERE message_id = ?", (reply.id,)
        )
    copy = branch_of(corpus, corpus.fork(reply.id))[1]
    made, kept = corpus.generation(reply.id), corpus.generation(copy.id)
    assert made is not None
    assert kept is not None
    assert (kept.seed, kept.prompt_tokens, kept.model, kept.thought) == (11, 90, "small.gguf", "Hm.")
    assert kept == made.model_copy(update={"message_id": copy.id})


def test_what_was_measured_and_rated_stays_with_the_original(corpus: Corpus) -> None:
    reply = branch_of(corpus, talk(corpus, *TURNS))[-1]
    corpus.add_measurement(measurement(reply), PROBES)
    corpus.add_rating(RatingRow(message_id=reply.id, scale="realism 1-7", value=5))
    key = corpus.fork(reply.id)
    assert corpus.measurements(key) == ()
    assert corpus.ratings(key) == ()


def test_words_that_were_copied_are_counted_once(corpus: Corpus) -> None:
    key = corpus.fork(branch_of(corpus, talk(corpus, *TURNS))[-1].id)
    goes_on(corpus, key, "Really so?", "Yes.")
    (row,) = corpus.counts()
    assert (row.conversations, row.messages, row.replies) == (2, 3, 3)
    assert (row.words_said, row.words_replied) == (2 + 1 + 2, 2 + 3 + 1)


def test_the_views_say_of_each_message_and_reply_whether_it_was_said_before(corpus: Corpus) -> None:
    """Who counts by a view where `copy_of` is null gets what the table has without copies, and each reply once."""
    original = talk(corpus, *TURNS)
    said = branch_of(corpus, original)
    goes_on(corpus, corpus.fork(said[3].id), "Really so?", "Yes.")
    goes_on(corpus, corpus.fork(said[2].id), "Or not?", "Not.")  # begins with a question that was not answered there
    database = corpus.database()
    once = "SELECT text FROM v_dialogue WHERE copy_of IS NULL ORDER BY message_id"
    stored = "SELECT text FROM messages WHERE copy_of IS NULL ORDER BY id"
    assert list(database.execute(once)) == list(database.execute(stored))
    assert database.execute(once).fetchall() == [
        ("About guns?",), ("Ban them.",), ("Why?",), ("For the children.",),
        ("Really so?",), ("Yes.",), ("Or not?",), ("Not.",),
    ]  # fmt: skip
    turns = "SELECT text, copy_of, reply, reply_copy_of FROM v_turns ORDER BY message_id"
    assert list(database.execute(turns)) == [
        ("About guns?", None, "Ban them.", None),
        ("Why?", None, "For the children.", None),
        ("About guns?", said[0].id, "Ban them.", said[1].id),
        ("Why?", said[2].id, "For the children.", said[3].id),
        ("Really so?", None, "Yes.", None),
        ("About guns?", said[0].id, "Ban them.", said[1].id),
        ("Why?\n\nOr not?", None, "Not.", None),
    ]


def test_words_are_counted_once_also_where_only_copies_of_them_are_left(corpus: Corpus) -> None:
    original = talk(corpus, *TURNS)
    first = corpus.fork(branch_of(corpus, original)[-1].id)
    corpus.fork(branch_of(corpus, first)[-1].id)
    corpus.fork(branch_of(corpus, original)[1].id)
    corpus.delete(first)
    (row,) = corpus.counts()
    assert (row.messages, row.replies, row.words_said, row.words_replied) == (2, 2, 3, 5)
    corpus.delete(original)
    (row,) = corpus.counts()
    assert (row.conversations, row.messages, row.replies, row.words_said, row.words_replied) == (2, 2, 2, 3, 5)


def test_a_fork_that_is_merged_without_its_original_is_counted(corpus: Corpus, tmp_path: Path) -> None:
    with Corpus.open(tmp_path / "elsewhere" / "corpus.db") as other:
        original = talk(other, *TURNS)
        key = other.fork(branch_of(other, original)[-1].id)
        other.delete(original)
        corpus.merge(other.path)
    assert corpus.conversation_ids() == (key,)
    (row,) = corpus.counts()
    assert (row.messages, row.replies) == (2, 2)
    assert corpus.problems() == ()


def test_a_fork_of_a_fork_comes_from_the_fork(corpus: Corpus) -> None:
    first = corpus.fork(branch_of(corpus, talk(corpus, *TURNS))[-1].id)
    second = corpus.fork(branch_of(corpus, first)[1].id)
    row = corpus.conversation(second)
    assert (row.forked_from, row.title) == (first, "A conversation (fork)")
    assert branch_of(corpus, second)[0].copy_of == branch_of(corpus, first)[0].id


def test_the_fork_stays_when_the_original_is_deleted(corpus: Corpus) -> None:
    original = talk(corpus, *TURNS)
    key = corpus.fork(branch_of(corpus, original)[-1].id)
    corpus.delete(original)
    assert texts(branch_of(corpus, key)) == ["About guns?", "Ban them.", "Why?", "For the children."]
    assert [hit.conversation_id for hit in corpus.search("children")] == [key]
    assert corpus.problems() == ()


def test_a_reply_that_is_being_written_is_not_forked(corpus: Corpus) -> None:
    key = talk(corpus, *TURNS)
    _, reply = corpus.begin_turn(key, corpus.conversation(key).active_leaf_id, "And?", INFO, Sampling())
    with pytest.raises(CorpusError, match="still being written"):
        corpus.fork(reply.id)
    with pytest.raises(CorpusError, match="no message X"):
        corpus.fork("X")
    assert corpus.conversation_ids() == (key,)


def test_a_fork_is_merged_with_where_it_comes_from(corpus: Corpus, tmp_path: Path) -> None:
    with Corpus.open(tmp_path / "elsewhere" / "corpus.db") as other:
        original = talk(other, *TURNS)
        key = other.fork(branch_of(other, original)[-1].id)
        copies = branch_of(other, key)
        assert corpus.merge(other.path).conflicts == ()
        assert set(corpus.merge(other.path).added.values()) == {0}
    assert corpus.conversation(key).forked_from == original
    assert branch_of(corpus, key) == copies


def test_a_fork_of_a_participants_conversation_goes_when_they_withdraw(corpus: Corpus, corpus_file: Path) -> None:
    way = take_part(corpus, ("I am quokka", "Hello."))
    talked = conversation_of(corpus, way)
    key = corpus.fork(branch_of(corpus, talked)[-1].id)
    again = corpus.fork(branch_of(corpus, key)[-1].id)
    assert corpus.studies.conversation_of(way.id) == talked, "the conversation of a participation is the original"
    assert b"quokka" in bytes_on_disk(corpus_file)
    withdrawal, why_left = corpus.withdraw_participant(way.participant_id)
    assert (withdrawal.conversations, withdrawal.messages, why_left) == (3, 6, None)
    assert corpus.conversation_ids() == ()
    assert again not in corpus.short_names()
    assert b"quokka" not in bytes_on_disk(corpus_file)


@pytest.mark.parametrize("form", ["openai", "sharegpt", "csv", "convokit", "prism", "sqlite", "oasst"])
def test_a_fork_of_a_participants_conversation_never_leaves(corpus: Corpus, tmp_path: Path, form: str) -> None:
    way = take_part(corpus, ("I am a wombat", "Hello."))
    key = corpus.fork(branch_of(corpus, conversation_of(corpus, way))[-1].id)
    goes_on(corpus, key, "My own quokka", "So.")
    export_to(corpus, FORMATS[form], Selection(own=True), tmp_path / "out")
    written = b"".join(file.read_bytes() for file in [tmp_path / "out", *tmp_path.rglob("out/*")] if file.is_file())
    assert b"wombat" in written
    assert b"quokka" not in written
    with pytest.raises(ExportError, match="forks of theirs never leave"):
        export_to(corpus, FORMATS[form], Selection(ids=(key,), own=True), tmp_path / "fork")


def test_a_participation_is_one_row_however_often_its_conversation_was_forked(corpus: Corpus) -> None:
    way = take_part(corpus, ("Hello", "Good day."))
    talked = conversation_of(corpus, way)
    corpus.fork(branch_of(corpus, talked)[-1].id)
    assert [row["conversation_id"] for row in corpus.database().query("SELECT * FROM v_participations")] == [talked]


def test_a_table_says_of_each_message_whether_it_is_a_copy(corpus: Corpus, tmp_path: Path) -> None:
    original = talk(corpus, TURNS[0])
    said = branch_of(corpus, original)
    key = corpus.fork(said[-1].id)
    goes_on(corpus, key, "Why?", "For the children.")
    export_to(corpus, FORMATS["csv"], Selection(own=True), tmp_path / "out")
    with (tmp_path / "out" / "messages.csv").open(encoding="utf-8-sig", newline="") as stream:
        rows = [(row["text"], row["copy_of"]) for row in csv.DictReader(stream) if row["conversation_id"] == key]
    assert rows == [
        ("About guns?", said[0].id), ("Ban them.", said[1].id), ("Why?", ""), ("For the children.", ""),
    ]  # fmt: skip


def test_what_a_side_of_a_debate_quotes_stays_a_models_words_in_a_fork(corpus: Corpus) -> None:
    key = talk(corpus, ("Guns?", "Ban them."))
    theirs = branch_of(corpus, talk(corpus, ("Guns?", "Keep them.")))[-1]
    (quoted,) = corpus.tell([(key, branch_of(corpus, key)[-1].id, Words("Keep them.", "A Republican", theirs.id))])
    copies = branch_of(corpus, corpus.fork(quoted.id))
    assert [(copy.text, copy.author, copy.quotes) for copy in copies] == [
        ("Guns?", "person", None), ("Ban them.", "model", None), ("Keep them.", "model", theirs.id),
    ]  # fmt: skip
    assert corpus.said(10) == ("Guns?",)


def test_keys_of_what_was_copied_leave_as_pseudonyms_like_all_others(corpus: Corpus, tmp_path: Path) -> None:
    """No program attaches a fork to a participation. If it comes to that, nothing leads from it to the original."""
    original = talk(corpus, *TURNS)
    key = corpus.fork(branch_of(corpus, original)[-1].id)
    way = take_part(corpus)
    corpus.studies.attach(way.id, corpus.conversation(key))
    real = {original.encode(), *(row.id.encode() for row in branch_of(corpus, original))}
    for form in ("csv", "convokit", "sqlite", "huggingface"):
        if form == "huggingface":
            pytest.importorskip("pyarrow")
        out = tmp_path / form
        export_to(corpus, FORMATS[form], Selection(), out)
        written = b"".join(file.read_bytes() for file in [out, *out.rglob("*")] if file.is_file())
        assert b"About guns?" in written or form == "huggingface"
        assert [each for each in real if each in written] == [], form
