"""Reading a persona file as text, with one clear line for everything that may stand in the way."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from personas.errors import PersonaError
from personas.files import no_file
from personas.nearest import shown

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
    if (what := no_file(path)) is not None:
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
    return shown(path.name if path.is_absolute() else str(path))
