"""What every export format reads: one state of the corpus, and in it what a selection chooses and may leave.

A format reads through a `Source` only, so what may leave the corpus is decided in one place.
"""

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from chat_personas.corpus import measurements, messages
from chat_personas.corpus.connection import open_reader
from chat_personas.corpus.conversations import Selection
from chat_personas.corpus.errors import storage_errors
from chat_personas.corpus.export import permission
from chat_personas.corpus.rows import ConversationRow, GenerationRow, MeasurementRow, MessageRow, ProbeRow, RatingRow
from chat_personas.corpus.sql import columns_of, fetch

THOUGHT = ("thought", "thought_seconds")
"""The columns of a generation that no format exports: who trains on thoughts teaches a model to say them."""

_PAGE = 500
_CONVERSATION = columns_of(ConversationRow, "conversations")
_MESSAGE = columns_of(MessageRow, "messages")
_GENERATION = ", ".join(
    f"NULL AS {name}" if name in THOUGHT else f"generations.{name}" for name in GenerationRow.model_fields
)


class Source:
    """One state of the corpus, whatever is written to it meanwhile, and in it the conversations of a selection.

    No method holds more than one conversation and a page of the list of conversations in memory. Every method raises
    CorpusError where the corpus cannot be read.
    """

    def __init__(self, connection: sqlite3.Connection, path: Path, selection: Selection) -> None:
        self._connection = connection
        self._path = path
        self._selection = selection

    def conversations(self) -> Iterator[ConversationRow]:
        """Yield the chosen conversations, oldest first."""
        condition, values = permission.conversations(self._selection)
        sql = f"SELECT {_CONVERSATION} FROM conversations WHERE id > ? AND {condition} ORDER BY id LIMIT {_PAGE}"  # noqa: S608
        last = ""
        while True:
            with storage_errors(self._path):
                page = fetch(ConversationRow, self._connection.execute(sql, [last, *values]))
            yield from page
            if len(page) < _PAGE:
                return
            last = page[-1].id

    def withheld(self) -> permission.Withheld:
        """Count the chosen conversations that may leave, and those that may not."""
        with storage_errors(self._path):
            return permission.withheld(self._connection, self._selection)

    def dialogue(self, conversation: ConversationRow) -> Sequence[MessageRow]:
        """Return what was said on the active branch, up to its last complete reply; nothing without one.

        A reply at the end that was stopped, interrupted or failed is left out with the message that it answers. One
        before the end stands as far as it came, because what follows was said after it. A reply of white space only
        counts as no reply.
        """
        if conversation.active_leaf_id is None:
            return ()
        with storage_errors(self._path):
            branch = messages.branch_to(self._connection, conversation.active_leaf_id)
        return until_last_reply([message for message in branch if not is_blank_reply(message)])

    def dialogues(self) -> Iterator[tuple[ConversationRow, Sequence[MessageRow]]]:
        """Yield the chosen conversations that have a complete reply, each with what was said; see `dialogue`."""
        for conversation in self.conversations():
            said = self.dialogue(conversation)
            if said:
                yield conversation, said

    def branch(self, leaf_id: str) -> Sequence[MessageRow]:
        """Return the messages from the first to this one, without replies of white space only before it."""
        with storage_errors(self._path):
            branch = messages.branch_to(self._connection, leaf_id)
        return [message for message in branch[:-1] if not is_blank_reply(message)] + list(branch[-1:])

    def messages(self, conversation_id: str) -> Sequence[MessageRow]:
        """Return the messages of all branches of a conversation, by their keys."""
        sql = f"SELECT {_MESSAGE} FROM messages WHERE conversation_id = ? ORDER BY id"  # noqa: S608
        with storage_errors(self._path):
            return fetch(MessageRow, self._connection.execute(sql, (conversation_id,)))

    def generations(self, conversation_id: str) -> Mapping[str, GenerationRow]:
        """Return how the replies of a conversation were made, by the keys of the replies, without any thought."""
        sql = f"""
            SELECT {_GENERATION} FROM generations JOIN messages ON messages.id = message_id WHERE conversation_id = ?
            """  # noqa: S608
        with storage_errors(self._path):
            found = fetch(GenerationRow, self._connection.execute(sql, (conversation_id,)))
        return {row.message_id: row for row in found}

    def measurements(self, conversation_id: str) -> Sequence[MeasurementRow]:
        """Return the measurements of a conversation, over all its branches, oldest first."""
        with storage_errors(self._path):
            return measurements.of_conversation(self._connection, conversation_id)

    def probes(self, measurement_id: str) -> Sequence[ProbeRow]:
        """Return the probes of a measurement, by question."""
        with storage_errors(self._path):
            return measurements.probes(self._connection, measurement_id)

    def ratings(self, conversation_id: str) -> Sequence[RatingRow]:
        """Return the ratings of a conversation, oldest first."""
        with storage_errors(self._path):
            return measurements.ratings(self._connection, conversation_id)


@contextmanager
def reading(path: Path, selection: Selection) -> Iterator[Source]:
    """Lend one state of the corpus at `path`, as it is when the block begins.

    Raises:
        CorpusError: it cannot be read.
    """
    with storage_errors(path):
        connection = open_reader(path)
    try:
        with storage_errors(path):
            connection.execute("BEGIN")
        yield Source(connection, path, selection)
    finally:
        connection.close()


def is_blank_reply(message: MessageRow) -> bool:
    """Whether a message is a reply of white space only, which counts as no reply."""
    return message.role == "assistant" and not message.text.strip()


def is_complete_reply(message: MessageRow) -> bool:
    """Whether a message is a reply that ended by itself, with words in it."""
    return message.role == "assistant" and message.status == "complete" and not is_blank_reply(message)


def until_last_reply(branch: Sequence[MessageRow]) -> Sequence[MessageRow]:
    """Return a branch up to its last complete reply; nothing without one."""
    ends = (length for length in range(len(branch), 0, -1) if is_complete_reply(branch[length - 1]))
    return branch[: next(ends, 0)]


def plain(row: GenerationRow | MeasurementRow | MessageRow | ConversationRow) -> dict[str, Any]:
    """Return the columns of a row as JSON has them: times as text, groups and interventions as lists; no thought."""
    return row.model_dump(mode="json", exclude=set(THOUGHT))
