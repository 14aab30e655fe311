"""How often is a difference told where there is none (nominal 5%), and where there is one?

Differences, drift over turns, ties, a limit.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from benchmarks.simulations.pools import between_groups, between_turns
from benchmarks.simulations.tables import QUESTIONS, excludes_zero, percent, table
from chat_personas.monitor.drift import EARLIER
from chat_personas.monitor.planning import ANCHORS
from eval.answers import FloatArray
from eval.scoring.differences import difference_of, sign_flip_p
from eval.scoring.intervals import Bootstrap
from eval.scoring.results import Score
from eval.surveys.human_figures import choose
from eval.surveys.loading import load_survey

Draw = Callable[[np.random.Generator, int], FloatArray]
COUNTS = (20, 40, QUESTIONS)
ALPHA = 0.05
TURNS = (5, 10, 20)
TRUE_ERRORS = 2.8
"""A true difference of so many standard errors is told in 80% where differences are normal."""


def few_move(rng: np.random.Generator, n: int) -> FloatArray:
    """Four of five questions do not move at all."""
    return np.where(rng.random(n) < 0.8, 0.0, rng.normal(0, 0.1, n))


def skewed(rng: np.random.Generator, n: int) -> FloatArray:
    """Most move a little one way and few move much the other: log-normal, skewness 6."""
    return np.asarray(rng.lognormal(0, 1, n) - np.exp(0.5))


def heavy(rng: np.random.Generator, n: int) -> FloatArray:
    """Student's t with three degrees of freedom."""
    return rng.standard_t(3, n)


def normal(rng: np.random.Generator, n: int) -> FloatArray:
    """What the textbook assumes."""
    return rng.normal(0, 1, n)


KINDS: tuple[tuple[str, Draw], ...] = (
    ("real: groups of civic", between_groups),
    ("real: turns of the built-in model", between_turns),
    ("80% zeros", few_move),
    ("skewness 6", skewed),
    ("Student's t(3)", heavy),
    ("normal", normal),
)


def width(score: Score) -> float:
    """Return the width of an interval, 0 without one."""
    return 0.0 if score.low is None or score.high is None else score.high - score.low


@dataclass(frozen=True)
class Told:
    """What each way says of one sample of differences, each stricter than the one before it."""

    by_bca: bool
    by_two: bool
    """By the hull of the BCa and of Student's interval."""
    by_hull: bool
    by_two_and_test: bool
    by_program: bool
    """By the hull and the sign-flip test."""
    widening: float
    """How many times as wide as the BCa interval the hull is."""


def told(values: FloatArray) -> Told:
    """Return whether a difference is told, in each way; there are enough questions for intervals."""
    bootstrap = Bootstrap(0, 2000)
    bca, hull = bootstrap.mean(values), bootstrap.difference(values)
    assert bca is not None
    assert hull is not None
    below_chance = (sign_flip_p(values, flips=2000) or 0) < ALPHA
    by_two = excludes_zero(bca) and abs(students_t(values)) > stats.t.ppf(1 - ALPHA / 2, len(values) - 1)
    return Told(
        by_bca=excludes_zero(bca),
        by_two=by_two,
        by_hull=excludes_zero(hull),
        by_two_and_test=by_two and below_chance,
        by_program=excludes_zero(hull) and below_chance,
        widening=width(hull) / width(bca) if width(bca) > 0 else np.nan,
    )


def students_t(values: FloatArray) -> float:
    """Return the mean over its standard error, 0 where no value differs from 0."""
    error = values.std(ddof=1) / len(values) ** 0.5
    return float(values.mean() / error) if error > 0 else 0.0


def single(runs: int) -> Iterator[str]:
    """Yield false alarms of one paired difference: BCa, with Student's, with Hall's, and with the sign-flip test."""
    rows = []
    for name, draw in KINDS:
        cells = []
        for n in COUNTS:
            rng = np.random.default_rng(n)
            found = [told(draw(rng, n)) for _ in range(runs)]
            steps = zip(*((each.by_bca, each.by_two, each.by_hull, each.by_program) for each in found), strict=True)
            shares = " → ".join(percent(float(np.mean(step))) for step in steps)
            cells.append(f"{shares}, width × {np.nanmedian([each.widening for each in found]):.2f}")
        rows.append([name, *cells])
    yield f"False alarms in {runs} runs: BCa interval → with Student's → with Hall's → and the sign-flip test."
    yield ""
    yield from table(["differences", *(f"{n} questions" for n in COUNTS)], rows)


def power(runs: int) -> Iterator[str]:
    """Yield how often a difference is told that is there, 2.8 standard errors below 0 and above."""
    rows = []
    for name, draw in KINDS:
        size = TRUE_ERRORS * spread(draw)
        cells = []
        for n in COUNTS:
            rng = np.random.default_rng(n)
            sides = [[told(moved(draw(rng, n), side * size / n**0.5)) for _ in range(runs)] for side in (-1, 1)]
            before = (percent(float(np.mean([each.by_two_and_test for each in side]))) for side in sides)
            after = (percent(float(np.mean([each.by_program for each in side]))) for side in sides)
            cells.append(f"{', '.join(before)} → {', '.join(after)}")
        rows.append([name, *cells])
    yield f"A true difference of {TRUE_ERRORS} standard errors told in {runs} runs, below 0 and above 0: without Hall's"
    yield "interval → the program."
    yield ""
    yield from table(["differences", *(f"{n} questions" for n in COUNTS)], rows)


