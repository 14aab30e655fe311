"""Maintenance: deleting conversations without a trace, and checking that the file is sound.

People may withdraw what they said. So a deleted text must also go from the full-text index, the write-ahead log and the
free pages of the file.
"""

import sqlite3

from chat_personas.corpus.errors import UnknownConversationError
from chat_personas.storage.sqlite import empty_write_ahead_log

# Another program reads the file, or there is no room to rewrite it.
_TRY_LATER = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_FULL)


def delete(connection: sqlite3.Connection, conversation_id: str) -> None:
    """Delete a conversation with all that belongs to it, and rebuild the index, which would keep the deleted words.

    Raises:
        UnknownConversationError: there is none with this key.
    """
    if not connection.execute("DELETE FROM conversations WHERE id = ?", (conversation_id,)).rowcount:
        raise UnknownConversationError(f"there is no conversation {conversation_id}; see: chat-personas corpus list")
    connection.execute("INSERT INTO messages_fts (messages_fts) VALUES ('rebuild')")
    connection.execute("INSERT OR IGNORE INTO unerased VALUES (?)", (conversation_id,))


def erase_traces(connection: sqlite3.Connection) -> bool:
    """Rewrite the file and empty the write-ahead log, if something was deleted; return whether all traces are gone.

    Call it outside a transaction. False while another program reads, or where there is no room for a second copy of the
    file: call it again later.
    """
    if not connection.execute("SELECT count(*) FROM unerased").fetchone()[0]:
        return True
    try:
        # `secure_delete` alone is not enough: when pages split, it leaves copies (seen in 1 of 250 deletions).
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
    """Return the problems of pages, references and the full-text index, one line each."""
    pages = [row[0] for row in connection.execute("PRAGMA integrity_check") if row[0] != "ok"]
    references = [f"a row of {row[0]} refers to nothing" for row in connection.execute("PRAGMA foreign_key_check")]
    return (*pages, *references, *_index_problems(connection))


def _index_problems(connection: sqlite3.Connection) -> list[str]:
    try:
        # Rank 1 compares the index with the texts; a plain check misses an index that is out of date.
        connection.execute("INSERT INTO messages_fts (messages_fts, rank) VALUES ('integrity-check', 1)")
    except sqlite3.DatabaseError as error:
        if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_CORRUPT:
            raise
        return ["the full-text index does not match the messages"]
    return []
