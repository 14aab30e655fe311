"""Deleting for real: people may withdraw what they said, also from the index, the log and the free pages.

Whether a corpus is sound: its pages, its references, its full-text index.
"""

import sqlite3

from chat_personas.corpus.errors import UnknownConversationError
from chat_personas.storage.sqlite import empty_write_ahead_log

_TRY_LATER = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_FULL)


def delete(connection: sqlite3.Connection, conversation_id: str) -> None:
    """Delete a conversation with all that belongs to it, and rebuild the index, which remembers deleted words.

    Raises:
        UnknownConversationError: there is none with this key.
    """
    if not connection.execute("DELETE FROM conversations WHERE id = ?", (conversation_id,)).rowcount:
        raise UnknownConversationError(f"there is no conversation {conversation_id}; see: chat-personas corpus list")
    connection.execute("INSERT INTO messages_fts (messages_fts) VALUES ('rebuild')")
    connection.execute("INSERT OR IGNORE INTO unerased VALUES (?)", (conversation_id,))


def erase_traces(connection: sqlite3.Connection) -> bool:
    """Rewrite the file and empty the write-ahead log, outside a transaction; return whether all traces are gone.

    `secure_delete` alone is not enough: when pages split, it leaves copies (seen in 1 of 250 deletions). While another
    program reads, or without room for a second copy of the file, it has to be tried again later.
    """
    if not connection.execute("SELECT count(*) FROM unerased").fetchone()[0]:
        return True
    try:
        connection.execute("VACUUM")
        erased = empty_write_ahead_log(connection)
        if erased:
            connection.execute("DELETE FROM unerased")
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode & 0xFF not in _TRY_LATER:
            raise
        return False
    return erased


def problems(connection: sqlite3.Connection) -> tuple[str, ...]:
    """Return one line for each thing that is wrong.

    The full-text index is compared with the texts themselves (rank 1): a plain check misses an index that is stale.
    """
    pages = [row[0] for row in connection.execute("PRAGMA integrity_check") if row[0] != "ok"]
    references = [f"a row of {row[0]} refers to nothing" for row in connection.execute("PRAGMA foreign_key_check")]
    return (*pages, *references, *_index_problems(connection))


def _index_problems(connection: sqlite3.Connection) -> list[str]:
    try:
        connection.execute("INSERT INTO messages_fts (messages_fts, rank) VALUES ('integrity-check', 1)")
    except sqlite3.DatabaseError as error:
        if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_CORRUPT:
            raise
        return ["the full-text index does not match the messages"]
    return []
