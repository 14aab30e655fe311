"""Loading a persona by its name in the library or by the path of its file.

The library holds the personas that come with the program: one TOML file each, with the name of the persona. `folders`
are further directories whose personas are known by the names of their files; a name of the library comes first.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from personas.checking import examine, read_file
from personas.errors import PersonaError
from personas.inputs.files import display_name, path_exists
from personas.inputs.suggestions import quoted, suggestion
from personas.persona import Persona

_FOLDER = Path(__file__).parent / "library"


def library_names(folders: Sequence[Path] = ()) -> tuple[str, ...]:
    """Return the names of all personas in the library and in `folders`, in alphabetical order."""
    return tuple(sorted({file.stem for folder in (_FOLDER, *folders) for file in folder.glob("*.toml")}))


def library_path(name: str, folders: Sequence[Path] = ()) -> Path:
    """Return the file of the persona called `name`.

    Raises:
        PersonaError: nothing there has that name; the message names the nearest.
    """
    names = library_names(folders)
    if name not in names:
        near = suggestion(name, names, "see: chat-personas personas list")
        raise PersonaError(
            f"there is no persona {quoted(name)} in the library; {near} (a persona file of your own ends in .toml)"
        )
    files = (folder / f"{name}.toml" for folder in (_FOLDER, *folders))
    return next(file for file in files if os.path.lexists(file))


@dataclass(frozen=True, slots=True)
class LoadedPersona:
    """A persona with the file it came from; `sha256` is of the file's bytes, in hexadecimal.

    `path` may lie in somebody's home: record only its `name`.
    """

    persona: Persona
    path: Path
    sha256: str


def load_persona(name_or_path: str | Path, folders: Sequence[Path] = ()) -> LoadedPersona:
    """Return the persona of the library or of `folders` with this name, or else the one in the file at this path.

    A name in the library wins over a file of the same name; write `./democrat` for the file. A `Path` is always a file.

    Raises:
        PersonaError: there is no such persona or file, or the file has a problem; the message names its line.
    """
    path = persona_path(name_or_path, folders)
    file = read_file(path)
    found = examine(file.text)
    if isinstance(found, Persona):
        return LoadedPersona(found, path, file.sha256)
    first, *others = found
    more = f" ({len(others)} more problem{'s' if len(others) > 1 else ''} in the file)" if others else ""
    raise PersonaError(f"{display_name(path)}: {first}{more}")


def persona_path(name_or_path: str | Path, folders: Sequence[Path] = ()) -> Path:
    """Return the file that `load_persona` reads; it need not exist.

    Raises:
        PersonaError: it is not a path, and the library has no persona of that name.
    """
    if isinstance(name_or_path, Path):
        return name_or_path
    path = Path(name_or_path)
    looks_like_path = "/" in name_or_path or os.sep in name_or_path or path.suffix == ".toml"
    if looks_like_path or (name_or_path not in library_names(folders) and path_exists(name_or_path)):
        return path
    return library_path(name_or_path, folders)
