"""The table of conversations: adding, forking, finding and listing them, the filter on them, comparisons, debates."""

import sqlite3
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Protocol

from chat_personas.corpus.errors import (
    GONE_ON_ELSEWHERE,
    WHAT_TO_DO,
    CorpusError,
    GoneOnElsewhereError,
    UnknownConversationError,
)
from chat_personas.corpus.messages import branch_to
from chat_personas.corpus.rows import ConversationRow, ConversationSummary, DebateSideRow, MessageRow, PersonaChangeRow
from chat_personas.corpus.sql import (
    SHORTEST_BEGINNING,
    Value,
    beginning,
    columns_of,
    fetch,
    insert,
    new_key,
    now,
    stamp,
    storable,
    update,
    values_of,
)
from chat_personas.corpus.study_rows import Scope
from personas.inputs.suggestions import quoted

Leaves = frozenset[str | None]
"""Messages at which a conversation may end, by their keys; None where nothing was said in it."""
_MOST_NAMED = 3
SHORT_NAME = 6
"""A conversation's short name is the end of its key, of so many characters or as many more as make it the only one.

Keys begin with the time, so those of one day share their first characters; their ends are random.
"""
_WHOLE_KEY = 26
"""Characters of a key."""
LONGEST_TITLE = 60
FORKED = " (fork)"
"""What follows the title of a fork."""
_CONVERSATION = columns_of(ConversationRow, "conversations")
_PERSONA_CHANGE = columns_of(PersonaChangeRow, "persona_changes")

Condition = tuple[str, list[Value]]
"""A condition in SQL, and its parameters."""
_Part = tuple[str, tuple[Value, ...]]


class Choosing(Protocol):
    """A filter on conversations."""

    def where(self) -> Condition:
        """Return the SQL condition on a table `conversations`, and its parameters."""


@dataclass(frozen=True, slots=True)
class Rated:
    """A filter on ratings: at least one on this scale, and of this value or more if one is given."""

    scale: str
    at_least: float | None = None


@dataclass(frozen=True, slots=True)
class Selection:
    """A filter on conversations: everything that is given must hold.

    `since` and `until` are days in UTC, both included, and concern the day on which the conversation began. `ids` may
    be abbreviated to their first characters, or to their last six or more, as in a short name. `persona` and `model`
    are those that it began with. `complete` leaves out what did not come to its end: in a study a participation that is
    not complete, otherwise a last reply that is not.

    The rest concerns exports only (`corpus.export.permission`). `scope`: the least that a participant must have agreed
    to (None: nothing of participants leaves). `own`: the conversations of the corpus's owner leave as well. `quoting`:
    so do those in which a message quotes the other side of a debate; the format decides it.
    """

    persona: str | None = None
    since: date | None = None
    until: date | None = None
    ids: tuple[str, ...] = ()
    study: str | None = None
    model: str | None = None
    rated: Rated | None = None
    complete: bool = False
    scope: Scope | None = "research"
    own: bool = False
    quoting: bool = True

    def where(self) -> Condition:
        """Return the filter as a condition on a table `conversations`."""
        parts = self._days("created_at")
        if self.persona is not None:
            parts.append(("persona_name = ?", (self.persona,)))
        if self.ids:
            parts.append(_named(self.ids))
        if self.study is not None:
            parts.append((_IN_STUDY, (self.study,)))
        if self.model is not None:
            parts.append(("model = ?", (self.model,)))
        if self.rated is not None:
            parts.append((_RATED, (self.rated.scale, self.rated.at_least, self.rated.at_least)))
        if self.complete:
            parts.append((_COMPLETE, ()))
        return _joined(parts)

    def where_no_conversation(self) -> Condition:
        """Return the same filter as a condition on a table `participations`, for those that had no conversation.

        They have a study, a beginning and an end. Where anything else is asked for, none of them is chosen.
        """
        if self.persona or self.model or self.ids or self.rated:
            return "0", []
        parts = [(_NO_CONVERSATION, ()), *self._days("participations.started_at")]
        if self.study is not None:
            parts.append((_OF_STUDY, (self.study,)))
        if self.complete:
            parts.append(("participations.status = 'complete'", ()))
        return _joined(parts)

    def _days(self, column: str) -> list[_Part]:
        """Return the conditions on the day on which something began."""
        ends = ((">=", self.since), ("<=", self.until))
        return [(f"substr({column}, 1, 10) {sign} ?", (day.isoformat(),)) for sign, day in ends if day is not None]


