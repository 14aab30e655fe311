"""The corpus: every conversation, kept in one SQLite file."""

import shutil
import sqlite3
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Self

from chat_personas.corpus import conversations, maintenance, measurements, messages
from chat_personas.corpus.connection import Connections, copy_to, open_reader, owners_directory
from chat_personas.corpus.conversations import Leaves, Selection
from chat_personas.corpus.errors import (
    CorpusError,
    SameCorpusError,
    UnknownConversationError,
    conversation_gone,
    display_path,
    storage_errors,
)
from chat_personas.corpus.live_programs import ProcessLock, living_owners
from chat_personas.corpus.merging import Merged, merge, snapshot
from chat_personas.corpus.releases import Releases
from chat_personas.corpus.rows import (
    ConversationRow,
    ConversationSummary,
    CountsRow,
    DebateSideRow,
    GenerationRow,
    MeasurementRow,
    MessageRow,
    PersonaChangeRow,
    ProbeRow,
    RatingRow,
    ReplyModel,
    ReplyPersona,
    SearchHit,
    Status,
    Thought,
    Words,
)
from chat_personas.corpus.search import Query, search
from chat_personas.corpus.study_records import StudyRecords, is_of_a_study
from chat_personas.storage.drafts import PROMPT, Draft, Drafts
from chat_personas.storage.files import atomic_write
from chat_personas.storage.sqlite import beside
from eval.engine import EngineInfo, Sampling, Usage
from personas.inputs.suggestions import quoted, suggestion

if TYPE_CHECKING:
    from sqlite_utils import Database

EVERYTHING = Selection()
NOTHING_KNOWN: Mapping[str, Leaves] = {}
TO_BEGIN = COMPARISON, DEBATE, ROOM, ROOM_OPTIONS = "comparison", "debate", "room", "roomoptions"
"""The places of the drafts of what is to begin a comparison, a debate or a question to the room, with its options."""
DRAFT_LEFT = "what was typed and not sent could not be erased: {error}"


