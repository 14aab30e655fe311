"""Deleting for real: people may withdraw what they said, also from the index, the log and the free pages."""

import sqlite3

from chat_personas.corpus.errors import UnknownConversationError

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
        busy, _, _ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        if not busy:
            connection.execute("DELETE FROM unerased")
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode & 0xFF not in _TRY_LATER:
            raise
        return False
    return not busy