def _named(names: Sequence[str]) -> _Part:
    """Return the condition that a conversation has one of these names; whole keys in one term, for many of them."""
    whole = [name.upper() for name in names if _is_whole(name)]
    patterns = [pattern for name in names if not _is_whole(name) for pattern in _patterns(name)]
    terms = [f"id IN ({', '.join('?' for _ in whole)})", *("id GLOB ?" for _ in patterns)]
    return f"({' OR '.join(terms)})", (*whole, *patterns)


def _is_whole(name: str) -> bool:
    return len(name) == _WHOLE_KEY and name.isalnum()


def _joined(parts: Sequence[_Part]) -> Condition:
    """Return the condition that all parts hold."""
    condition = " AND ".join(sql for sql, _ in parts) or "1"
    return condition, [value for _, values in parts for value in values]


_NO_CONVERSATION = (
    "NOT EXISTS (SELECT 1 FROM study_conversations WHERE participation_id = participations.id AND NOT fork)"
)
_OF_STUDY = "participations.study_sha256 IN (SELECT sha256 FROM studies WHERE name = ?)"
_TAKING_PART = """
    FROM study_conversations
    JOIN participations ON participations.id = participation_id
    JOIN participants ON participants.id = participant_id
    JOIN studies ON studies.sha256 = study_sha256
    WHERE conversation_id = conversations.id"""
_IN_STUDY = f"EXISTS (SELECT 1 {_TAKING_PART} AND studies.name = ?)"
_RATED = """EXISTS (
    SELECT 1 FROM ratings JOIN messages ON messages.id = ratings.message_id
    WHERE messages.conversation_id = conversations.id AND scale = ? AND (? IS NULL OR value >= ?)
)"""
_COMPLETE = """coalesce(
    (SELECT status FROM study_conversations JOIN participations ON participations.id = participation_id
     WHERE conversation_id = conversations.id AND NOT fork),
    (SELECT status FROM messages WHERE messages.id = active_leaf_id AND role = 'assistant')
) = 'complete'"""


def add(connection: sqlite3.Connection, conversation: ConversationRow) -> None:
    """Add a conversation with its first message, or give it its title where a measurement has added it."""
    if not update(connection, "conversations", ("id", conversation.id), {"title": storable(conversation.title)}):
        insert(connection, "conversations", values_of(conversation))


def add_unspoken(connection: sqlite3.Connection, conversation: ConversationRow) -> None:
    """Add a conversation for what was measured before its first message, unless it is there."""
    if connection.execute("SELECT 1 FROM conversations WHERE id = ?", (conversation.id,)).fetchone() is None:
        insert(connection, "conversations", values_of(conversation))


def remove_unspoken(connection: sqlite3.Connection, identifier: str) -> None:
    """Remove a conversation with its measurements if it has no message."""
    connection.execute(
        "DELETE FROM conversations WHERE id = ?1 AND NOT EXISTS (SELECT 1 FROM messages WHERE conversation_id = ?1)",
        (identifier,),
    )


def change_persona(connection: sqlite3.Connection, change: PersonaChangeRow) -> None:
    """Let a conversation go on with another persona."""
    insert(connection, "persona_changes", values_of(change))


def persona_changes(connection: sqlite3.Connection, identifier: str) -> tuple[PersonaChangeRow, ...]:
    """Return the personas with which a conversation went on after its first one, oldest first."""
    sql = f"SELECT {_PERSONA_CHANGE} FROM persona_changes WHERE conversation_id = ? ORDER BY id"  # noqa: S608
    return fetch(PersonaChangeRow, connection.execute(sql, (identifier,)))


