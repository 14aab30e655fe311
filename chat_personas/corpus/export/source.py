"""What every export format reads: one state of the corpus, and in it what a selection chooses and may leave.

A format reads through a `Source` only, so here is the one place where what participants did loses what could lead to
them. Their keys become pseudonyms of this release. Their times begin at midnight of their day, and differences stay.
What they and the model said to each other is masked. The conversations of the owner stay as they are.
"""

import json
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

from chat_personas.corpus import measurements, messages
from chat_personas.corpus.connection import open_reader
from chat_personas.corpus.conversations import Selection, beginning_of
from chat_personas.corpus.errors import storage_errors
from chat_personas.corpus.export import permission
from chat_personas.corpus.export.masking import Mask, masked
from chat_personas.corpus.export.pseudonyms import Kind, Pseudonyms, new_secret
from chat_personas.corpus.rows import (
    ConversationRow,
    GenerationRow,
    MeasurementRow,
    MessageRow,
    ProbeRow,
    RatingRow,
    SpokenAsRow,
)
from chat_personas.corpus.sql import Row, Value, columns_of, fetch, new_key
from chat_personas.corpus.study_rows import (
    SCOPES,
    AnswerRow,
    CompositionRow,
    ConsentRow,
    GuessRow,
    ParticipantRow,
    ParticipationRow,
    Scope,
    StageRow,
    StudyRow,
)
from eval.engine import PromptFormat

RowModel = TypeVar("RowModel", bound=Row)
Made = TypeVar("Made", GenerationRow, SpokenAsRow)

THOUGHT = ("thought", "thought_seconds")
"""The columns of a generation that no format exports: who trains on thoughts teaches a model to say them."""

_PAGE = 500
_CONVERSATION = columns_of(ConversationRow, "conversations")
_GENERATION = ", ".join(
    f"NULL AS {name}" if name in THOUGHT else f"generations.{name}" for name in GenerationRow.model_fields
)
_RATING = columns_of(RatingRow, "ratings")
_RATED = "AND EXISTS (SELECT 1 FROM ratings WHERE message_id = messages.id)"
_COMPOSITION = columns_of(CompositionRow, "compositions")


@dataclass(slots=True)
class _InHand:
    """What becomes of the conversation that was yielded last in the release.

    `way`, `participant` and `shift` are None for a conversation of the owner, which keeps its keys and times. `keys`
    are its own key and those of its messages and measurements, by their pseudonyms, as far as they were handed out.
    `quoted` are its messages with a model's words in a person's place.
    """

    way: str | None = None
    participant: str | None = None
    shift: timedelta | None = None
    keys: dict[str, str] = field(default_factory=dict)
    quoted: "Mapping[str, Quoted]" = field(default_factory=dict)

    def real(self, key: str) -> str:
        """Return the key in the corpus of one that was handed out."""
        return self.keys.get(key, key)


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """On what terms a release is made, whatever is in it.

    `mask` is applied to what participants and the model said to each other, and to what participants wrote elsewhere;
    `masking` is its name. The licences of people's and of models' words are SPDX names; None: not stated. `recorded`:
    the release is entered in the ledger under the key `release`; without that, nothing of participants leaves.
    """

    mask: Mask = masked
    masking: str = "rules"
    licence_people: str | None = None
    licence_model: str | None = None
    recorded: bool = True
    release: str = field(default_factory=new_key)
    secret: str = field(default_factory=new_secret, repr=False)


@dataclass(slots=True)
class Held:
    """What a release came to hold: the keys in the corpus of its participants, and the models that speak in it.

    `left` is how many of the chosen conversations may leave, and have nothing that the format can hold; `cut`, of how
    many it does not hold the end, and `branches_cut`, of how many branches in a format of all branches. `repeated` is
    how many forks have nothing complete that is not with their original. `growing` is how many replies with words are
    left out because they are still being written. `models` has the forms in which each model was asked.
    """

    conversations: int = 0
    left: int = 0
    cut: int = 0
    branches_cut: int = 0
    repeated: int = 0
    growing: int = 0
    of_participants: int = 0
    participants: set[str] = field(default_factory=set)
    models: dict[str, set[PromptFormat | None]] = field(default_factory=dict)

    def speak(self, made: "Iterable[ConversationRow | GenerationRow | SpokenAsRow | Quoted]") -> None:
        """Take note of the models of these, and of how they were asked."""
        for each in made:
            self.models.setdefault(each.model or DELETED, set()).add(each.prompt_format)


