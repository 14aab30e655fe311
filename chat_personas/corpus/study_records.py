"""The records of studies in the corpus: participants, consent, participations with their stages, answers and guesses.

What a person answers is on the disk before the next thing is asked. `chat_personas.studies` decides what is asked.
"""

import sqlite3
from collections.abc import Callable, Sequence
from typing import TypeVar

from chat_personas.corpus import conversations
from chat_personas.corpus.connection import Connections
from chat_personas.corpus.errors import UnknownParticipationError
from chat_personas.corpus.rows import ConversationRow
from chat_personas.corpus.sql import Row, columns_of, fetch, find_key, insert, now, stamp, storable, values_of
from chat_personas.corpus.study_rows import (
    AnswerRow,
    CompositionRow,
    ConsentRow,
    GuessRow,
    IdentifierRow,
    ParticipantRow,
    ParticipationRow,
    ParticipationStatus,
    Slot,
    StageRow,
    StudyRow,
)

RowModel = TypeVar("RowModel", bound=Row)
Taken = tuple[ParticipationRow, ...]
"""The participations of a study that have a slot, oldest first."""


class StudyRecords:
    """What the corpus holds of studies; take it from `Corpus.studies`.

    Every method is one transaction and waits for the disk, as those of `Corpus` do, and raises `CorpusError` likewise.
    """

    def __init__(self, connections: Connections) -> None:
        self._connections = connections

    # Beginning and ending

    def begin(
        self,
        study: StudyRow,
        participant: ParticipantRow,
        consent: ConsentRow,
        participation: ParticipationRow,
        identifiers: Sequence[IdentifierRow] = (),
    ) -> None:
        """Add a person who has just agreed to take part. A participant whom an earlier study added is kept as is."""
        with self._connections.writing() as connection:
            connection.execute("INSERT OR IGNORE INTO studies VALUES (?, ?, ?, ?)", tuple(values_of(study).values()))
            if not _exists(connection, participant.id):
                insert(connection, "participants", values_of(participant))
            for identifier in identifiers:
                values = (identifier.participant_id, storable(identifier.kind), storable(identifier.value))
                connection.execute("INSERT OR IGNORE INTO identifiers VALUES (?, ?, ?)", values)
            insert(connection, "consents", values_of(consent))
            insert(connection, "participations", values_of(participation))

    def end(self, participation_id: str, status: ParticipationStatus, why: str | None = None) -> None:
        """End a participation that runs; one that has ended stays as it is."""
        with self._connections.writing() as connection:
            connection.execute(
                "UPDATE participations SET status = ?, why = ?, active_at = ?3, ended_at = ?3"
                " WHERE id = ?4 AND status = 'running'",
                (status, why, stamp(now()), participation_id),
            )

    def assign(self, participation_id: str, choose: Callable[[Taken], Slot]) -> ParticipationRow:
        """Give a participation the slot that `choose` picks, which sees the slots that are taken; return it with it.

        A participation that has a slot keeps it. No other program can take a slot meanwhile. Tests and real people take
        no slots from each other.
        """
        with self._connections.writing() as connection:
            row = _participation(connection, participation_id)
            if row.condition is None:
                found = connection.execute(
                    f"SELECT {columns_of(ParticipationRow, 'participations')} FROM participations"  # noqa: S608
                    " JOIN participants ON participants.id = participant_id"
                    " WHERE study_sha256 = ? AND condition IS NOT NULL AND test ="
                    " (SELECT test FROM participants WHERE id = ?) ORDER BY participations.id",
                    (row.study_sha256, row.participant_id),
                )
                slot = choose(fetch(ParticipationRow, found))
                connection.execute(
                    "UPDATE participations SET condition = ?, site = ?, stratum = ?, block = ?, place = ? WHERE id = ?",
                    (slot.condition, slot.site, slot.stratum, slot.block, slot.place, participation_id),
                )
            return _participation(connection, participation_id)

    # On the way

    def enter(self, participation_id: str, stage: str) -> None:
        """Note that a person entered a stage, unless that is noted."""
        with self._connections.writing() as connection:
            connection.execute(
                "INSERT OR IGNORE INTO stages VALUES (?, ?, ?, NULL)", (participation_id, stage, stamp(now()))
            )
            _touch(connection, participation_id)

    def leave(self, participation_id: str, stage: str) -> None:
        """Note that a person has done a stage, unless that is noted."""
        with self._connections.writing() as connection:
            connection.execute(
                "UPDATE stages SET ended_at = ? WHERE participation_id = ? AND name = ? AND ended_at IS NULL",
                (stamp(now()), participation_id, stage),
            )
            _touch(connection, participation_id)

    def answer(self, answers: Sequence[AnswerRow]) -> None:
        """Store answers of one person, in place of earlier ones to the same items."""
        with self._connections.writing() as connection:
            for row in answers:
                said = None if row.said is None else storable(row.said)
                _replace(connection, "answers", {**values_of(row), "said": said})
                _touch(connection, row.participation_id)

    def guess(self, guesses: Sequence[GuessRow]) -> None:
        """Store guesses of one person, in place of earlier ones of the same stage."""
        with self._connections.writing() as connection:
            for row in guesses:
                _replace(connection, "guesses", values_of(row))
                _touch(connection, row.participation_id)

    def attach(self, participation_id: str, conversation: ConversationRow) -> None:
        """Say that a conversation is the one of a participation, and add it to the corpus unless it is there.

        Call it before anything is said: whatever the program dies of, a participant's words never count as the owner's.
        """
        with self._connections.writing() as connection:
            conversations.add_unspoken(connection, conversation)
            connection.execute(
                "INSERT OR IGNORE INTO study_conversations (conversation_id, participation_id) VALUES (?, ?)",
                (conversation.id, participation_id),
            )
            _touch(connection, participation_id)

    def add_composition(self, row: CompositionRow) -> None:
        """Store how a message was typed."""
        with self._connections.writing() as connection:
            _replace(connection, "compositions", values_of(row))

    # Reading

    def studies(self, name: str | None = None) -> tuple[StudyRow, ...]:
        """Return the studies, or the versions of the one with this name."""
        return self._select(StudyRow, "studies", "?1 IS NULL OR name = ?1 ORDER BY name, sha256", name)

    def participant(self, participant_id: str) -> ParticipantRow | None:
        """Return the participant with this key."""
        return next(iter(self._select(ParticipantRow, "participants", "id = ?", participant_id)), None)

    def participants(self, study_sha256: str) -> tuple[ParticipantRow, ...]:
        """Return who took part in a study, oldest first."""
        among = "id IN (SELECT participant_id FROM participations WHERE study_sha256 = ?) ORDER BY id"
        return self._select(ParticipantRow, "participants", among, study_sha256)

    def identified(self, kind: str, value: str) -> tuple[ParticipantRow, ...]:
        """Return the participants who have this identifier, oldest first: several where corpora were merged."""
        among = "id IN (SELECT participant_id FROM identifiers WHERE kind = ? AND value = ?) ORDER BY id"
        return self._select(ParticipantRow, "participants", among, kind, value)

    def identifiers(self, participant_id: str) -> tuple[IdentifierRow, ...]:
        """Return how others name a participant."""
        return self._select(IdentifierRow, "identifiers", "participant_id = ? ORDER BY kind, value", participant_id)

    def consents(self, participant_id: str) -> tuple[ConsentRow, ...]:
        """Return what a participant agreed to, oldest first."""
        return self._select(ConsentRow, "consents", "participant_id = ? ORDER BY id", participant_id)

    def participation(self, identifier: str) -> ParticipationRow:
        """Return the participation whose key is or begins with `identifier` (4 characters or more).

        Raises UnknownParticipationError.
        """
        with self._connections.reading() as connection:
            return _participation(connection, identifier)

    def participations(self, study_sha256: str) -> tuple[ParticipationRow, ...]:
        """Return the participations in a study, oldest first."""
        return self._select(ParticipationRow, "participations", "study_sha256 = ? ORDER BY id", study_sha256)

    def participations_of(self, participant_id: str) -> tuple[ParticipationRow, ...]:
        """Return the participations of a person, oldest first."""
        return self._select(ParticipationRow, "participations", "participant_id = ? ORDER BY id", participant_id)

    def stages(self, participation_id: str) -> tuple[StageRow, ...]:
        """Return the stages that a person has entered, in that order."""
        return self._select(StageRow, "stages", "participation_id = ? ORDER BY started_at, name", participation_id)

    def answers(self, participation_id: str) -> tuple[AnswerRow, ...]:
        """Return what a person answered, by stage and place."""
        return self._select(AnswerRow, "answers", "participation_id = ? ORDER BY stage, place", participation_id)

    def guesses(self, participation_id: str) -> tuple[GuessRow, ...]:
        """Return what a person guessed, by stage and place."""
        return self._select(GuessRow, "guesses", "participation_id = ? ORDER BY stage, place", participation_id)

    def conversation_of(self, participation_id: str) -> str | None:
        """Return the key of a participation's conversation; None before it."""
        with self._connections.reading() as connection:
            sql = "SELECT conversation_id FROM study_conversations WHERE participation_id = ? AND NOT fork ORDER BY 1"
            found = connection.execute(sql, (participation_id,)).fetchone()
        return None if found is None else str(found[0])

    def conversations(self) -> frozenset[str]:
        """Return the keys of all conversations of participants, and of the forks of these: none is the owner's."""
        with self._connections.reading() as connection:
            return frozenset(key for (key,) in connection.execute("SELECT conversation_id FROM study_conversations"))

    def is_talk(self, conversation_id: str) -> bool:
        """Return whether a conversation is the one of a participation, and not a fork of it."""
        sql = "SELECT 1 FROM study_conversations WHERE conversation_id = ? AND NOT fork"
        with self._connections.reading() as connection:
            return connection.execute(sql, (conversation_id,)).fetchone() is not None

    def compositions(self, conversation_id: str) -> tuple[CompositionRow, ...]:
        """Return how the messages of a conversation were typed, oldest first."""
        among = "message_id IN (SELECT id FROM messages WHERE conversation_id = ?) ORDER BY message_id"
        return self._select(CompositionRow, "compositions", among, conversation_id)

    def _select(self, model: type[RowModel], table: str, condition: str, *values: str | None) -> tuple[RowModel, ...]:
        sql = f"SELECT {columns_of(model, table)} FROM {table} WHERE {condition}"  # noqa: S608
        with self._connections.reading() as connection:
            return fetch(model, connection.execute(sql, values))


