"""Scores that a test writes down."""

from eval.scoring.results import Score


def interval(mean: float, low: float | None = None, high: float | None = None) -> Score:
    """Return a score with this interval, or with none."""
    return Score(mean=mean, low=low, high=high)
