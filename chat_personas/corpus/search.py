"""Full-text search in all messages."""

import sqlite3

from chat_personas.corpus.rows import SearchHit
from chat_personas.corpus.sql import storable

# Marks for matches that no text contains by chance: characters of the private use area.
_BEGIN, _END = "\ue000", "\ue001"
_WORDS_AROUND = 16
MOST_RANKED = 1000
"""How many messages are ranked, the newest: in a large corpus a common word is in half of all messages."""


def search(connection: sqlite3.Connection, text: str, limit: int) -> tuple[SearchHit, ...]:
    """Return the messages that contain the words, the best matches first; none for a text without words.

    Where more than `MOST_RANKED` messages do, only the newest of them are compared. What a side of a debate quotes is
    found where it was said.
    """
    query = full_text_query(text)
    if not query:
        return ()
    rows = connection.execute(
        """
        WITH newest AS (
            SELECT rowid AS seq FROM messages_fts WHERE messages_fts MATCH ?4 ORDER BY rowid DESC LIMIT ?6
        )
        SELECT messages.id AS message_id, messages.conversation_id, conversations.title, conversations.persona_name,
               messages.role, messages.created_at, snippet(messages_fts, 0, ?1, ?2, '…', ?3) AS excerpt
        FROM messages_fts JOIN messages ON messages.seq = messages_fts.rowid
        JOIN conversations ON conversations.id = messages.conversation_id
        WHERE messages_fts MATCH ?4 AND messages.quotes IS NULL AND messages_fts.rowid >= (SELECT min(seq) FROM newest)
        ORDER BY rank, messages.id LIMIT ?5
        """,
        (_BEGIN, _END, _WORDS_AROUND, query, limit, MOST_RANKED),
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
    return SearchHit.model_validate(values)


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
