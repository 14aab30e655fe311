"""Measurements with their probes, and ratings: what the corpus knows about a conversation beside its text."""

import math
import re
import sqlite3
from collections.abc import Iterable, Sequence

from chat_personas.corpus.errors import RatingError
from chat_personas.corpus.rows import MeasurementRow, ProbeRow, RatingRow, ReplyModel
from chat_personas.corpus.sql import as_row, columns_of, fetch, insert, storable, values_of

_MEASUREMENT = columns_of(MeasurementRow, "measurements")
_PROBE = columns_of(ProbeRow, "probes")
_RATING = columns_of(RatingRow, "ratings")

BEST_RATING = 5
RATING_SCALE = f"quality 1-{BEST_RATING}"
"""The scale of a rating where the person names none."""
_NUMBER = r"([-\u2212]?\d+(?:\.\d+)?)"
_RANGE = re.compile(rf"(?:^|[\s(\[:,]){_NUMBER}\s*(?:[-\u2013\u2014]|\bto\b)\s*{_NUMBER}[)\]]?\s*\Z")
"""The range in which the name of a scale may end, such as 1-7, with a hyphen, a dash or the word `to` between."""


def add(connection: sqlite3.Connection, measurement: MeasurementRow, probes: Sequence[ProbeRow]) -> None:
    """Add a round of probes."""
    insert(connection, "measurements", values_of(measurement))
    for probe in probes:
        insert(connection, "probes", {"measurement_id": measurement.id, **values_of(probe)})


def of_conversation(connection: sqlite3.Connection, conversation_id: str) -> tuple[MeasurementRow, ...]:
    """Return the measurements of a conversation, over all its branches, oldest first."""
    sql = f"SELECT {_MEASUREMENT} FROM measurements WHERE conversation_id = ? ORDER BY id"  # noqa: S608
    return fetch(MeasurementRow, connection.execute(sql, (conversation_id,)))


def that_count(rows: Iterable[MeasurementRow]) -> tuple[MeasurementRow, ...]:
    """Return one of the `rows`, which are oldest first, for each message and way of measuring: what counts there.

    That is the newest complete round, else the newest one. A server's model is measured again whenever its
    conversation is opened, because another model may answer under the same name: that is one more row, not one more
    point of the conversation.
    """
    found = dict[tuple[object, ...], MeasurementRow]()
    for row in rows:
        by_what_means = row.survey_sha256, row.expression, row.refusals, row.interventions
        by_what_model = row.model, row.model_sha256, row.prompt_format, row.template
        whose = row.groups, row.persona_name, row.system_prompt
        key = row.message_id, *whose, *by_what_model, *by_what_means
        if row.complete or key not in found or not found[key].complete:
            found[key] = row
    return tuple(found.values())


def last_of_model(connection: sqlite3.Connection, model: ReplyModel) -> tuple[MeasurementRow, ...]:
    """Return the newest complete measurement of each persona on a model: each name, prompt, groups and interventions.

    Only rounds in which the model was asked in this form, and before a first message: later ones are of what was said,
    too, in one conversation.

    Those of older versions are given the persona's columns, of the persona with which their conversation began.
    """
    sql = f"""
        SELECT {_MEASUREMENT}, conversations.persona_name AS first_name, conversations.system_prompt AS first_prompt
        FROM measurements JOIN conversations ON conversations.id = conversation_id
        WHERE measurements.id IN (
            SELECT max(measurements.id) FROM measurements JOIN conversations ON conversations.id = conversation_id
            WHERE measurements.model = ? AND measurements.model_sha256 IS ?
              AND measurements.prompt_format IS ? AND measurements.template IS ? AND complete AND message_id IS NULL
            GROUP BY coalesce(measurements.persona_name, conversations.persona_name),
                coalesce(measurements.system_prompt, conversations.system_prompt), groups, interventions
        ) ORDER BY measurements.id
        """  # noqa: S608
    found = []
    for row in map(dict, connection.execute(sql, (model.name, model.sha256, model.prompt_format, model.template))):
        name, prompt = row.pop("first_name"), row.pop("first_prompt")
        row["persona_name"] = row["persona_name"] or name
        row["system_prompt"] = prompt if row["system_prompt"] is None else row["system_prompt"]
        found.append(row)
    return tuple(as_row(MeasurementRow, row) for row in found)


