"""Scores that a test writes down."""

from eval.scoring.results import PairedScore, Score


def interval(mean: float, low: float | None = None, high: float | None = None) -> Score:
    """Return a score with this interval, or with none."""
    return Score(mean=mean, low=low, high=high)


def paired(mean: float, low: float | None = None, high: float | None = None, p: float | None = None) -> PairedScore:
    """Return a paired difference with this interval; without `p` it is 0.001 if the interval excludes 0, else 0.5."""
    if p is None:
        p = 0.5 if low is None or high is None or low <= 0 <= high else 0.001
    return PairedScore(mean=mean, low=low, high=high, p=p)
