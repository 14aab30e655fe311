"""A file that is written whole or not at all.

Standard output as a place where documents go.
"""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from chat_personas.corpus.errors import CorpusError, ExportError, display_path


@contextmanager
def atomic_write(path: Path, *, force: bool) -> Iterator[BinaryIO]:
    """Lend a stream to a file beside `path` that takes its place when the block ends, and goes when it fails.

    Raises:
        ExportError: `path` is there already and `force` is not given, or it is a directory, or in none.
        CorpusError: the disk is full or cannot be written.
    """
    import tempfile

    try:
        if path.is_dir():
            raise ExportError(f"{display_path(path)} is a directory; give the name of a file in it")
        if path.exists() and not path.is_file():  # a device or a pipe would be replaced by a file
            raise ExportError(f"{display_path(path)} is no ordinary file; give - for standard output")
        if not path.parent.is_dir():
            raise ExportError(f"there is no directory {display_path(path.parent)}; create it first")
        if path.exists() and not force:
            raise ExportError(f"{display_path(path)} is there already; choose another name or add --force")
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}-", delete=False) as stream:
            part = Path(stream.name)
            try:
                yield stream  # type: ignore[misc]
                stream.flush()
                os.fsync(stream.fileno())
                part.replace(path)
            except BaseException:
                part.unlink(missing_ok=True)
                raise
    except OSError as error:
        raise CorpusError(f"{display_path(path)} cannot be written: {error.strerror or error}") from error


def standard_output() -> BinaryIO:
    """Return standard output for bytes, with what was printed before already sent. Raises CorpusError: it is closed."""
    if sys.stdout is None:
        raise CorpusError("standard output is closed; name a file instead of -")
    sys.stdout.flush()
    return sys.stdout.buffer
