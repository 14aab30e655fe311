"""The store of answers: one row per answer, on the disk as soon as it came.

The database is private and shared by several processes. It is nobody's only copy of anything: it may be removed.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from chat_personas.paths import display_path
from chat_personas.storage.sqlite import (
    BUSY_SECONDS,
    create_private,
    database_files,
    empty_write_ahead_log,
    execute_script,
    explain,
    is_damaged,
    read_marks,
    transaction,
    use_write_ahead_log,
)
from personas.errors import ReportedError

APPLICATION_ID = 0x43504143
"""What marks an SQLite file as a cache of answers, in its header: the letters `CPAC`."""

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
    anew INTEGER NOT NULL,                 -- whether answers of earlier runs were ignored
    began_at TEXT NOT NULL,
    finished INTEGER NOT NULL DEFAULT 0
);
"""

_KEYS_PER_QUERY = 500
"""Keys in one query: SQLite limits the number of parameters."""


@dataclass(frozen=True, slots=True)
class Run:
    """One run of a command that asks; `fresh`: it ignores the answers of other runs."""

    id: int
    fresh: bool


@dataclass(frozen=True, slots=True)
class KeptValue:
    """An answer as text, and when it was made (UTC, ISO 8601)."""

    text: str
    made_at: str


@dataclass(frozen=True, slots=True)
class KeptModel:
    """How many answers of one model are stored, and when the first and the last were made (UTC, ISO 8601)."""

    name: str
    answers: int
    oldest: str
    newest: str


class CacheError(ReportedError):
    """Answers could not be stored or read."""

    exit_code = 4


class DamagedCacheError(CacheError):
    """Nothing can be read from the file any more."""


class AnswerStore:
    """The answers stored on this machine; several processes may have it open. Use it from one thread.

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
            return cls(_open_database(path), path)

    def get(self, keys: Sequence[str], run: int | None = None) -> dict[str, KeptValue]:
        """Return the stored answers with these keys, by key; `run`: only those that this run asked for."""
        found: dict[str, KeptValue] = {}
        with cache_errors(self.path):
            for start in range(0, len(keys), _KEYS_PER_QUERY):
                some = keys[start : start + _KEYS_PER_QUERY]
                places = ",".join("?" * len(some))
                rows = self._connection.execute(
                    f"SELECT key, value, made_at FROM answers WHERE key IN ({places})"  # noqa: S608
                    " AND (? IS NULL OR run = ?)",
                    (*some, run, run),
                )
                found.update({key: KeptValue(str(value), str(made_at)) for key, value, made_at in rows})
        return found

    def put(self, key: str, value: str, *, model: str, run: int) -> None:
        """Store an answer, in place of an older one; it is committed when this returns."""
        with cache_errors(self.path):
            self._connection.execute(
                "INSERT OR REPLACE INTO answers (key, model, made_at, run, value) VALUES (?, ?, ?, ?, ?)",
                (key, model, _now(), run, value),
            )

    def begin(self, command: str, *, fresh: bool) -> Run:
        """Record that a command begins, in place of its run before; see `command_key`."""
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
        """Record that a run came to its end."""
        with cache_errors(self.path):
            self._connection.execute("UPDATE runs SET finished = 1 WHERE id = ?", (run.id,))

    def models(self) -> tuple[KeptModel, ...]:
        """Return what is stored, in the order of the models' names."""
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
            empty_write_ahead_log(self._connection)
        return removed.rowcount

    def close(self) -> None:
        """Close the store."""
        with cache_errors(self.path):
            self._connection.close()

    @contextmanager
    def _writing(self) -> Iterator[None]:
        with cache_errors(self.path), transaction(self._connection):
            yield


def size_of(path: Path) -> int:
    """Return the bytes on the disk, with what SQLite keeps beside the file."""
    return sum(file.stat().st_size for file in database_files(path) if file.exists())


def remove(path: Path) -> None:
    """Remove a damaged cache. Raises CacheError: it cannot be removed."""
    with cache_errors(path):
        for file in database_files(path):
            file.unlink(missing_ok=True)


@contextmanager
def cache_errors(path: Path) -> Iterator[None]:
    """Turn what SQLite and the file system raise into a `CacheError`."""
    clear, name = "remove it with `chat-personas cache clear`", f"the answer cache {display_path(path)}"
    try:
        yield
    except (sqlite3.Error, OSError) as error:
        kind = DamagedCacheError if is_damaged(error) else CacheError
        advice = explain(error, name, if_damaged=clear) or f"{name} cannot be used ({error}); {clear}"
        raise kind(advice) from error


def _open_database(path: Path) -> sqlite3.Connection:
    """Open the database for reading and writing, creating it (0600, its directory 0700) where it is not there.

    A commit survives the end of the process, however it ends; after a power cut the last answers may be missing, which
    then are asked again.
    """
    create_private(path)
    connection = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None)
    try:
        _prepare(connection, path)  # first: another program's database is left as it is
        use_write_ahead_log(connection)
        connection.execute("PRAGMA synchronous = NORMAL")
    except BaseException:
        connection.close()
        raise
    return connection


def _prepare(connection: sqlite3.Connection, path: Path) -> None:
    """Create the schema in an empty database. Raises CacheError: it is another program's."""
    marks = read_marks(connection)
    if marks.application_id == APPLICATION_ID:
        return
    if marks.belongs_to_another(APPLICATION_ID):
        raise CacheError(f"the answer cache {display_path(path)} is the database of another program; move it away")
    with transaction(connection):
        execute_script(connection, f"{_SCHEMA}PRAGMA application_id = {APPLICATION_ID};\n")


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
