"""Bringing a corpus to the newest schema: numbered SQL files, applied in one transaction.

The schema a corpus has is its `user_version`; migration `000N_....sql` leads from N-1 to N and is never changed
once released.
"""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

from chat_personas.corpus.errors import CorpusError, display_path

APPLICATION_ID = 0x63684350
"""What marks an SQLite file as ours, in its header: the letters `chCP`."""


def migrations() -> tuple[Path, ...]:
    """Return the migrations in order."""
    return tuple(sorted(Path(__file__).parent.glob("[0-9]*.sql")))


def schema_of(connection: sqlite3.Connection, path: Path) -> int:
    """Return the schema of an opened corpus, 0 for an empty file.

    Raises:
        CorpusError: the database is another program's, or a newer version of this one wrote it.
    """
    found, version, tables = _marks(connection)
    if found != APPLICATION_ID and (found or version or tables):
        raise CorpusError(
            f"{display_path(path)} is the database of another program; choose another file for the corpus"
        )
    known = len(migrations())
    if version > known:
        raise CorpusError(
            f"the corpus {display_path(path)} has schema {version}, this program knows {known}; "
            "install a newer chat-personas"
        )
    return version


def migrate(connection: sqlite3.Connection, path: Path) -> None:
    """Apply the migrations that the corpus lacks: all of them or, if one fails, none."""
    if schema_of(connection, path) == len(migrations()):
        return
    connection.execute("BEGIN IMMEDIATE")
    try:
        version = schema_of(connection, path)
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        for migration in migrations()[version:]:
            for statement in _statements(migration.read_text(encoding="utf-8")):
                connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {len(migrations())}")
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def _marks(connection: sqlite3.Connection) -> tuple[int, int, int]:
    """Return application id, schema version and number of tables as of one moment: another program may be migrating."""
    begun = not connection.in_transaction
    if begun:
        connection.execute("BEGIN")
    try:
        application: int = connection.execute("PRAGMA application_id").fetchone()[0]
        version: int = connection.execute("PRAGMA user_version").fetchone()[0]
        tables: int = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    finally:
        if begun and connection.in_transaction:
            connection.execute("COMMIT")
    return application, version, tables


def _statements(script: str) -> Iterator[str]:
    """Split a script; `executescript` would commit the transaction that we are in."""
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""
    if statement.strip():
        yield statement
