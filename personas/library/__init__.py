"""The personas that come with the program: one TOML file each, named as the persona is."""

from pathlib import Path

from personas.errors import PersonaError
from personas.nearest import shown, suggestion

_FOLDER = Path(__file__).parent


def library_names() -> tuple[str, ...]:
    """Return the names of all personas in the library, in alphabetical order."""
    return tuple(sorted(file.stem for file in _FOLDER.glob("*.toml")))


def library_path(name: str) -> Path:
    """Return the file of the persona called `name`.

    Raises:
        PersonaError: the library has none of that name; a name like it is suggested.
    """
    names = library_names()
    if name not in names:
        near = suggestion(name, names, "see: chat-personas personas list")
        raise PersonaError(
            f"there is no persona {shown(name)} in the library; {near} (a persona file of your own ends in .toml)"
        )
    return _FOLDER / f"{name}.toml"