def find(connection: sqlite3.Connection, identifier: str) -> ConversationRow:
    """Return the conversation with this key or short name, or the only one whose key begins so (4 characters or more).

    Raises:
        UnknownConversationError: there is none, or there are several, or the beginning is too short.
    """
    condition, values = Selection(ids=(identifier,)).where()
    sql = f"SELECT {_CONVERSATION} FROM conversations WHERE {condition} ORDER BY id DESC LIMIT ?"  # noqa: S608
    rows = fetch(ConversationRow, connection.execute(sql, [*values, _MOST_NAMED + 1]))
    if not rows:
        raise UnknownConversationError(f"there is no conversation {quoted(identifier)}; see: chat-personas corpus list")
    if len(rows) > 1:
        names = [row.id for row in rows[:_MOST_NAMED]] + ["…"] * (len(rows) > _MOST_NAMED)
        raise UnknownConversationError(
            f"several conversations begin or end with {identifier}: {', '.join(names)}; give more of the identifier"
        )
    if len(identifier) < SHORTEST_BEGINNING:
        raise UnknownConversationError(
            f"{identifier} is too short to name a conversation; give at least {rows[0].id[:SHORTEST_BEGINNING]}"
        )
    return rows[0]


def identifiers(connection: sqlite3.Connection, selection: Selection) -> tuple[str, ...]:
    """Return the keys of the conversations that a filter chooses, oldest first."""
    condition, values = selection.where()
    rows = connection.execute(f"SELECT id FROM conversations WHERE {condition} ORDER BY id", values)  # noqa: S608
    return tuple(row["id"] for row in rows)


def listing(
    connection: sqlite3.Connection, selection: Choosing, limit: int, offset: int
) -> tuple[ConversationSummary, ...]:
    """Return the conversations that a filter chooses, the latest active first; a negative limit means all."""
    condition, values = selection.where()
    sql = f"""
        SELECT id, title, created_at, active_at, persona_name, model, prompt_format,
               (SELECT count(*) FROM messages WHERE conversation_id = conversations.id) AS messages,
               (SELECT count(*) FROM measurements WHERE conversation_id = conversations.id) AS measurements,
               (SELECT count(*) FROM comparisons WHERE id =
                   (SELECT id FROM comparisons WHERE conversation_id = conversations.id)) AS compared,
               (SELECT studies.name {_TAKING_PART}) AS study,
               coalesce((SELECT participants.test {_TAKING_PART}), 0) AS test
        FROM conversations WHERE {condition} ORDER BY active_at DESC, active_leaf_id DESC LIMIT ? OFFSET ?
        """  # noqa: S608
    return fetch(ConversationSummary, connection.execute(sql, [*values, limit, offset]))


def rename(connection: sqlite3.Connection, identifier: str, title: str) -> None:
    """Give a conversation another title."""
    if not update(connection, "conversations", ("id", identifier), {"title": storable(title)}):
        raise UnknownConversationError(f"there is no conversation {quoted(identifier)}; see: chat-personas corpus list")


def beginning_of(text: str) -> str:
    """Return the title of a conversation that begins with `text`: one line, at most 60 characters."""
    line = " ".join(text.split())
    return line if len(line) <= LONGEST_TITLE else line[: LONGEST_TITLE - 1].rstrip() + "…"


def fork(connection: sqlite3.Connection, message_id: str) -> str:
    """Begin a conversation with copies of the messages from the first to this one; return its key.

    Copies and not references: a message and the one before it are always of the same conversation, so that each can be
    deleted, exported and merged by itself. A copy says of which message it is one (`copy_of`), so that nothing is
    counted twice. How a reply was made is copied with it; measurements and ratings are not, because what was measured
    and rated is the original. Whose words they are does not change: a fork of a participant's conversation belongs to
    the participant.

    Raises:
        CorpusError: there is no such message, or it is a reply that is still being written.
    """
    branch = branch_to(connection, message_id)
    if not branch:
        raise CorpusError(f"there is no message {message_id} in the corpus")
    if any(message.status == "streaming" for message in branch):
        raise CorpusError("the reply is still being written; fork the conversation when it has ended")
    original = branch[0].conversation_id
    key = _new_conversation(connection, original)
    parent = None
    for message in branch:
        parent = _copy_message(connection, message.id, key, parent)
    connection.execute("UPDATE conversations SET active_leaf_id = ? WHERE id = ?", (parent, key))
    _copy_persona_changes(connection, original, key, branch[-1])
    connection.execute(
        "INSERT INTO study_conversations (conversation_id, participation_id, fork)"
        " SELECT ?, participation_id, 1 FROM study_conversations WHERE conversation_id = ?",
        (key, original),
    )
    return key


