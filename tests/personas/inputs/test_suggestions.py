"""The known word nearest to a mistyped one, whatever the list of known ones is."""

from difflib import SequenceMatcher

import pytest

from personas.inputs import suggestions
from personas.inputs.suggestions import nearest


@pytest.fixture
def compared(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the words with which a mistyped one was compared."""
    words: list[str] = []

    class Counting(SequenceMatcher[str]):
        def __init__(self, junk: None, one: str, other: str) -> None:
            words.append(other)
            super().__init__(junk, one, other)

    monkeypatch.setattr(suggestions, "SequenceMatcher", Counting)
    return words


def test_a_word_that_is_not_among_very_many_is_answered_soon(compared: list[str]) -> None:
    assert nearest("qwen3-4b", (f"model-{number}" for number in range(300_000))) is None
    assert 0 < len(compared) <= 3000


def test_words_that_are_too_short_or_too_long_to_be_meant_are_not_compared(compared: list[str]) -> None:
    others = ["q", *(f"qwen3-4b-with-a-long-name-{number}" for number in range(10_000)), "q" * 2_000_000]
    assert nearest("qwen3-4", [*others, "qwen3-4b"]) == "qwen3-4b"
    assert compared == ["qwen3-4b"]


def test_a_word_is_found_whatever_its_case_and_the_first_of_equals_is_taken() -> None:
    assert nearest("REPUBLICAN", ["democrat", "republican"]) == "republican"
    assert nearest("ab", ["abc", "abd"]) == "abc"
    assert nearest("", [""]) == ""
