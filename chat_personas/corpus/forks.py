"""Forks: a new conversation that begins with copies of the messages of another one, up to one of them.

Copies and not references: a message and the one before it are always of the same conversation, so that each can be
deleted, exported and merged by itself. A copy says of which message it is one (`copy_of`), so that nothing is counted
twice. How a reply was made is copied with it; measurements and ratings are not, because what was measured and rated is
the original. The fork is measured from where it begins.

Whose words they are does not change: a fork of a participant's conversation belongs to the participant.
"""

import sqlite3
from collections.abc import Mapping

from chat_personas.corpus.errors import CorpusError
from chat_personas.corpus.messages import branch_to
from chat_personas.corpus.sql import Value, insert, new_key, now, stamp

MARK = " (fork)"
"""What follows the title of a fork."""


def fork(connection: sqlite3.Connection, message_id: str) -> str:
    """Begin a conversation with copies of the messages from the first to this one; return its key.

    Raises:
        CorpusError: there is no such message, or it is a reply that is still being written.
    """
    branch = branch_to(connection, message_id)
    if not branch:
        raise CorpusError(f"there is no message {message_id} in the corpus")
    if any(message.status == "streaming" for message in branch):
        raise CorpusError("the reply is still being written; fork the conversation when it has ended")
    original = branch[0].conversation_id
    key = _new_conversation(connection, original)
    parent = None
    for message in branch:
        parent = _copy_message(connection, message.id, key, parent)
    connection.execute("UPDATE conversations SET active_leaf_id = ? WHERE id = ?", (parent, key))
    connection.execute(
        "INSERT INTO study_conversations (conversation_id, participation_id, fork)"
        " SELECT ?, participation_id, 1 FROM study_conversations WHERE conversation_id = ?",
        (key, original),
    )
    return key


def _new_conversation(connection: sqlite3.Connection, original: str) -> str:
    """Add the conversation without its messages: with the persona, the prompt and the model of the original."""
    key, moment = new_key(), stamp(now())
    row = _row(connection, "conversations", "id", original)
    title = str(row["title"]).removesuffix(MARK) + MARK
    times = {"created_at": moment, "active_at": moment}
    insert(
        connection,
        "conversations",
        {**row, **times, "id": key, "title": title, "forked_from": original, "active_leaf_id": None},
    )
    return key


def _copy_message(connection: sqlite3.Connection, message_id: str, conversation_id: str, parent: str | None) -> str:
    """Add a copy of a message after `parent`, and how it was made; return its key. Its times stay."""
    key = new_key()
    said = _row(connection, "messages", "id", message_id)
    del said["seq"]
    place = {"id": key, "conversation_id": conversation_id, "parent_id": parent, "copy_of": message_id, "owner": None}
    insert(connection, "messages", {**said, **place})
    if said["role"] == "assistant":
        made = _row(connection, "generations", "message_id", message_id)
        insert(connection, "generations", {**made, "message_id": key})
    return key


def _row(connection: sqlite3.Connection, table: str, column: str, key: str) -> dict[str, Value]:
    """Return all columns of a row, also those that a later schema adds."""
    found: Mapping[str, Value] = connection.execute(f"SELECT * FROM {table} WHERE {column} = ?", (key,)).fetchone()  # noqa: S608
    return dict(found)
