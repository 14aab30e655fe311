"""What can go wrong with the kept answers, each as one line that says what to do."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from chat_personas.paths import shown

_CLEAR = "remove it with `chat-personas cache clear`"
_ADVICE = {
    sqlite3.SQLITE_FULL: "no space is left on the disk that holds {path}",
    sqlite3.SQLITE_BUSY: "another program holds {path}; wait for it to end",
    sqlite3.SQLITE_LOCKED: "another program holds {path}; wait for it to end",
    sqlite3.SQLITE_READONLY: "{path} is read-only; make the file and its directory writable",
    sqlite3.SQLITE_PERM: "{path} may not be opened; make the file and its directory writable",
    sqlite3.SQLITE_CANTOPEN: "{path} cannot be opened; make the file and its directory writable",
    sqlite3.SQLITE_CORRUPT: f"{{path}} is damaged; {_CLEAR}",
    sqlite3.SQLITE_NOTADB: f"{{path}} is damaged (no SQLite database); {_CLEAR}",
    sqlite3.SQLITE_IOERR: "{path} could not be read or written; is the disk full?",
}


class CacheError(Exception):
    """Answers could not be kept or read. The message is one line that says what is wrong and what to do."""


class DamagedCacheError(CacheError):
    """Nothing can be read from the file any more. The message is one line."""


@contextmanager
def cache_errors(path: Path) -> Iterator[None]:
    """Turn what SQLite and the file system raise into a `CacheError`."""
    try:
        yield
    except sqlite3.Error as error:
        code = getattr(error, "sqlite_errorcode", None)
        advice = _ADVICE.get(-1 if code is None else code & 0xFF, f"{{path}} cannot be used ({error}); {_CLEAR}")
        kind = DamagedCacheError if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB) else CacheError
        raise kind(f"the answer cache {advice.format(path=shown(path))}") from error
    except OSError as error:
        raise CacheError(f"the answer cache {shown(path)} cannot be used: {error.strerror or error}") from error
