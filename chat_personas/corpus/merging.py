"""Merging: what another corpus holds is added to this one, row by row, and what is here already stays as it is.

Keys are ULIDs, so the rows of two machines never meet by chance. A row that both have under one key is the same row. If
its content differs, it is named as a conflict and ours stays.

Nothing comes back of a participant who withdrew here. One who withdrew there and not here is named.
"""

import os
import sqlite3
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from chat_personas.corpus.connection import Connections, copy_to, owners_directory
from chat_personas.corpus.conversations import set_active_leaf
from chat_personas.corpus.errors import CorpusError, display_path, storage_errors
from chat_personas.corpus.maintenance import problems, withdraw_participant
from chat_personas.corpus.messages import branch_to, mark_interrupted

_KEYS = {
    "conversations": ("id",),
    "persona_changes": ("id",),
    "messages": ("id",),
    "generations": ("message_id",),
    "measurements": ("id",),
    "probes": ("measurement_id", "question", "option_order"),
    "studies": ("sha256",),
    "participants": ("id",),
    "identifiers": ("participant_id", "kind", "value"),
    "consents": ("id",),
    "participations": ("id",),
    "stages": ("participation_id", "name"),
    "answers": ("participation_id", "stage", "instrument", "item"),
    "guesses": ("participation_id", "stage", "question"),
    "comparisons": ("id", "conversation_id"),
    "debates": ("id", "place"),
    "study_conversations": ("conversation_id",),
    "compositions": ("message_id",),
    "ratings": ("id",),
    "releases": ("id",),
    "release_participants": ("release_id", "participant_id"),
}
"""The tables that are merged and what identifies a row, each after those that it refers to."""
_OURS_STAY = {
    "conversations": {"title", "active_at", "active_leaf_id", "sampling"},
    "messages": {"seq", "owner"},
    "debates": {"turns"},
}
"""Columns that may differ without being a conflict: what a person may change later, and what is of one file only."""
_LEARNT = {"conversations": {"prompt_format"}}
"""Columns that are null as long as nothing is known: what the other corpus knows is taken over."""


@dataclass(frozen=True, slots=True)
class Merged:
    """What a merge did.

    Attributes:
        added: how many rows were added, by table.
        known: how many rows were here already with the same content.
        conflicts: the rows that differ and stayed as they were, each as a table and a key.
        withdrawn_there: the participants who withdrew in the other corpus and not in this one.
    """

    added: dict[str, int]
    known: int
    conflicts: tuple[tuple[str, str], ...]
    withdrawn_there: tuple[str, ...] = ()


@contextmanager
def snapshot(path: Path, beside: Path) -> Iterator[sqlite3.Connection]:
    """Lend a copy of a corpus as it is at this moment, brought to the newest schema. The file itself stays as it is.

    `beside` is the private directory that holds the copy meanwhile. A reply that a program is still writing is not in
    it: merge again when the reply has ended.

    Raises:
        CorpusError: there is no corpus, it is damaged, another program's, or written by a newer version.
    """
    with tempfile.TemporaryDirectory(dir=beside, prefix=".merge-") as folder:
        copy = Path(folder) / "copy.db"
        copy_to(path, copy)
        try:
            connections = _sound(copy, _owners(path, copy))
        except CorpusError as error:  # the copy is gone by the time that anybody looks for it
            raise CorpusError(str(error).replace(display_path(copy), display_path(path))) from error
        try:
            with connections.maintaining() as connection, storage_errors(path):
                yield connection
        finally:
            connections.close()


def _sound(copy: Path, owners: Path) -> Connections:
    """Open a copy of a corpus for merging. Raises CorpusError: it is not sound."""
    connections = Connections(copy)
    try:
        with connections.writing() as connection:
            mark_interrupted(connection, owners)
            _leave_out_growing_replies(connection)
        with connections.maintaining() as connection:
            found = problems(connection)
        if found:
            raise CorpusError(f"{display_path(copy)} is not sound, so nothing was merged: {found[0]}")
    except BaseException:
        connections.close()
        raise
    return connections


def _owners(path: Path, copy: Path) -> Path:
    """Return the directory that says which programs are writing to a corpus; an empty one where that cannot be read."""
    owners = owners_directory(path)
    if os.access(owners, os.R_OK | os.W_OK | os.X_OK):
        return owners
    owners_directory(copy).mkdir(mode=0o700)
    return owners_directory(copy)


def _leave_out_growing_replies(connection: sqlite3.Connection) -> None:
    connection.execute(
        "UPDATE conversations SET active_leaf_id = messages.parent_id FROM messages"
        " WHERE messages.id = active_leaf_id AND messages.status = 'streaming'"
    )
    connection.execute("DELETE FROM messages WHERE status = 'streaming'")


