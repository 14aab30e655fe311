"""Maintenance: deleting without a trace, checking that the file is sound, and counting what is in it.

People may withdraw what they said. So a deleted text must also go from the full-text index, the write-ahead log and the
free pages of the file.
"""

import hashlib
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from pydantic import ValidationError

from chat_personas.corpus import conversations
from chat_personas.corpus.errors import UnknownConversationError, UnknownParticipantError
from chat_personas.corpus.releases import ReleaseRow
from chat_personas.corpus.rows import (
    ConversationRow,
    CountsRow,
    DebateSideRow,
    GenerationRow,
    MeasurementRow,
    MessageRow,
    PersonaChangeRow,
    ProbeRow,
    RatingRow,
)
from chat_personas.corpus.sql import SHORTEST_BEGINNING, Row, columns_of, fetch, find_key, now, odd_columns, stamp
from chat_personas.corpus.study_rows import (
    AnswerRow,
    CompositionRow,
    ConsentRow,
    GuessRow,
    IdentifierRow,
    ParticipantRow,
    ParticipationRow,
    StageRow,
    StudyRow,
)
from chat_personas.storage.sqlite import empty_write_ahead_log
from chat_personas.text import pluralize
from personas.inputs.suggestions import quoted

IN_USE = "something else is using the corpus"
NO_ROOM = "the disk has no room to rewrite the corpus"
NOT_REWRITTEN = "the corpus could not be rewritten: {error}"
_WHY_LEFT = {
    sqlite3.SQLITE_BUSY: IN_USE,
    sqlite3.SQLITE_LOCKED: IN_USE,
    sqlite3.SQLITE_FULL: NO_ROOM,
    sqlite3.SQLITE_IOERR: NOT_REWRITTEN,
    sqlite3.SQLITE_READONLY: NOT_REWRITTEN,
    sqlite3.SQLITE_CANTOPEN: NOT_REWRITTEN,
}
"""What may keep traces from being erased now, and not at another time."""


def delete(connection: sqlite3.Connection, conversation_id: str) -> None:
    """Delete a conversation with all that belongs to it, and rebuild the index, which would keep the deleted words.

    A side of a debate is deleted with the other side, which holds its words.

    Raises:
        UnknownConversationError: there is none with this key.
    """
    gone = [(key,) for key in conversations.deleted_with(connection, conversation_id)]
    if not connection.executemany("DELETE FROM conversations WHERE id = ?", gone).rowcount:
        raise UnknownConversationError(f"there is no conversation {conversation_id}; see: chat-personas corpus list")
    connection.execute("INSERT INTO messages_fts (messages_fts) VALUES ('rebuild')")
    connection.execute("INSERT OR IGNORE INTO unerased VALUES (?)", (conversation_id,))


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """How much of a participant was deleted. `before` says since when the person had withdrawn already."""

    participant_id: str
    conversations: int
    messages: int
    answers: int
    guesses: int
    ratings: int
    before: str | None


_WAYS = "SELECT id FROM participations WHERE participant_id = :person"
_TALKS = f"SELECT conversation_id FROM study_conversations WHERE participation_id IN ({_WAYS})"  # noqa: S608
_BELONGING = {
    "messages": f"conversation_id IN ({_TALKS})",
    "ratings": f"rater = :person OR message_id IN (SELECT id FROM messages WHERE conversation_id IN ({_TALKS}))",  # noqa: S608
    "conversations": f"id IN ({_TALKS})",
    "answers": f"participation_id IN ({_WAYS})",
    "guesses": f"participation_id IN ({_WAYS})",
    "stages": f"participation_id IN ({_WAYS})",
    "identifiers": "participant_id = :person",
}
"""What belongs to a participant, by table, in the order in which it is deleted; the rest goes with these rows."""


