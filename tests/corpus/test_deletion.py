"""Who withdraws is gone: from the tables, the index, the log and the free pages of the file."""

import random
import sqlite3
from pathlib import Path

import pytest

from chat_personas.corpus import Corpus
from chat_personas.corpus.maintenance import erase_traces
from eval.engine import Sampling
from tests.corpus.making import INFO, bytes_on_disk, conversation_row, talk, without_waiting_for_the_disk

WORD = "zyxwvutquokka"


def test_no_byte_of_a_deleted_conversation_is_left(corpus: Corpus, corpus_file: Path) -> None:
    kept = talk(corpus, ("Keep this marsupial", "Kept."))
    long = f"{WORD} and more. " * 2_000
    gone = talk(
        corpus,
        (f"I am {WORD}.", long),
        ("Again?", f"Yes, {WORD.upper()}."),
        row=conversation_row(system_prompt=f"Talk as {WORD}."),
    )
    corpus.rename(gone, f"About {WORD}")
    assert WORD.encode() in bytes_on_disk(corpus_file).lower()
    assert corpus.delete(gone) is None
    assert WORD.encode() not in bytes_on_disk(corpus_file).lower()
    assert corpus.conversation_ids() == (kept,)
    assert corpus.search(WORD) == ()
    assert len(corpus.search("marsupial")) == 1
    assert corpus.problems() == ()


def test_nothing_is_left_after_replies_that_grew_side_by_side(corpus: Corpus, corpus_file: Path) -> None:
    """Growing replies split pages and leave copies behind that deleting a row does not overwrite.

    With this seed two of the forty could still be read before deletion rewrote the file.
    """
    without_waiting_for_the_disk(corpus)
    chance = random.Random(22)
    replies: list[tuple[str, str, str]] = []
    for number in range(80):
        row, name = conversation_row(), f"quokka{number}quokka"
        _, reply = corpus.begin_turn(row.id, None, name, INFO, Sampling(), new=row)
        replies.append((row.id, reply.id, name))
    words = dict.fromkeys(replies, 0)
    for _ in range(400):
        reply_to = chance.choice(replies)
        words[reply_to] += chance.randrange(1, 20)
        corpus.flush_reply(reply_to[1], f"{reply_to[2]} " * words[reply_to])
    gone = chance.sample(replies, 40)
    for identifier, _, _ in gone:
        assert corpus.delete(identifier) is None
    left = bytes_on_disk(corpus_file)
    assert [name for _, _, name in gone if name.encode() in left] == []
    assert all(name.encode() in left for _, _, name in set(replies) - set(gone))


def test_while_another_program_reads_the_traces_wait_for_it(corpus_file: Path) -> None:
    with Corpus.open(corpus_file) as corpus:
        identifier = talk(corpus, (f"I am {WORD}.", "Hm."))
        reader = sqlite3.connect(corpus_file, isolation_level=None)
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM messages").fetchone()
        with corpus._connections.maintaining() as connection:
            connection.execute("PRAGMA busy_timeout = 50")
        assert corpus.delete(identifier) == "something else is using the corpus"
        assert corpus.search(WORD) == ()
        assert WORD.encode() in bytes_on_disk(corpus_file).lower()
        reader.close()
        Corpus.open(corpus_file).close()
        assert WORD.encode() not in bytes_on_disk(corpus_file).lower()


@pytest.mark.parametrize(
    ("code", "why"),
    [
        (sqlite3.SQLITE_LOCKED, "something else is using the corpus"),
        (sqlite3.SQLITE_FULL, "the disk has no room to rewrite the corpus"),
        (sqlite3.SQLITE_IOERR_FSYNC, "the corpus could not be rewritten: disk I/O error"),
    ],
)
def test_what_keeps_traces_on_the_disk_is_named(corpus: Corpus, code: int, why: str) -> None:
    assert erase_traces(Hindered(corpus, code)) == why  # type: ignore[arg-type]


def test_an_error_that_another_time_would_not_mend_is_raised(corpus: Corpus) -> None:
    with pytest.raises(sqlite3.OperationalError):
        erase_traces(Hindered(corpus, sqlite3.SQLITE_ERROR))  # type: ignore[arg-type]


class Hindered:
    """A connection to a corpus from which something was deleted, and whose file cannot be rewritten."""

    def __init__(self, corpus: Corpus, code: int) -> None:
        self._corpus = corpus
        self._code = code

    def execute(self, sql: str) -> sqlite3.Cursor:
        """Refuse to rewrite the file."""
        if sql == "VACUUM":
            error = sqlite3.OperationalError("disk I/O error")
            error.sqlite_errorcode = self._code
            raise error
        with self._corpus._connections.maintaining() as connection:
            connection.execute("INSERT OR IGNORE INTO unerased VALUES ('gone')")
            return connection.execute(sql)


def test_everything_that_hangs_on_a_conversation_goes_with_it(corpus: Corpus) -> None:
    corpus.delete(talk(corpus, ("Hi", "Hello."), ("And?", "Well.")))
    database = corpus.database()
    tables = ("conversations", "messages", "generations", "measurements", "probes", "ratings")
    assert {table: database[table].count for table in tables} == dict.fromkeys(tables, 0)
