"""What all tables of the corpus share: keys, times, and the way between a row model and a row in SQLite.

Names of tables and columns are always ours, values always parameters: no statement contains what a person or a model
wrote.
"""

import json
import sqlite3
import threading
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import ClassVar, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from chat_personas.corpus.errors import unreadable_row
from chat_personas.text import whole_characters
from personas.inputs.suggestions import quoted

Value = str | int | float | None
SHORTEST_BEGINNING = 4
"""Fewer characters of a key name nothing, even where no other key begins with them yet."""


class Row(BaseModel):
    """What all rows share: they cannot be changed, and a column that is not declared is an error.

    `table` is the table whose rows these are, or the one that a listing is of.
    """

    table: ClassVar[str]
    model_config = ConfigDict(frozen=True, extra="forbid")


RowModel = TypeVar("RowModel", bound=Row)

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


def beginning(name: str) -> str:
    """Return the GLOB pattern of the keys that begin so; small letters are as good as capitals.

    Keys are letters and digits: anything else matches nothing.
    """
    return f"{name.upper()}*" if name.isalnum() else ""


def find_key(
    connection: sqlite3.Connection, table: str, name: str, unknown: type[Exception], *, what: str, hint: str
) -> str:
    """Return the key in `table` that is or begins with `name`, which has 4 characters or more.

    `what` is what a row of the table is called; `hint` says where its keys are to be seen.

    Raises:
        Exception: an `unknown`: there is no such key, or there are several.
    """
    pattern = beginning(name) if len(name) >= SHORTEST_BEGINNING else ""
    found = connection.execute(f"SELECT id FROM {table} WHERE id GLOB ? LIMIT 2", (pattern,)).fetchall()  # noqa: S608
    if not found:
        raise unknown(f"there is no {what} {quoted(name)}; {hint}")
    if len(found) > 1:
        raise unknown(f"several {what}s begin with {name}; give more of the key")
    return str(found[0][0])


def now() -> datetime:
    """Return the present time in UTC, to the millisecond that the corpus stores."""
    moment = datetime.now(UTC)
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def stamp(moment: datetime) -> str:
    """Return a time as the corpus writes it, `2026-11-21T10:04:19.123Z`, which sorts as text."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


def storable(text: str) -> str:
    """Return text that UTF-8 can encode: half of a surrogate pair, as from undecodable input, becomes U+FFFD."""
    return whole_characters(text)


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


def values_of(row: BaseModel) -> dict[str, Value]:
    """Return the columns of a row model as SQLite takes them; tuples become JSON."""
    return {name: _value(getattr(row, name)) for name in type(row).model_fields}


def columns_of(model: type[BaseModel], table: str) -> str:
    """Return the columns of a row model for a SELECT, each with its table."""
    return ", ".join(f"{table}.{name}" for name in model.model_fields)


def fetch(model: type[RowModel], found: Iterable[sqlite3.Row]) -> tuple[RowModel, ...]:
    """Return what a SELECT of `columns_of` the model found. Raises CorpusError as `as_row`."""
    return tuple(as_row(model, dict(row)) for row in found)


def as_row(model: type[RowModel], values: Mapping[str, object]) -> RowModel:
    """Return a row of the corpus; the first of its values is the key by which an error names it.

    A corpus may be damaged, or written by another program. So this is the one place where its rows become models.

    Raises:
        CorpusError: it is no such row.
    """
    try:
        return model.model_validate(values)
    except ValidationError as error:
        raise unreadable_row(model.table, next(iter(values.values())), odd_columns(error)) from error


def odd_columns(error: ValidationError) -> str:
    """Return the columns in which a row is none, joined by commas."""
    return ", ".join(dict.fromkeys(str(each["loc"][0]) for each in error.errors() if each["loc"]))


def from_json(value: object) -> object:
    """Return what a JSON column holds; a value that is not text, as a program gives it, stays as it is."""
    try:
        return json.loads(value) if isinstance(value, str) else value
    except RecursionError as error:
        raise ValueError("this is nested too deep") from error


def json_object(text: str) -> str:
    """Return a text that is a JSON object. Raises ValueError: it is none."""
    if not isinstance(from_json(text), dict):
        raise ValueError("this is not a JSON object")
    return text


def as_json(value: tuple[object, ...]) -> str:
    """Return what a JSON column holds for a tuple of rows or plain values."""
    plain = [item.model_dump() if isinstance(item, BaseModel) else item for item in value]
    return json.dumps(plain, ensure_ascii=False, allow_nan=False)


def _value(value: object) -> Value:
    if isinstance(value, datetime):
        return stamp(value)
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, tuple):
        return as_json(value)
    if value is None or isinstance(value, str | int | float):
        return value
    raise TypeError(f"a {type(value).__name__} cannot be a column")
