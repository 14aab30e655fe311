"""Files that people name: what a path leads to, and reading a whole file with one clear line about whatever is wrong.

Nothing here raises for an odd name, and nothing waits for a pipe.
"""

import hashlib
import os
import stat
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from personas.inputs.suggestions import quoted


@dataclass(frozen=True, slots=True)
class FileKind:
    """A kind of file that people name, and what to tell them when it cannot be read.

    `name` says what is wanted ("a survey file"), `error` is the class of the errors, ready to print. A file of more
    than `most_bytes` is refused: it is something else, or too much to hold in memory.
    """

    name: str
    most_bytes: int
    error: Callable[[str], Exception]
    if_too_large: str | None = None
    if_not_utf8: str = "save the file as UTF-8"


@dataclass(frozen=True, slots=True)
class FileText:
    """A file's text, and the SHA-256 of its bytes in hexadecimal."""

    text: str
    sha256: str


def read_text(path: Path, kind: FileKind) -> FileText:
    """Return the text of a file in UTF-8, with or without a byte order mark, and its hash.

    Raises:
        Exception: the kind's own, as `read_bytes` and `decode` do.
    """
    content = read_bytes(path, kind)
    return FileText(decode(content, path, kind), hashlib.sha256(content).hexdigest())


def read_bytes(path: Path, kind: FileKind) -> bytes:
    """Return the content of a file.

    Raises:
        Exception: the kind's own: there is no such file, it is a directory or a pipe, may not be read, or is too large.
    """
    name = display_name(path)
    if (what := non_file_kind(path)) is not None:
        raise kind.error(f"{name} is {what}; name {kind.name}")
    try:
        with path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size or kind.most_bytes  # a device or `<(...)` has no size
            content = file.read(min(size, kind.most_bytes) + 1)
    except FileNotFoundError as error:
        raise kind.error(f"there is no file {name}; check the path") from error
    except (OSError, ValueError) as error:
        why = (getattr(error, "strerror", None) or "not a valid path").lower()
        raise kind.error(f"{name} cannot be read ({why}); name {kind.name} that you may read") from error
    if len(content) > kind.most_bytes:
        advice = kind.if_too_large or f"name {kind.name}"
        raise kind.error(f"{name} is larger than {_in_words(kind.most_bytes)}; {advice}")
    return content


def decode(content: bytes, path: Path, kind: FileKind, *, first_line: int = 1) -> str:
    """Return text in UTF-8 without a byte order mark; `first_line` is the number of the content's first line in `path`.

    Raises:
        Exception: the kind's own: it is not UTF-8; the message names the line.
    """
    try:
        return content.decode("utf-8-sig" if first_line == 1 else "utf-8")
    except UnicodeDecodeError as error:
        line = first_line + content[: error.start].count(b"\n")
        problem = f"line {line}: this is not UTF-8; {kind.if_not_utf8}"
        raise kind.error(f"{display_name(path)}: {problem}") from error


def display_name(path: Path) -> str:
    """Return a path for an error: as given if it is relative; else only the name, so that no home path is shown."""
    return quoted(path.name if path.is_absolute() else str(path))


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
    """Say whether what may be a name or a path is the path of a file, a directory or a pipe."""
    path = Path(name_or_path)
    return name_or_path != "" and (is_file(path) or non_file_kind(path) is not None)


def non_file_kind(path: Path) -> str | None:
    """Return "a directory" or "a pipe" where a path leads to that, None for a file and for nothing at all.

    Only a pipe with a name of its own counts: its reader waits for ever if nothing writes to it. What a shell gives for
    standard input or `<(...)` is a link to a pipe that is written to, and can be read.
    """
    if is_directory(path):
        return "a directory"
    try:
        return "a pipe" if stat.S_ISFIFO(path.lstat().st_mode) else None
    except (OSError, ValueError):
        return None


def _in_words(size: int) -> str:
    return f"{size // 10**9} GB" if size >= 10**9 else f"{size // 10**6} MB"
