"""Writing to a corpus of 100,000 messages, and searching in it, beside plain `sqlite3`.

python -m benchmarks --only corpus-insert
python -m benchmarks --only corpus-search
"""

import sqlite3
import tempfile
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path

import numpy as np

from benchmarks.figure import Goal, Timing, interleaved
from benchmarks.large_corpus import REPLIED, SAID, generate
from benchmarks.row import Measured, Row, Settings
from chat_personas.corpus import ConversationRow, Corpus
from chat_personas.corpus.search import full_text_query
from chat_personas.corpus.sql import Value, new_key, now, stamp, values_of
from eval.engine import EngineInfo, Sampling, Usage

TURNS = 100
INFO = EngineInfo("model", "llama", "ab" * 32)
SEARCHED = (
    "schools", "teachers", "rents", "children coats", "neighbour minds", "where it goes", "1962", "winter",
    '"in their coats"', "who should pay", "4711", "nowhere", "buildings 12", "town schools lack", "as I can see", "the",
)  # fmt: skip
"""Words in every second message, in a few, and in none."""


def measure_insert(settings: Settings) -> Measured:
    """Write turns as a conversation does; the baseline has the same two commits a turn on the same tables."""
    with tempfile.TemporaryDirectory() as directory:
        path, bare = Path(directory) / "corpus.db", Path(directory) / "bare.db"
        settings.tell("generating a corpus")
        generate(path)
        with Corpus.open(path) as corpus:
            corpus.back_up(bare)
            pairs = interleaved(lambda _: _turns(corpus), lambda _: _bare_turns(bare), settings.repeats, settings.tell)
    return Measured(
        pairs, {"messages in the corpus": 100_000, "turns": TURNS}, ("each turn is two commits to the disk",)
    )


def _turns(corpus: Corpus) -> Timing:
    """Return the turns a second that the corpus takes."""
    row = _conversation()
    leaf, begun = None, time.perf_counter()
    for turn in range(TURNS):
        _, reply = corpus.begin_turn(row.id, leaf, f"{SAID} ({turn})", INFO, Sampling(), new=None if turn else row)
        usage = Usage(
            prompt_tokens=100, reused_tokens=90, decoded_tokens=60, seconds=1.0, first_token_seconds=0.1, seed=1
        )
        corpus.end_reply(reply.id, f"{REPLIED} ({turn})", "complete", finish_reason="stop", usage=usage)
        leaf = reply.id
    return Timing(TURNS / (time.perf_counter() - begun))


def _bare_turns(path: Path) -> Timing:
    row, sent = _conversation(), "complete"
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for pragma in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON"):
            connection.execute(f"PRAGMA {pragma}")
        _insert(connection, "conversations", values_of(row))
        leaf, begun = None, time.perf_counter()
        for turn in range(TURNS):
            said, reply, moment = new_key(), new_key(), stamp(now())
            connection.execute("BEGIN IMMEDIATE")
            common: dict[str, Value] = {"conversation_id": row.id, "created_at": moment, "updated_at": moment}
            spoken = {"id": said, "parent_id": leaf, "role": "user", "text": f"{SAID} ({turn})", "status": sent}
            empty = {"id": reply, "parent_id": said, "role": "assistant", "text": "", "status": "streaming"}
            for message in (spoken, empty):
                _insert(connection, "messages", common | message)
            connection.execute("COMMIT")
            connection.execute("BEGIN IMMEDIATE")
            changes = (f"{REPLIED} ({turn})", sent, stamp(now()), reply)
            connection.execute("UPDATE messages SET text = ?, status = ?, updated_at = ? WHERE id = ?", changes)
            connection.execute("COMMIT")
            leaf = reply
        return Timing(TURNS / (time.perf_counter() - begun))


def _insert(connection: sqlite3.Connection, table: str, row: Mapping[str, Value]) -> None:
    marks = ", ".join(f":{name}" for name in row)
    connection.execute(f"INSERT INTO {table} ({', '.join(row)}) VALUES ({marks})", row)


def _conversation() -> ConversationRow:
    return ConversationRow(
        id=new_key(),
        title="Schools",
        created_at=now(),
        active_at=now(),
        persona_name="democrat",
        persona="{}",
        persona_sha256="",
        system_prompt="",
        model="model",
        model_sha256=None,
        program_version="0",
        active_leaf_id=None,
    )


def measure_search(settings: Settings) -> Measured:
    """Search for words; the baseline is the same full-text query in plain `sqlite3`, ranked over all matches."""
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "corpus.db"
        settings.tell("generating a corpus")
        generate(path)
        with (
            Corpus.open(path, read_only=True) as corpus,
            closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as bare,
        ):
            corpus.search("warm")  # what splits the words is imported once
            sql = "SELECT rowid, rank FROM messages_fts WHERE messages_fts MATCH ? ORDER BY rank LIMIT 50"
            pairs = interleaved(
                lambda _: _slowest(lambda text: corpus.search(text)),
                lambda _: _slowest(lambda text: bare.execute(sql, (full_text_query(text),)).fetchall()),
                settings.repeats,
                settings.tell,
            )
    note = "without the first search of a program, which imports what splits the words"
    return Measured(pairs, {"messages": 100_000, "searches": len(SEARCHED)}, (note,))


def _slowest(search: Callable[[str], object]) -> Timing:
    """Return the 95th percentile of the seconds that a search takes."""
    seconds = []
    for text in SEARCHED:
        begun = time.perf_counter()
        search(text)
        seconds.append(time.perf_counter() - begun)
    return Timing(float(np.quantile(seconds, 0.95)))


ROWS = (
    Row(
        name="corpus-insert",
        what="turns a second that are written to a corpus of 100,000 messages",
        against="a loop of plain sqlite3 with the same messages and commits",
        goal=Goal(0.5, at_least=True),
        unit="turns/s",
        measure=measure_insert,
    ),
    Row(
        name="corpus-search",
        what="search in 100,000 messages, 95th percentile over words that are rare, common and absent",
        against="the same full-text query in plain sqlite3, ranked over all matches",
        goal=Goal(1.0, ceiling=0.050, also="and 50 ms"),
        unit="s",
        measure=measure_search,
    ),
)
