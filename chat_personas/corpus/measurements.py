"""Measurements with their probes, and ratings: what is known about a conversation beside its text."""

import json
import sqlite3
from collections.abc import Sequence

from chat_personas.corpus.rows import GroupRow, MeasurementRow, ProbeRow, RatingRow
from chat_personas.corpus.sql import columns_of, insert, storable

_MEASUREMENT = ", ".join(MeasurementRow.model_fields)
_PROBE = ", ".join(ProbeRow.model_fields)
_RATING = ", ".join(f"ratings.{name}" for name in RatingRow.model_fields)


def add(connection: sqlite3.Connection, measurement: MeasurementRow, probes: Sequence[ProbeRow]) -> None:
    """Keep a round of probes, all of it or nothing."""
    groups = json.dumps([group.model_dump() for group in measurement.groups], ensure_ascii=False)
    insert(
        connection,
        "measurements",
        {**columns_of(measurement, leave_out=frozenset({"groups"})), "groups": groups},
    )
    for probe in probes:
        upper = None if probe.options_upper is None else json.dumps(probe.options_upper, allow_nan=False)
        insert(
            connection,
            "probes",
            {
                "measurement_id": measurement.id,
                **columns_of(probe, leave_out=frozenset({"options", "options_upper"})),
                "options": json.dumps(probe.options, allow_nan=False),
                "options_upper": upper,
            },
        )


def of_conversation(connection: sqlite3.Connection, conversation_id: str) -> tuple[MeasurementRow, ...]:
    """Return the measurements of a conversation, over all its branches, oldest first."""
    rows = connection.execute(
        f"""
        SELECT {_MEASUREMENT} FROM measurements WHERE conversation_id = ? ORDER BY id
        """,  # noqa: S608
        (conversation_id,),
    )
    return tuple(_measurement(row) for row in rows)


def after(connection: sqlite3.Connection, conversation_id: str, message_id: str) -> tuple[MeasurementRow, ...]:
    """Return the measurements that followed a message of a conversation, oldest first."""
    rows = connection.execute(
        f"SELECT {_MEASUREMENT} FROM measurements WHERE conversation_id = ? AND message_id = ? ORDER BY id",  # noqa: S608
        (conversation_id, message_id),
    )
    return tuple(_measurement(row) for row in rows)


def probes(connection: sqlite3.Connection, measurement_id: str) -> tuple[ProbeRow, ...]:
    """Return the probes of a measurement, by question."""
    rows = connection.execute(
        f"SELECT {_PROBE} FROM probes WHERE measurement_id = ? ORDER BY question, option_order",  # noqa: S608
        (measurement_id,),
    )
    return tuple(_probe(row) for row in rows)


def rate(connection: sqlite3.Connection, rating: RatingRow) -> None:
    """Keep what a person thought of a message."""
    values = columns_of(rating)
    values["comment"] = None if rating.comment is None else storable(rating.comment)
    insert(connection, "ratings", values)


def ratings(connection: sqlite3.Connection, conversation_id: str) -> tuple[RatingRow, ...]:
    """Return the ratings of a conversation, oldest first."""
    rows = connection.execute(
        f"""
        SELECT {_RATING} FROM ratings JOIN messages ON messages.id = ratings.message_id
        WHERE messages.conversation_id = ? ORDER BY ratings.id
        """,  # noqa: S608
        (conversation_id,),
    )
    return tuple(RatingRow.model_validate(dict(row)) for row in rows)


def _measurement(row: sqlite3.Row) -> MeasurementRow:
    values = dict(row)
    values["groups"] = tuple(GroupRow.model_validate(group) for group in json.loads(values["groups"]))
    return MeasurementRow.model_validate(values)


def _probe(row: sqlite3.Row) -> ProbeRow:
    values = dict(row)
    values["options"] = tuple(json.loads(values["options"]))
    values["options_upper"] = values["options_upper"] and tuple(json.loads(values["options_upper"]))
    return ProbeRow.model_validate(values)
