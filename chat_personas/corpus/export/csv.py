"""Tables for statistics programs and spreadsheets (`csv`): a directory with a file for each kind of row.

- `conversations.csv`: the chosen conversations;
- `messages.csv`: what was said on the active branch, with a last reply that is not complete (`status`), in its place
  from 1, its turn and its author (`person` or `model`: in a debate a `user` may be the other persona, whose reply
  `quotes` names), and beside a reply how it was made;
- `measurements.csv`: the rounds of measuring before the first of these messages and after each of them;
- `ratings.csv`: what people thought of these messages;
- `participations.csv`, `answers.csv`, `guesses.csv`: each participant's way through a study, with what they answered
  and guessed in it. An item that was not asked has no row.

The files are UTF-8 with a byte order mark, without which spreadsheets and SPSS take another encoding. A text that a
spreadsheet would take for a formula begins with an apostrophe.
"""

import csv
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from chat_personas.corpus.export.format import DirectoryFormat
from chat_personas.corpus.export.source import THOUGHT, Source, TakenPart
from chat_personas.corpus.messages import turns_of
from chat_personas.corpus.rows import ConversationRow, GenerationRow, MeasurementRow, MessageRow, RatingRow
from chat_personas.corpus.sql import values_of
from chat_personas.corpus.study_rows import AnswerRow, GuessRow

_FORMULA = tuple("=+-@\t\r\n＝＋－＠")
"""How a cell begins that Excel, LibreOffice or Google Sheets may take for a formula."""

_CONVERSATION = tuple(name for name in ConversationRow.model_fields if name != "active_leaf_id")
_DEBATE = ("speaker", "quotes")
_MADE = tuple(name for name in GenerationRow.model_fields if name not in ("message_id", *THOUGHT))
_SAID = (
    "conversation_id",
    "participant",
    "place",
    "turn",
    "message_id",
    "role",
    "author",
    "text",
    "status",
    "created_at",
    "copy_of",
)
_MEASURED = (
    "measurement_id",
    "conversation_id",
    "turn",
    *(name for name in MeasurementRow.model_fields if name not in ("id", "conversation_id")),
)
_RATED = ("rating_id", "conversation_id", "turn", *(name for name in RatingRow.model_fields if name != "id"))
_WAY = ("participant", "participation_id", "study", "condition", "conversation_id")
_TOOK_PART = ("study_sha256", "status", "why", "started_at", "ended_at", "adult", "recruited_by", "scope")
COLUMNS: Mapping[str, Sequence[str]] = {
    "conversations.csv": ("conversation_id", "participant", *(name for name in _CONVERSATION if name != "id")),
    "messages.csv": (*_SAID, *_MADE, *_DEBATE),
    "measurements.csv": _MEASURED,
    "ratings.csv": _RATED,
    "participations.csv": (*_WAY, *_TOOK_PART, "program_version"),
    "answers.csv": (*_WAY, *(name for name in AnswerRow.model_fields if name != "participation_id")),
    "guesses.csv": (*_WAY, *(name for name in GuessRow.model_fields if name != "participation_id")),
}
"""The columns of each file."""


def safe_cell(value: object) -> object:
    """Return a cell that no spreadsheet takes for a formula: such a text gets an apostrophe, a number stays."""
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value


def _write(source: Source, folder: Path) -> int:
    count = 0
    with ExitStack() as files:
        write = {
            name: _writer(files.enter_context((folder / name).open("w", encoding="utf-8-sig", newline="")), columns)
            for name, columns in COLUMNS.items()
        }
        for conversation, said in source.dialogues(whole=True):
            for name, rows in _rows(source, conversation, said).items():
                for row in rows:
                    write[name].writerow({column: safe_cell(value) for column, value in row.items()})
            count += 1
        for part in source.participations():
            for name, row in _study_rows(part):
                write[name].writerow({column: safe_cell(value) for column, value in row.items()})
    return count


def _study_rows(part: TakenPart) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield the rows of a person's way through a study, each with its file."""
    took_part = values_of(part.person) | values_of(part.way) | part.columns | {"scope": part.scope}
    yield "participations.csv", {name: took_part[name] for name in COLUMNS["participations.csv"]}
    for answer in part.answers:
        yield "answers.csv", _columns(answer, "answers.csv") | part.columns
    for guess in part.guesses:
        yield "guesses.csv", _columns(guess, "guesses.csv") | part.columns


def _rows(
    source: Source, conversation: ConversationRow, said: Sequence[MessageRow]
) -> Mapping[str, Iterator[Mapping[str, Any]]]:
    """Return the rows of a conversation by file."""
    turns = turns_of(said)
    made = source.generations(conversation.id)
    who = {"participant": source.participant()}
    whole = _columns(conversation, "conversations.csv", conversation_id=conversation.id)
    return {
        "conversations.csv": iter([whole | who]),
        "messages.csv": (
            (_columns(made[message.id], "messages.csv") if message.id in made else {})
            | _columns(
                message,
                "messages.csv",
                message_id=message.id,
                place=place,
                turn=turns[message.id],
                author=message.author,
            )
            | who
            for place, message in enumerate(said, start=1)
        ),
        "measurements.csv": (
            _columns(row, "measurements.csv", measurement_id=row.id, turn=turns[row.message_id])
            for row in source.measurements(conversation.id)
            if row.message_id in turns
        ),
        "ratings.csv": (
            _columns(row, "ratings.csv", rating_id=row.id, conversation_id=conversation.id, turn=turns[row.message_id])
            for row in source.ratings(conversation.id)
            if row.message_id in turns
        ),
    }


def _columns(row: BaseModel, file: str, **others: str | int) -> dict[str, Any]:
    """Return the columns of a row that its file has, and others that the row has not."""
    values = values_of(row) | others
    return {name: values[name] for name in COLUMNS[file] if name in values}


def _writer(stream: Any, columns: Sequence[str]) -> "csv.DictWriter[str]":
    writer = csv.DictWriter(stream, columns)
    writer.writeheader()
    return writer


FORMAT = DirectoryFormat(
    name="csv",
    summary="tables for statistics programs",
    for_whom="R, SPSS, Stata, pandas, spreadsheets",
    leaves_out=(
        "other branches; replies that are empty or still being written; thoughts; single probes; how messages were "
        "typed"
    ),
    holds="a message",
    whole=True,
    write=_write,
    tells_authors=True,
    entries=frozenset(COLUMNS),
)
