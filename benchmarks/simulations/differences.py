"""How often is a difference told where there is none (nominal 5%)? Differences, drift over turns, ties, a limit."""

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from benchmarks.simulations.pools import between_groups, between_turns
from benchmarks.simulations.tables import QUESTIONS, excludes_zero, percent, table
from chat_personas.monitor.drift import LOOKS
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


def single(runs: int) -> Iterator[str]:
    """Yield false alarms of one paired difference: BCa alone, the hull, and hull with the sign-flip test."""
    rows = []
    for name, draw in KINDS:
        cells = []
        for n in COUNTS:
            rng = np.random.default_rng(n)
            alarms, widths = np.zeros(3), []
            for _ in range(runs):
                values = draw(rng, n)
                bootstrap = Bootstrap(0, 2000)
                bca, hull = bootstrap.mean(values), bootstrap.difference(values)
                if bca is None or hull is None:
                    continue
                told = excludes_zero(hull)
                p = sign_flip_p(values, flips=2000)
                alarms += (excludes_zero(bca), told, told and p is not None and p < ALPHA)
                if width(bca) > 0:
                    widths.append(width(hull) / width(bca))
            one, two, three = alarms / runs
            cells.append(f"{percent(one)} → {percent(two)} → {percent(three)}, width × {np.median(widths):.2f}")
        rows.append([name, *cells])
    yield f"False alarms in {runs} runs: BCa interval → hull with Student's → and the sign-flip test, too."
    yield ""
    yield from table(["differences", *(f"{n} questions" for n in COUNTS)], rows)


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
    yield f"far → the program: 1 - 0.05 / turns so far, at least {LOOKS}. All with the sign-flip test."
    yield ""
    yield from table(["differences", "questions", *(f"{turns} turns" for turns in TURNS)], rows)


def _told_at(columns: FloatArray) -> tuple[NDArray[np.bool_], ...]:
    """Say of each turn whether a drift is told then, if a drift is taken for the only look, one of some, of many."""
    bootstrap, turns = Bootstrap(0), columns.shape[1]
    told = tuple(np.zeros(turns, dtype=np.bool_) for _ in range(3))
    for turn, alone in enumerate(bootstrap.differences(columns)):
        if excludes_zero(alone):  # a stricter interval excludes 0 only where this one does
            for place, looks in enumerate((1, turn + 1, max(LOOKS, turn + 1))):
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
    """Yield all four tables."""
    for part in (single, drift, ties, limits):
        yield from part(runs)
        yield ""
