"""Full-text search in all messages, and what a person types to find conversations."""

import sqlite3
from dataclasses import dataclass
from datetime import date
from typing import Self

from chat_personas.corpus.errors import CorpusError
from chat_personas.corpus.messages import SAID_BY_PARTICIPANT
from chat_personas.corpus.rows import SearchHit
from chat_personas.corpus.sql import Value, as_row, storable

# Marks for matches that no text contains by chance: characters of the private use area.
_BEGIN, _END = "\ue000", "\ue001"
_WORDS_AROUND = 16
MOST_RANKED = 1000
"""How many messages are ranked, the newest: in a large corpus a common word is in half of all messages.

Where a search gives fewer, they are all that there are.
"""


_WITH_PERSONA = """conversations.id IN (
    SELECT id FROM (
        SELECT id, persona_name FROM conversations UNION ALL SELECT conversation_id, persona_name FROM persona_changes
    ) WHERE instr(lower(persona_name), ?) > 0
)"""
"""That a conversation began or went on with a persona whose name has this in it."""
_WITH_MODEL = """(instr(lower(conversations.model), ?) > 0 OR EXISTS (
    SELECT 1 FROM messages JOIN generations ON generations.message_id = messages.id
    WHERE messages.conversation_id = conversations.id AND instr(lower(generations.model), ?) > 0
))"""
"""That a conversation began on a model whose name has this in it, or such a model made a reply, on any branch."""


class QueryError(CorpusError):
    """What narrows a search cannot be read. The message says what can be written."""

    exit_code = 2


@dataclass(frozen=True, slots=True)
class Query:
    """What a person types to find conversations: words, and what narrows them.

    `persona` and `model` are parts of names in any case, also of those with which the conversation went on;
    `since` and `until` are days (UTC), both included, of the conversation's beginning.
    """

    words: str = ""
    persona: str = ""
    model: str = ""
    since: date | None = None
    until: date | None = None

    @classmethod
    def typed(cls, text: str) -> Self:
        """Read `persona:democrat model:smol since:2026-11-01 until:2026-11-30 gun control`; the rest are words.

        Raises:
            QueryError: a day is none.
        """
        found: dict[str, str] = {}
        words = []
        for word in text.split():
            name, colon, value = word.partition(":")
            if colon and name in ("persona", "model", "since", "until"):
                found[name] = value
            else:
                words.append(word)
        days = {name: _day(name, found[name]) for name in ("since", "until") if found.get(name)}
        return cls(" ".join(words), found.get("persona", ""), found.get("model", ""), **days)

    @property
    def narrows(self) -> bool:
        """Whether something else than words is asked for."""
        return bool(self.persona or self.model or self.since or self.until)

    def where(self) -> tuple[str, list[Value]]:
        """Return the SQL condition on a table `conversations`, without the words, and its parameters."""
        parts: list[tuple[str, Value]] = []
        if self.persona:
            parts.append((_WITH_PERSONA, self.persona.lower()))
        if self.model:
            parts.append((_WITH_MODEL, self.model.lower()))
        if self.since is not None:
            parts.append(("substr(conversations.created_at, 1, 10) >= ?", self.since.isoformat()))
        if self.until is not None:
            parts.append(("substr(conversations.created_at, 1, 10) <= ?", self.until.isoformat()))
        values = [value for sql, value in parts for _ in range(sql.count("?"))]
        return " AND ".join(sql for sql, _ in parts) or "1", values


def _day(name: str, written: str) -> date:
    try:
        return date.fromisoformat(written)
    except ValueError:
        raise QueryError(f"{name}: must be followed by a day, such as {name}:2026-11-28") from None


def search(connection: sqlite3.Connection, text: str, limit: int, within: Query | None = None) -> tuple[SearchHit, ...]:
    """Return the messages that contain the words, the best matches first; none for a text without words.

    Where more than `MOST_RANKED` messages do, only the newest of them are compared. `within` narrows the conversations.
    What a side of a debate quotes is found where it was said.
    """
    query = full_text_query(text)
    if not query:
        return ()
    condition, values = (within or Query()).where()
    chosen = f"SELECT id FROM conversations WHERE {condition}"  # noqa: S608
    # Asked for only where it leaves something out: without it the index leads to the newest.
    among = f"SELECT seq FROM messages WHERE conversation_id IN ({chosen})"  # noqa: S608
    narrowed = f"AND messages_fts.rowid IN ({among})" if values else ""
    rows = connection.execute(
        f"""
        WITH newest AS (
            SELECT seq FROM messages_fts CROSS JOIN messages ON seq = messages_fts.rowid
            WHERE messages_fts MATCH ? AND quotes IS NULL {narrowed} ORDER BY messages_fts.rowid DESC LIMIT ?
        )
        SELECT messages.id AS message_id, messages.conversation_id, conversations.title,
               coalesce(generations.persona_name, conversations.persona_name) AS persona_name, conversations.model,
               conversations.prompt_format, messages.role, {SAID_BY_PARTICIPANT} AS of_participant, messages.created_at,
               snippet(messages_fts, 0, ?, ?, '…', ?) AS excerpt
        FROM messages_fts JOIN messages ON messages.seq = messages_fts.rowid
        JOIN conversations ON conversations.id = messages.conversation_id
        LEFT JOIN generations ON generations.message_id = messages.id
        WHERE messages_fts MATCH ? AND messages.quotes IS NULL AND messages_fts.rowid >= (SELECT min(seq) FROM newest)
          AND conversations.id IN ({chosen})
        ORDER BY rank, messages.id LIMIT ?
        """,  # noqa: S608
        (query, *values, MOST_RANKED, _BEGIN, _END, _WORDS_AROUND, query, *values, limit),
    )
    return tuple(_hit(row) for row in rows)


def full_text_query(text: str) -> str:
    """Return what a person typed as a full-text query: all words must occur, and the last one may be incomplete.

    Words in double quotes are a phrase; nothing else is an operator. Text without a letter or digit gives "".
    """
    from sqlite_utils.db import Database

    # `quote_fts` does not quote a phrase that runs over two lines.
    wanted = " ".join(storable(text).replace("\x00", " ").split())
    if not any(character.isalnum() for character in wanted):
        return ""
    quoted: str = Database(memory=True).quote_fts(wanted)
    return quoted if wanted.endswith('"') else f"{quoted}*"


def _hit(row: sqlite3.Row) -> SearchHit:
    values = dict(row)
    values["excerpt"], values["matches"] = _ranges(values["excerpt"])
    return as_row(SearchHit, values)


def _ranges(marked: str) -> tuple[str, tuple[tuple[int, int], ...]]:
    """Remove the marks from an excerpt; return it with the ranges that they enclosed."""
    plain, ranges, begin = "", [], 0
    for character in marked:
        if character == _BEGIN:
            begin = len(plain)
        elif character == _END:
            ranges.append((begin, len(plain)))
        else:
            plain += character
    return plain, tuple(ranges)
