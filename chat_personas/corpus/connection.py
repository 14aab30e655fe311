"""Connections to a corpus: how they are opened, and the one way to write through them.

The files of a corpus on disk: created for their owner only, and never mistaken for another program's.
"""

import os
import sqlite3
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import ClassVar

from chat_personas.corpus.errors import READ_ONLY, CorpusError, NoCorpusError, display_path, storage_errors
from chat_personas.corpus.migrations import APPLICATION_ID, migrate, migrations, schema_of
from chat_personas.paths import make_private
from chat_personas.storage.sqlite import BUSY_SECONDS, use_write_ahead_log

_MAGIC = b"SQLite format 3\x00"
_HEADER = 100


def create_private(path: Path) -> None:
    """Create an empty database file, mode 0600 in a directory of 0700, unless it is there.

    SQLite gives its `-wal`, `-shm` and `-journal` files the mode of the database, so this is enough for all of them
    without changing the umask of the whole process. A file that others can read is closed to them.
    """
    make_private(path.parent)
    if path.is_dir():
        raise CorpusError(f"{display_path(path)} is a directory; choose a file for the corpus")
    if path.exists() and not (os.access(path, os.W_OK) and os.access(path.parent, os.W_OK)):
        # SQLite would open it all the same, and fail at the first word.
        raise CorpusError(READ_ONLY.format(path=display_path(path)))
    path.touch(mode=0o600, exist_ok=True)
    for file in (path, _beside(path, "-wal"), _beside(path, "-shm")):
        if file.exists() and file.stat().st_mode & 0o077:
            file.chmod(0o600)


def refuse_foreign(path: Path) -> None:
    """Look at the header, without SQLite, so that another program's file is not so much as locked.

    Raises:
        CorpusError: the file is no SQLite database, or one that another program marked as its own.
    """
    with path.open("rb") as file:
        header = file.read(_HEADER)
    if not header:
        return
    if len(header) < _HEADER or not header.startswith(_MAGIC):
        raise CorpusError(
            f"{display_path(path)} is no corpus (no SQLite database); move it away or choose another file"
        )
    application = int.from_bytes(header[68:72], "big")
    if application not in (0, APPLICATION_ID):
        raise CorpusError(
            f"{display_path(path)} is the database of another program; choose another file for the corpus"
        )


def has_write_ahead_log(path: Path) -> bool:
    """Say whether some of what was written still lies beside the database file."""
    log = _beside(path, "-wal")
    return log.exists() and log.stat().st_size > 0


def owners_directory(path: Path) -> Path:
    """Where the processes that have the corpus open keep their sign of life."""
    return _beside(path, "-open")


def _beside(path: Path, ending: str) -> Path:
    return path.with_name(path.name + ending)


class Connections:
    """One connection that writes and one that reads, usable from any thread.

    With a write-ahead log a reader never waits for a writer, so a list on the screen is not held up by the disk.
    Each connection is used by one thread at a time.
    """

    def __init__(self, path: Path, *, read_only: bool = False) -> None:
        """Open the database, creating it or bringing it to the newest schema where it may be written.

        Raises:
            CorpusError: it cannot be opened, is damaged, another program's, or written by a newer version.
        """
        self.path = path
        self.read_only = read_only
        self._write_lock = threading.Lock()
        self._read_lock = threading.Lock()
        with storage_errors(path):
            self._writer = None if read_only else _open_writer(path)
            self._reader = open_reader(path)

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """Run a transaction that is on the disk when the block ends, and not at all if anything in it fails.

        Raises:
            CorpusError: the corpus was opened for reading only, or could not be written.
        """
        if self._writer is None:
            raise CorpusError(f"the corpus {display_path(self.path)} was opened for reading only")
        with self._write_lock, storage_errors(self.path):
            self._writer.execute("BEGIN IMMEDIATE")
            try:
                yield self._writer
                self._writer.execute("COMMIT")
            except BaseException:
                if self._writer.in_transaction:
                    self._writer.execute("ROLLBACK")
                raise

    @contextmanager
    def maintaining(self) -> Iterator[sqlite3.Connection]:
        """Lend the writer outside a transaction, with no reader of ours in the way: for VACUUM and checkpoints."""
        if self._writer is None:
            raise CorpusError(f"the corpus {display_path(self.path)} was opened for reading only")
        with self._write_lock, self._read_lock, storage_errors(self.path):
            yield self._writer

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """Lend the reader. Each statement sees one state of the corpus.

        Raises:
            CorpusError: the corpus could not be read.
        """
        with self._read_lock, storage_errors(self.path):
            yield self._reader

    def close(self) -> None:
        """Close both; the last program to close the corpus folds the write-ahead log into it."""
        with self._write_lock, self._read_lock, storage_errors(self.path):
            self._reader.close()
            if self._writer is not None:
                self._writer.close()


class _Counted(sqlite3.Connection):
    """A connection that is known as long as it is open.

    A process that closes any descriptor of a file loses all its POSIX locks on it, those of SQLite too: another program
    would then take itself for the last one and remove the write-ahead log from under this one. So the file is
    never looked at without SQLite while a connection to it is open here.
    """

    opened: ClassVar[Counter[tuple[int, int]]] = Counter()
    guard: ClassVar[threading.RLock] = threading.RLock()
    file: tuple[int, int] | None = None

    def close(self) -> None:
        """Close the connection; closing twice is allowed."""
        with _Counted.guard:
            super().close()
            if self.file is not None:
                _Counted.opened[self.file] -= 1
                self.file = None


def _connect(path: Path, parameters: str) -> sqlite3.Connection:
    """Connect to a corpus, which is first made sure of not to be another program's file."""
    with _Counted.guard:
        status = path.stat()
        file = status.st_dev, status.st_ino
        if not _Counted.opened[file]:
            refuse_foreign(path)
        connection = sqlite3.connect(
            f"{path.absolute().as_uri()}?{parameters}",
            uri=True,
            timeout=BUSY_SECONDS,
            isolation_level=None,
            check_same_thread=False,
            factory=_Counted,
        )
        _Counted.opened[file] += 1
        connection.file = file
    connection.row_factory = sqlite3.Row
    return connection


def _open_writer(path: Path) -> sqlite3.Connection:
    create_private(path)
    connection = _connect(path, "mode=rw")
    try:
        connection.execute("PRAGMA secure_delete = ON")
        connection.execute("PRAGMA temp_store = MEMORY")
        migrate(connection, path)
        use_write_ahead_log(connection)
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")
    except BaseException:
        connection.close()
        raise
    return connection


def open_reader(path: Path) -> sqlite3.Connection:
    """Open a connection that cannot write, also on a medium that cannot be written.

    Raises:
        CorpusError: there is no file, or it is not a corpus of this version.
        sqlite3.Error: it cannot be opened.
    """
    if not path.exists():
        raise NoCorpusError(f"there is no corpus {display_path(path)} yet; have a conversation first")
    try:
        return _checked(_connect(path, "mode=ro"), path)
    except sqlite3.OperationalError:
        # A directory in which SQLite cannot make its shared memory file, such as a read-only medium.
        if has_write_ahead_log(path):
            raise
        return _checked(_connect(path, "immutable=1"), path)


def _checked(connection: sqlite3.Connection, path: Path) -> sqlite3.Connection:
    try:
        if schema_of(connection, path) < len(migrations()):
            raise CorpusError(
                f"the corpus {display_path(path)} has an older schema; open it once with `chat-personas chat`"
            )
    except BaseException:
        connection.close()
        raise
    return connection
