"""Are a and b of the understanding gap recovered, how often does the interval hold them, and what does noise do?

Each study has questions with 2 to 5 options, people and persona whose log-odds correlate, and participants whose
beliefs are partly right, partly a stereotype that all share, and partly their own. a and b vary by participant, by
question and from guess to guess around what is planted. A guess is drawn around the belief (Dirichlet).
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy.special import stdtrit

from benchmarks.simulations.tables import percent, table
from chat_personas.studies.understanding import (
    Estimate,
    Figures,
    Guesses,
    Shares,
    against_control,
    understanding_gap,
)
from eval.answers import FloatArray

PLANTED = ((0.0, 0.0), (0.3, 0.2), (0.0, 0.4))
SIZES = ((10, 5), (30, 10), (30, 30), (100, 10))
CORRELATIONS = (0.0, 0.8)
OPTIONS = 5
RESAMPLES = 400
VARIES = 0.15
"""Half the width of the range over which a and b vary by participant, by question, and by guess."""
AFTER = 30.0
"""Concentration of the guesses after: a share of 0.5 then has a standard deviation of 0.09."""
NOISY = (100.0, 30.0, 10.0)
"""Concentrations of the guesses before: a share of 0.5 then has a standard deviation of 0.05, 0.09 and 0.15."""


@dataclass(frozen=True)
class Study:
    """A simulated study. `noise` is what the squared errors of a first guess sum to, on average over all guesses."""

    figures: dict[str, Figures]
    guesses: Guesses
    noise: float


def questions(count: int, correlation: float, rng: np.random.Generator) -> dict[str, Figures]:
    """Return questions with people and persona; their log-odds have the correlation given."""
    found = {}
    for number in range(count):
        width = int(rng.integers(2, OPTIONS + 1))
        people, own = rng.normal(size=(2, width))
        persona = correlation * people + (1 - correlation**2) ** 0.5 * own
        found[f"q{number:02}"] = Figures(_shares(people), _shares(persona), np.arange(width, dtype=np.float64))
    return found


def participants(
    figures: dict[str, Figures],
    count: int,
    planted: tuple[float, float],
    before: float | None,
    rng: np.random.Generator,
) -> tuple[Guesses, float]:
    """Return participants who learn as planted, and the noise. `before` is the concentration of first guesses.

    Without it a first guess is the belief itself.
    """
    first, again, after = (_nobody(count) for _ in range(3))
    by_participant, noise = rng.uniform(-VARIES, VARIES, (count, 2)), 0.0
    for question, each in figures.items():
        width = len(each.people)
        stereotype, own = rng.normal(0, 0.7, width), rng.normal(0, 0.7, (count, width))
        belief = 0.7 * _shares(0.2 * np.log(each.people) + stereotype + own) + 0.3 / width
        part = planted + by_participant + rng.uniform(-VARIES, VARIES, 2) + rng.uniform(-VARIES, VARIES, (count, 2))
        later = belief + part[:, :1] * (each.people - belief) + part[:, 1:] * (each.persona - belief)
        later = np.maximum(later, 0.002)
        drawn = (_around(belief, before, rng), _around(belief, before, rng), _around(later, AFTER, rng))
        for shares, guesses in zip((first, again, after), drawn, strict=True):
            for name, guess in zip(shares, guesses, strict=True):
                shares[name][question] = guess
        noise += float(((drawn[0] - belief) ** 2).sum(axis=-1).mean()) / len(figures)
    return Guesses(first, after, again), noise


def study(
    count: int,
    asked: int,
    planted: tuple[float, float],
    correlation: float,
    rng: np.random.Generator,
    before: float | None = None,
) -> Study:
    """Return one study with `count` participants who guess `asked` questions."""
    figures = questions(asked, correlation, rng)
    return Study(figures, *participants(figures, count, planted, before, rng))


def once(guesses: Guesses) -> Guesses:
    """Return the guesses without the second one before."""
    return Guesses(guesses.before, guesses.after)


def lines(runs: int) -> Iterator[str]:
    """Yield the table of recovery and coverage, and that of noise in the first guesses."""
    yield f"Guesses before without noise, {runs} studies each: mean a and b (95% intervals hold the planted)."
    yield ""
    heads = ["participants × questions", "correlation", *(f"a {a:g}, b {b:g}" for a, b in PLANTED)]
    rows = [
        [
            f"{count} × {asked}",
            f"{correlation:g}",
            *(_recovered(count, asked, each, correlation, runs) for each in PLANTED),
        ]
        for count, asked in SIZES
        for correlation in CORRELATIONS
    ]
    yield from table(heads, rows)
    yield ""
    fewer = max(runs // 4, 5)
    yield f"Noise in the guesses before, 30 × 10 and a control group of 30, correlation 0.8, {fewer} studies each."
    yield ""
    yield from table(
        ["planted", "spread of a share of 0.5", "as it is", "noise given", "guessed twice", "control", "difference"],
        [_noisy(planted, before, fewer) for planted in PLANTED for before in NOISY],
    )
    yield ""
    yield f"How often other intervals hold a and b, 30 × 10, {fewer} studies each."
    yield ""
    yield from table(
        ["planted", "correlation", "two-way jackknife", "two-way cluster-robust", "both resampled"],
        [_compared(planted, correlation, fewer) for planted in PLANTED for correlation in CORRELATIONS],
    )


def _recovered(count: int, asked: int, planted: tuple[float, float], correlation: float, runs: int) -> str:
    rng = np.random.default_rng([count, asked, round(100 * planted[1]), round(10 * correlation)])
    found = []
    for _ in range(runs):
        made = study(count, asked, planted, correlation, rng)
        gap = understanding_gap(made.figures, once(made.guesses))
        found.append((gap.a, gap.b))
    return _summary(found, planted)


def _noisy(planted: tuple[float, float], before: float, runs: int) -> list[str]:
    rng = np.random.default_rng([round(before), round(100 * planted[1])])
    found: list[list[tuple[Estimate | None, Estimate | None]]] = [[] for _ in range(5)]
    for _ in range(runs):
        made = study(30, 10, planted, 0.8, rng, before)
        control, _ = participants(made.figures, 30, (0.0, 0.0), before, rng)
        plain = understanding_gap(made.figures, once(made.guesses))
        given = understanding_gap(made.figures, once(made.guesses), made.noise)
        twice = understanding_gap(made.figures, made.guesses)
        beside = against_control(
            made.figures, once(made.guesses), Guesses(_named(control.before), _named(control.after))
        )
        ways = (plain.a, plain.b), (given.a, given.b), (twice.a, twice.b), (beside.a, beside.b)
        for column, way in zip(found, (*ways, (beside.a_difference, beside.b_difference)), strict=True):
            column.append(way)
    spread = (0.25 / (before + 1)) ** 0.5
    return [f"{planted[0]:g}, {planted[1]:g}", f"{spread:.2f}", *(_summary(each, planted) for each in found)]


def _compared(planted: tuple[float, float], correlation: float, runs: int) -> list[str]:
    """Return the coverage of the program's interval, of Cameron, Gelbach and Miller's, and of the bootstrap of both."""
    rng = np.random.default_rng([2, round(100 * planted[1]), round(10 * correlation)])
    held = np.zeros((3, 2))
    for _ in range(runs):
        made = study(30, 10, planted, correlation, rng)
        gap = understanding_gap(made.figures, once(made.guesses))
        squares, products = _moments(made)
        for row, ends in enumerate(
            (_ends(gap.a, gap.b), _sandwich(squares, products), _bootstrap(squares, products, rng))
        ):
            held[row] += (ends[0] <= planted) & (planted <= ends[1])
    shares = [f"{percent(a)}, {percent(b)}" for a, b in (held / runs).tolist()]
    return [f"{planted[0]:g}, {planted[1]:g}", f"{correlation:g}", *shares]


def _ends(a: Estimate | None, b: Estimate | None) -> FloatArray:
    """Return the lower ends of both intervals, then the upper; NaN for none."""
    known = [(each.low, each.high) if each is not None else (np.nan, np.nan) for each in (a, b)]
    return np.array(known).T


def _moments(made: Study) -> tuple[FloatArray, FloatArray]:
    """Return X'X (participants, questions, 2, 2) and X'y (participants, questions, 2) of a study without gaps."""
    squares, products = [], []
    for question, each in made.figures.items():
        before, after = (
            np.stack([asked[question] for asked in shares.values()])
            for shares in (made.guesses.before, made.guesses.after)
        )
        x = np.stack([each.people - before, each.persona - before], axis=-1)
        squares.append(np.einsum("poi,poj->pij", x, x))
        products.append(np.einsum("poi,po->pi", x, after - before))
    return np.stack(squares, axis=1), np.stack(products, axis=1)


def _sandwich(squares: FloatArray, products: FloatArray) -> FloatArray:
    """Return intervals from the cluster-robust variances by participant and by question less that by guess."""
    bread = np.linalg.inv(squares.sum(axis=(0, 1)))
    estimate = bread @ products.sum(axis=(0, 1))
    scores = (products - squares @ estimate) @ bread
    variances = [
        (each**2).sum(axis=0) * len(each) / (len(each) - 1)
        for each in (scores.sum(axis=1), scores.sum(axis=0), scores.reshape(-1, 2))
    ]
    variance = np.maximum(variances[0] + variances[1] - variances[2], np.maximum(variances[0], variances[1]))
    reach = float(stdtrit(min(squares.shape[:2]) - 1, 0.975)) * np.sqrt(variance)
    return np.stack([estimate - reach, estimate + reach])


def _bootstrap(squares: FloatArray, products: FloatArray, rng: np.random.Generator) -> FloatArray:
    """Return percentile intervals from resampling participants and questions, both at once."""
    people, questions = (rng.multinomial(n, np.full(n, 1 / n), RESAMPLES) for n in squares.shape[:2])
    drawn = np.einsum("rp,rq,pqij->rij", people, questions, squares, optimize=True)
    sums = np.einsum("rp,rq,pqi->ri", people, questions, products, optimize=True)
    estimates = np.linalg.solve(drawn, sums[..., None])[..., 0]
    return np.asarray(np.quantile(estimates, [0.025, 0.975], axis=0), dtype=np.float64)


def _summary(found: list[tuple[Estimate | None, Estimate | None]], planted: tuple[float, float]) -> str:
    """Write mean a and b and how often their intervals hold what is planted, and how often there is none."""
    known = [(a, b) for a, b in found if a is not None and b is not None]
    if not known:
        return "none"
    parts = [
        f"{np.mean([each.value for each in column]):.3f} "
        f"({percent(float(np.mean([each.low <= truth <= each.high for each in column])))})"
        for column, truth in zip(zip(*known, strict=True), planted, strict=True)
    ]
    none = f"; none in {percent(1 - len(known) / len(found))}" if len(known) < len(found) else ""
    return f"{', '.join(parts)}{none}"


def _nobody(count: int) -> dict[str, dict[str, FloatArray]]:
    return {f"p{number:03}": {} for number in range(count)}


def _named(shares: Shares) -> Shares:
    """Return the guesses of a control group, whose participants have names of their own."""
    return {f"control {name}": asked for name, asked in shares.items()}


def _shares(log_odds: FloatArray) -> FloatArray:
    weights = np.exp(log_odds)
    return np.asarray(weights / weights.sum(axis=-1, keepdims=True), dtype=np.float64)


def _around(belief: FloatArray, concentration: float | None, rng: np.random.Generator) -> FloatArray:
    """Return guesses drawn around beliefs (Dirichlet), or the beliefs themselves."""
    if concentration is None:
        return belief
    drawn = np.maximum(rng.standard_gamma(belief / belief.sum(axis=-1, keepdims=True) * concentration), 1e-12)
    return np.asarray(drawn / drawn.sum(axis=-1, keepdims=True), dtype=np.float64)
