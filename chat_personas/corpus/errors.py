"""What can go wrong with storage, each as one line that says what is wrong and what to do."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from chat_personas.paths import display_path
from personas.errors import ReportedError

__all__ = ["CorpusError", "ExportError", "NoCorpusError", "UnknownConversationError", "display_path", "storage_errors"]


class CorpusError(ReportedError):
    """The corpus could not be read or written."""

    exit_code = 4


class UnknownConversationError(CorpusError):
    """No conversation has the identifier that was asked for."""

    exit_code = 2


class NoCorpusError(CorpusError):
    """There is no corpus to read yet."""

    exit_code = 2


class ExportError(CorpusError):
    """The export that was asked for cannot be made."""

    exit_code = 2


READ_ONLY = "the corpus {path} is read-only; make the file and its directory writable"
_ADVICE = {
    sqlite3.SQLITE_FULL: "no space is left on the disk that holds the corpus {path}; free some and try again",
    sqlite3.SQLITE_BUSY: "another program is writing to the corpus {path}; wait for it or close it, then try again",
    sqlite3.SQLITE_LOCKED: "another program is writing to the corpus {path}; wait for it or close it, then try again",
    sqlite3.SQLITE_READONLY: READ_ONLY,
    sqlite3.SQLITE_PERM: "the corpus {path} may not be opened; make the file and its directory readable and writable",
    sqlite3.SQLITE_CANTOPEN: "the corpus {path} cannot be opened; check that its directory exists and is writable",
    sqlite3.SQLITE_CORRUPT: "the corpus {path} is damaged; keep a copy, then try `sqlite3 {path} .recover`",
    sqlite3.SQLITE_NOTADB: "{path} is no corpus (no SQLite database); move it away or choose another file",
    sqlite3.SQLITE_IOERR: "the corpus {path} could not be read or written; is the disk full? Free some, try again",
}
_GONE = "the conversation is no longer in the corpus {path} (another program deleted it?); start a new one"


@contextmanager
def storage_errors(path: Path) -> Iterator[None]:
    """Turn what SQLite and the file system raise into a `CorpusError`; what is a bug of ours passes unchanged."""
    try:
        yield
    except sqlite3.IntegrityError as error:
        if "FOREIGN KEY" not in str(error):
            raise
        raise CorpusError(_GONE.format(path=display_path(path))) from error
    except sqlite3.Error as error:
        code = getattr(error, "sqlite_errorcode", None)
        advice = None if code is None else _ADVICE.get(code & 0xFF)
        if advice is None:
            raise
        raise CorpusError(advice.format(path=display_path(path))) from error
    except OSError as error:
        raise CorpusError(f"the corpus {display_path(path)} cannot be used: {error.strerror or error}") from error
