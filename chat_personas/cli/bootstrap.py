"""What libraries and the native engine have to say goes to a log file of the owner's, never to the terminal.

Our packages `eval` and `personas` before any others of these names.

The names are common ones: a folder of the user's own that is on the module path, through `PYTHONPATH` or because the
program was started with `python -m`, must not be taken for them.
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
    """A log that only its owner can read, opened with the first line and begun anew after a megabyte.

    The one before stays beside it as `.old`. Home paths are written as `~`. Where the log cannot be written, on a full
    disk say, the line is lost and the program goes on: there is nowhere left to say it.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(path, encoding="utf-8", delay=True)
        self.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
        self._path = path

    def _open(self) -> TextIO:  # type: ignore[override]
        from chat_personas.paths import make_private

        make_private(self._path.parent)
        if self._path.exists() and self._path.stat().st_size > MOST_BYTES:
            self._path.replace(self._path.with_suffix(".log.old"))
        descriptor = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        return os.fdopen(descriptor, "a", encoding="utf-8")

    def emit(self, record: logging.LogRecord) -> None:
        """Write one record."""
        try:
            super().emit(record)
        except OSError:
            self.handleError(record)

    def format(self, record: logging.LogRecord) -> str:
        """Return the line of a record, without the name of anybody's home."""
        return super().format(record).replace(str(Path.home()), "~")

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802
        """Do without the line."""


def keep_log() -> None:
    """Send warnings and errors of all loggers, and Python's own warnings, to the log file."""
    from chat_personas.paths import log_path

    logging.basicConfig(level=logging.WARNING, handlers=[OwnersLog(log_path())])
    logging.captureWarnings(capture=True)


NAMES = frozenset({"eval", "personas"})
HOME = Path(__file__).parents[2]


class OwnPackages:
    """Finds the two packages beside `chat_personas`, wherever that was installed."""

    @staticmethod
    def find_spec(fullname: str, path: Sequence[str] | None, target: ModuleType | None = None) -> ModuleSpec | None:
        """Return where a package of ours is; None leaves every other module to Python."""
        return PathFinder.find_spec(fullname, [str(HOME)]) if fullname in NAMES else None


def prefer_own_packages() -> None:
    """Have the two found here, from now on. Importing `chat_personas.cli` does it, before anything imports them.

    For that reason no module that imports one of them is imported at the top of this one.
    """
    if not any(isinstance(finder, OwnPackages) for finder in sys.meta_path):
        sys.meta_path.insert(0, OwnPackages())
