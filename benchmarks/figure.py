"""A figure against a baseline: the ratio of medians, its interval over the pairs, and whether it meets its goal."""

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

RESAMPLES = 4000
SEED = 0
FEWEST_PAIRS = 3
"""With fewer pairs an interval says nothing, and no goal is judged."""

Interval = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Timing:
    """One figure of one side, in the row's unit, and the tokens that were decoded for it (None: nothing is decoded)."""

    value: float
    tokens: int | None = None


@dataclass(frozen=True, slots=True)
class Pair:
    """Ours and the baseline, measured one right after the other."""

    ours: Timing
    baseline: Timing


@dataclass(frozen=True, slots=True)
class Goal:
    """What a ratio has to be.

    The ratio is ours / baseline, or baseline / ours where `times_faster`. It must be at least `bound` if `at_least`,
    else at most. `allowance` is taken off ours before it is judged; ours itself must stay below `ceiling`, if one is
    set. Both are in the row's unit, and `also` says them in words.
    """

    bound: float
    at_least: bool = False
    times_faster: bool = False
    allowance: float = 0.0
    ceiling: float | None = None
    also: str = ""

    def __str__(self) -> str:
        words = (
            f"at {'least' if self.at_least else 'most'} {self.bound:g} times{' faster' if self.times_faster else ''}"
        )
        return f"{words} {self.also}".strip()

    def ratio(self, ours: Any, baseline: Any) -> Any:
        """Return the ratio of two figures, or of two arrays of them."""
        return baseline / ours if self.times_faster else ours / baseline

    def holds(self, ratio: Interval, ours: Interval) -> bool:
        """Whether the unfavourable ends of the intervals of the judged ratio and of ours meet the goal."""
        within = ratio[0] >= self.bound if self.at_least else ratio[1] <= self.bound
        return within and (self.ceiling is None or ours[1] <= self.ceiling)


@dataclass(frozen=True, slots=True)
class Figure:
    """What the pairs say: the ratio of medians with its 95% interval; `met` is None for too few pairs to judge."""

    ratio: float
    interval: Interval
    judged: Interval
    ours_interval: Interval
    met: bool | None


def figure(pairs: Sequence[Pair], goal: Goal) -> Figure:
    """Return the ratio of medians over `pairs`, with a percentile bootstrap over the pairs (seeded).

    Two-sided 95%. With five pairs the median of a resample is an end of the range in 6% of them, so the interval is
    close to the whole range: it errs on the wide side.

    Raises:
        ValueError: there are no pairs, or a figure is not positive.
    """
    if not pairs:
        raise ValueError("no pairs were measured")
    ours = np.array([pair.ours.value for pair in pairs])
    baseline = np.array([pair.baseline.value for pair in pairs])
    if min(ours.min(), baseline.min()) <= 0:
        raise ValueError("a figure is not positive")
    drawn = np.random.default_rng(SEED).integers(len(pairs), size=(RESAMPLES, len(pairs)))
    of_ours, of_baseline = np.median(ours[drawn], axis=1), np.median(baseline[drawn], axis=1)
    judged = _middle(goal.ratio(of_ours - goal.allowance, of_baseline))
    ours_interval = _middle(of_ours)
    return Figure(
        ratio=float(goal.ratio(np.median(ours), np.median(baseline))),
        interval=_middle(goal.ratio(of_ours, of_baseline)),
        judged=judged,
        ours_interval=ours_interval,
        met=goal.holds(judged, ours_interval) if len(pairs) >= FEWEST_PAIRS else None,
    )


def _middle(values: NDArray[np.float64]) -> Interval:
    low, high = np.quantile(values, [0.025, 0.975])
    return float(low), float(high)


def interleaved(
    ours: Callable[[int], Timing],
    baseline: Callable[[int], Timing],
    repeats: int,
    tell: Callable[[str], None] = lambda _: None,
) -> tuple[Pair, ...]:
    """Measure ours, baseline, ours, baseline ...; each is given the number of its pair. `tell` hears of every pair."""
    pairs = []
    for number in range(repeats):
        pairs.append(Pair(ours(number), baseline(number)))
        first, second = pairs[-1].ours.value, pairs[-1].baseline.value
        tell(f"pair {number + 1} of {repeats}: ours {first:.4g}, baseline {second:.4g}")
    return tuple(pairs)


def one_side(timings: Sequence[Timing]) -> dict[str, Any]:
    """Describe one side for the record: its median, all of its figures, and its counts of decoded tokens."""
    counts = sorted({timing.tokens for timing in timings if timing.tokens is not None})
    return {
        "median": statistics.median(timing.value for timing in timings),
        "values": [timing.value for timing in timings],
        "decoded_tokens": counts[0] if len(counts) == 1 else counts or None,
    }
