"""The documents that `eval` writes: to a file, whole or not at all, or to standard output."""

import os
import sys
from dataclasses import dataclass
from pathlib import Path

from chat_personas.cli.exit_codes import UsageError
from chat_personas.corpus.errors import CorpusError

STANDARD_OUTPUT = "-"


@dataclass(frozen=True, slots=True)
class Destinations:
    """Where the report and the answers go, each None when it was not asked for."""

    json: str | None
    answers: str | None

    @property
    def take_standard_output(self) -> bool:
        """Whether a document goes to standard output, which then holds nothing else."""
        return STANDARD_OUTPUT in (self.json, self.answers)

    def check(self) -> None:
        """Make sure before the work is done that its results can be written.

        Raises:
            UsageError: one cannot be written, or both go to the same place.
        """
        if self.json is not None and self.json == self.answers:
            raise UsageError("--json and --save-answers cannot go to the same place; name two")
        for file in (self.json, self.answers):
            if file is not None:
                check_destination(file)


def check_destination(file: str) -> None:
    """Make sure before the work is done that its result can be written.

    Raises:
        UsageError: `file` is a directory, lies in none, or may not be written.
    """
    path = Path(file)
    if file == STANDARD_OUTPUT:
        return
    if path.is_dir():
        raise UsageError(f"{file} is a directory; give the name of a file in it")
    if not path.parent.is_dir():
        raise UsageError(f"there is no directory {path.parent}; create it first")
    if not os.access(path if path.exists() else path.parent, os.W_OK):
        raise UsageError(f"{file} cannot be written; choose another place")


def write_document(text: str, file: str) -> None:
    """Write `text` and a newline in UTF-8 to a file, replacing one that is there, or to standard output.

    Raises:
        CorpusError: the file could not be written; one that was there before is as it was.
    """
    if file == STANDARD_OUTPUT:
        sys.stdout.flush()
        sys.stdout.buffer.write(f"{text}\n".encode())
        sys.stdout.buffer.flush()
        return
    path = Path(file)
    try:
        if path.exists() and not path.is_file():  # a pipe or a device, which must not be replaced by a file
            path.write_text(f"{text}\n", encoding="utf-8")
        else:
            _replace(path.resolve(), f"{text}\n")
    except OSError as error:
        raise CorpusError(f"{file} cannot be written: {error.strerror}; choose another place") from error


def _replace(path: Path, text: str) -> None:
    part = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        part.write_text(text, encoding="utf-8")
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