def _new_conversation(connection: sqlite3.Connection, original: str) -> str:
    """Add the conversation without its messages: with the persona, the prompt and the model of the original."""
    key, moment = new_key(), stamp(now())
    row = _row(connection, "conversations", "id", original)
    title = str(row["title"]).removesuffix(FORKED) + FORKED
    times = {"created_at": moment, "active_at": moment}
    insert(
        connection,
        "conversations",
        {**row, **times, "id": key, "title": title, "forked_from": original, "active_leaf_id": None},
    )
    return key


def _copy_message(connection: sqlite3.Connection, message_id: str, conversation_id: str, parent: str | None) -> str:
    """Add a copy of a message after `parent`, and how it was made; return its key. Its times stay."""
    key = new_key()
    said = _row(connection, "messages", "id", message_id)
    del said["seq"]
    place = {"id": key, "conversation_id": conversation_id, "parent_id": parent, "copy_of": message_id, "owner": None}
    insert(connection, "messages", {**said, **place})
    if said["role"] == "assistant":
        made = _row(connection, "generations", "message_id", message_id)
        insert(connection, "generations", {**made, "message_id": key})
    return key


def _copy_persona_changes(
    connection: sqlite3.Connection, original: str, conversation_id: str, last: MessageRow
) -> None:
    """Copy the changes of persona that held after `last`: those before it was said, and at the end all.

    So the fork goes on with the persona of that moment.
    """
    leaf = connection.execute("SELECT active_leaf_id FROM conversations WHERE id = ?", (original,)).fetchone()[0]
    # When it began: a change may follow the end of a reply within the same millisecond.
    until = stamp(now() if leaf == last.id else last.created_at)
    changes = "SELECT * FROM persona_changes WHERE conversation_id = ? AND created_at <= ? ORDER BY id"
    for change in connection.execute(changes, (original, until)).fetchall():
        insert(connection, "persona_changes", {**dict(change), "id": new_key(), "conversation_id": conversation_id})


def _row(connection: sqlite3.Connection, table: str, column: str, key: str) -> dict[str, Value]:
    """Return all columns of a row, also those that a later schema adds."""
    found: Mapping[str, Value] = connection.execute(f"SELECT * FROM {table} WHERE {column} = ?", (key,)).fetchone()  # noqa: S608
    return dict(found)


def set_sampling(connection: sqlite3.Connection, identifier: str, sampling: str | None) -> None:
    """Keep how the replies of a conversation are drawn from now on; nothing happens where it is not there yet."""
    update(connection, "conversations", ("id", identifier), {"sampling": sampling})


def set_active_leaf(connection: sqlite3.Connection, identifier: str, message_id: str) -> None:
    """Make the branch that ends with a message the one that is shown and continued.

    Raises:
        CorpusError: the message is not in this conversation.
    """
    changed = connection.execute(
        "UPDATE conversations SET active_leaf_id = ?2 WHERE id = ?1"
        " AND EXISTS (SELECT 1 FROM messages WHERE id = ?2 AND conversation_id = ?1)",
        (identifier, message_id),
    ).rowcount
    if not changed:
        raise CorpusError(f"message {message_id} is not in the conversation {identifier}")


def require_known_leaf(connection: sqlite3.Connection, identifier: str, known: Leaves | None) -> None:
    """Check that a conversation ends where the caller knows it to end; None: wherever it does.

    Raises:
        GoneOnElsewhereError: another program has gone on with it, or to another version.
    """
    if known is None:
        return
    row = connection.execute("SELECT active_leaf_id FROM conversations WHERE id = ?", (identifier,)).fetchone()
    if row is not None and row["active_leaf_id"] not in known:
        raise GoneOnElsewhereError(f"{GONE_ON_ELSEWHERE}; {WHAT_TO_DO}", identifier, row["active_leaf_id"])


