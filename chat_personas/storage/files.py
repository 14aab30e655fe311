"""Writing files: a file is replaced as a whole or stays as it was, and one line says why it could not be written."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from personas.errors import ReportedError


class OutputError(ReportedError):
    """A report, an export or another file that the user asked for could not be written."""

    exit_code = 4


@contextmanager
def atomic_write(path: Path, *, mode: int | None = 0o600) -> Iterator[BinaryIO]:
    """Lend a stream to a file that takes the place of `path` when the block ends; if anything fails, `path` is kept.

    A link is followed. `mode` is the permissions of the new file; None: what the umask leaves of 0666.

    Raises:
        OSError: the disk is full, or the directory cannot be written.
    """
    target = _target(path)
    part = _beside(target)
    try:
        with _created(part, 0o666 if mode is None else mode) as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)


def check_replaceable(path: Path) -> None:
    """Make sure that `atomic_write` can create its file, by creating and removing one: permissions alone do not tell.

    Raises:
        OSError: it cannot.
    """
    part = _beside(_target(path))
    _created(part, 0o600).close()
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
    """Return standard output for bytes, with what was printed before already sent.

    Raises:
        OutputError: it is closed.
    """
    if sys.stdout is None:
        raise OutputError("standard output is closed; name a file instead of -")
    sys.stdout.flush()
    return sys.stdout.buffer


def _target(path: Path) -> Path:
    """Return the file that `path` leads to through links; unlike `Path.resolve`, a loop of links is no error here."""
    return Path(os.path.realpath(path))


def _beside(path: Path) -> Path:
    """Return where a file is written before it takes the place of `path`: on the same disk, hidden."""
    return path.with_name(f".{path.name}.{os.getpid()}")


def _created(path: Path, mode: int) -> BinaryIO:
    """Open a new file. One that a killed process left behind is removed: it may have other permissions."""
    path.unlink(missing_ok=True)
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb")
