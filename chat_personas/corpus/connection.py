"""Connections to a corpus: how it is opened, and the one way to write to it.

The files are created for their owner only, and another program's database is never touched.
"""

import os
import sqlite3
import stat
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import ClassVar

from chat_personas.corpus.errors import (
    CorpusError,
    NoCorpusError,
    display_path,
    foreign,
    not_a_corpus,
    storage_errors,
)
from chat_personas.corpus.migrations import APPLICATION_ID, migrate, migrations, schema_of
from chat_personas.storage.sqlite import (
    BUSY_SECONDS,
    READ_ONLY,
    application_in_header,
    beside,
    create_private,
    database_files,
    transaction,
    use_write_ahead_log,
)


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
        self._write_lock = threading.Lock()
        self._read_lock = threading.Lock()
        with storage_errors(path):
            self._write_connection = None if read_only else _open_writer(path)
            self._reader = open_reader(path)
            self._file = _identity(path)
        self._logs = self._logs_here()
        self._is_removed = self._let_go = False

    @property
    def removed(self) -> CorpusError | None:
        """Why nothing that was stored is at its place any more, as when it was last looked at; None where all is."""
        return self._removal() if self._is_removed else None

    def check_in_place(self) -> None:
        """Look whether the file is where it was opened: what SQLite writes to a removed one goes with the program.

        Where it is not, the write-ahead log is folded into it; where it was put back, it is connected to again.

        Raises:
            CorpusError: it was removed or replaced, or its place cannot be looked at.
        """
        with self._write_lock:
            self._look()

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """Run a transaction that is on the disk when the block ends, and not at all if anything in it fails.

        Raises:
            CorpusError: the corpus was opened for reading only, or could not be written.
        """
        with self._write_lock, storage_errors(self.path):
            self._writer()
            self._look()
            with transaction(writer := self._writer()):
                if _identity(self.path) != self._file:
                    self._is_removed = True
                    raise self._removal()
                yield writer
            self._logs = self._logs_here()

    @contextmanager
    def maintaining(self) -> Iterator[sqlite3.Connection]:
        """Lend the writer outside a transaction, with no reader of ours in the way: for VACUUM and checkpoints.

        Raises:
            CorpusError: the corpus was opened for reading only, or could not be written.
        """
        with self._write_lock, self._read_lock, storage_errors(self.path):
            yield self._writer()

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
            try:
                if self._write_connection is not None and _identity(self.path) != self._file:
                    self._let_go_of_log()
            finally:
                self._reader.close()
                if self._write_connection is not None:
                    self._write_connection.close()

    def _look(self) -> None:
        """Raise CorpusError where the file is not at its place. The caller holds the lock for writing."""
        with storage_errors(self.path):
            self._is_removed = removed = _identity(self.path) != self._file
            if self._write_connection is not None and removed and not self._let_go:
                with self._read_lock:
                    self._let_go_of_log()
            elif self._let_go and not removed:
                with self._read_lock:
                    self._connect_again()
        if removed:
            raise self._removal()

    def _removal(self) -> CorpusError:
        return CorpusError(
            f"the corpus {display_path(self.path)} was removed or replaced while the program ran; put it back"
        )

    def _let_go_of_log(self) -> None:
        """Fold the write-ahead log into the file that was moved away, and remove its names, unless they are others'.

        SQLite leaves them, and would read the log into whatever database stands at that place. Where the log cannot be
        folded whole, because another program is reading, it stays: what is in it is nowhere else.
        """
        busy, _, _ = self._writer().execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        if busy:
            return
        for log, ours in self._logs.items():
            if ours is not None and _identity(log) == ours:
                log.unlink()
        self._let_go = True

    def _connect_again(self) -> None:
        """Connect to the file that was put back: the logs of the connections until now have no names any more."""
        self._reader.close()
        self._writer().close()
        self._write_connection, self._reader = _open_writer(self.path), open_reader(self.path)
        self._logs, self._let_go = self._logs_here(), False

    def _logs_here(self) -> dict[Path, tuple[int, int] | None]:
        return {log: _identity(log) for log in (beside(self.path, "-wal"), beside(self.path, "-shm"))}

    def _writer(self) -> sqlite3.Connection:
        if self._write_connection is None:
            raise CorpusError(f"the corpus {display_path(self.path)} was opened for reading only")
        return self._write_connection


