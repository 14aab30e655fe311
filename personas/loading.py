"""Getting a persona by its name in the library or by the path of its file."""

import os
from dataclasses import dataclass
from pathlib import Path

from personas.errors import PersonaError
from personas.files import leads_somewhere
from personas.library import library_names, library_path
from personas.persona import Persona
from personas.problems import examine
from personas.reading import display_name, read_text


@dataclass(frozen=True, slots=True)
class LoadedPersona:
    """A persona with the file it came from; `sha256` is of the file's bytes, in hexadecimal.

    `path` may lie in somebody's home: record only its `name`.
    """

    persona: Persona
    path: Path
    sha256: str


def load_persona(name_or_path: str) -> LoadedPersona:
    """Return the persona of the library with this name, or else the one in the file at this path.

    A library name wins over a file called the same; write `./democrat` for the file.

    Raises:
        PersonaError: there is none; or the file has a problem, and the message begins with its line.
    """
    path = _find(name_or_path)
    file = read_text(path)
    found = examine(file.text)
    if isinstance(found, Persona):
        return LoadedPersona(found, path, file.sha256)
    first, *others = found
    more = f" ({len(others)} more problem{'s' if len(others) > 1 else ''} in the file)" if others else ""
    raise PersonaError(f"{display_name(path)}: {first}{more}")


def _find(name_or_path: str) -> Path:
    path = Path(name_or_path)
    looks_like_path = "/" in name_or_path or os.sep in name_or_path or path.suffix == ".toml"
    if looks_like_path or (name_or_path not in library_names() and leads_somewhere(name_or_path)):
        return path
    return library_path(name_or_path)
