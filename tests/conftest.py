"""What several test folders share."""

import gc
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

# Tests run in several processes. The threads of NumPy's products spin while they wait for each other, a third of the
# processor time where the cores are busy. It is read when NumPy is first imported.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from chat_personas.corpus import Corpus

settings.register_profile("untimed", deadline=None)  # a timing is a benchmark, never an assertion
settings.load_profile("untimed")


def pytest_collection() -> None:
    """Collect no garbage while tests are collected: there is hardly any, and every process looks for it again."""
    gc.disable()


def pytest_collection_finish() -> None:
    """Leave thousands of collected tests out of every garbage collection: that is a tenth of the processor time."""
    gc.enable()
    gc.collect()
    gc.freeze()


@pytest.fixture
def corpus_file(tmp_path: Path) -> Path:
    """Where the test's corpus lies; it does not exist yet."""
    return tmp_path / "data" / "corpus.db"


@pytest.fixture
def corpus(corpus_file: Path) -> Iterator[Corpus]:
    """An open, empty corpus."""
    with Corpus.open(corpus_file) as opened:
        yield opened
