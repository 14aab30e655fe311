"""What libraries and the native engine have to say goes to a log file of the owner's, never to the terminal."""

import logging
import os
from pathlib import Path
from typing import TextIO

from chat_personas.paths import log_path, make_private

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
    logging.basicConfig(level=logging.WARNING, handlers=[OwnersLog(log_path())])
    logging.captureWarnings(capture=True)
