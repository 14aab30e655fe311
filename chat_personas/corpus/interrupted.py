"""Replies whose process died are found and marked, those of a living one are left alone."""

import sqlite3
from pathlib import Path

from chat_personas.corpus.messages import DIED
from chat_personas.corpus.owner import living_owners


def mark_interrupted(connection: sqlite3.Connection, owners: Path) -> int:
    """Mark the replies that nobody is writing any more; return how many there were.

    Runs inside a write transaction, so that no reply can begin meanwhile. The time of the last flush stays.
    """
    living = living_owners(owners)
    streaming = connection.execute("SELECT id, owner FROM messages WHERE status = 'streaming'").fetchall()
    left = [row["id"] for row in streaming if row["owner"] not in living]
    connection.executemany(
        "UPDATE messages SET status = 'interrupted', why = ? WHERE id = ?", [(DIED, message) for message in left]
    )
    return len(left)
