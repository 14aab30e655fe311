"""Writing files: a file is replaced as a whole or stays as it was, and one line says why it could not be written.

A file is written under a hidden name first. The writer holds a lock on it, which the system releases when the process
ends, however that happens. So what a killed process left behind is known, and the next writer in its place removes it.
"""

import errno
import fcntl
import hashlib
import json
import os
import shutil
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, cast

from chat_personas.text import printable
from personas.errors import ReportedError

NOT_REGULAR = "it is not a regular file"


class OutputError(ReportedError):
    """A report, an export or another file that the user asked for could not be written."""

    exit_code = 4


@contextmanager
def atomic_write(path: Path, *, mode: int | None = 0o600) -> Iterator[BinaryIO]:
    """Lend a stream to a file that takes the place of `path` when the block ends; if anything fails, `path` is kept.

    When this returns, the file and its name are on the disk, also if the power fails next. A link is followed. `mode`
    is the permissions of the new file; None: what the umask leaves of 0666.

    Raises:
        OSError: the disk is full, the directory cannot be written, or `path` leads to a device, a pipe or a directory.
    """
    target = _target(path)
    _remove_left_behind(target)
    part, stream = _created_beside(target, 0o666 if mode is None else mode)
    try:
        with stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
            part.replace(target)
            _store_names(target.parent)
    finally:
        part.unlink(missing_ok=True)


@contextmanager
def atomic_directory(path: Path) -> Iterator[Path]:
    """Lend an empty directory that takes the place of `path`, which is absent or a directory, when the block ends.

    It and all that is in it are readable by their owner only. If anything fails, `path` stays as it was. A link is
    followed.

    Raises:
        OSError: the disk is full, or the directory above cannot be written.
    """
    target = Path(os.path.realpath(path))
    with workspace_beside(target) as workspace:
        made = workspace / "made"
        made.mkdir(mode=0o700)
        yield made
        for file in made.rglob("*"):
            file.chmod(0o700 if file.is_dir() else 0o600)
            _store(file)
        _store_names(made)
        _replace_directory(target, made, workspace / "replaced")
        _store_names(target.parent)


@contextmanager
def atomic_file(path: Path) -> Iterator[Path]:
    """Lend the path of a file to create; it takes the place of `path` when the block ends.

    For writers that need a path; `atomic_write` lends a stream. The file is readable by its owner only.

    Raises:
        OSError: as `atomic_write`.
    """
    target = _target(path)
    with workspace_beside(target) as workspace:
        made = workspace / "made"
        yield made
        made.chmod(0o600)
        _store(made)
        made.replace(target)
        _store_names(target.parent)


@contextmanager
def workspace_beside(target: Path) -> Iterator[Path]:
    """Lend a hidden directory on the disk of `target`, for its owner only, that is removed when the block ends.

    What a killed process left behind is removed by the next one in the same place.

    Raises:
        OSError: it cannot be created.
    """
    _remove_left_behind(target)
    workspace, descriptor = _created_workspace(target)
    try:
        yield workspace
    finally:
        os.close(descriptor)
        shutil.rmtree(workspace, ignore_errors=True)


def check_replaceable(path: Path) -> None:
    """Make sure that `atomic_write` can create its file, by creating and removing one: permissions alone do not tell.

    Raises:
        OSError: it cannot.
    """
    part, stream = _created_beside(_target(path), 0o600)
    with stream:
        part.unlink()


@contextmanager
def output_errors(name: str) -> Iterator[None]:
    """Turn what the file system raises while an output is written into an `OutputError`; `name` is its file.

    A reader that stops reading (`| head`) is not an error: BrokenPipeError passes unchanged.
    """
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        raise OutputError(f"{name} cannot be written: {error.strerror or error}; choose another place") from error


def standard_output() -> BinaryIO:
    """Return standard output for documents in UTF-8, with what was printed before already sent.

    A document reaches a file or another program as it is. On a terminal, what would control it is made visible.

    Raises:
        OutputError: it is closed.
    """
    if sys.stdout is None:
        raise OutputError("standard output is closed; name a file instead of -")
    sys.stdout.flush()
    return cast(BinaryIO, _CleanBytes(sys.stdout.buffer)) if sys.stdout.isatty() else sys.stdout.buffer