def find_participant(connection: sqlite3.Connection, identifier: str) -> str:
    """Return the key of the participant whose key is or begins with this (4 characters or more).

    Raises:
        UnknownParticipantError: there is none, or there are several, or the beginning is too short.
    """
    hint = f"give the key, or {SHORTEST_BEGINNING} or more of its first characters"
    return find_key(connection, "participants", identifier, UnknownParticipantError, what="participant", hint=hint)


def withdraw_participant(connection: sqlite3.Connection, participant_id: str) -> Withdrawal:
    """Delete everything that a participant said, answered, guessed and rated, and how others name the person.

    A tombstone stays: that somebody took part, was assigned to this slot, agreed and withdrew, and in which releases
    the words were.
    """
    values = {"person": participant_id, "now": stamp(now())}
    before = connection.execute("SELECT withdrawn_at FROM participants WHERE id = :person", values).fetchone()
    counted = {
        table: connection.execute(f"SELECT count(*) FROM {table} WHERE {condition}", values).fetchone()[0]  # noqa: S608
        for table, condition in _BELONGING.items()
    }
    for table in ("ratings", "conversations", "answers", "guesses", "stages", "identifiers"):
        connection.execute(f"DELETE FROM {table} WHERE {_BELONGING[table]}", values)  # noqa: S608
    for statement in _TOMBSTONE:
        connection.execute(statement, values)
    connection.execute("INSERT INTO messages_fts (messages_fts) VALUES ('rebuild')")
    connection.execute("INSERT OR IGNORE INTO unerased VALUES (?)", (participant_id,))
    shown = ("conversations", "messages", "answers", "guesses", "ratings")
    return Withdrawal(participant_id, before=before[0], **{table: counted[table] for table in shown})


_TOMBSTONE = (
    "UPDATE participants SET withdrawn_at = coalesce(withdrawn_at, :now), adult = NULL WHERE id = :person",
    "UPDATE consents SET withdrawn_at = coalesce(withdrawn_at, :now) WHERE participant_id = :person",
    """UPDATE participations SET status = 'withdrawn', why = NULL, ended_at = coalesce(ended_at, :now)
    WHERE participant_id = :person""",
)
"""What becomes of the rows that stay."""


def erase_traces(connection: sqlite3.Connection) -> str | None:
    """Rewrite the file and empty the write-ahead log, if something was deleted; return why traces are left, or None.

    Call it outside a transaction. Where traces are left, call it again later.
    """
    if not connection.execute("SELECT count(*) FROM unerased").fetchone()[0]:
        return None
    try:
        # `secure_delete` alone is not enough: when pages split, it leaves copies (seen in 1 of 250 deletions).
        connection.execute("VACUUM")
        if not empty_write_ahead_log(connection):
            return IN_USE
        connection.execute("DELETE FROM unerased")
    except sqlite3.OperationalError as error:
        why = _WHY_LEFT.get(error.sqlite_errorcode & 0xFF)
        if why is None:
            raise
        return why.format(error=error)
    return None


def problems(connection: sqlite3.Connection) -> tuple[str, ...]:
    """Return the problems of pages, references, the full-text index, hashes and what rows say together, a line each."""
    pages = [row[0] for row in connection.execute("PRAGMA integrity_check") if row[0] != "ok"]
    references = [f"a row of {row[0]} refers to nothing" for row in connection.execute("PRAGMA foreign_key_check")]
    with _whatever_bytes(connection):
        unreadable = [line for model in KEPT for line in _unreadable_rows(connection, model)]
        studies = _changed_studies(connection)
    return (*pages, *references, *unreadable, *_index_problems(connection), *studies, *_odd_rows(connection))


@contextmanager
def _whatever_bytes(connection: sqlite3.Connection) -> Iterator[None]:
    """Have texts that are not UTF-8 read as bytes, which no row takes, instead of ending the query."""
    connection.text_factory = _text_or_bytes
    try:
        yield
    finally:
        connection.text_factory = str


def _text_or_bytes(raw: bytes) -> str | bytes:
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw


