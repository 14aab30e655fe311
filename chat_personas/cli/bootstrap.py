"""What runs before anything else: the import hook for our packages, and the log file.

`eval` and `personas` are common names. A folder of the user's own that is on the module path, through `PYTHONPATH` or
because the program was started with `python -m`, must not be imported in their place: hence the hook. What libraries
and the native engine log goes to a file that only its owner can read, never to the terminal.
"""

import logging
import os
import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from types import ModuleType
from typing import TextIO

MOST_BYTES = 1_000_000


class OwnersLog(logging.FileHandler):
    """A log that only its owner can read, opened with the first line and started again after a megabyte.

    The previous one stays beside it as `.old`. Home paths are written as `~`. If the log cannot be written, on a full
    disk for example, the line is lost and the program goes on: there is no other place for it.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(path, encoding="utf-8", delay=True)
        self.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
        self._path = path

    def _open(self) -> TextIO:  # type: ignore[override]
        from chat_personas.paths import make_private, open_log

        make_private(self._path.parent)
        if self._path.exists() and self._path.stat().st_size > MOST_BYTES:
            self._path.replace(self._path.with_suffix(".log.old"))
        return os.fdopen(open_log(self._path), "a", encoding="utf-8")

    def emit(self, record: logging.LogRecord) -> None:
        """Write one record."""
        try:
            super().emit(record)
        except OSError:
            self.handleError(record)

    def format(self, record: logging.LogRecord) -> str:
        """Return the line of a record, without the path of the home directory."""
        from chat_personas.paths import path_named

        return super().format(record).replace(str(path_named("~")), "~")

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802
        """Drop the line."""


def keep_log() -> None:
    """Send warnings and errors of all loggers, and Python's own warnings, to the log file.

    Where its place is taken by a link, a pipe or the file of another user, one line says so, and none is kept.
    """
    from chat_personas.paths import display_path, is_no_log, log_path
    from chat_personas.text import printable

    try:
        path = log_path()
    except OSError:  # this user has no home: `check_home` says so
        return
    handler: logging.Handler = OwnersLog(path)
    if is_no_log(path):
        handler = logging.NullHandler()
        if sys.stderr is not None:
            shown = printable(display_path(path))
            print(f"no log is kept: {shown} is not a regular file of your own; remove it", file=sys.stderr)
    logging.basicConfig(level=logging.WARNING, handlers=[handler])
    logging.captureWarnings(capture=True)


NAMES = frozenset({"eval", "personas"})
HOME = Path(__file__).parents[2]


class OwnPackages:
    """A finder of the two packages beside `chat_personas`, wherever that is installed."""

    @staticmethod
    def find_spec(fullname: str, path: Sequence[str] | None, target: ModuleType | None = None) -> ModuleSpec | None:
        """Return where one of our packages is; None for every other module, which Python finds."""
        return PathFinder.find_spec(fullname, [str(HOME)]) if fullname in NAMES else None


def prefer_own_packages() -> None:
    """Have the two found here, from now on. Importing `chat_personas.cli` does it, before anything imports them.

    For that reason no module that imports one of them is imported at the top of this one.
    """
    if not any(isinstance(finder, OwnPackages) for finder in sys.meta_path):
        sys.meta_path.insert(0, OwnPackages())
