"""A cache of the test's own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from chat_personas.engines.cached import AnswerStore


@pytest.fixture
def cache_file(tmp_path: Path) -> Path:
    """Where the cache lies; it does not exist yet."""
    return tmp_path / "cache" / "answers.db"


@pytest.fixture
def store(cache_file: Path) -> Iterator[AnswerStore]:
    """An open, empty cache."""
    opened = AnswerStore.open(cache_file)
    yield opened
    opened.close()