KEPT: tuple[type[Row], ...] = (
    ConversationRow,
    PersonaChangeRow,
    DebateSideRow,
    MessageRow,
    GenerationRow,
    MeasurementRow,
    ProbeRow,
    RatingRow,
    StudyRow,
    ParticipantRow,
    IdentifierRow,
    ConsentRow,
    ParticipationRow,
    StageRow,
    AnswerRow,
    GuessRow,
    CompositionRow,
    ReleaseRow,
)
"""What each table is read as."""


def _unreadable_rows(connection: sqlite3.Connection, model: type[Row]) -> list[str]:
    """Return one line if rows of a table are none: how many, the key of the first, and what is odd in it."""
    count, first = 0, ""
    for row in connection.execute(f"SELECT {columns_of(model, model.table)} FROM {model.table}"):  # noqa: S608
        try:
            model.model_validate(dict(row))
        except ValidationError as error:
            count, first = count + 1, first or f"{quoted(str(row[0]))}: {odd_columns(error)}"
    return [f"{pluralize(count, 'row')} of {model.table} cannot be read (first {first})"] if count else []


def _hash(text: str | bytes) -> str:
    return hashlib.sha256(text.encode() if isinstance(text, str) else text).hexdigest()


def _changed_studies(connection: sqlite3.Connection) -> list[str]:
    """Return the studies that are no longer what their participants met: the key of a study is the hash of its text."""
    rows = connection.execute("SELECT sha256, name, definition FROM studies ORDER BY name, sha256")
    changed = [row["name"] for row in rows if _hash(row["definition"]) != row["sha256"]]
    return [f"the study {quoted(str(name))} is not the one that its hash names" for name in changed]


_ODD_ROWS = (
    (
        ("conversation",),
        "with messages, and no branch to show",
        """SELECT count(*) FROM conversations WHERE active_leaf_id IS NULL
        AND EXISTS (SELECT 1 FROM messages WHERE conversation_id = conversations.id)""",
    ),
    (
        ("conversation",),
        "with the branch of another one",
        """SELECT count(*) FROM conversations JOIN messages ON messages.id = active_leaf_id
        WHERE messages.conversation_id <> conversations.id""",
    ),
    (
        ("message",),
        "that follows itself or one that was written later",
        """SELECT count(*) FROM messages JOIN messages AS before ON before.id = messages.parent_id
        WHERE before.seq >= messages.seq""",
    ),
    (
        ("reply", "replies"),
        "to no message of a person",
        """SELECT count(*) FROM messages LEFT JOIN messages AS said ON said.id = messages.parent_id
        WHERE messages.role = 'assistant' AND said.role IS NOT 'user'""",
    ),
    (
        ("reply", "replies"),
        "without a record of how the model made it",
        """SELECT count(*) FROM messages LEFT JOIN generations ON message_id = messages.id
        WHERE messages.role = 'assistant' AND message_id IS NULL""",
    ),
    (
        ("message",),
        "that quotes what a person said as a reply",
        """SELECT count(*) FROM messages JOIN messages AS quoted ON quoted.id = messages.quotes
        WHERE quoted.role = 'user'""",
    ),
    (
        ("message",),
        "with other words than what was copied",
        """SELECT count(*) FROM messages AS copies JOIN messages AS said ON said.id = copies.copy_of
        WHERE (copies.text, copies.role, copies.quotes) IS NOT (said.text, said.role, said.quotes)""",
    ),
    (
        ("fork",),
        "of what a participant said that is not the participant's",
        """SELECT count(*) FROM conversations WHERE id NOT IN (SELECT conversation_id FROM study_conversations)
        AND forked_from IN (SELECT conversation_id FROM study_conversations)""",
    ),
    (
        ("debate",),
        "with one side only",
        "SELECT count(*) FROM (SELECT id FROM debates GROUP BY id HAVING count(*) <> 2)",
    ),
    (
        ("participant",),
        "who withdrew and of whom something is still there",
        """SELECT count(*) FROM participants WHERE withdrawn_at IS NOT NULL AND (
            EXISTS (SELECT 1 FROM identifiers WHERE participant_id = participants.id)
            OR EXISTS (SELECT 1 FROM ratings WHERE rater = participants.id)
            OR EXISTS (SELECT 1 FROM participations WHERE participant_id = participants.id AND (
                participations.id IN (SELECT participation_id FROM study_conversations)
                OR participations.id IN (SELECT participation_id FROM answers)
                OR participations.id IN (SELECT participation_id FROM guesses))))""",
    ),
    (
        ("probe",),
        "with a probability outside of 0 to 1",
        """SELECT count(*) FROM probes WHERE failure IS NULL
        AND NOT (label_mass BETWEEN -0.001 AND 1.001 AND refusal BETWEEN -0.001 AND 1.001)""",
    ),
)
"""What no row should be: of which kind, what is odd, and the query that counts such rows."""