ANOTHER = "another persona"
"""Who said what is quoted, where the conversation that it is from is not in the corpus."""


DELETED = "a model whose conversation was deleted"
"""Whose words are quoted there, where the terms of models are stated."""


@dataclass(frozen=True, slots=True)
class Quoted:
    """Who said what a message quotes: a persona on a model; `model` is None where its conversation is not there.

    `prompt_format` says how the model was asked, as in a `GenerationRow`.
    """

    persona_name: str
    model: str | None
    model_sha256: str | None
    prompt_format: PromptFormat | None

    @property
    def name(self) -> str:
        """The persona and the model in one, as `democrat on pocket`."""
        return self.persona_name if self.model is None else f"{self.persona_name} on {self.model}"


@dataclass(frozen=True, slots=True, kw_only=True)
class TakenPart:
    """A person's way through a study, as it leaves: pseudonyms, times from midnight of the day on which it began.

    `conversation_id` is the pseudonym of its conversation, if it had one that the selection chooses. The slot of the
    assignment is left out: it is the same in every release.
    """

    study: StudyRow
    person: ParticipantRow
    way: ParticipationRow
    consents: tuple[ConsentRow, ...]
    stages: tuple[StageRow, ...]
    answers: tuple[AnswerRow, ...]
    guesses: tuple[GuessRow, ...]
    conversation_id: str | None

    @property
    def scope(self) -> Scope:
        """The widest scope that the person agreed to in this study."""
        return max((consent.scope for consent in self.consents), key=SCOPES.index)

    @property
    def columns(self) -> dict[str, str | None]:
        """The columns by which rows of a participation are joined with each other and with conversations."""
        return {
            "participant": self.person.id,
            "participation_id": self.way.id,
            "study": self.study.name,
            "condition": self.way.condition,
            "conversation_id": self.conversation_id,
        }


