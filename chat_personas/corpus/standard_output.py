"""Standard output as a place where documents go."""

import sys
from typing import BinaryIO

from chat_personas.corpus.errors import CorpusError


def standard_output() -> BinaryIO:
    """Return standard output for bytes, with what was printed before already sent. Raises CorpusError: it is closed."""
    if sys.stdout is None:
        raise CorpusError("standard output is closed; name a file instead of -")
    sys.stdout.flush()
    return sys.stdout.buffer
