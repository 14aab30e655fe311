"""A corpus with rows that this program cannot have written: one line that names the row, and the check finds it."""

import sqlite3

from chat_personas.corpus import Corpus
from chat_personas.paths import corpus_path
from tests.cli.conftest import command, home
from tests.cli.running import Command
from tests.examples import slow_but_first

__all__ = ["command", "home"]

READERS = (
    ("corpus", "list"),
    ("corpus", "show", "{key}"),
    ("corpus", "search", "guns"),
    ("corpus", "stats"),
    ("corpus", "describe"),
    ("corpus", "audit"),
    ("export", "--own", "--format", "markdown", "--out", "-"),
    ("chat", "--plain", "--resume", "{key}"),
)
DAMAGE = (
    "update conversations set active_at = active_at || 'x'",
    "update conversations set created_at = 'yesterday'",
    "update conversations set persona = '[]'",
    "update conversations set title = cast(x'ff' as text)",
    "update messages set updated_at = updated_at || char(0)",
    "update messages set created_at = ''",
    "update messages set text = cast(x'61ff' as text)",
    "update generations set started_at = started_at || 'x'",
    "update generations set interventions = '3'",
)


@slow_but_first("damage", DAMAGE)
def test_a_damaged_row_is_one_line_for_every_reader_and_found_by_the_check(command: Command, damage: str) -> None:
    assert command("chat", "democrat", "--plain", given="What about guns?\n").code == 0
    with Corpus.open(corpus_path(), read_only=True) as corpus:
        (conversation,) = corpus.conversations()
    with sqlite3.connect(corpus_path()) as connection:
        assert connection.execute(damage).rowcount
    connection.close()
    for reader in READERS:
        ran = command(*(word.format(key=conversation.id) for word in reader), given="More?\n")
        assert ran.code in (0, 4), (reader, ran)
        if ran.code == 4:
            assert "chat-personas corpus doctor" in ran.err
            assert "Traceback" not in ran.err
    table = damage.split()[1]
    found = command("corpus", "doctor")
    assert found.code == 1
    assert f"1 row of {table} cannot be read" in found.out.replace("2 rows", "1 row")
    assert command("corpus", "merge", str(corpus_path())).code in (2, 4)


@slow_but_first("circle", ["id", "(SELECT max(id) FROM messages)"])
def test_messages_that_follow_each_other_in_a_circle_are_found_and_nothing_goes_round_for_ever(
    command: Command, circle: str
) -> None:
    assert command("chat", "democrat", "--plain", given="What about guns?\nAnd taxes?\n").code == 0
    with sqlite3.connect(corpus_path()) as connection:
        key = connection.execute("SELECT id FROM conversations").fetchone()[0]
        connection.execute(f"UPDATE messages SET parent_id = {circle} WHERE seq = 1")
    connection.close()
    for reader in (("corpus", "show", key), ("corpus", "list"), ("chat", "--plain", "--resume", key)):
        assert command(*reader, given="More?\n").code in (0, 4), reader
    found = command("corpus", "doctor")
    assert found.code == 1
    assert "1 message that follows itself or one that was written later" in found.out
    other = corpus_path().rename("other.db")
    refused = command("corpus", "merge", str(other))
    assert refused.code == 4
    assert "is not sound, so nothing was merged" in refused.err


ALTERED = {
    "ratings": "DROP TABLE ratings",
    "messages": "ALTER TABLE messages ADD COLUMN evil TEXT",
    "messages_fts": "DROP TABLE messages_fts",
    "refuse": "CREATE TRIGGER refuse BEFORE INSERT ON messages BEGIN SELECT raise(ABORT, 'no'); END",
}


@slow_but_first("part", ALTERED)
def test_a_corpus_whose_tables_another_program_changed_is_named_and_never_an_internal_error(
    command: Command, part: str
) -> None:
    assert command("chat", "democrat", "--plain", given="What about guns?\n").code == 0
    with sqlite3.connect(corpus_path()) as connection:
        key = connection.execute("SELECT id FROM conversations").fetchone()[0]
        connection.execute(ALTERED[part])
    connection.close()
    refused = 0
    readers = [tuple(word.format(key=key) for word in reader) for reader in READERS]
    for reader in (*readers, ("corpus", "doctor"), ("export", "--own", "--format", "csv", "--out", "out")):
        ran = command(*reader, given="More?\n")
        assert ran.code in (0, 4), (reader, ran)
        if ran.code == 4:
            refused += 1
            assert f'("{part}" was changed by another program)' in ran.err
    other = corpus_path().rename("other.db")
    assert command("corpus", "merge", str(other)).code in (0, 4)
    assert refused or part == "messages"
