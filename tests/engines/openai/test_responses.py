"""What a server shows of its first token bounds every letter; sums are worked out by hand."""

import math
from collections.abc import Sequence

import pytest

from chat_personas.engines.openai.responses import label_bounds


def shown(*top: tuple[str, float], labels: Sequence[str] = ("A", "B")) -> dict[str, tuple[float, float]]:
    """Return the least and the greatest probability of each label when a server shows these tokens."""
    scores = label_bounds(labels, [(token, math.log(probability)) for token, probability in top])
    return {score.label: (math.exp(score.lower), math.exp(score.upper)) for score in scores}


def test_variants_of_a_letter_add_up_and_what_is_hidden_is_at_most_as_likely_as_the_last_one_shown() -> None:
    found = shown(("A", 0.6), (" A", 0.1), ("B", 0.2), ("Well", 0.04))
    assert found["A"] == pytest.approx((0.7, 0.7))
    assert found["B"] == pytest.approx((0.2, 0.2 + 0.04))


def test_nothing_hidden_can_be_more_than_what_is_left_of_one() -> None:
    assert shown(("A", 0.6), ("Well", 0.37))["B"] == pytest.approx((0.0, 0.03))


def test_two_tokens_with_the_same_text_both_count() -> None:
    assert shown(("A", 0.5), ("A", 0.2), ("B", 0.3))["A"][0] == pytest.approx(0.7)


def test_a_letter_after_a_line_break_counts_and_hides_nothing_else() -> None:
    found = shown(("A", 0.5), ("\nA", 0.2), ("B", 0.1))
    assert found["A"] == pytest.approx((0.7, 0.7 + 0.1))
