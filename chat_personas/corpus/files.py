"""The files of a corpus on disk: created for their owner only, and never mistaken for another program's."""

import os
from pathlib import Path

from chat_personas.corpus.errors import READ_ONLY, CorpusError, shown
from chat_personas.corpus.migrations import APPLICATION_ID
from chat_personas.paths import make_private

_MAGIC = b"SQLite format 3\x00"
_HEADER = 100


def create_private(path: Path) -> None:
    """Create an empty database file, mode 0600 in a directory of 0700, unless it is there.

    SQLite gives its `-wal`, `-shm` and `-journal` files the mode of the database, so this is enough for all of them
    without changing the umask of the whole process. A file that others can read is closed to them.
    """
    make_private(path.parent)
    if path.is_dir():
        raise CorpusError(f"{shown(path)} is a directory; choose a file for the corpus")
    if path.exists() and not (os.access(path, os.W_OK) and os.access(path.parent, os.W_OK)):
        # SQLite would open it all the same, and fail at the first word.
        raise CorpusError(READ_ONLY.format(path=shown(path)))
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
        raise CorpusError(f"{shown(path)} is no corpus (no SQLite database); move it away or choose another file")
    application = int.from_bytes(header[68:72], "big")
    if application not in (0, APPLICATION_ID):
        raise CorpusError(f"{shown(path)} is the database of another program; choose another file for the corpus")


def has_write_ahead_log(path: Path) -> bool:
    """Say whether some of what was written still lies beside the database file."""
    log = _beside(path, "-wal")
    return log.exists() and log.stat().st_size > 0


def owners_directory(path: Path) -> Path:
    """Where the processes that have the corpus open keep their sign of life."""
    return _beside(path, "-open")


def _beside(path: Path, ending: str) -> Path:
    return path.with_name(path.name + ending)