def merge(ours: sqlite3.Connection, theirs: sqlite3.Connection) -> Merged:
    """Add the rows of `theirs` to `ours`, in a transaction that the caller began.

    The title and the times of a conversation that both have stay ours, and so does the branch on the screen, unless
    theirs goes on from its end.
    """
    gone_here = _withdrawn(ours)
    gone_there = _withdrawn(theirs)
    for participant in sorted(gone_here & _keys_of(theirs, "SELECT id FROM participants")):
        withdraw_participant(theirs, participant)
    added: dict[str, int] = {}
    conflicts: list[tuple[str, str]] = []
    known = 0
    for table, key in _KEYS.items():
        columns = [column for column in _columns(theirs, table) if column != "seq"]
        compared = [column for column in columns if column not in _OURS_STAY.get(table, ())]
        added[table] = 0
        for row in theirs.execute(f"SELECT {', '.join(columns)} FROM {table} ORDER BY {_order(table, key)}"):  # noqa: S608
            identifier = [row[column] for column in key]
            here = _find(ours, table, key, identifier, compared)
            if here is None:
                _insert(ours, table, columns, row)
                added[table] += 1
            elif _agree(table, compared, here, row) or _person(table, row) in gone_here | gone_there:
                known += 1
                _learn(ours, table, key, here, row)
            else:
                conflicts.append((table, " ".join(map(str, identifier))))
    _show_their_branches(ours, theirs)
    still_here = _keys_of(ours, "SELECT id FROM participants WHERE withdrawn_at IS NULL")
    return Merged(added, known, tuple(conflicts), tuple(sorted(gone_there & still_here)))


def _withdrawn(connection: sqlite3.Connection) -> set[str]:
    return _keys_of(connection, "SELECT id FROM participants WHERE withdrawn_at IS NOT NULL")


def _keys_of(connection: sqlite3.Connection, query: str) -> set[str]:
    return {row[0] for row in connection.execute(query)}


def _person(table: str, row: sqlite3.Row) -> str | None:
    """Return the participant of whom a row would be the tombstone."""
    column = {"participants": "id", "consents": "participant_id", "participations": "participant_id"}.get(table)
    return None if column is None else str(row[column])


def _columns(connection: sqlite3.Connection, table: str) -> list[str]:
    return [row["name"] for row in connection.execute(f"PRAGMA table_info({table})")]


def _order(table: str, key: Sequence[str]) -> str:
    """Return an order in which a message comes after the one that it follows."""
    return "seq" if table == "messages" else ", ".join(key)


def _find(
    connection: sqlite3.Connection, table: str, key: Sequence[str], identifier: Sequence[object], columns: Sequence[str]
) -> sqlite3.Row | None:
    condition = " AND ".join(f"{column} = ?" for column in key)
    sql = f"SELECT {', '.join(columns)} FROM {table} WHERE {condition}"  # noqa: S608
    found: sqlite3.Row | None = connection.execute(sql, list(identifier)).fetchone()
    return found


def _agree(table: str, columns: Sequence[str], here: sqlite3.Row, there: sqlite3.Row) -> bool:
    """Whether two rows have the same in these columns, as far as both know it."""
    learnt = _LEARNT.get(table, ())
    return all(here[each] == there[each] or (each in learnt and None in (here[each], there[each])) for each in columns)


def _learn(
    connection: sqlite3.Connection, table: str, key: Sequence[str], here: sqlite3.Row, there: sqlite3.Row
) -> None:
    """Take over what only their row knows."""
    condition = " AND ".join(f"{column} = ?" for column in key)
    for column in _LEARNT.get(table, ()):
        if here[column] is None and there[column] is not None:
            sql = f"UPDATE {table} SET {column} = ? WHERE {condition}"  # noqa: S608
            connection.execute(sql, (there[column], *(there[each] for each in key)))


def _insert(connection: sqlite3.Connection, table: str, columns: Sequence[str], row: sqlite3.Row) -> None:
    # The leaf refers to a message, and messages come after their conversations.
    values = [None if column == "active_leaf_id" else row[column] for column in columns]
    marks = ", ".join("?" for _ in columns)
    connection.execute(f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})", values)  # noqa: S608


def _show_their_branches(ours: sqlite3.Connection, theirs: sqlite3.Connection) -> None:
    """Show the branches of new conversations, and of those that go on from where ours end."""
    leaves = theirs.execute("SELECT id, active_leaf_id AS leaf FROM conversations WHERE active_leaf_id IS NOT NULL")
    for conversation in leaves.fetchall():
        here = ours.execute("SELECT active_leaf_id FROM conversations WHERE id = ?", (conversation["id"],)).fetchone()
        branch = [message.id for message in branch_to(ours, conversation["leaf"])]
        if branch and (here["active_leaf_id"] is None or here["active_leaf_id"] in branch):
            set_active_leaf(ours, conversation["id"], conversation["leaf"])
