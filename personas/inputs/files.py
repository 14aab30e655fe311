"""What a path that a person gave leads to, asked without failing and without waiting.

Reading a persona file as text, with one clear line for everything that may stand in the way.

Reading a file of a person's whole, with one clear line for everything that may stand in the way.
"""

import hashlib
import stat
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from personas.errors import PersonaError
from personas.inputs.suggestions import quoted


def is_file(path: Path) -> bool:
    """Say whether there is a file; there is none where no file can have that name, such as one that is too long."""
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False


def is_directory(path: Path) -> bool:
    """Say whether there is a directory; there is none where none can have that name."""
    try:
        return path.is_dir()
    except (OSError, ValueError):
        return False


def path_exists(name_or_path: str) -> bool:
    """Say whether what may be a name or a path is the path of a file, or of something that is called by its kind."""
    path = Path(name_or_path)
    return name_or_path != "" and (is_file(path) or non_file_kind(path) is not None)


def non_file_kind(path: Path) -> str | None:
    """Return `a directory` or `a pipe` where a path leads to that, None for a file and for nothing at all.

    A pipe is one by its own name, at which a reader waits for ever if nothing writes to it. What a shell gives for
    standard input or `<(...)` is a link to one that is written to, and can be read.
    """
    if is_directory(path):
        return "a directory"
    try:
        return "a pipe" if stat.S_ISFIFO(path.lstat().st_mode) else None
    except (OSError, ValueError):
        return None


_MOST_BYTES = 1_000_000


@dataclass(frozen=True, slots=True)
class FileText:
    """A file's text, and the SHA-256 of its bytes in hexadecimal."""

    text: str
    sha256: str


def read_text(path: Path) -> FileText:
    """Return the text of a file of at most a megabyte, in UTF-8.

    Raises:
        PersonaError: the file is missing, is no file, may not be read, is too large, or is not UTF-8.
    """
    if (what := non_file_kind(path)) is not None:
        raise PersonaError(f"{display_name(path)} is {what}; name a persona file (TOML)")
    try:
        with path.open("rb") as file:
            content = file.read(_MOST_BYTES + 1)
    except FileNotFoundError:
        raise PersonaError(f"there is no file {display_name(path)}; check the path") from None
    except OSError as error:
        why = (error.strerror or type(error).__name__).lower()
        raise PersonaError(f"{display_name(path)} cannot be read ({why}); name one that you may read") from error
    if len(content) > _MOST_BYTES:
        raise PersonaError(f"{display_name(path)} is larger than a megabyte; name a persona file")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise PersonaError(f"{display_name(path)}: line {line}: this is not UTF-8; save the file as UTF-8") from error
    return FileText(text, hashlib.sha256(content).hexdigest())


def display_name(path: Path) -> str:
    """Return a path for an error: as given if it is relative; else only the name, so that no home path is shown."""
    return quoted(path.name if path.is_absolute() else str(path))


@dataclass(frozen=True, slots=True)
class FileKind:
    """A kind of file: what it is called, its most bytes with a name and an advice for more, and its own error."""

    name: str
    most_bytes: int
    most: str
    smaller: str
    error: Callable[[str], Exception]


def read_whole(path: Path, kind: FileKind) -> bytes:
    """Return the content of a file.

    Raises:
        Exception: the kind's own: there is no such file, it is a directory or a pipe, may not be read, or is too large.
    """
    name = display_name(path)
    if (what := non_file_kind(path)) is not None:
        raise kind.error(f"{name} is {what}; name {kind.name}")
    try:
        with path.open("rb") as file:
            content = file.read(kind.most_bytes + 1)
    except FileNotFoundError as error:
        raise kind.error(f"there is no file {name}; check the path") from error
    except (OSError, ValueError) as error:
        why = (getattr(error, "strerror", None) or "no valid path").lower()
        raise kind.error(f"{name} cannot be read ({why}); name {kind.name} that you may read") from error
    if len(content) > kind.most_bytes:
        raise kind.error(f"{name} is larger than {kind.most}; {kind.smaller}")
    return content
