"""Bringing a corpus to the newest schema: numbered SQL files, applied in one transaction.

The schema of a corpus is its `user_version`; migration `000N_....sql` leads from N-1 to N and is never changed once
released.
"""

import sqlite3
from contextlib import closing
from pathlib import Path

from chat_personas.corpus.errors import CorpusError, display_path, foreign
from chat_personas.storage.sqlite import execute_script, read_marks, transaction

APPLICATION_ID = 0x63684350
"""What marks an SQLite file as ours, in its header: the letters `chCP`."""


def migrate(connection: sqlite3.Connection, path: Path) -> None:
    """Apply the migrations that the corpus lacks: all of them or, if one fails, none.

    Raises:
        CorpusError: as `schema_of`.
    """
    if schema_of(connection, path) == len(migrations()):
        return
    with transaction(connection):
        version = schema_of(connection, path)  # another program may have migrated it meanwhile
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        for migration in migrations()[version:]:
            execute_script(connection, migration.read_text(encoding="utf-8"))
        connection.execute(f"PRAGMA user_version = {len(migrations())}")


def schema_of(connection: sqlite3.Connection, path: Path) -> int:
    """Return the schema of an opened corpus, 0 for an empty file.

    Raises:
        CorpusError: the database is another program's, or a newer version of this one wrote it.
    """
    marks = read_marks(connection)
    if marks.belongs_to_another(APPLICATION_ID):
        raise foreign(path)
    known = len(migrations())
    if marks.version > known:
        raise CorpusError(
            f"the corpus {display_path(path)} has schema {marks.version}, this program knows {known}; "
            "install a newer chat-personas"
        )
    return marks.version


def altered_parts(path: Path) -> list[str]:
    """Return the tables, views, triggers and indexes of a corpus that are not those of the newest schema, by name.

    Raises:
        sqlite3.Error: the corpus cannot be read.
    """
    with (
        closing(sqlite3.connect(":memory:")) as ours,
        closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as theirs,
    ):
        for migration in migrations():
            execute_script(ours, migration.read_text(encoding="utf-8"))
        parts = "SELECT type, name, sql FROM sqlite_master WHERE name NOT LIKE 'sqlite_%'"
        different = set(map(tuple, ours.execute(parts))) ^ set(map(tuple, theirs.execute(parts)))
        return sorted({str(name) for _, name, _ in different})


def migrations() -> tuple[Path, ...]:
    """Return the migrations in order."""
    return tuple(sorted(Path(__file__).parent.glob("[0-9]*.sql")))
