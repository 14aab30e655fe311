"""What our SQLite databases have in common: private files, transactions, the write-ahead log, errors in one line."""

import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from chat_personas.paths import make_private
from chat_personas.storage.files import check_regular, close_to_others

BUSY_SECONDS = 5.0
"""How long a writer waits for another program's transaction before it gives up."""

_MAGIC = b"SQLite format 3\x00"
_HEADER_BYTES = 100
_APPLICATION_ID = slice(68, 72)

_DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
READ_ONLY = "{name} is read-only; make the file and its directory writable"
_ADVICE = {
    sqlite3.SQLITE_FULL: "no space is left on the disk that holds {name}; free some and try again",
    sqlite3.SQLITE_BUSY: "another program is writing to {name}; wait for it or close it, then try again",
    sqlite3.SQLITE_LOCKED: "another program is writing to {name}; wait for it or close it, then try again",
    sqlite3.SQLITE_READONLY: READ_ONLY,
    sqlite3.SQLITE_PERM: "{name} may not be opened; make the file and its directory readable and writable",
    sqlite3.SQLITE_CANTOPEN: "{name} cannot be opened; check that its directory exists and is writable",
    sqlite3.SQLITE_CORRUPT: "{name} is damaged; {if_damaged}",
    sqlite3.SQLITE_NOTADB: "{name} is not an SQLite database; {if_damaged}",
    sqlite3.SQLITE_IOERR: "{name} could not be read or written; is the disk full? Free some space and try again",
}

# Files


def beside(path: Path, ending: str) -> Path:
    """Return a file that belongs to a database: SQLite's `-wal` and `-shm`, or one of our own."""
    return path.with_name(path.name + ending)


def database_files(path: Path) -> tuple[Path, ...]:
    """Return the file of a database and those that SQLite keeps beside it; not all of them need exist."""
    return path, beside(path, "-wal"), beside(path, "-shm")


def create_private(path: Path) -> None:
    """Create an empty database file, mode 0600 in a directory of 0700, unless it is there.

    SQLite gives its `-wal`, `-shm` and `-journal` files the mode of the database, so this is enough for all of them
    without changing the umask of the whole process. A file that others can read is closed to them, but not through a
    link: the permissions of what a link leads to stay as they are.

    Raises:
        OSError: it cannot be created, is a device or a pipe, or its permissions cannot be changed.
    """
    make_private(path.parent)
    if not path.is_dir():  # of which SQLite says that it cannot be opened
        check_regular(path)
    with suppress(FileExistsError):
        # Only a new file is opened: closing a descriptor of a database would release SQLite's locks on it.
        os.close(os.open(os.path.realpath(path), os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
    for file in database_files(path):
        close_to_others(file)


def application_in_header(path: Path) -> int | None:
    """Return the application id in a file's header, 0 for an unmarked or empty file; None: not an SQLite database.

    It is read without SQLite, so that the file of another program is not even locked.
    """
    with path.open("rb") as file:
        header = file.read(_HEADER_BYTES)
    if not header:
        return 0
    if len(header) < _HEADER_BYTES or not header.startswith(_MAGIC):
        return None
    return int.from_bytes(header[_APPLICATION_ID], "big")


# Connections


@dataclass(frozen=True, slots=True)
class Marks:
    """How a database is marked: by which application, with which version of its schema; and its number of tables."""

    application_id: int
    version: int
    tables: int

    def belongs_to_another(self, application_id: int) -> bool:
        """Whether this is a database of another application than ours; an empty one belongs to nobody yet."""
        return self.application_id != application_id and bool(self.application_id or self.version or self.tables)


def read_marks(connection: sqlite3.Connection) -> Marks:
    """Return the marks as of one moment: another program may be creating the schema at the same time."""
    begun = not connection.in_transaction
    if begun:
        connection.execute("BEGIN")
    try:
        found = (connection.execute(query).fetchone()[0] for query in _MARKS)
        return Marks(*found)
    finally:
        if begun and connection.in_transaction:
            connection.execute("COMMIT")


_MARKS = ("PRAGMA application_id", "PRAGMA user_version", "SELECT count(*) FROM sqlite_master")


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """Run a transaction: what the block writes is kept when the block ends, and not at all if anything in it fails.

    It is IMMEDIATE, since a transaction that reads before it writes fails at once while another program writes.
    """
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def execute_script(connection: sqlite3.Connection, script: str) -> None:
    """Execute the statements of a script in the transaction under way; `executescript` would commit it."""
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            connection.execute(statement)
            statement = ""
    if statement.strip():
        connection.execute(statement)


def use_write_ahead_log(connection: sqlite3.Connection) -> None:
    """Switch to the write-ahead log: readers never wait for a writer, and several programs may have the file open.

    SQLite refuses the switch at once, without its busy timeout, while another program has the file open.

    Raises:
        sqlite3.Error: it still refuses after `BUSY_SECONDS`, or something else is wrong.
    """
    deadline = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(0.02)


def empty_write_ahead_log(connection: sqlite3.Connection) -> bool:
    """Move everything from the write-ahead log into the database; return False where another program reads it."""
    busy, _, _ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    return not busy


# Errors


def is_damaged(error: Exception) -> bool:
    """Whether an error says that the file is damaged or not a database at all."""
    return _code(error) in _DAMAGED


def explain(error: sqlite3.Error | OSError, name: str, *, if_damaged: str) -> str | None:
    """Return one line about an error of the database `name`: what is wrong and what to do; None: it is a bug of ours.

    `if_damaged` says what to do about a damaged file.
    """
    if isinstance(error, OSError):
        return f"{name} cannot be used: {error.strerror or error}"
    advice = _ADVICE.get(_code(error))
    return None if advice is None else advice.format(name=name, if_damaged=if_damaged)


def _code(error: Exception) -> int:
    """Return SQLite's primary result code, -1 for an error that has none."""
    code = getattr(error, "sqlite_errorcode", None)
    return -1 if code is None else code & 0xFF
