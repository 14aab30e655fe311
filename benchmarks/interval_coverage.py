"""How often 95% intervals hold the truth: ours, against the percentile bootstrap and Student's t in the same run.

Draws many surveys from known distributions that look like scores by question, and counts how often each interval
covers the known mean. Prints the table of docs/measures.md.

    .venv/bin/python benchmarks/interval_coverage.py            # about half a minute
    .venv/bin/python benchmarks/interval_coverage.py --quick    # two seconds, less exact
"""

import argparse
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import stats

from eval.intervals import Bootstrap
from eval.metrics import FloatArray

QUESTIONS = (20, 40, 60)
RESAMPLES = 2000


@dataclass(frozen=True)
class Population:
    """Scores by question of which the truth is known: two columns, of which `statistic` takes one or the ratio."""

    name: str
    draw: Callable[[np.random.Generator, int], tuple[FloatArray, FloatArray | None]]
    truth: float


def alignment_like(a: float, b: float) -> Population:
    """Return values near 1 with a tail below, as alignments are; skewness grows as `a` falls."""
    skewness = -stats.beta(a, b).stats("s")
    return Population(
        f"mean of 1 - Beta({a:g}, {b:g}), skewness {skewness:.1f}",
        lambda rng, n: (1 - rng.beta(a, b, n), None),
        b / (a + b),
    )


def skill_like() -> Population:
    """Return the ratio of two means that rise together, as skill's numerator and denominator do."""

    def draw(rng: np.random.Generator, n: int) -> tuple[FloatArray, FloatArray]:
        room = rng.beta(2, 8, n)
        return 0.3 * room + rng.normal(0, 0.05, n), room

    return Population("ratio of means, as skill", draw, 0.3)


POPULATIONS = (
    alignment_like(3, 12),
    alignment_like(1.5, 8),
    alignment_like(0.7, 6),
    alignment_like(0.5, 10),
    skill_like(),
)


def percentile(above: FloatArray, below: FloatArray | None, weights: FloatArray) -> tuple[float, float]:
    """Return the plain percentile bootstrap interval."""
    replicates = weights @ above / (len(above) if below is None else weights @ below)
    low, high = np.quantile(replicates, [0.025, 0.975])
    return float(low), float(high)


def students_t(above: FloatArray, below: FloatArray | None) -> tuple[float, float]:
    """Return Student's t interval, of a ratio by linearisation."""
    n = len(above)
    centre = above.mean() if below is None else above.mean() / below.mean()
    spread = above.std(ddof=1) if below is None else (above - centre * below).std(ddof=1) / below.mean()
    reach = stats.t.ppf(0.975, n - 1) * spread / np.sqrt(n)
    return centre - reach, centre + reach


def ours(above: FloatArray, below: FloatArray | None) -> tuple[float, float]:
    """Return the interval that reports show."""
    interval = Bootstrap().mean(above) if below is None else Bootstrap().ratio(above, below)
    if interval is None or interval.low is None or interval.high is None:
        raise SystemExit("there is no interval; check the populations")
    return interval.low, interval.high


def coverage(population: Population, questions: int, trials: int) -> list[float]:
    """Return how often ours, the percentile bootstrap and Student's t hold the truth."""
    rng = np.random.default_rng(2024)
    weights = rng.multinomial(questions, np.full(questions, 1 / questions), size=RESAMPLES).astype(np.float64)
    held = np.zeros(3)
    for _ in range(trials):
        above, below = population.draw(rng, questions)
        intervals = (ours(above, below), percentile(above, below, weights), students_t(above, below))
        held += [low <= population.truth <= high for low, high in intervals]
    return [float(share) for share in held / trials]


def main() -> None:
    """Print the table; the simulation's own standard error stands in its last line."""
    parser = argparse.ArgumentParser(description="Coverage of 95% intervals over questions.")
    parser.add_argument("--quick", action="store_true", help="300 trials instead of 5,000")
    trials = 300 if parser.parse_args().quick else 5000
    print("| scores by question | questions | ours | percentile | Student's t |")
    print("| --- | --- | --- | --- | --- |")
    for population in POPULATIONS:
        for questions in QUESTIONS:
            cells = " | ".join(f"{100 * share:.1f}%" for share in coverage(population, questions, trials))
            print(f"| {population.name} | {questions} | {cells} |", flush=True)
    print(f"\n{trials} trials each; standard error {100 * np.sqrt(0.95 * 0.05 / trials):.1f} points")


if __name__ == "__main__":
    main()
