"""One thing is not written as several, wherever things are counted."""

import pytest

from chat_personas.counted import counted


@pytest.mark.parametrize(
    ("count", "noun", "several", "written"),
    [
        (0, "question", None, "0 questions"),
        (1, "question", None, "1 question"),
        (2, "oldest message", None, "2 oldest messages"),
        (1498, "question", None, "1,498 questions"),
        (1, "person", "people", "1 person"),
        (3, "person", "people", "3 people"),
    ],
)
def test_a_count_has_the_noun_in_its_number(count: int, noun: str, several: str | None, written: str) -> None:
    assert counted(count, noun, several) == written
