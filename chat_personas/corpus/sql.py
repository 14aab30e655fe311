"""Small pieces of SQL that several tables share. Names of tables and columns are ours, values always parameters.

Keys and times of the corpus.
"""

import sqlite3
import threading
from collections.abc import Mapping
from datetime import UTC, datetime

from pydantic import BaseModel

_lock = threading.Lock()
_last = 0


def new_key() -> str:
    """Return a new ULID: 26 characters that sort by time, so that corpora of several hosts merge without collision.

    Keys made by one process always increase, also within a millisecond.
    """
    global _last
    from ulid import ULID

    with _lock:
        _last = max(int(ULID()), _last + 1)
        return str(ULID.from_int(_last))


def now() -> datetime:
    """Return the present time in UTC, to the millisecond that the corpus keeps."""
    moment = datetime.now(UTC)
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def stamp(moment: datetime) -> str:
    """Return a time as the corpus writes it, `2026-11-21T10:04:19.123Z`, which sorts as text."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


Value = str | int | float | None


def insert(connection: sqlite3.Connection, table: str, values: Mapping[str, Value]) -> None:
    """Insert one row."""
    columns, marks = ", ".join(values), ", ".join(f":{column}" for column in values)
    connection.execute(f"INSERT INTO {table} ({columns}) VALUES ({marks})", dict(values))  # noqa: S608


def update(connection: sqlite3.Connection, table: str, key: tuple[str, str], values: Mapping[str, Value]) -> int:
    """Set columns of the row that a key column identifies; return how many rows there were (0 or 1)."""
    column, identifier = key
    changes = ", ".join(f"{name} = :{name}" for name in values)
    return connection.execute(
        f"UPDATE {table} SET {changes} WHERE {column} = :the_key",  # noqa: S608
        {**values, "the_key": identifier},
    ).rowcount


def columns_of(row: BaseModel, *, leave_out: frozenset[str] = frozenset()) -> dict[str, Value]:
    """Return the plain columns of a row model as SQLite takes them."""
    return {name: _value(getattr(row, name)) for name in type(row).model_fields if name not in leave_out}


def _value(value: object) -> Value:
    if isinstance(value, datetime):
        return stamp(value)
    if isinstance(value, bool):
        return int(value)
    if value is None or isinstance(value, str | int | float):
        return value
    raise TypeError(f"a {type(value).__name__} is no column")


def storable(text: str) -> str:
    """Return text that UTF-8 can hold: half a surrogate pair, as from undecodable input, becomes U+FFFD."""
    return text if text.isascii() else text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
