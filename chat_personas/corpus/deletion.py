"""Deleting for real: people may withdraw what they said, also from the index, the log and the free pages."""

import sqlite3

from chat_personas.corpus.errors import UnknownConversationError


def delete(connection: sqlite3.Connection, conversation_id: str) -> None:
    """Delete a conversation with all that belongs to it, and rebuild the index, which remembers deleted words.

    Raises:
        UnknownConversationError: there is none with this key.
    """
    if not connection.execute("DELETE FROM conversations WHERE id = ?", (conversation_id,)).rowcount:
        raise UnknownConversationError(f"there is no conversation {conversation_id}; see: chat-personas corpus list")
    connection.execute("INSERT INTO messages_fts (messages_fts) VALUES ('rebuild')")


def erase_traces(connection: sqlite3.Connection) -> bool:
    """Rewrite the file and empty the write-ahead log; return whether no trace of what was deleted is left.

    `secure_delete` alone is not enough: pages that were split before keep copies. While another program reads, the
    log cannot be emptied; it is when the last program closes the corpus.
    """
    connection.execute("VACUUM")
    busy, _, _ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    return not busy
