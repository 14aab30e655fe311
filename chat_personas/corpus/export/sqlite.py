"""A database for queries (`sqlite`): the tables and views of the corpus, with the chosen conversations in them.

It has every branch. What identifies the machine or the program is taken out, as far as it has a column of its own:
the processes that wrote replies, and the texts of errors, which may name files. The words of people stay as they are.
Thoughts are left out. `author` in `v_dialogue` says who wrote a message: in a debate one with the role `user` may be
a model's, and then `messages.quotes` is not null. The file needs no log beside it, so that Datasette opens it
read-only; the texts of messages can be searched there. It is not a corpus: the program does not open it as one.
"""

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path

from chat_personas.corpus.export.format import FileFormat
from chat_personas.corpus.export.source import THOUGHT, Source, TakenPart
from chat_personas.corpus.messages import is_blank_reply
from chat_personas.corpus.migrations import migrations
from chat_personas.corpus.rows import ConversationRow
from chat_personas.corpus.sql import Value, insert, values_of
from chat_personas.storage.sqlite import execute_script, explain

OF_STUDIES = (
    "studies",
    "participants",
    "consents",
    "participations",
    "stages",
    "answers",
    "guesses",
    "study_conversations",
    "compositions",
)
TABLES = ("conversations", "messages", "generations", "measurements", "probes", "ratings", *OF_STUDIES)
VIEWS = ("v_dialogue", "v_turns", "v_measurements", "v_participations", "v_answers", "v_guesses")
"""What is in the database, besides the full-text index. Whatever else the schema of a corpus has is left out, such as
what identifies participants, and the ledger."""

_COLUMNS = """
DROP INDEX messages_streaming;
ALTER TABLE messages DROP COLUMN owner;
ALTER TABLE messages DROP COLUMN why;
ALTER TABLE generations DROP COLUMN thought;
ALTER TABLE generations DROP COLUMN thought_seconds;
"""
"""Removes the columns that are left out."""

_INDEX = """
CREATE VIRTUAL TABLE messages_fts USING fts5 (
    text, content="messages", content_rowid = 'seq', tokenize = 'unicode61 remove_diacritics 2'
);
"""
"""A full-text index that names its table, spelt as Datasette looks for it; it is filled at the end."""


def _write(source: Source, file: Path) -> int:
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        # Neither is needed: the file takes its place when it is whole and on the disk.
        connection.execute("PRAGMA journal_mode = OFF")
        connection.execute("PRAGMA synchronous = OFF")
        try:
            connection.execute("BEGIN")
            count = _fill(connection, source)
            connection.execute("COMMIT")
        except sqlite3.Error as error:  # of the new file: the source raises errors of its own
            if explain(error, file.name, if_damaged="") is None:
                raise
            raise OSError(str(error)) from error
    return count


def _fill(connection: sqlite3.Connection, source: Source) -> int:
    _create(connection)
    count = 0
    for conversation in source.conversations():
        for table, row in _rows(source, conversation):
            insert(connection, table, row)
        for composition in source.compositions(conversation.id):
            insert(connection, "compositions", values_of(composition))
        count += 1
    for part in source.participations():
        _add(connection, part)
    connection.execute("INSERT INTO messages_fts (messages_fts) VALUES ('rebuild')")
    return count


def _add(connection: sqlite3.Connection, part: TakenPart) -> None:
    """Add a person's way through a study; a person and a study may be there already."""
    shared = [("studies", part.study), ("participants", part.person), *(("consents", one) for one in part.consents)]
    for table, row in shared:
        values = values_of(row)
        names, marks = ", ".join(values), ", ".join(f":{name}" for name in values)
        connection.execute(f"INSERT OR IGNORE INTO {table} ({names}) VALUES ({marks})", values)  # noqa: S608
    insert(connection, "participations", values_of(part.way))
    rows = (("stages", part.stages), ("answers", part.answers), ("guesses", part.guesses))
    for table, found in rows:
        for each in found:
            insert(connection, table, values_of(each))
    if part.conversation_id is not None:
        link = {"conversation_id": part.conversation_id, "participation_id": part.way.id}
        insert(connection, "study_conversations", link)


def _create(connection: sqlite3.Connection) -> None:
    """Create the tables and views as a corpus has them, and remove what is left out."""
    for migration in migrations():
        execute_script(connection, migration.read_text(encoding="utf-8"))
    others = "SELECT name FROM sqlite_master WHERE type = ? AND name NOT LIKE 'sqlite_%' ORDER BY name"
    for kind, kept in (("trigger", ()), ("view", VIEWS), ("table", TABLES)):
        for (name,) in connection.execute(others, (kind,)).fetchall():
            if name not in kept:  # the tables of an index go with it
                connection.execute(f"DROP {kind} IF EXISTS {name}")
    execute_script(connection, _COLUMNS)
    execute_script(connection, _INDEX)


def _rows(source: Source, conversation: ConversationRow) -> Iterator[tuple[str, Mapping[str, Value]]]:
    """Yield the rows of a conversation, each with its table; a reply that is still being written is left out."""
    written = source.messages(conversation.id)
    messages = [message for message in written if message.status != "streaming"]
    there = {message.id for message in messages}
    source.held.growing += sum(message.id not in there and not is_blank_reply(message) for message in written)
    leaf = conversation.active_leaf_id
    if leaf not in there:
        leaf = next((message.parent_id for message in written if message.id == leaf), None)
    yield "conversations", values_of(conversation) | {"active_leaf_id": leaf}
    for message in messages:
        yield "messages", _without(values_of(message), "why")
    for key, made in source.generations(conversation.id).items():
        if key in there:
            yield "generations", _without(values_of(made), *THOUGHT)
    for measurement in source.measurements(conversation.id):
        yield "measurements", values_of(measurement)
        for probe in source.probes(measurement.id):
            yield "probes", {"measurement_id": measurement.id, **values_of(probe)}
    for rating in source.ratings(conversation.id):
        if rating.message_id in there:
            yield "ratings", values_of(rating)


def _without(row: Mapping[str, Value], *columns: str) -> Mapping[str, Value]:
    return {name: value for name, value in row.items() if name not in columns}


FORMAT = FileFormat(
    name="sqlite",
    summary="a database for Datasette and SQL",
    for_whom="Datasette, and any program that speaks SQL",
    ending=".db",
    leaves_out="replies that are still being written; why replies failed; thoughts",
    write=_write,
    tells_authors=True,
)