def _identity(path: Path) -> tuple[int, int] | None:
    """Return what tells a file from every other one, None where there is no file."""
    try:
        status = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    return status.st_dev, status.st_ino


def _open_writer(path: Path) -> sqlite3.Connection:
    _create(path)
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
    _check_regular(path)
    try:
        return _checked(_connect(path, "mode=ro"), path)
    except sqlite3.OperationalError:
        # A directory in which SQLite cannot make its shared memory file, such as a read-only medium.
        if _has_write_ahead_log(path):
            raise
        return _checked(_connect(path, "immutable=1"), path)


def copy_to(path: Path, out: Path) -> None:
    """Copy a corpus as it is at this moment into a new private file, also while programs write to it.

    Raises:
        CorpusError: there is no corpus, it is another program's, written by a newer version, or cannot be read.
    """
    if not path.exists():
        raise NoCorpusError(f"there is no corpus {display_path(path)}")
    _check_regular(path)
    with storage_errors(path):
        source = _connect(path, "mode=ro")
        try:
            schema_of(source, path)
            create_private(out)
            with closing(sqlite3.connect(out)) as target:
                source.backup(target)
        finally:
            source.close()


def owners_directory(path: Path) -> Path:
    """Return where each process that has the corpus open keeps its lock."""
    return beside(path, "-open")


def _create(path: Path) -> None:
    """Create an empty corpus for its owner only, unless it is there. Raises CorpusError: it cannot be written."""
    _check_regular(path)
    if path.exists() and not (os.access(path, os.W_OK) and os.access(path.parent, os.W_OK)):
        # SQLite would open it all the same, and fail at the first word.
        raise CorpusError(READ_ONLY.format(name=f"the corpus {display_path(path)}"))
    create_private(path)


def _check_regular(path: Path) -> None:
    """Raise CorpusError where there is something that is not a file: a pipe would be waited for, a device opened."""
    if path.is_dir():
        raise CorpusError(f"{display_path(path)} is a directory; choose a file for the corpus")
    if path.exists() and not path.is_file():
        raise CorpusError(f"{display_path(path)} is not a regular file; choose a file for the corpus")
    for file in (*database_files(path), beside(path, "-journal")):  # SQLite would wait for a pipe here, too
        with suppress(FileNotFoundError):  # one look alone: another program may write or delete its journal meanwhile
            if not stat.S_ISREG(file.stat().st_mode):
                raise CorpusError(f"{display_path(file)} is not a regular file; move it away")


def refuse_foreign(path: Path) -> None:
    """Make sure, without SQLite, that a file is not another program's, which is not so much as locked.

    Raises:
        CorpusError: the file is not an SQLite database, or another program marked it as its own.
    """
    application = application_in_header(path)
    if application is None:
        raise not_a_corpus(path)
    if application not in (0, APPLICATION_ID):
        raise foreign(path)


def _has_write_ahead_log(path: Path) -> bool:
    """Say whether some of what was written is still in the log beside the database file."""
    log = beside(path, "-wal")
    return log.exists() and log.stat().st_size > 0


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


class _Counted(sqlite3.Connection):
    """A connection that is counted as long as it is open.

    A process that closes any descriptor of a file loses all its POSIX locks on it, those of SQLite too. Another program
    would then take itself for the last one and remove the write-ahead log while this one uses it. So the header of a
    file is never read without SQLite while a connection to the file is open in this process.
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
    """Connect to a corpus, after making sure that it is not another program's file."""
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