def _odd_rows(connection: sqlite3.Connection) -> list[str]:
    counts = ((kind, odd, connection.execute(query).fetchone()[0]) for kind, odd, query in _ODD_ROWS)
    return [f"{pluralize(count, *kind)} {odd}" for kind, odd, count in counts if count]


def _index_problems(connection: sqlite3.Connection) -> list[str]:
    try:
        # Rank 1 compares the index with the texts; a plain check misses an index that is out of date.
        connection.execute("INSERT INTO messages_fts (messages_fts, rank) VALUES ('integrity-check', 1)")
    except sqlite3.DatabaseError as error:
        if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_CORRUPT:
            raise
        return ["the full-text index does not match the messages"]
    return []


_AGAIN = """
    SELECT copies.id FROM messages AS copies JOIN messages AS said
      ON said.created_at = copies.created_at AND said.role = copies.role AND said.text = copies.text
    WHERE copies.copy_of IS NOT NULL AND (said.copy_of IS NULL OR said.id < copies.id)
"""
"""The copies of what the corpus has elsewhere, as the original or an older copy: see `MessageRow.utterance`.

`copy_of` alone does not say so, for the message that it names may be deleted.
"""


def _words(raw: bytes) -> int:
    return len(raw.decode(errors="replace").split())  # bytes: no function is handed text of a damaged corpus


def counts(connection: sqlite3.Connection) -> tuple[CountsRow, ...]:
    """Return what the corpus holds, by persona, and by the model with which conversations began; copies count once.

    Those in which it was asked as a base model are counted by themselves.
    """
    connection.create_function("words", 1, _words, deterministic=True)
    rows = connection.execute(
        f"""
        WITH again AS ({_AGAIN}), said AS (
            SELECT conversation_id, sum(role = 'user' AND quotes IS NULL) AS messages,
                   sum(role = 'assistant') AS replies,
                   sum((role = 'user' AND quotes IS NULL) * words(CAST(text AS BLOB))) AS words_said,
                   sum((role = 'assistant') * words(CAST(text AS BLOB))) AS words_replied
            FROM messages WHERE id NOT IN (SELECT id FROM again) GROUP BY conversation_id
        ), rounds AS (SELECT conversation_id, count(*) AS measured FROM measurements GROUP BY conversation_id)
        SELECT persona_name AS persona, model, max(prompt_format) AS prompt_format, count(*) AS conversations,
               coalesce(sum(messages), 0) AS messages, coalesce(sum(replies), 0) AS replies,
               coalesce(sum(words_said), 0) AS words_said, coalesce(sum(words_replied), 0) AS words_replied,
               coalesce(sum(measured), 0) AS measured,
               substr(min(created_at), 1, 10) AS first, substr(max(active_at), 1, 10) AS last
        FROM conversations
        LEFT JOIN said ON said.conversation_id = conversations.id
        LEFT JOIN rounds ON rounds.conversation_id = conversations.id
        GROUP BY persona_name, model, prompt_format IS 'plain'
        ORDER BY persona_name, model, prompt_format IS 'plain'
        """  # noqa: S608 - a constant of ours
    )
    return fetch(CountsRow, rows)
