"""Opening the corpus for a command, and closing it whatever happens."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from chat_personas.corpus import Corpus


@contextmanager
def open_corpus(*, read_only: bool = False) -> Iterator["Corpus"]:
    """Open the user's corpus. Raises CorpusError: it cannot be opened, or (read only) there is none yet."""
    from chat_personas.corpus import Corpus
    from chat_personas.paths import corpus_path, make_private

    path = corpus_path()
    if not read_only:
        make_private(path.parent)
    corpus = Corpus.open(path, read_only=read_only)
    try:
        yield corpus
    finally:
        corpus.close()
