"""What several test folders share."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from chat_personas.corpus import Corpus

settings.register_profile("untimed", deadline=None)  # a timing is a benchmark, never an assertion
settings.load_profile("untimed")


@pytest.fixture
def corpus_file(tmp_path: Path) -> Path:
    """Where the test's corpus lies; it does not exist yet."""
    return tmp_path / "data" / "corpus.db"


@pytest.fixture
def corpus(corpus_file: Path) -> Iterator[Corpus]:
    """An open, empty corpus."""
    with Corpus.open(corpus_file) as opened:
        yield opened
