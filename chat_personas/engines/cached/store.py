"""The store of answers: one row per answer, on the disk as soon as it came.

What can go wrong with the kept answers, each as one line that says what to do.

The file of kept answers: private, shared by several processes, and nobody's only copy of anything.

The files of the cache, without opening it: how large they are, and removing them when they are damaged.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from chat_personas.paths import display_path, make_private
from chat_personas.storage.sqlite import BUSY_SECONDS, use_write_ahead_log

_CLEAR = "remove it with `chat-personas cache clear`"
_ADVICE = {
    sqlite3.SQLITE_FULL: "no space is left on the disk that holds {path}",
    sqlite3.SQLITE_BUSY: "another program holds {path}; wait for it to end",
    sqlite3.SQLITE_LOCKED: "another program holds {path}; wait for it to end",
    sqlite3.SQLITE_READONLY: "{path} is read-only; make the file and its directory writable",
    sqlite3.SQLITE_PERM: "{path} may not be opened; make the file and its directory writable",
    sqlite3.SQLITE_CANTOPEN: "{path} cannot be opened; make the file and its directory writable",
    sqlite3.SQLITE_CORRUPT: f"{{path}} is damaged; {_CLEAR}",
    sqlite3.SQLITE_NOTADB: f"{{path}} is damaged (no SQLite database); {_CLEAR}",
    sqlite3.SQLITE_IOERR: "{path} could not be read or written; is the disk full?",
}


class CacheError(Exception):
    """Answers could not be kept or read. The message is one line that says what is wrong and what to do."""


class DamagedCacheError(CacheError):
    """Nothing can be read from the file any more. The message is one line."""


@contextmanager
def cache_errors(path: Path) -> Iterator[None]:
    """Turn what SQLite and the file system raise into a `CacheError`."""
    try:
        yield
    except sqlite3.Error as error:
        code = getattr(error, "sqlite_errorcode", None)
        advice = _ADVICE.get(-1 if code is None else code & 0xFF, f"{{path}} cannot be used ({error}); {_CLEAR}")
        kind = DamagedCacheError if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB) else CacheError
        raise kind(f"the answer cache {advice.format(path=display_path(path))}") from error
    except OSError as error:
        raise CacheError(f"the answer cache {display_path(path)} cannot be used: {error.strerror or error}") from error


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
        raise CacheError(f"the answer cache {display_path(path)} is the database of another program; move it away")
    connection.executescript(f"BEGIN IMMEDIATE; {_SCHEMA} PRAGMA application_id = {APPLICATION_ID}; COMMIT;")


def size_of(path: Path) -> int:
    """Return the bytes on the disk, with what SQLite keeps beside the file."""
    return sum(file.stat().st_size for file in _files(path) if file.exists())


def remove(path: Path) -> None:
    """Remove a damaged cache. Raises CacheError: it cannot be removed."""
    with cache_errors(path):
        for file in _files(path):
            file.unlink(missing_ok=True)


def _files(path: Path) -> tuple[Path, ...]:
    return path, path.with_name(f"{path.name}-wal"), path.with_name(f"{path.name}-shm")


_AT_ONCE = 500
"""Keys in one query."""


@dataclass(frozen=True, slots=True)
class Run:
    """One command that asks; `fresh` leaves answers of other runs aside."""

    id: int
    fresh: bool


@dataclass(frozen=True, slots=True)
class KeptValue:
    """An answer as text, and when it was made (UTC, ISO 8601)."""

    text: str
    made_at: str


@dataclass(frozen=True, slots=True)
class KeptModel:
    """How many answers of one model are kept, and when the first and the last were made."""

    name: str
    answers: int
    oldest: str
    newest: str


class AnswerStore:
    """The answers kept on this machine; several processes may have it open. Use it from one thread.

    Every method raises CacheError where the disk or the file fails.
    """

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        """For `open`."""
        self.path = path
        self._connection = connection

    @classmethod
    def open(cls, path: Path) -> "AnswerStore":
        """Open the store, creating it where it is not there."""
        with cache_errors(path):
            return cls(open_database(path), path)

    def get(self, keys: Sequence[str], run: int | None = None) -> dict[str, KeptValue]:
        """Return the answers with these keys that are there; `run`: only those that this run asked for."""
        found: dict[str, KeptValue] = {}
        with cache_errors(self.path):
            for start in range(0, len(keys), _AT_ONCE):
                some = keys[start : start + _AT_ONCE]
                places = ",".join("?" * len(some))
                rows = self._connection.execute(
                    f"SELECT key, value, made_at FROM answers WHERE key IN ({places})"  # noqa: S608
                    " AND (? IS NULL OR run = ?)",
                    (*some, run, run),
                )
                found.update({key: KeptValue(str(value), str(made_at)) for key, value, made_at in rows})
        return found

    def put(self, key: str, value: str, *, model: str, run: int) -> None:
        """Keep an answer, in place of an older one; it is committed when this returns."""
        with cache_errors(self.path):
            self._connection.execute(
                "INSERT OR REPLACE INTO answers (key, model, made_at, run, value) VALUES (?, ?, ?, ?, ?)",
                (key, model, _now(), run, value),
            )

    def begin(self, command: str, *, fresh: bool) -> Run:
        """Note that a command begins, in place of its run before; see `command_key`."""
        with self._writing():
            self._connection.execute("DELETE FROM runs WHERE command = ?", (command,))
            added = self._connection.execute(
                "INSERT INTO runs (command, anew, began_at) VALUES (?, ?, ?)", (command, fresh, _now())
            )
            assert added.lastrowid is not None
            return Run(added.lastrowid, fresh)

    def interrupted(self, command: str) -> Run | None:
        """Return the last run of this command if it did not finish, however it ended."""
        with cache_errors(self.path):
            row = self._connection.execute(
                "SELECT id, anew FROM runs WHERE command = ? AND NOT finished", (command,)
            ).fetchone()
        return None if row is None else Run(row[0], bool(row[1]))

    def finish(self, run: Run) -> None:
        """Note that a run came to its end."""
        with cache_errors(self.path):
            self._connection.execute("UPDATE runs SET finished = 1 WHERE id = ?", (run.id,))

    def models(self) -> tuple[KeptModel, ...]:
        """Return what is kept, by the models' names."""
        with cache_errors(self.path):
            rows = self._connection.execute(
                "SELECT model, count(*), min(made_at), max(made_at) FROM answers GROUP BY model ORDER BY model"
            ).fetchall()
        return tuple(KeptModel(*row) for row in rows)

    def clear(self, model: str | None = None) -> int:
        """Remove all answers, or those of the model of this name; return how many there were."""
        with self._writing():
            removed = self._connection.execute("DELETE FROM answers WHERE ? IS NULL OR model = ?", (model, model))
            if model is None:
                self._connection.execute("DELETE FROM runs")
        with cache_errors(self.path):
            self._connection.execute("VACUUM")
            self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return removed.rowcount

    def close(self) -> None:
        """Close the store."""
        with cache_errors(self.path):
            self._connection.close()

    @contextmanager
    def _writing(self) -> Iterator[None]:
        with cache_errors(self.path):
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