def spread(draw: Draw) -> float:
    """Return the standard deviation of a kind of differences, over many samples of which each may have its own."""
    return float(np.std(np.concatenate([draw(np.random.default_rng(seed), QUESTIONS) for seed in range(500)])))


def moved(values: FloatArray, by: float) -> FloatArray:
    """Return differences with another mean: questions that do not move at all still do not."""
    moving = values != 0
    return np.where(moving, values + by / max(moving.mean(), 1 / len(values)), 0.0)


def drift(runs: int) -> Iterator[str]:
    """Yield how often a conversation without any drift is said to have one, looking after every turn."""
    rows = []
    for name, draw in KINDS[:3]:
        for n in (ANCHORS, QUESTIONS):
            seen = np.zeros((3, len(TURNS)))
            rng = np.random.default_rng(n)
            for _ in range(runs):
                before = draw(rng, n)
                told = _told_at(np.stack([draw(rng, n) - before for _ in range(TURNS[-1])], axis=1))
                seen += [[alarms[:turns].any() for turns in TURNS] for alarms in told]
            cells = zip(*(seen / runs), strict=True)
            rows.append([name, str(n), *(" → ".join(map(percent, each)) for each in cells)])
    yield f"Conversations without drift that show one at some turn, of {runs}: 95% at each turn → 1 - 0.05 / turns so"
    yield f"far → the program: 1 - 0.05 / (turns so far + {EARLIER}). All with the sign-flip test."
    yield ""
    yield from table(["differences", "questions", *(f"{turns} turns" for turns in TURNS)], rows)


def _told_at(columns: FloatArray) -> tuple[NDArray[np.bool_], ...]:
    """Say of each turn whether a drift is told then, if a drift is taken for the only look, one of some, of many."""
    bootstrap, turns = Bootstrap(0), columns.shape[1]
    told = tuple(np.zeros(turns, dtype=np.bool_) for _ in range(3))
    for turn, alone in enumerate(bootstrap.differences(columns)):
        if excludes_zero(alone):  # a stricter interval excludes 0 only where this one does
            for place, looks in enumerate((1, turn + 1, turn + 1 + EARLIER)):
                stricter = bootstrap.for_looks(looks)
                drift = difference_of(columns[:, turn], stricter)
                assert drift is not None
                told[place][turn] = excludes_zero(drift) and (drift.p or 0) < 1 - stricter.level
    return told


def ties(runs: int) -> Iterator[str]:
    """Yield how often a group that is as near as the best is not among the tied ones."""
    rows = []
    for groups in (2, 5, 10, 20, 35):
        rng = np.random.default_rng(groups)
        out = np.zeros(2)
        for _ in range(runs):
            shared = rng.normal(0, 1, (QUESTIONS, 1))
            columns = 0.8 + 0.1 * (0.8 * shared + 0.6 * rng.normal(0, 1, (QUESTIONS, groups)))
            best = columns.mean(axis=0).argmax()
            ahead = columns[:, [best]] - columns
            alone = np.array([excludes_zero(each) for each in Bootstrap(0).means(ahead)])
            out += (alone.mean(), (~Bootstrap(0).tied_with_best(columns)).mean())
        rows.append([str(groups), *(percent(share) for share in out / runs)])
    yield f"A true best said not to be tied, of {runs} rankings of equal groups."
    yield ""
    yield from table(["equal groups", "interval of each difference", "comparisons with the best"], rows)


def limits(runs: int) -> Iterator[str]:
    """Yield how far a `--limit` is from the whole survey: values that depend on the topic, as alignment does."""
    questions = load_survey("civic").survey.questions
    topics = sorted({question.topics[0] for question in questions})
    rng = np.random.default_rng(0)
    by_topic = dict(zip(topics, rng.normal(0.85, 0.05, len(topics)), strict=True))
    values = {question.id: by_topic[question.topics[0]] + rng.normal(0, 0.03) for question in questions}
    whole = float(np.mean(list(values.values())))
    rows = []
    for limit in (10, 20, 30, 40):
        means = [np.mean([values[each.id] for each in choose(questions, limit, seed)]) for seed in range(runs)]
        counted = {question.id: 0 for question in questions}
        for seed in range(runs):
            for each in choose(questions, limit, seed):
                counted[each.id] += 1
        least, most = min(counted.values()) / runs, max(counted.values()) / runs
        rows.append([str(limit), f"{np.mean(means) - whole:+.4f}", f"{percent(least)} to {percent(most)}"])
    yield f"`--limit` over {runs} seeds: bias of the mean; how often the rarest and the most frequent question is put."
    yield ""
    yield from table(["limit", "mean minus that of all questions", "chance of a question"], rows)


def lines(runs: int) -> Iterator[str]:
    """Yield all tables."""
    for part in (single, power, drift, ties, limits):
        yield from part(runs)
        yield ""
