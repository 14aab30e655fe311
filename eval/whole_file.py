"""Reading a file of a person's whole, with one clear line for everything that may stand in the way."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from personas.files import no_file
from personas.reading import display_name


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of file: what it is called, its most bytes with a name and an advice for more, and its own error."""

    name: str
    most_bytes: int
    most: str
    smaller: str
    error: Callable[[str], Exception]


def read_whole(path: Path, kind: Kind) -> bytes:
    """Return the content of a file.

    Raises:
        Exception: the kind's own: there is no such file, it is a directory or a pipe, may not be read, or is too large.
    """
    name = display_name(path)
    if (what := no_file(path)) is not None:
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
