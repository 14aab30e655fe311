"""The file of kept answers: private, shared by several processes, and nobody's only copy of anything."""

import sqlite3
from pathlib import Path

from chat_personas.answer_cache.errors import CacheError
from chat_personas.paths import make_private, shown
from chat_personas.storage.sqlite import BUSY_SECONDS, use_write_ahead_log

APPLICATION_ID = 0x43504143

_SCHEMA = """
CREATE TABLE IF NOT EXISTS answers (
    key TEXT PRIMARY KEY,    -- SHA-256 of everything that determines the answer
    model TEXT NOT NULL,     -- its name, for people
    made_at TEXT NOT NULL,   -- UTC, ISO 8601
    run INTEGER NOT NULL,    -- the run that asked
    value TEXT NOT NULL      -- JSON
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS runs (
    id INTEGER PRIMARY KEY AUTOINCREMENT,  -- never used again, not even after all runs were removed
    command TEXT NOT NULL UNIQUE,          -- SHA-256 of what was asked for; only its last run is known
    anew INTEGER NOT NULL,                 -- whether older answers were left aside
    began_at TEXT NOT NULL,
    finished INTEGER NOT NULL DEFAULT 0
);
"""


def open_database(path: Path) -> sqlite3.Connection:
    """Open the database for reading and writing, creating it (0600, its directory 0700) where it is not there.

    A commit survives the end of the process, however it ends; after a power cut the last answers may be missing, which
    then are asked again.

    Raises:
        CacheError: it is another program's.
        sqlite3.Error, OSError: it cannot be opened or written, or is damaged.
    """
    make_private(path.parent)
    path.touch(mode=0o600)
    if path.stat().st_mode & 0o077:
        path.chmod(0o600)
    connection = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None)
    try:
        use_write_ahead_log(connection)
        connection.execute("PRAGMA synchronous = NORMAL")
        _prepare(connection, path)
    except BaseException:
        connection.close()
        raise
    return connection


def _prepare(connection: sqlite3.Connection, path: Path) -> None:
    (marked,) = connection.execute("PRAGMA application_id").fetchone()
    if marked == APPLICATION_ID:
        return
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    if marked or tables:
        raise CacheError(f"the answer cache {shown(path)} is the database of another program; move it away")
    connection.executescript(f"BEGIN IMMEDIATE; {_SCHEMA} PRAGMA application_id = {APPLICATION_ID}; COMMIT;")
