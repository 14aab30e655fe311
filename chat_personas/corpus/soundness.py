"""Whether a corpus is sound: its pages, its references, its full-text index."""

import sqlite3


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