class _CleanBytes:
    """A stream to a terminal that takes whole lines of UTF-8 and cleans them."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream

    def write(self, content: bytes) -> int:
        self._stream.write(printable(content.decode(errors="replace")).encode(errors="replace"))
        return len(content)

    def flush(self) -> None:
        self._stream.flush()


def close_to_others(file: Path) -> None:
    """Take the permissions of everybody but the owner from a file (0600), if it is a regular file of our own.

    A link is left alone, and so is what it leads to: that is not ours to close.

    Raises:
        OSError: its permissions cannot be changed.
    """
    try:
        status = file.lstat()
    except FileNotFoundError:
        return
    if stat.S_ISREG(status.st_mode) and status.st_uid == os.geteuid() and status.st_mode & 0o077:
        file.chmod(0o600)


def document_in(path: Path) -> object:
    """Return the JSON document in a file of our own, such as what the program remembers; None: it holds none.

    Such a file may be damaged, and something else may stand in its place. A pipe or a device is not read: whoever does
    waits for ever, or takes all memory.

    Raises:
        OSError: it cannot be read, or is no regular file.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb") as stream:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(errno.EINVAL, NOT_REGULAR, str(path))
        try:
            return json.loads(stream.read())
        except (ValueError, RecursionError):
            return None


def check_regular(path: Path) -> None:
    """Make sure that `path` leads to a regular file, or to nothing yet.

    Raises:
        OSError: it leads to a directory, a device or a pipe.
    """
    if path.exists() and not path.is_file():
        raise OSError(errno.EINVAL, NOT_REGULAR, str(path))


def _target(path: Path) -> Path:
    """Return the file that `path` leads to through links; unlike `Path.resolve`, a loop of links is no error here.

    Raises:
        OSError: it leads to something that is not a regular file, and that a file must not take the place of.
    """
    target = Path(os.path.realpath(path))
    check_regular(target)
    return target


def _store(file: Path) -> None:
    """Wait until what was written to a file, or the names in a directory, is on the disk."""
    if file.is_dir():
        _store_names(file)
        return
    descriptor = os.open(file, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _store_names(directory: Path) -> None:
    """Wait until the names in a directory are on the disk, where the file system can be asked for that."""
    with suppress(OSError):
        descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _beginning_of(target: Path) -> str:
    """Return how the hidden files begin that take the place of `target`; short, however long its name is."""
    return f"{_HIDDEN}{hashlib.sha256(os.fsencode(target.name)).hexdigest()[:16]}-"


_HIDDEN = ".chat-personas-"
_ENDING = ".part"


def _created_beside(target: Path, mode: int) -> tuple[Path, BinaryIO]:
    """Create a hidden file on the same disk, and lock it until it is closed."""
    while True:
        part = target.with_name(f"{_beginning_of(target)}{os.urandom(8).hex()}{_ENDING}")
        stream = os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode), "wb")
        with suppress(OSError):  # a file system without locks: then nothing is ever removed there
            fcntl.flock(stream, fcntl.LOCK_EX)
        if part.exists():
            return part, stream
        # Another writer took the file for one of a killed process and removed it just before it was locked.
        stream.close()


def _created_workspace(target: Path) -> tuple[Path, int]:
    """Create a hidden directory on the same disk, and lock it until its descriptor is closed."""
    while True:
        workspace = target.with_name(f"{_beginning_of(target)}{os.urandom(8).hex()}{_ENDING}")
        workspace.mkdir(mode=0o700)
        with suppress(FileNotFoundError):
            descriptor = os.open(workspace, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            with suppress(OSError):
                fcntl.flock(descriptor, fcntl.LOCK_EX)
            if workspace.exists():
                return workspace, descriptor
            os.close(descriptor)
        # Another writer took it for that of a killed process, as in `_created_beside`.


def _replace_directory(target: Path, made: Path, replaced: Path) -> None:
    """Put a directory in the place of another. That takes two steps: for a moment there is none, never half of one."""
    if target.exists():
        target.rename(replaced)
    try:
        made.rename(target)
    except OSError:
        if replaced.exists():
            replaced.rename(target)
        raise


def remove_left_behind(folder: Path) -> None:
    """Remove what killed processes left behind in a folder of ours, whatever they wrote."""
    _remove_unlocked(folder, _HIDDEN)


def _remove_left_behind(target: Path) -> None:
    """Remove what killed processes left behind when they wrote `target`."""
    _remove_unlocked(target.parent, _beginning_of(target))


def _remove_unlocked(folder: Path, beginning: str) -> None:
    """Remove hidden files whose names begin so; what is being written is locked, and stays."""
    for left in folder.glob(f"{beginning}*{_ENDING}"):
        with suppress(OSError):
            descriptor = os.open(left, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if left.is_dir():
                    shutil.rmtree(left, ignore_errors=True)
                else:
                    left.unlink()
            finally:
                os.close(descriptor)