class Source:
    """One state of the corpus, whatever is written to it meanwhile, and in it what a selection chooses and may leave.

    No method holds more than one conversation and a page of keys in memory. A method that takes a conversation or
    something of it concerns the conversation that was yielded last. Every method raises CorpusError where the corpus
    cannot be read.
    """

    def __init__(self, connection: sqlite3.Connection, path: Path, selection: Selection, terms: Terms) -> None:
        self.held = Held()
        self.terms = terms
        self._connection = connection
        self._path = path
        self._selection = selection
        self._families: Mapping[str, str] = {}
        self._pseudonyms = Pseudonyms(terms.secret)
        self._mask = terms.mask
        self._in_hand = _InHand()
        self._told: Callable[[int], None] = lambda _: None
        connection.create_function("place_of", 2, self._place, deterministic=True)
        connection.create_function("place_of_way", 1, lambda key: self._pseudonyms.of("participation", key))

    def withheld(self) -> permission.Withheld:
        """Count the chosen conversations that may leave, and those that may not."""
        with storage_errors(self._path):
            return permission.withheld(self._connection, self._selection)

    def tell(self, told: Callable[[int], None]) -> None:
        """Call `told` at every conversation that is yielded, with how many these were so far."""
        self._told = told

    @contextmanager
    def looking(self) -> Iterator[None]:
        """Read in the block without writing: what is yielded there does not count as held by the release."""
        held, self.held = self.held, Held()
        try:
            yield
        finally:
            self.held = held

    # Conversations

    def conversations(self) -> Iterator[ConversationRow]:
        """Yield the chosen conversations: those of the owner, oldest first, then the others by their pseudonyms.

        By their age they could be joined with those of another release. What begins with the same messages stands
        together, a fork after its original (`begins_with`).
        """
        condition, values = permission.conversations(self._selection)
        with storage_errors(self._path):
            self._families = self._find_families()
        sql = f"""
            SELECT id, (SELECT participation_id FROM study_conversations WHERE conversation_id = conversations.id)
                AS way
            FROM conversations WHERE {condition} ORDER BY place_of(id, way)
            """  # noqa: S608
        one = f"SELECT {_CONVERSATION} FROM conversations WHERE id = ?"  # noqa: S608
        for key, way in self._page_by_page(sql, values):
            with storage_errors(self._path):
                (row,) = fetch(ConversationRow, self._connection.execute(one, (key,)))
                released = self._hand_out(row, way)
            yield released

    def begins_with(self, conversation: ConversationRow) -> str:
        """Return the key of the oldest conversation in the release that has the first message of this one.

        It is another one for a fork, and for the second side of a debate.
        """
        return self._families.get(conversation.id, conversation.id)

    def participant(self) -> str | None:
        """Return the pseudonym of the participant whose conversation was yielded last; None for the owner's."""
        person = self._in_hand.participant
        return None if person is None else self._pseudonyms.of("participant", person)

    def part(self) -> TakenPart | None:
        """Return the participation of the conversation that was yielded last; None for the owner's."""
        if self._in_hand.way is None:
            return None
        with storage_errors(self._path):
            return self._taken_part(self._in_hand.way)

    def dialogue(self, conversation: ConversationRow, *, whole: bool = False) -> Sequence[MessageRow]:
        """Return what was said on the active branch, up to its last complete reply; nothing without one.

        A reply at the end that was stopped, interrupted or failed is left out with the message that it answers. One
        before the end stands as far as it came, because what follows was said after it. A reply of white space only
        counts as no reply.

        `whole`: all that was said, with such replies at the end, but for one that is still being written. That is for
        formats which show beside a reply how it ended, so that no word is lost.
        """
        return _told(self._replied(conversation), whole)

    def _replied(self, conversation: ConversationRow) -> Sequence[MessageRow]:
        """Return the active branch without replies of white space only."""
        if conversation.active_leaf_id is None:
            return ()
        return [
            message for message in self._branch(conversation.active_leaf_id) if not messages.is_blank_reply(message)
        ]

    def dialogues(self, *, whole: bool = False) -> Iterator[tuple[ConversationRow, Sequence[MessageRow]]]:
        """Yield the chosen conversations that have a complete reply, each with what was said; see `dialogue`.

        The others, of which nothing is in the release, and those whose end is not in it are counted in `held`.
        """
        for conversation in self.conversations():
            branch = self._replied(conversation)
            said = _told(branch, whole)
            self.held.left += not said
            self.held.cut += not whole and 0 < len(said) < len(branch)
            self.held.growing += whole and len(said) < len(branch)
            if said:
                yield conversation, said

    def participations(self) -> Iterator[TakenPart]:
        """Yield the chosen participations, by their pseudonyms: also those that came to no conversation."""
        condition, values = permission.participations(self._selection)
        sql = f"SELECT id FROM participations WHERE {condition} ORDER BY place_of_way(id)"  # noqa: S608
        for (key,) in self._page_by_page(sql, values):
            with storage_errors(self._path):
                part = self._taken_part(key)
            yield part

    # What belongs to a conversation

    def branch(self, leaf_id: str) -> Sequence[MessageRow]:
        """Return the messages from the first to this one, without replies of white space only before it."""
        branch = self._branch(leaf_id)
        return [message for message in branch[:-1] if not messages.is_blank_reply(message)] + list(branch[-1:])

    def messages(self, conversation_id: str, *, rated: bool = False) -> Sequence[MessageRow]:
        """Return the messages of all branches of a conversation, or those that somebody rated, oldest first."""
        among = _RATED if rated else ""
        sql = f"SELECT {messages.MESSAGE} FROM messages WHERE conversation_id = ? {among} ORDER BY id"  # noqa: S608
        with storage_errors(self._path):
            found = fetch(MessageRow, self._connection.execute(sql, (self._in_hand.real(conversation_id),)))
        return [self._message(row) for row in found]

    def rated_as(self, conversation_id: str) -> Mapping[str, SpokenAsRow]:
        """Return under which persona the replies that somebody rated were made, by the keys of the replies."""
        return self._made(conversation_id, SpokenAsRow, columns_of(SpokenAsRow, "generations"), _RATED)

    def generations(self, conversation_id: str) -> Mapping[str, GenerationRow]:
        """Return how the replies of a conversation were made, by the keys of the replies, without any thought."""
        return self._made(conversation_id, GenerationRow, _GENERATION)

    def _made(self, conversation_id: str, kind: type[Made], columns: str, among: str = "") -> Mapping[str, Made]:
        sql = f"""
            SELECT {columns} FROM generations JOIN messages ON messages.id = message_id
            WHERE conversation_id = ? {among}
            """  # noqa: S608
        with storage_errors(self._path):
            found = fetch(kind, self._connection.execute(sql, (self._in_hand.real(conversation_id),)))
        self.held.speak(found)
        rows = (self._released(row, message_id="message") for row in found)
        return {row.message_id: row for row in rows}

    def measurements(self, conversation_id: str) -> Sequence[MeasurementRow]:
        """Return the measurements of a conversation, over all its branches, oldest first."""
        with storage_errors(self._path):
            found = measurements.of_conversation(self._connection, self._in_hand.real(conversation_id))
        kinds: dict[str, Kind] = {"id": "measurement", "conversation_id": "conversation", "message_id": "message"}
        return [self._released(row, **kinds) for row in found]

    def quoted(self) -> Mapping[str, Quoted]:
        """Return by key the messages of the conversation yielded last that hold a model's words, and who said them."""
        return self._in_hand.quoted

    def probes(self, measurement_id: str) -> Sequence[ProbeRow]:
        """Return the probes of a measurement, by question."""
        with storage_errors(self._path):
            return measurements.probes(self._connection, self._in_hand.real(measurement_id))

    def ratings(self, conversation_id: str) -> Sequence[RatingRow]:
        """Return the ratings of a conversation, oldest first: the owner's and those of participants who agreed."""
        may_leave, scopes = permission.raters(self._selection.scope)
        sql = f"""
            SELECT {_RATING} FROM ratings JOIN messages ON messages.id = ratings.message_id
            WHERE messages.conversation_id = ? AND {may_leave} ORDER BY ratings.id
            """  # noqa: S608
        with storage_errors(self._path):
            found = fetch(RatingRow, self._connection.execute(sql, (self._in_hand.real(conversation_id), *scopes)))
        return [self._rating(row) for row in found]

    def compositions(self, conversation_id: str) -> Sequence[CompositionRow]:
        """Return how the messages of a conversation were typed, where the person agreed to that; oldest first."""
        sql = f"""
            SELECT {_COMPOSITION} FROM compositions JOIN messages ON messages.id = message_id
            WHERE conversation_id = ? ORDER BY message_id
            """  # noqa: S608
        with storage_errors(self._path):
            found = fetch(CompositionRow, self._connection.execute(sql, (self._in_hand.real(conversation_id),)))
        return [self._released(row, message_id="message") for row in found]

    def _page_by_page(self, sql: str, values: Sequence[Value]) -> Iterator[sqlite3.Row]:
        """Yield what a query finds, of which a page is in memory at a time."""
        with storage_errors(self._path):
            found = self._connection.execute(sql, values)
            page = found.fetchmany(_PAGE)
        while page:
            yield from page
            with storage_errors(self._path):
                page = found.fetchmany(_PAGE)

    # Keys, times and words as they leave

    def _taken_part(self, key: str) -> TakenPart:
        (way,) = self._rows(ParticipationRow, "participations", "id = ?", key)
        (person,) = self._rows(ParticipantRow, "participants", "id = ?", way.participant_id)
        (study,) = self._rows(StudyRow, "studies", "sha256 = ?", way.study_sha256)
        consents = self._rows(
            ConsentRow, "consents", "participant_id = ? AND withdrawn_at IS NULL AND study_sha256 = ? ORDER BY id",
            person.id, study.sha256,
        )  # fmt: skip
        condition, values = permission.conversations(self._selection)
        sql = f"""
            SELECT id FROM conversations
            WHERE id IN (SELECT conversation_id FROM study_conversations WHERE participation_id = ?) AND {condition}
            """  # noqa: S608
        talk = self._connection.execute(sql, (key, *values)).fetchone()
        self.held.participants.add(person.id)
        shift, of = since_midnight(way.started_at), self._pseudonyms.of
        mine = {"participation_id": of("participation", key)}
        who = {"participant_id": of("participant", person.id)}
        no_slot = dict.fromkeys(("site", "stratum", "block", "place"))
        return TakenPart(
            study=study.model_copy(update={"definition": _without_codes(study.definition)}),
            person=_moved(person, shift, id=who["participant_id"]),
            way=_moved(way, shift, id=mine["participation_id"], **who, **no_slot),
            consents=tuple(_moved(row, shift, id=of("consent", row.id), **who) for row in consents),
            stages=tuple(
                _moved(row, shift, **mine)
                for row in self._rows(StageRow, "stages", "participation_id = ? ORDER BY started_at, name", key)
            ),
            answers=tuple(
                _moved(row, shift, **mine, said=self._said(row))
                for row in self._rows(AnswerRow, "answers", "participation_id = ? ORDER BY stage, place", key)
            ),
            guesses=tuple(
                _moved(row, shift, **mine)
                for row in self._rows(GuessRow, "guesses", "participation_id = ? ORDER BY stage, place", key)
            ),
            conversation_id=None if talk is None else of("conversation", talk[0]),
        )

    def _said(self, row: AnswerRow) -> str | None:
        """Return the words of an answer; what was typed is masked, the text of an option is not the person's."""
        return row.said if row.said is None or row.code is not None else self._mask(row.said)

    def _rows(self, model: type[RowModel], table: str, condition: str, *values: str) -> tuple[RowModel, ...]:
        sql = f"SELECT {columns_of(model, table)} FROM {table} WHERE {condition}"  # noqa: S608
        return fetch(model, self._connection.execute(sql, values))

    def _place(self, conversation_id: str, way: str | None) -> str:
        """Return by what a conversation is sorted: its key if it is the owner's, otherwise its pseudonym."""
        if way is not None:
            return self._pseudonyms.of("conversation", conversation_id)
        return f"{self._families.get(conversation_id, conversation_id)} {conversation_id}"

    def _find_families(self) -> Mapping[str, str]:
        """Return what `begins_with` does, for the owner's conversations whose first message is a copy."""
        condition, values = permission.conversations(self._selection)
        sql = f"""
            WITH released AS (
                SELECT id FROM conversations
                WHERE {condition} AND id NOT IN (SELECT conversation_id FROM study_conversations)
            ), first AS MATERIALIZED (  -- without this, every copy is compared with every conversation
                SELECT conversation_id, created_at, role, text, copy_of FROM messages
                WHERE conversation_id IN (SELECT id FROM released) AND parent_id IS NULL
            )
            SELECT copies.conversation_id AS younger, min(said.conversation_id) AS oldest
            FROM first AS copies CROSS JOIN first AS said USING (created_at, role, text)
            WHERE copies.copy_of IS NOT NULL
            GROUP BY younger HAVING oldest < younger ORDER BY younger
            """  # noqa: S608
        families = dict[str, str]()
        for younger, oldest in self._connection.execute(sql, values):
            families[younger] = families.get(oldest, oldest)
        return families

    def _hand_out(self, row: ConversationRow, way: str | None) -> ConversationRow:
        self.held.conversations += 1
        self._told(self.held.conversations)
        quoted = self._quoted(row.id)
        self.held.speak([row, *quoted.values()])
        if way is None:
            self._in_hand = _InHand(quoted=quoted)
            return row
        sql = "SELECT participant_id FROM participations WHERE id = ?"
        (participant,) = self._connection.execute(sql, (way,)).fetchone()
        quoted = {self._pseudonyms.of("message", key): speaker for key, speaker in quoted.items()}
        self._in_hand = _InHand(way, participant, since_midnight(row.created_at), quoted=quoted)
        self.held.of_participants += 1
        self.held.participants.add(participant)
        released = self._released(row, id="conversation", forked_from="conversation", active_leaf_id="message")
        return released.model_copy(update={"title": self._title(row)})

    def _quoted(self, conversation_id: str) -> Mapping[str, Quoted]:
        """Return what `quoted` does, by the keys of the corpus."""
        sql = """
            SELECT messages.id, coalesce(generations.persona_name, conversations.persona_name) AS persona_name,
                   coalesce(generations.model, conversations.model) AS model,
                   CASE WHEN generations.model IS NULL THEN conversations.model_sha256 ELSE generations.model_sha256 END
                   AS model_sha256,
                   coalesce(generations.prompt_format, conversations.prompt_format) AS prompt_format
            FROM messages
            LEFT JOIN messages AS said ON said.id = messages.quotes
            LEFT JOIN conversations ON conversations.id = said.conversation_id
            LEFT JOIN generations ON generations.message_id = said.id
            WHERE messages.conversation_id = ? AND messages.quotes IS NOT NULL
            """
        found = self._connection.execute(sql, (conversation_id,))
        return {
            row["id"]: Quoted(row["persona_name"] or ANOTHER, row["model"], row["model_sha256"], row["prompt_format"])
            for row in found
        }

    def _title(self, row: ConversationRow) -> str:
        """Return a title as it leaves: the beginning of the masked message, for a title may cut an address in two."""
        sql = "SELECT text FROM messages WHERE conversation_id = ? AND parent_id IS NULL"
        begun = (text for (text,) in self._connection.execute(sql, (row.id,)) if beginning_of(text) == row.title)
        whole = next(begun, None)
        if whole is not None:
            return beginning_of(self._mask(whole))
        return self._mask(row.title.removesuffix("…").rpartition(" ")[0] if row.title.endswith("…") else row.title)

    def _branch(self, leaf_id: str) -> Sequence[MessageRow]:
        with storage_errors(self._path):
            found = messages.branch_to(self._connection, self._in_hand.real(leaf_id))
        return [self._message(row) for row in found]

    def _message(self, row: MessageRow) -> MessageRow:
        if self._in_hand.shift is None:
            return row
        kinds: dict[str, Kind] = dict.fromkeys(("id", "parent_id", "quotes", "copy_of"), "message")
        released = self._released(row, conversation_id="conversation", **kinds)
        return released.model_copy(update={"text": self._mask(row.text)})

    def _rating(self, row: RatingRow) -> RatingRow:
        """Return a rating as it leaves; the comment of a participant is masked in whatever conversation it stands."""
        if row.rater is None and self._in_hand.shift is None:
            return row
        if row.rater is not None:
            self.held.participants.add(row.rater)
        comment = None if row.comment is None else self._mask(row.comment)
        rater = None if row.rater is None else self._pseudonyms.of("participant", row.rater)
        released = self._released(row, id="rating", message_id="message")
        return released.model_copy(update={"comment": comment, "rater": rater})

    def _released(self, row: RowModel, **kinds: Kind) -> RowModel:
        """Return a row of the conversation in hand with pseudonyms for the keys in these columns and shifted times."""
        shift = self._in_hand.shift
        if shift is None:
            return row
        keys: dict[str, Any] = {}
        for column, kind in kinds.items():
            key = getattr(row, column)
            if key is not None:
                keys[column] = self._pseudonyms.of(kind, key)
                self._in_hand.keys[keys[column]] = key
        return _moved(row, shift, **keys)