def add_to_comparison(connection: sqlite3.Connection, comparison_id: str, identifier: str, place: int) -> None:
    """Make a conversation one column of a comparison, unless it is already."""
    connection.execute(
        "INSERT OR IGNORE INTO comparisons (id, conversation_id, place, created_at) VALUES (?, ?, ?, ?)",
        (comparison_id, identifier, place, stamp(now())),
    )


def comparison_of(connection: sqlite3.Connection, identifier: str) -> str | None:
    """Return the comparison that a conversation is a column of."""
    found = connection.execute("SELECT id FROM comparisons WHERE conversation_id = ?", (identifier,)).fetchone()
    return None if found is None else str(found["id"])


def compared(connection: sqlite3.Connection, comparison_id: str) -> tuple[str, ...]:
    """Return the conversations of a comparison, from left to right."""
    sql = "SELECT conversation_id FROM comparisons WHERE id = ? ORDER BY place, conversation_id"
    return tuple(row["conversation_id"] for row in connection.execute(sql, (comparison_id,)))


def add_to_debate(connection: sqlite3.Connection, debate_id: str, identifier: str, place: int, turns: int) -> None:
    """Make a conversation the side at this place of a debate, in which it is to speak so many times."""
    connection.execute(
        "INSERT INTO debates (id, conversation_id, place, turns, created_at) VALUES (?, ?, ?, ?, ?)",
        (debate_id, identifier, place, turns, stamp(now())),
    )


def debate_of(connection: sqlite3.Connection, identifier: str) -> str | None:
    """Return the debate that a conversation is a side of."""
    found = connection.execute("SELECT id FROM debates WHERE conversation_id = ?", (identifier,)).fetchone()
    return None if found is None else str(found["id"])


def debate_sides(connection: sqlite3.Connection, debate_id: str) -> tuple[DebateSideRow, ...]:
    """Return the sides of a debate, first the one that begins."""
    sql = f"SELECT {columns_of(DebateSideRow, 'debates')} FROM debates WHERE id = ? ORDER BY place"  # noqa: S608
    return fetch(DebateSideRow, connection.execute(sql, (debate_id,)))


def groups(connection: sqlite3.Connection) -> tuple[str, ...]:
    """Return the keys of all comparisons and debates of which a conversation is left."""
    rows = connection.execute("SELECT id FROM comparisons UNION SELECT id FROM debates")
    return tuple(row["id"] for row in rows)


def is_there(connection: sqlite3.Connection, key: str) -> bool:
    """Whether a conversation, a comparison or a debate has this key."""
    tables = ("conversations", "comparisons", "debates")
    sql = " UNION ALL ".join(f"SELECT 1 FROM {table} WHERE id = ?1" for table in tables)  # noqa: S608
    return connection.execute(sql, (key,)).fetchone() is not None


def deleted_with(connection: sqlite3.Connection, identifier: str) -> tuple[str, ...]:
    """Return what is deleted with a conversation: itself, and the other side of its debate if it is in one."""
    sql = """
        SELECT other.conversation_id FROM debates JOIN debates AS other ON other.id = debates.id
        WHERE debates.conversation_id = ?1 AND other.conversation_id <> ?1
        """
    return (identifier, *(row["conversation_id"] for row in connection.execute(sql, (identifier,))))


def set_turns(connection: sqlite3.Connection, debate_id: str, turns: int) -> None:
    """Let both sides of a debate speak so many times in all."""
    connection.execute("UPDATE debates SET turns = ? WHERE id = ?", (turns, debate_id))


def short_names(connection: sqlite3.Connection) -> dict[str, str]:
    """Return the short name of every conversation by its key: in small letters, and no two the same."""
    keys = [row["id"] for row in connection.execute("SELECT id FROM conversations")]
    found, length, left = dict[str, str](), SHORT_NAME, keys
    while left:
        ends = Counter(key[-length:] for key in keys)
        found |= {key: key[-length:].lower() for key in left if ends[key[-length:]] == 1 or length >= len(key)}
        left, length = [key for key in left if key not in found], length + 1
    return found


def _patterns(name: str) -> tuple[str, ...]:
    """Return GLOB patterns for keys that begin so, or end so where that is long enough to be a short name."""
    ends = name.isalnum() and len(name) >= SHORT_NAME
    return (beginning(name), f"*{name.upper()}") if ends else (beginning(name),)