class Corpus:
    """An open corpus.

    Every method is one transaction, waits for the disk, and may be called from any thread. It raises `CorpusError` when
    storage fails: then nothing of that call is stored, and all that was stored before still is. A method that writes
    waits up to five seconds for another program that writes.
    """

    def __init__(self, connections: Connections, owner: ProcessLock | None) -> None:
        self._connections = connections
        self._owner = owner
        self.studies = StudyRecords(connections)
        self.releases = Releases(connections)
        self.drafts = Drafts(beside(self.path, "-drafts"), self._owner_name, self._check_place_of_draft)

    @classmethod
    def open(cls, path: Path, *, read_only: bool = False) -> Self:
        """Open the corpus at `path`; unless `read_only`, create it if need be and mark replies whose process died.

        Raises:
            CorpusError: it cannot be opened or written, is damaged, or is not a corpus that this version knows.
        """
        connections = Connections(path, read_only=read_only)
        if read_only:
            return cls(connections, None)
        try:
            with storage_errors(path):
                corpus = cls(connections, ProcessLock(owners_directory(path)))
            corpus.mark_interrupted()
            corpus._erase_traces()
        except BaseException:
            connections.close()
            raise
        return corpus

    @property
    def path(self) -> Path:
        """The database file."""
        return self._connections.path

    @property
    def removed(self) -> CorpusError | None:
        """Why nothing that was stored is in a corpus any more, as it was last seen; None where all is."""
        return self._connections.removed

    def check_in_place(self) -> None:
        """Raise CorpusError where the file was removed or replaced since it was opened; every method that writes does.

        Where it was put back, `removed` is None again.
        """
        self._connections.check_in_place()

    def close(self) -> None:
        """Close the corpus. It may be closed twice."""
        if self._owner is not None:
            self._owner.release()
            self._owner = None
        self._connections.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # Conversations

    def conversation(self, identifier: str) -> ConversationRow:
        """Return the conversation whose key is or begins with `identifier`. Raises UnknownConversationError."""
        with self._connections.reading() as connection:
            return conversations.find(connection, identifier)

    def conversations(
        self, selection: Selection | Query = EVERYTHING, *, limit: int = -1, offset: int = 0
    ) -> tuple[ConversationSummary, ...]:
        """Return the conversations that a filter chooses, the latest active first; a negative limit means all."""
        with self._connections.reading() as connection:
            return conversations.listing(connection, selection, limit, offset)

    def conversation_ids(self, selection: Selection = EVERYTHING) -> tuple[str, ...]:
        """Return the keys of the conversations that a filter chooses, oldest first."""
        with self._connections.reading() as connection:
            return conversations.identifiers(connection, selection)

    def short_names(self) -> dict[str, str]:
        """Return the short name of every conversation by its key; `conversation` finds it by that, too."""
        with self._connections.reading() as connection:
            return conversations.short_names(connection)

    def require_persona(self, persona: str | None) -> None:
        """Check a filter by persona: a name without conversations is probably a typo. None means any persona.

        Raises:
            UnknownConversationError: there is no conversation with the persona; the message names the persona in the
                corpus that is most like it.
        """
        if persona is None or self.conversation_ids(Selection(persona=persona)):
            return
        names = sorted({summary.persona_name for summary in self.conversations()})
        likely = suggestion(persona, names, "see: chat-personas corpus list" if names else "the corpus is empty")
        raise UnknownConversationError(
            f"there is no conversation with the persona {quoted(persona)} in the corpus; {likely}"
        )

    def rename(self, conversation_id: str, title: str) -> None:
        """Give a conversation another title. Raises UnknownConversationError."""
        with self._connections.writing() as connection:
            conversations.rename(connection, conversation_id, title)

    def set_sampling(self, conversation_id: str, sampling: str | None) -> None:
        """Keep how the replies of a conversation are drawn from now on (JSON, None: as the persona asks)."""
        with self._connections.writing() as connection:
            conversations.set_sampling(connection, conversation_id, sampling)

    def fork(self, message_id: str) -> str:
        """Begin a conversation with copies of the messages from the first to this one; return its key.

        Raises:
            CorpusError: there is no such message, or it is a reply that is still being written.
        """
        with self._connections.writing() as connection:
            return conversations.fork(connection, message_id)

    def delete(self, conversation_id: str) -> str | None:
        """Delete a conversation with all that belongs to it, for good.

        Returns why traces of its text are left on the disk, such as that the disk is too full to rewrite the file, or
        None where none are. To erase them is tried again when the corpus is opened.

        Raises:
            UnknownConversationError: there is none with this key.
        """
        with self._connections.writing() as connection:
            maintenance.delete(connection, conversation_id)
        return self._erase_traces()

    def deleted_with(self, conversation_id: str) -> tuple[str, ...]:
        """Return the keys of the conversations that go if this one is deleted: it, and the other side of its debate."""
        with self._connections.reading() as connection:
            return conversations.deleted_with(connection, conversation_id)

    def participant_key(self, identifier: str) -> str:
        """Return the key of the participant whose key is or begins with this. Raises UnknownParticipantError."""
        with self._connections.reading() as connection:
            return maintenance.find_participant(connection, identifier)

    def withdraw_participant(self, participant_id: str) -> tuple[maintenance.Withdrawal, str | None]:
        """Delete everything of a participant but a tombstone; see `maintenance.withdraw_participant`.

        Returns what was deleted, and why traces of it are left, as `delete` does.
        """
        with self._connections.writing() as connection:
            withdrawal = maintenance.withdraw_participant(connection, participant_id)
        return withdrawal, self._erase_traces()

    def remove_unspoken(self, conversation_id: str) -> None:
        """Remove a conversation in which nobody has said anything, with its measurements; any other one stays."""
        with self._connections.writing() as connection:
            conversations.remove_unspoken(connection, conversation_id)

    def say_in_columns(
        self,
        comparison_id: str,
        columns: Sequence[tuple[tuple[str, str | None], ConversationRow | None]],
        text: str,
        *,
        known: Mapping[str, Leaves] = NOTHING_KNOWN,
    ) -> tuple[MessageRow, ...]:
        """Add what a person said to all columns of a comparison or to none, without a reply.

        Each is a conversation and the message after which it is said, by their keys; the first message adds the
        conversation, of which there is a row then. `known`: see `tell`.
        """
        with self._connections.writing() as connection:
            for place, ((key, _), row) in enumerate(columns):
                conversations.require_known_leaf(connection, key, known.get(key))
                if row is not None:
                    conversations.add(connection, row)
                conversations.add_to_comparison(connection, comparison_id, key, place)
            return tuple(messages.add_user_message(connection, *end, Words(text)) for end, _ in columns)

    def take_back(self, said: Sequence[tuple[MessageRow, str]]) -> None:
        """Remove messages to which there is no answer, all or none; the one before becomes the active leaf again.

        Without one, the conversation goes or stays as in `withdraw`, with its title.
        """
        with self._connections.writing() as connection:
            for message, title in said:
                messages.withdraw(connection, message.id)
                _end_before(connection, message.conversation_id, message.parent_id, title)

    def comparison_of(self, conversation_id: str) -> str | None:
        """Return the key of the comparison that a conversation is a column of; None where it stands alone."""
        with self._connections.reading() as connection:
            return conversations.comparison_of(connection, conversation_id)

    def compared(self, comparison_id: str) -> tuple[str, ...]:
        """Return the keys of the conversations of a comparison, from left to right; deleted ones are not among them."""
        with self._connections.reading() as connection:
            return conversations.compared(connection, comparison_id)

    def change_persona(self, change: PersonaChangeRow) -> None:
        """Let a conversation go on with another persona."""
        with self._connections.writing() as connection:
            conversations.change_persona(connection, change)

    def persona_changes(self, conversation_id: str) -> tuple[PersonaChangeRow, ...]:
        """Return the personas with which a conversation went on after its first one, oldest first."""
        with self._connections.reading() as connection:
            return conversations.persona_changes(connection, conversation_id)

    def begin_debate(self, debate_id: str, sides: Sequence[ConversationRow], opening: Words, turns: int) -> None:
        """Add a debate: both conversations, first the side that begins, each with what opens the debate."""
        with self._connections.writing() as connection:
            for place, row in enumerate(sides):
                conversations.add(connection, row)
                conversations.add_to_debate(connection, debate_id, row.id, place, turns)
            messages.add_to_each(connection, [(row.id, None, opening) for row in sides])

    def debate_of(self, conversation_id: str) -> str | None:
        """Return the key of the debate that a conversation is a side of; None where it is not."""
        with self._connections.reading() as connection:
            return conversations.debate_of(connection, conversation_id)

    def debate_sides(self, debate_id: str) -> tuple[DebateSideRow, ...]:
        """Return the sides of a debate, first the one that begins; none where there is no such debate."""
        with self._connections.reading() as connection:
            return conversations.debate_sides(connection, debate_id)

    def set_debate_turns(self, debate_id: str, turns: int) -> None:
        """Let both sides of a debate speak so many times in all."""
        with self._connections.writing() as connection:
            conversations.set_turns(connection, debate_id, turns)

    # Messages

    def tell(
        self, words: Sequence[tuple[str, str, Words]], *, known: Mapping[str, Leaves] = NOTHING_KNOWN
    ) -> tuple[MessageRow, ...]:
        """Add words without a reply, all or none: each to a conversation, after the message with the second key.

        They become the active leaves. `known` has by conversation where the caller knows it to end.

        Raises:
            GoneOnElsewhereError: another program has gone on with one of them.
        """
        with self._connections.writing() as connection:
            for conversation_id, leaves in known.items():
                conversations.require_known_leaf(connection, conversation_id, leaves)
            return messages.add_to_each(connection, words)

    def begin_turn(
        self,
        conversation_id: str,
        parent_id: str | None,
        text: str,
        info: EngineInfo,
        sampling: Sampling,
        *,
        new: ConversationRow | None = None,
        persona: ReplyPersona | None = None,
        known: Leaves | None = None,
    ) -> tuple[MessageRow, MessageRow]:
        """Add what a person said and an empty reply to it, which becomes the active leaf; return both.

        `new` is the conversation itself if this is its first message, `persona` the one under which the reply is made.
        `known` is where the caller knows the conversation to end; None: wherever it does.

        Raises:
            GoneOnElsewhereError: another program has gone on with it.
        """
        with self._connections.writing() as connection:
            conversations.require_known_leaf(connection, conversation_id, known)
            if new is not None:
                conversations.add(connection, new)
            said = messages.add_user_message(connection, conversation_id, parent_id, Words(text))
            reply = messages.add_empty_reply(connection, conversation_id, said.id, self._owner_name)
            messages.begin_generation(connection, reply.id, info, sampling, persona)
        return said, reply

    def begin_reply(
        self,
        conversation_id: str,
        parent_id: str,
        info: EngineInfo,
        sampling: Sampling,
        persona: ReplyPersona | None = None,
        known: Leaves | None = None,
    ) -> MessageRow:
        """Add another empty reply to a message; it becomes the active leaf. `known`: see `begin_turn`.

        Raises:
            GoneOnElsewhereError: another program has gone on with the conversation.
        """
        with self._connections.writing() as connection:
            conversations.require_known_leaf(connection, conversation_id, known)
            reply = messages.add_empty_reply(connection, conversation_id, parent_id, self._owner_name)
            messages.begin_generation(connection, reply.id, info, sampling, persona)
        return reply

    def withdraw(self, reply: MessageRow, said: MessageRow | None, leaf_id: str | None, *, title: str) -> None:
        """Remove an empty reply and, unless `said` is None, the message that it was to answer.

        `leaf_id` becomes the active leaf again. Without one this was the first message, and the conversation is removed
        with it; where it was measured before, or is a participant's, it stays, and `title` is its title again.
        """
        with self._connections.writing() as connection:
            messages.withdraw(connection, reply.id)
            if said is not None:
                messages.withdraw(connection, said.id)
            _end_before(connection, reply.conversation_id, leaf_id, title)

    def flush_reply(self, message_id: str, text: str, thought: Thought | None = None) -> None:
        """Store the text of a reply, and what the model thought before it, as far as they have come."""
        with self._connections.writing() as connection:
            messages.write_reply(connection, message_id, text, "streaming")
            messages.write_thought(connection, message_id, thought)

    def end_reply(
        self,
        message_id: str,
        text: str,
        status: Status,
        *,
        why: str | None = None,
        finish_reason: str | None = None,
        dropped_messages: int = 0,
        usage: Usage | None = None,
        thought: Thought | None = None,
    ) -> None:
        """Store the whole text of a reply, how it ended, what it cost, and what the model thought before it."""
        with self._connections.writing() as connection:
            messages.write_reply(connection, message_id, text, status, why)
            messages.write_thought(connection, message_id, thought)
            messages.end_generation(
                connection, message_id, finish_reason=finish_reason, dropped_messages=dropped_messages, usage=usage
            )

    def mark_interrupted(self) -> int:
        """Mark the replies whose process has died; return how many there were. Opening the corpus does so, too."""
        with self._connections.writing() as connection:
            return messages.mark_interrupted(connection, owners_directory(self.path))

    def branch(self, leaf_id: str) -> tuple[MessageRow, ...]:
        """Return the messages from the first to this one."""
        with self._connections.reading() as connection:
            return messages.branch_to(connection, leaf_id)

    def replies(self, conversation_id: str) -> tuple[MessageRow, ...]:
        """Return all replies of a conversation, on all branches, in the order in which they were begun."""
        with self._connections.reading() as connection:
            return messages.replies_of(connection, conversation_id)

    def siblings(self, message_id: str) -> tuple[MessageRow, ...]:
        """Return a message and its alternatives at the same place, oldest first."""
        with self._connections.reading() as connection:
            return messages.siblings(connection, message_id)

    def activate(self, conversation_id: str, message_id: str) -> str:
        """Make the branch through a message the active one; return its leaf, the newest where it forks further on."""
        with self._connections.writing() as connection:
            leaf = messages.newest_leaf(connection, message_id)
            conversations.set_active_leaf(connection, conversation_id, leaf)
        return leaf

    def generation(self, message_id: str) -> GenerationRow | None:
        """Return how a reply was made; None for a message of the person."""
        with self._connections.reading() as connection:
            return messages.generation_of(connection, message_id)

    def made_before(self, message_id: str, *, since: str | None) -> tuple[str, ...]:
        """Return the keys of the replies that its model made before a reply: see `messages.made_before`."""
        with self._connections.reading() as connection:
            return messages.made_before(connection, message_id, since)

    def thoughts(self, leaf_id: str) -> dict[str, Thought]:
        """Return what the model thought before the replies from the first message to this one, by the replies' keys."""
        with self._connections.reading() as connection:
            return messages.thoughts_to(connection, leaf_id)

    def models(self, leaf_id: str) -> dict[str, ReplyModel]:
        """Return which model made each reply from the first message to this one, by the replies' keys."""
        with self._connections.reading() as connection:
            return messages.models_to(connection, leaf_id)

    def last_model(self, conversation_id: str) -> ReplyModel:
        """Return the model with which a conversation went on last: its newest reply's, else that on which it began."""
        row = self.conversation(conversation_id)
        if row.active_leaf_id is None:
            return ReplyModel(row.model, row.model_sha256, row.prompt_format)
        made = self.models(row.active_leaf_id)
        replies = [made[message.id] for message in self.branch(row.active_leaf_id) if message.id in made]
        return replies[-1] if replies else ReplyModel(row.model, row.model_sha256, row.prompt_format)

    def personas(self, leaf_id: str) -> dict[str, ReplyPersona]:
        """Return under which persona each reply from the first message to this one was made, by the replies' keys.

        Replies of older versions are left out.
        """
        with self._connections.reading() as connection:
            return messages.personas_to(connection, leaf_id)

    def participants_words(self, leaf_id: str) -> frozenset[str]:
        """Return the keys of what participants of studies said, from the first message to this one."""
        with self._connections.reading() as connection:
            return messages.participants_words_to(connection, leaf_id)

    def places(self, leaf_id: str) -> dict[str, tuple[int, int]]:
        """Return number and total of the versions of each message up to this one that has several, by their keys."""
        with self._connections.reading() as connection:
            return messages.places_to(connection, leaf_id)

    def record_projection(self, message_id: str, projection: float, projected_on: str) -> None:
        """Record how far along a direction the hidden states of a reply lie; see `GenerationRow`."""
        with self._connections.writing() as connection:
            messages.write_projection(connection, message_id, projection, projected_on)

    def search(self, text: str, *, limit: int = 50, within: Query | None = None) -> tuple[SearchHit, ...]:
        """Return the messages that contain all these words, best matches first; the last word may be incomplete.

        Only what was said is searched, not what the model thought. `within` narrows the conversations; its words are
        not looked at.
        """
        with self._connections.reading() as connection:
            return search(connection, text, limit, within)

    def said(self, limit: int) -> tuple[str, ...]:
        """Return what the owner of the corpus said last, in all conversations, the newest first and each text once."""
        with self._connections.reading() as connection:
            return messages.said_last(connection, limit)

    # Measurements and ratings

    def add_measurement(
        self, measurement: MeasurementRow, probes: Sequence[ProbeRow], *, new: ConversationRow | None = None
    ) -> None:
        """Add a round of probes. `new` is the conversation itself, for a round that may come before its first message.

        A conversation in which nobody says anything is to be removed at its end: see `remove_unspoken`.
        """
        with self._connections.writing() as connection:
            if new is not None:
                conversations.add_unspoken(connection, new)
            measurements.add(connection, measurement, probes)

    def measurements(self, conversation_id: str) -> tuple[MeasurementRow, ...]:
        """Return the measurements of a conversation, oldest first."""
        with self._connections.reading() as connection:
            return measurements.of_conversation(connection, conversation_id)

    def measurements_after(self, conversation_id: str, message_id: str | None) -> tuple[MeasurementRow, ...]:
        """Return the measurements that followed a message of a conversation (None: before its first), oldest first."""
        with self._connections.reading() as connection:
            return measurements.after(connection, conversation_id, message_id)

    def last_measurements(self, model: ReplyModel) -> tuple[MeasurementRow, ...]:
        """Return the newest complete measurement of each persona on a model before a first message, oldest first.

        Its persona is filled in.
        """
        with self._connections.reading() as connection:
            return measurements.last_of_model(connection, model)

    def probes(self, measurement_id: str) -> tuple[ProbeRow, ...]:
        """Return the probes of a measurement, by question."""
        with self._connections.reading() as connection:
            return measurements.probes(connection, measurement_id)

    def add_rating(self, rating: RatingRow) -> None:
        """Add what a person thought of a message."""
        with self._connections.writing() as connection:
            measurements.rate(connection, rating)

    def scales(self) -> tuple[str, ...]:
        """Return the scales on which something is rated."""
        with self._connections.reading() as connection:
            return measurements.scales(connection)

    def ratings(self, conversation_id: str) -> tuple[RatingRow, ...]:
        """Return the ratings of a conversation, oldest first."""
        with self._connections.reading() as connection:
            return measurements.ratings(connection, conversation_id)

    # What was typed and not sent; `drafts` keeps it

    def take_over_draft(self, conversation: str | None) -> Draft | None:
        """Return what was typed in a conversation, here or by programs that have left it or ended, to go on with it.

        None stands for all conversations in which nothing was said. Raises OSError: the drafts cannot be read or
        written; CorpusError: the corpus was removed.
        """
        self.check_in_place()
        return self.drafts.take_over(conversation, living_owners(owners_directory(self.path)))

    # The whole

    def problems(self) -> tuple[str, ...]:
        """Check the whole file and return its problems, one line each."""
        with self._connections.maintaining() as connection:
            return maintenance.problems(connection)

    def counts(self) -> tuple[CountsRow, ...]:
        """Return what the corpus holds, by persona and model."""
        with self._connections.reading() as connection:
            return maintenance.counts(connection)

    def back_up(self, out: Path) -> None:
        """Write a copy of the corpus as it is at this moment, readable by its owner only; replace `out` as a whole.

        Raises:
            CorpusError: the corpus cannot be read, or its copy is not sound.
            OSError: `out` cannot be written.
        """
        with tempfile.TemporaryDirectory(dir=out.parent, prefix=".backup-") as folder:
            copy = Path(folder) / "copy.db"
            copy_to(self.path, copy)
            with atomic_write(out) as stream, copy.open("rb") as source:
                shutil.copyfileobj(source, stream)

    def merge(self, other: Path) -> Merged:
        """Add what another corpus holds, all of it or nothing; see `merging`.

        Raises:
            CorpusError: it is this corpus itself, is damaged, another program's, or written by a newer version.
        """
        if other.exists() and other.samefile(self.path):
            raise SameCorpusError(f"{display_path(other)} is this corpus itself; give the file of another one")
        with snapshot(other, self.path.parent) as theirs, self._connections.writing() as ours:
            return merge(ours, theirs)

    def database(self) -> "Database":
        """Return the corpus as a database of sqlite-utils, for queries in SQL, on a read-only connection of its own."""
        from sqlite_utils import Database

        with storage_errors(self.path):
            connection = open_reader(self.path)
        connection.row_factory = None
        return Database(connection)

    def _erase_traces(self) -> str | None:
        """Erase what is left of what was deleted; return why something still is, or None."""
        with self._connections.maintaining() as connection:
            in_file = maintenance.erase_traces(connection)
        in_draft = None
        try:
            self.drafts.forget_the_deleted(self._places_of_drafts)
        except OSError as error:  # what is deleted stays so, and the corpus opens, whatever becomes of a draft
            in_draft = DRAFT_LEFT.format(error=error.strerror or error)
        return " and ".join(filter(None, (in_file, in_draft))) or None

    def _check_place_of_draft(self, key: str | None) -> None:
        """Raise CorpusError where a draft would not come back: nothing is there any more with which it is kept."""
        self.check_in_place()
        if key is None or key in TO_BEGIN or key.startswith(PROMPT):
            return
        with self._connections.reading() as connection:
            if not conversations.is_there(connection, key):
                raise conversation_gone(self.path)

    def _places_of_drafts(self) -> tuple[str, ...]:
        """Return all keys under which there may be a draft."""
        with self._connections.reading() as connection:
            groups = conversations.groups(connection)
        return (*self.conversation_ids(), *groups, *TO_BEGIN)

    @property
    def _owner_name(self) -> str:
        return "" if self._owner is None else self._owner.name


def _end_before(connection: sqlite3.Connection, key: str, leaf_id: str | None, title: str) -> None:
    """Let a conversation end where it did before a message that was removed; see `Corpus.withdraw`."""
    if leaf_id is not None:
        conversations.set_active_leaf(connection, key, leaf_id)
    elif measurements.of_conversation(connection, key) or is_of_a_study(connection, key):
        conversations.rename(connection, key, title)
    else:
        maintenance.delete(connection, key)
