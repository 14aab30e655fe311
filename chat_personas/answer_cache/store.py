"""The store of answers: one row per answer, on the disk as soon as it came."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from chat_personas.answer_cache.database import open_database
from chat_personas.answer_cache.errors import cache_errors

_AT_ONCE = 500
"""Keys in one query."""


@dataclass(frozen=True, slots=True)
class Run:
    """One command that asks; `anew` leaves answers of other runs aside."""

    id: int
    anew: bool


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

    def begin(self, command: str, *, anew: bool) -> Run:
        """Note that a command begins, in place of its run before; see `command_key`."""
        with self._writing():
            self._connection.execute("DELETE FROM runs WHERE command = ?", (command,))
            added = self._connection.execute(
                "INSERT INTO runs (command, anew, began_at) VALUES (?, ?, ?)", (command, anew, _now())
            )
            assert added.lastrowid is not None
            return Run(added.lastrowid, anew)

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