def is_of_a_study(connection: sqlite3.Connection, conversation_id: str) -> bool:
    """Return whether a conversation is a participant's, and not the owner's."""
    sql = "SELECT 1 FROM study_conversations WHERE conversation_id = ?"
    return connection.execute(sql, (conversation_id,)).fetchone() is not None


def _exists(connection: sqlite3.Connection, participant_id: str) -> bool:
    return connection.execute("SELECT 1 FROM participants WHERE id = ?", (participant_id,)).fetchone() is not None


def _replace(connection: sqlite3.Connection, table: str, values: dict[str, str | int | float | None]) -> None:
    columns, marks = ", ".join(values), ", ".join(f":{column}" for column in values)
    connection.execute(f"INSERT OR REPLACE INTO {table} ({columns}) VALUES ({marks})", values)  # noqa: S608


def _touch(connection: sqlite3.Connection, participation_id: str) -> None:
    connection.execute("UPDATE participations SET active_at = ? WHERE id = ?", (stamp(now()), participation_id))


def _participation(connection: sqlite3.Connection, identifier: str) -> ParticipationRow:
    hint = "see: chat-personas study status FILE"
    key = find_key(connection, "participations", identifier, UnknownParticipationError, what="participation", hint=hint)
    sql = f"SELECT {columns_of(ParticipationRow, 'participations')} FROM participations WHERE id = ?"  # noqa: S608
    (row,) = fetch(ParticipationRow, connection.execute(sql, (key,)))
    return row
