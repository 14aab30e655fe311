"""Which programs are alive that have the corpus open: their unfinished replies are still being written.

Every open corpus holds a lock on a small file of its own. The kernel releases the lock when the process ends, however
that happens. So a lock that can be taken belongs to a process that has died. Process numbers would not do: they are
used again, and mean something else in a container that shares the file.
"""

import fcntl
import os
import re
from pathlib import Path
from typing import Self

from chat_personas.paths import make_private

_NAME = re.compile(r"[0-9a-f]{16}")


class ProcessLock:
    """The lock by which one open corpus shows that its process is alive."""

    def __init__(self, directory: Path) -> None:
        """Lock a new file in `directory`. Raises OSError where that cannot be done."""
        make_private(directory)
        while True:
            self.name = os.urandom(8).hex()
            self._path = directory / self.name
            self._descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            fcntl.flock(self._descriptor, fcntl.LOCK_EX)
            if self._path.exists():
                return
            # Another program took the file for one of a dead process and removed it just before it was locked.
            os.close(self._descriptor)

    def release(self) -> None:
        """Release the lock and remove the file."""
        self._path.unlink(missing_ok=True)
        os.close(self._descriptor)


class TakenError(Exception):
    """Another program holds what was to be held."""


class Hold:
    """What one program at a time may do, such as go on with a participation; it ends with the process."""

    def __init__(self, directory: Path, name: str) -> None:
        """Hold `name`. Raises TakenError: another holds it; OSError: there can be no file in `directory`."""
        make_private(directory)
        self._path = directory / name
        while True:
            self._descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                os.close(self._descriptor)
                raise TakenError(name) from error
            if self._in_place():
                return
            # Whoever held it removed the file just before it was locked: another program would lock a new one.
            os.close(self._descriptor)

    def _in_place(self) -> bool:
        try:
            return os.path.samestat(os.fstat(self._descriptor), self._path.stat())
        except FileNotFoundError:
            return False

    def release(self) -> None:
        """Let others hold it."""
        self._path.unlink(missing_ok=True)
        os.close(self._descriptor)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.release()


def living_owners(directory: Path) -> frozenset[str]:
    """Return the names of the locks whose process is alive; remove the files of the others.

    Call it inside a write transaction: then no process that is not among them can begin a reply meanwhile. What is not
    named as a lock is left alone: the directory may be a link to somebody's own.
    """
    return frozenset(file.name for file in directory.iterdir() if _is_lock(file) and _is_locked(file))


def _is_lock(file: Path) -> bool:
    return _NAME.fullmatch(file.name) is not None and not file.is_symlink()


def _is_locked(file: Path) -> bool:
    try:
        descriptor = os.open(file, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    else:
        file.unlink(missing_ok=True)
        return False
    finally:
        os.close(descriptor)