@contextmanager
def reading(path: Path, selection: Selection, terms: Terms | None = None) -> Iterator[Source]:
    """Lend one state of the corpus at `path`, as it is when the block begins.

    Raises:
        CorpusError: it cannot be read.
    """
    with storage_errors(path):
        connection = open_reader(path)
    try:
        with storage_errors(path):
            connection.execute("BEGIN")
        yield Source(connection, path, selection, terms or Terms())
    finally:
        connection.close()


def _without_codes(definition: str) -> str:
    """Return a study's definition without what people take back to where they were recruited, to be paid."""
    document = json.loads(definition)
    if isinstance(document.get("study"), dict):
        document["study"].pop("codes", None)
    return json.dumps(document, ensure_ascii=False, sort_keys=True)


def _moved(row: RowModel, shift: timedelta, **columns: Any) -> RowModel:
    """Return a row with earlier times, and with other values in these columns."""
    times = {name: value - shift for name, value in row if isinstance(value, datetime)}
    return row.model_copy(update=times | columns)


def since_midnight(moment: datetime) -> timedelta:
    """Return how long after the beginning of its day (UTC) a moment is: by this the times of a release are moved."""
    return moment - moment.replace(hour=0, minute=0, second=0, microsecond=0)


def is_complete_reply(message: MessageRow) -> bool:
    """Whether a message is a reply that ended by itself, with words in it."""
    return message.role == "assistant" and message.status == "complete" and not messages.is_blank_reply(message)


def _told(branch: Sequence[MessageRow], whole: bool) -> Sequence[MessageRow]:
    """Return what of a branch without blank replies is told; see `Source.dialogue`."""
    return [each for each in branch if each.status != "streaming"] if whole else until_last_reply(branch)


def until_last_reply(branch: Sequence[MessageRow]) -> Sequence[MessageRow]:
    """Return a branch up to its last complete reply; nothing without one."""
    ends = (length for length in range(len(branch), 0, -1) if is_complete_reply(branch[length - 1]))
    return branch[: next(ends, 0)]


def plain(row: GenerationRow | MeasurementRow | MessageRow | ConversationRow) -> dict[str, Any]:
    """Return the columns of a row as JSON has them: times as text, groups and interventions as lists; no thought."""
    return row.model_dump(mode="json", exclude=set(THOUGHT))
