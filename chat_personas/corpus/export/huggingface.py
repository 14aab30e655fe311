"""A dataset for the Hugging Face hub (`huggingface`): Parquet under `data/`, a card, and a description in Croissant.

Each kind of row is a configuration with a file of its own; one without rows is left out:

- `dialogues` (the default): a row for each conversation, with its messages as trainers read them;
- `messages`: a row for each message of these dialogues, and beside a reply how it was made;
- `measurements`, `probes`, `ratings`: what was measured and rated in these dialogues;
- `participations`, `answers`, `guesses`: each participant's way through a study.

All rows are in the split `train`, unless splits are asked for: then every participant is in one of three with all that
they said and did, as the hash of their pseudonym has it. What the owner of the corpus said is in `train`. `README.md`
and `croissant.json` are made by `dataset_card`.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from chat_personas.corpus.export.chat_json import chat_messages, prompts_of
from chat_personas.corpus.export.dataset_card import About, Table, card, croissant
from chat_personas.corpus.export.format import DEBATES, DirectoryFormat
from chat_personas.corpus.export.source import Source, TakenPart
from chat_personas.corpus.messages import turns_of
from chat_personas.corpus.releases import model_terms
from chat_personas.corpus.rows import ConversationRow, MessageRow

if TYPE_CHECKING:
    import pyarrow as pa

MOST_BYTES = 4 * 2**20
"""How much text is held before it is written as a group of rows."""

_TEXT, _WHOLE, _NUMBER, _TRUTH, _TIME = "string", "int64", "float64", "bool", "timestamp[ms, tz=UTC]"
_MADE = {
    "engine": _TEXT,
    "model": _TEXT,
    "model_sha256": _TEXT,
    "quantization": _TEXT,
    "template_sha256": _TEXT,
    "prompt_format": _TEXT,
    "template": _TEXT,
    "flash_attention": _TRUTH,
    "interventions": [_TEXT],
    "seed": _WHOLE,
    "dropped_messages": _WHOLE,
    "seconds": _NUMBER,
    "program_version": _TEXT,
}
"""The columns that say how a reply or a measurement was made."""

_WAY = dict.fromkeys(("participant", "participation_id", "study", "condition", "conversation_id"), _TEXT)
"""The columns by which rows of a participation are joined."""

COLUMNS: Mapping[str, Mapping[str, Any]] = {
    "dialogues": {
        "conversation_id": _TEXT,
        "participant": _TEXT,
        "title": _TEXT,
        "created_at": _TIME,
        "persona_name": _TEXT,
        "persona": _TEXT,
        "persona_sha256": _TEXT,
        "model": _TEXT,
        "model_sha256": _TEXT,
        "prompt_format": _TEXT,
        "program_version": _TEXT,
        "forked_from": _TEXT,
        "turns": _WHOLE,
        "messages": [{"role": _TEXT, "content": _TEXT}],
    },
    "messages": {
        "conversation_id": _TEXT,
        "participant": _TEXT,
        "place": _WHOLE,
        "turn": _WHOLE,
        "message_id": _TEXT,
        "role": _TEXT,
        "text": _TEXT,
        "status": _TEXT,
        "created_at": _TIME,
        "copy_of": _TEXT,
        "started_at": _TIME,
        **_MADE,
        "context_length": _WHOLE,
        "temperature": _NUMBER,
        "top_p": _NUMBER,
        "max_tokens": _WHOLE,
        "finish_reason": _TEXT,
        "prompt_tokens": _WHOLE,
        "reused_tokens": _WHOLE,
        "decoded_tokens": _WHOLE,
        "first_token_seconds": _NUMBER,
        "projection": _NUMBER,
        "projected_on": _TEXT,
        "persona_name": _TEXT,
        "persona_sha256": _TEXT,
        "system_prompt": _TEXT,
    },
    "measurements": {
        "measurement_id": _TEXT,
        "conversation_id": _TEXT,
        "message_id": _TEXT,
        "turn": _WHOLE,
        "created_at": _TIME,
        "survey": _TEXT,
        "survey_sha256": _TEXT,
        "expression": _TEXT,
        "refusals": _TEXT,
        "groups": [{"attribute": _TEXT, "value": _TEXT}],
        "complete": _TRUTH,
        "verdict": _TEXT,
        "alignment": _NUMBER,
        "alignment_low": _NUMBER,
        "alignment_high": _NUMBER,
        "order_agreement": _NUMBER,
        "order_agreement_low": _NUMBER,
        "order_agreement_high": _NUMBER,
        **_MADE,
        "persona_name": _TEXT,
        "system_prompt": _TEXT,
    },
    "probes": {
        "measurement_id": _TEXT,
        "question": _TEXT,
        "option_order": _TEXT,
        "options": [_NUMBER],
        "options_upper": [_NUMBER],
        "refusal": _NUMBER,
        "label_mass": _NUMBER,
        "failure": _TEXT,
    },
    "ratings": {
        "rating_id": _TEXT,
        "conversation_id": _TEXT,
        "message_id": _TEXT,
        "turn": _WHOLE,
        "created_at": _TIME,
        "scale": _TEXT,
        "value": _NUMBER,
        "comment": _TEXT,
        "rater": _TEXT,
    },
    "participations": _WAY
    | {
        "study_sha256": _TEXT,
        "status": _TEXT,
        "why": _TEXT,
        "started_at": _TIME,
        "ended_at": _TIME,
        "adult": _TRUTH,
        "recruited_by": _TEXT,
        "scope": _TEXT,
        "program_version": _TEXT,
    },
    "answers": _WAY
    | {
        "stage": _TEXT,
        "instrument": _TEXT,
        "item": _TEXT,
        "place": _WHOLE,
        "attribute": _TEXT,
        "options": [_TEXT],
        "said": _TEXT,
        "code": _TEXT,
        "value": _NUMBER,
        "declined": _TRUTH,
        "seconds": _NUMBER,
        "answered_at": _TIME,
    },
    "guesses": _WAY
    | {
        "stage": _TEXT,
        "survey_sha256": _TEXT,
        "question": _TEXT,
        "place": _WHOLE,
        "shares": [_NUMBER],
        "seconds": _NUMBER,
        "guessed_at": _TIME,
    },
}
"""The columns of each configuration with their types; a list holds the type of its items."""


class _Parquet:
    """A Parquet file that is written a group of rows at a time, and begun with its first row."""

    def __init__(self, folder: Path, name: str, split: str) -> None:
        self.name = name
        self.split = split
        self.file = folder / "data" / name / f"{split}-00000-of-00001.parquet"
        self.rows = 0
        self.bytes = 0
        self._held: list[Mapping[str, Any]] = []
        self._held_bytes = 0
        self._writer: Any = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        if kind is None:
            self._flush()
        if self._writer is not None:
            self._writer.close()

    @cached_property
    def schema(self) -> "pa.Schema":
        import pyarrow as pa

        return pa.schema([(column, _arrow(kind)) for column, kind in COLUMNS[self.name].items()])

    def add(self, row: Mapping[str, Any], size: int) -> None:
        """Add a row that takes about `size` bytes."""
        self._held.append(row)
        self._held_bytes += size
        if self._held_bytes >= MOST_BYTES:
            self._flush()

    def _flush(self) -> None:
        import pyarrow as pa
        from pyarrow import parquet

        if not self._held:
            return
        if self._writer is None:
            self.file.parent.mkdir(parents=True, exist_ok=True)
            self._writer = parquet.ParquetWriter(self.file, self.schema)
        table = pa.Table.from_pylist(self._held, schema=self.schema)
        self._writer.write_table(table)
        self.rows += table.num_rows
        self.bytes += table.nbytes
        self._held, self._held_bytes = [], 0

    def described(self, folder: Path) -> Table:
        """Return what the card says of the file."""
        with self.file.open("rb") as stream:
            sha256 = hashlib.file_digest(stream, "sha256").hexdigest()
        return Table(
            name=self.name,
            split=self.split,
            file=self.file.relative_to(folder).as_posix(),
            sha256=sha256,
            size=self.file.stat().st_size,
            rows=self.rows,
            bytes=self.bytes,
            columns=COLUMNS[self.name],
        )


def _write(source: Source, folder: Path, *, split: bool = False) -> int:
    from contextlib import ExitStack

    span = _Span()
    with ExitStack() as opened:
        files = {
            (name, part): opened.enter_context(_Parquet(folder, name, part))
            for name in COLUMNS
            for part in (SPLITS if split else SPLITS[:1])
        }
        for conversation, said in source.dialogues():
            part = split_of(source.participant()) if split else SPLITS[0]
            for name, row, size in _rows(source, conversation, said):
                files[name, part].add(row, size)
            span.add(conversation)
        for taken in source.participations():
            part = split_of(taken.person.id) if split else SPLITS[0]
            for name, row, size in _study_rows(taken):
                files[name, part].add(row, size)
    tables = [file.described(folder) for file in files.values() if file.rows]
    about = About(
        leaves_out=FORMAT.leaves_out,
        first=span.first,
        last=span.last,
        participants=len(source.held.participants),
        of_owner=source.held.conversations > source.held.of_participants,
        split=split,
        masking=source.terms.masking,
        licence_people=source.terms.licence_people,
        licence_model=source.terms.licence_model,
        model_terms=model_terms(source.held.models),
    )
    (folder / "README.md").write_text(card(tables, about), encoding="utf-8")
    (folder / "croissant.json").write_text(croissant(tables, about), encoding="utf-8")
    return span.count


SPLITS = ("train", "validation", "test")


def split_of(participant: str | None) -> str:
    """Return the split of a participant: 80, 10 and 10 of a hundred by the hash of the pseudonym; None: the owner."""
    if participant is None:
        return SPLITS[0]
    tenth = int.from_bytes(hashlib.sha256(participant.encode()).digest()[:8], "big") % 10
    return SPLITS[max(0, tenth - 7)]


@dataclass(slots=True)
class _Span:
    """How many conversations there are, and the days on which the first and the last of them began."""

    count: int = 0
    first: str = ""
    last: str = ""

    def add(self, conversation: ConversationRow) -> None:
        day = conversation.created_at.date().isoformat()
        self.count += 1
        self.first = min(self.first or day, day)
        self.last = max(self.last, day)


def _rows(
    source: Source, conversation: ConversationRow, said: Sequence[MessageRow]
) -> Iterator[tuple[str, dict[str, Any], int]]:
    """Yield the rows of a conversation: each with its configuration, and the bytes that it takes, about."""
    turns, made = turns_of(said), source.generations(conversation.id)
    key = {"conversation_id": conversation.id, "participant": source.participant()}
    words = sum(len(message.text) for message in said)
    messages = chat_messages(conversation.system_prompt, said, prompts_of(made))
    whole = {"turns": max(turns.values()), "messages": messages}
    yield "dialogues", vars(conversation) | key | whole, words + len(conversation.persona) + 2_000
    for place, message in enumerate(said, start=1):
        how = vars(made[message.id]) if message.id in made else {}
        own = vars(message) | key | {"place": place, "turn": turns[message.id]}
        yield "messages", how | own | {"message_id": message.id}, len(message.text) + 1_000
    for measured in source.measurements(conversation.id):
        if measured.message_id in turns:
            mine = {"measurement_id": measured.id, "turn": turns[measured.message_id]}
            yield "measurements", measured.model_dump() | mine, 1_000
            for probe in source.probes(measured.id):
                yield "probes", vars(probe) | mine, 500
    for rating in source.ratings(conversation.id):
        if rating.message_id in turns:
            rated = vars(rating) | key | {"rating_id": rating.id, "turn": turns[rating.message_id]}
            yield "ratings", rated, 500 + len(rating.comment or "")


def _study_rows(part: TakenPart) -> Iterator[tuple[str, dict[str, Any], int]]:
    """Yield the rows of a person's way through a study, as `_rows` does."""
    took_part = vars(part.person) | vars(part.way) | part.columns | {"scope": part.scope}
    yield "participations", took_part, 1_000
    for answer in part.answers:
        yield "answers", vars(answer) | part.columns, 500 + len(answer.said or "")
    for guess in part.guesses:
        yield "guesses", vars(guess) | part.columns, 500


def _arrow(kind: Any) -> "pa.DataType":
    """Return the type of a column as Arrow has it."""
    import pyarrow as pa

    if isinstance(kind, list):
        return pa.list_(_arrow(kind[0]))
    if isinstance(kind, dict):
        return pa.struct([(name, _arrow(inner)) for name, inner in kind.items()])
    return pa.timestamp("ms", tz="UTC") if kind == _TIME else pa.type_for_alias(kind)


FORMAT = DirectoryFormat(
    name="huggingface",
    summary="a dataset for the Hugging Face hub",
    for_whom="the Hugging Face hub, datasets, Croissant loaders",
    leaves_out=(
        f"{DEBATES}; other branches; a last reply that is not complete, with its question; thoughts; "
        "how messages were typed"
    ),
    needs=("pyarrow",),
    write=_write,
    entries=frozenset({"data", "README.md", "croissant.json"}),
)
SPLIT = replace(FORMAT, write=partial(_write, split=True))
"""The same in three splits."""
