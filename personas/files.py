"""What a path that a person gave leads to, asked without failing and without waiting."""

import stat
from pathlib import Path


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


def leads_somewhere(name_or_path: str) -> bool:
    """Say whether what may be a name or a path is the path of a file, or of something that is called by its kind."""
    path = Path(name_or_path)
    return name_or_path != "" and (is_file(path) or no_file(path) is not None)


def no_file(path: Path) -> str | None:
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
