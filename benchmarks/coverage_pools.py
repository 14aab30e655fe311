"""Where the scores by question come from whose intervals are tested: pools of the civic survey, and known curves."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from scipy import stats

from eval.answers import FloatArray
from eval.matrix.groups import ComparisonGroups, comparison_groups, groups_of
from eval.scoring.metrics import normalised, total_variation
from eval.surveys.loading import load_survey

Draw = Callable[[np.random.Generator, int, int], tuple[FloatArray, FloatArray | None]]
"""`draw(rng, questions, trials)`: scores of shape (questions, trials), and denominators where the score is a ratio."""


@dataclass(frozen=True)
class Population:
    """Scores by question of which the truth is known."""

    name: str
    draw: Draw
    truth: float


def civic_pools() -> Iterator[Population]:
    """Yield the alignment and the total variation of predictions that need no model, over every group and question.

    Each is a finite pool of 2,170 questions or more, as uneven as real ones are. Questions are drawn with replacement,
    as if the pool stood for all that might be asked: without, intervals would seem better than they are.
    """
    survey = load_survey("civic").survey
    targets = comparison_groups(survey.questions, groups_of(survey, None))
    for name, predicted, people in _predictions(targets):
        yield _pool(f"alignment, {name}", targets.aligned(predicted, people))
        yield _pool(f"total variation, {name}", total_variation(predicted, people))


def _predictions(targets: ComparisonGroups) -> Iterator[tuple[str, FloatArray, FloatArray]]:
    """Yield a name, what is predicted and what people say, both (..., questions, width)."""
    people = targets.distributions
    yield "answering as everyone", np.broadcast_to(targets.everyone, people.shape), people
    options = [len(question.options) for question in targets.questions]
    even = np.array([[1 / count if place < count else 0 for place in range(targets.width)] for count in options])
    yield "all options equal", np.broadcast_to(even, people.shape), people
    yield "the group's own answers squared", normalised(people**2), people
    pairs = [
        (one, other)
        for one, group in enumerate(targets.groups)
        for other, another in enumerate(targets.groups)
        if group.attribute == another.attribute and group != another
    ]
    ours, theirs = (list(side) for side in zip(*pairs, strict=True))
    yield "another group of the attribute", people[ours], people[theirs]


def _pool(name: str, values: FloatArray) -> Population:
    pool = values[~np.isnan(values)]
    described = f"{name} ({len(pool):,}, skewness {stats.skew(pool):.1f})"
    return Population(described, lambda rng, n, trials: (rng.choice(pool, (n, trials)), None), float(pool.mean()))


def alignment_like(a: float, b: float) -> Population:
    """Return values near 1 with a tail below, as alignments are; skewness grows as `a` falls."""
    skewness = -stats.beta(a, b).stats("s")
    return Population(
        f"mean of 1 - Beta({a:g}, {b:g}), skewness {skewness:.1f}",
        lambda rng, n, trials: (1 - rng.beta(a, b, (n, trials)), None),
        b / (a + b),
    )


def skill_like() -> Population:
    """Return the ratio of two means that rise together, as skill's numerator and denominator do."""

    def draw(rng: np.random.Generator, n: int, trials: int) -> tuple[FloatArray, FloatArray]:
        room = rng.beta(2, 8, (n, trials))
        return 0.3 * room + rng.normal(0, 0.05, (n, trials)), room

    return Population("ratio of means, as skill", draw, 0.3)


def curves() -> Iterator[Population]:
    """Yield known distributions, more skewed from one to the next than any of the pools, and a ratio of means."""
    for a, b in ((3, 12), (1.5, 8), (0.7, 6), (0.5, 10)):
        yield alignment_like(a, b)
    yield skill_like()