def after(connection: sqlite3.Connection, conversation_id: str, message_id: str | None) -> tuple[MeasurementRow, ...]:
    """Return the measurements that followed a message of a conversation (None: before its first), oldest first."""
    sql = f"SELECT {_MEASUREMENT} FROM measurements WHERE conversation_id = ? AND message_id IS ? ORDER BY id"  # noqa: S608
    return fetch(MeasurementRow, connection.execute(sql, (conversation_id, message_id)))


def probes(connection: sqlite3.Connection, measurement_id: str) -> tuple[ProbeRow, ...]:
    """Return the probes of a measurement, by question."""
    sql = f"SELECT {_PROBE} FROM probes WHERE measurement_id = ? ORDER BY question, option_order"  # noqa: S608
    return fetch(ProbeRow, connection.execute(sql, (measurement_id,)))


def range_of(scale: str) -> tuple[float, float] | None:
    """Return the least and the largest value that the name of a scale says at its end; None where it says none."""
    if (found := _RANGE.search(scale)) is None:
        return None
    first, last = sorted(float(end.replace("\u2212", "-")) for end in found.groups())
    return first, last


def scale_meant(name: str, known: Iterable[str]) -> str:
    """Return the scale that a person means by `name`: one named without its range is that of the same name with one.

    Else `quality` would be a second scale beside `quality 1-5`, whose values nothing binds. The scale is looked for
    among those `known`, the ones with ratings, and the one that is asked for where none is named.

    Raises:
        RatingError: there are several of this name.
    """
    if not name or range_of(name) is not None:
        return name
    found = sorted({scale for scale in (RATING_SCALE, *known) if _name_before_range(scale) == name.rstrip().casefold()})
    if len(found) > 1:
        *others, last = found
        raise RatingError(f"{name} may be {', '.join(others)} or {last}; write the scale with its range")
    return found[0] if found else name


def _name_before_range(scale: str) -> str | None:
    found = _RANGE.search(scale)
    return None if found is None else scale[: found.start()].rstrip(" :,").casefold()


def rating_asked(words: str, usual: str, known: Iterable[str] = ()) -> tuple[float, str]:
    """Read `5 realism 1-7` as a rating and its scale; without a scale it is on the `usual` one, "" for none.

    A scale without a range is looked for among those `known`: see `scale_meant`.

    Raises:
        RatingError: there is no number or no scale, several scales may be meant, or the number is outside the range
            that the scale names.
    """
    first, _, scale = words.strip().partition(" ")
    scale = scale.strip() or usual
    try:
        value = float(first)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise RatingError("the rating must be a number; write the number first, then the scale: /rate 5 realism 1-7")
    if not scale:
        raise RatingError("say on which scale, such as: /rate 5 realism 1-7; later ratings need the number only")
    scale = scale_meant(scale, known)
    if (ends := range_of(scale)) is not None and not ends[0] <= value <= ends[1]:
        raise RatingError(f"{value:g} is outside the scale {scale}: write a number from {ends[0]:g} to {ends[1]:g}")
    return value, scale


def rate(connection: sqlite3.Connection, rating: RatingRow) -> None:
    """Add what a person thought of a message."""
    comment = None if rating.comment is None else storable(rating.comment)
    insert(connection, "ratings", {**values_of(rating), "comment": comment})


def scales(connection: sqlite3.Connection) -> tuple[str, ...]:
    """Return the scales on which something is rated."""
    return tuple(scale for (scale,) in connection.execute("SELECT DISTINCT scale FROM ratings ORDER BY scale"))


def ratings(connection: sqlite3.Connection, conversation_id: str) -> tuple[RatingRow, ...]:
    """Return the ratings of a conversation, oldest first."""
    sql = f"""
        SELECT {_RATING} FROM ratings JOIN messages ON messages.id = ratings.message_id
        WHERE messages.conversation_id = ? ORDER BY ratings.id
        """  # noqa: S608
    return fetch(RatingRow, connection.execute(sql, (conversation_id,)))
