"""How often 95% intervals hold the truth: ours, against the percentile bootstrap and Student's t in the same run.

Draws many surveys from a larger pool of questions whose mean score is known, and counts how often each interval covers
it. The goal is 93% to 97% for alignment and total variation at 40 questions and more. Prints the table of
docs/measures.md.

    .venv/bin/python -m benchmarks.interval_coverage            # about two minutes
    .venv/bin/python -m benchmarks.interval_coverage --quick    # ten seconds, less exact
    .venv/bin/python -m benchmarks.interval_coverage --json
"""

import argparse
import json
import sys
from dataclasses import asdict, dataclass
from functools import cache

import numpy as np
from scipy import stats

from benchmarks.coverage_pools import Population, civic_pools, curves
from eval.answers import FloatArray
from eval.scoring.intervals import RESAMPLES, Bootstrap
from eval.scoring.results import Score

QUESTIONS = (20, 40, 60, 100, 300)
TRIALS, QUICK_TRIALS = 4000, 200
AT_ONCE = 100
GOAL, GOAL_FROM = (0.93, 0.97), 40


@dataclass(frozen=True)
class Coverage:
    """How often each interval held the truth, 0 to 1, and the simulation's own standard error of `ours`."""

    scores: str
    questions: int
    trials: int
    ours: float
    percentile: float
    students_t: float
    standard_error: float

    @property
    def in_goal(self) -> bool:
        """Whether `ours` is as it should be; always under the number of questions from which that is asked."""
        return self.questions < GOAL_FROM or GOAL[0] <= self.ours <= GOAL[1]


def coverage(population: Population, questions: int, trials: int) -> Coverage:
    """Simulate `trials` surveys of so many questions; the same ones at every call."""
    rng = np.random.default_rng(2024)
    held = np.zeros(3)
    for first in range(0, trials, AT_ONCE):
        above, below = population.draw(rng, questions, min(AT_ONCE, trials - first))
        for place, (low, high) in enumerate((ours(above, below), percentile(above, below), students_t(above, below))):
            held[place] += int(((low <= population.truth) & (population.truth <= high)).sum())
    one, two, three = (float(share) for share in held / trials)
    error = float(np.sqrt(max(one * (1 - one), 1 / trials) / trials))
    return Coverage(population.name, questions, trials, one, two, three, error)


def ours(above: FloatArray, below: FloatArray | None) -> tuple[FloatArray, FloatArray]:
    """Return the intervals that reports show: lower and upper ends, one per trial."""
    if below is None:
        made: list[Score | None] = [*Bootstrap().means(above)]
    else:
        made = [Bootstrap().ratio(above[:, trial], below[:, trial]) for trial in range(above.shape[1])]
    bounds = [(each.low, each.high) for each in made if each is not None]
    low, high = np.array(bounds, dtype=np.float64).T
    if len(bounds) != above.shape[1] or np.isnan(low).any():
        raise SystemExit("there is no interval; check the populations")
    return low, high


def percentile(above: FloatArray, below: FloatArray | None) -> tuple[FloatArray, FloatArray]:
    """Return the plain percentile bootstrap intervals."""
    weights = _weights(len(above))
    replicates = weights @ above / (len(above) if below is None else weights @ below)
    low, high = np.quantile(replicates, [0.025, 0.975], axis=0)
    return low, high


@cache
def _weights(n: int) -> FloatArray:
    """Return how often each of `n` questions occurs in each of 2,000 resamples."""
    return np.random.default_rng(1).multinomial(n, np.full(n, 1 / n), size=RESAMPLES // 2).astype(np.float64)


def students_t(above: FloatArray, below: FloatArray | None) -> tuple[FloatArray, FloatArray]:
    """Return Student's t intervals, of a ratio by linearisation."""
    n = len(above)
    if below is None:
        centre, spread = above.mean(axis=0), above.std(axis=0, ddof=1)
    else:
        centre = above.mean(axis=0) / below.mean(axis=0)
        spread = (above - centre * below).std(axis=0, ddof=1) / below.mean(axis=0)
    reach = stats.t.ppf(0.975, n - 1) * spread / np.sqrt(n)
    return centre - reach, centre + reach


def table_row(found: list[Coverage]) -> str:
    """Return one row of the table: one kind of scores, ours at every number of questions, then the two others."""
    cells = [f"**{each.ours:.1%}** ({each.percentile:.1%}, {each.students_t:.1%})" for each in found]
    return f"| {found[0].scores} | {' | '.join(cells)} |"


def verdict(found: list[Coverage]) -> str:
    """Say how exact the simulation is, whether the goal is met, and where it is missed."""
    asked = [each for each in found if each.questions >= GOAL_FROM]
    missed = [f"{each.scores}, {each.questions} questions: {each.ours:.1%}" for each in asked if not each.in_goal]
    least, most = (f"{pick(each.ours for each in asked):.1%}" for pick in (min, max))
    error = f"{found[0].trials:,} trials each, standard error up to {max(each.standard_error for each in found):.1%}"
    goal = f"from {GOAL_FROM} questions ours are between {least} and {most}, the goal is 93% to 97%"
    return f"{error}; {goal}: {'missed by ' + '; '.join(missed) if missed else 'met'}"


def main() -> None:
    """Print the table, or everything as JSON, and whether the goal is met."""
    parser = argparse.ArgumentParser(description="Coverage of 95% intervals over questions.")
    parser.add_argument("--trials", type=int, default=TRIALS, help=f"surveys to simulate for each row ({TRIALS})")
    parser.add_argument("--quick", action="store_true", help=f"only {QUICK_TRIALS}")
    parser.add_argument("--json", action="store_true", help="print JSON in place of the table")
    wanted = parser.parse_args()
    trials = QUICK_TRIALS if wanted.quick else wanted.trials
    if not wanted.json:
        print(f"| scores by question | {' | '.join(map(str, QUESTIONS))} |\n{'| --- ' * (1 + len(QUESTIONS))}|")
    rows: list[Coverage] = []
    for population in (*civic_pools(), *curves()):
        found = [coverage(population, questions, trials) for questions in QUESTIONS]
        rows += found
        if not wanted.json:
            print(table_row(found), flush=True)
    if wanted.json:
        print(json.dumps([asdict(each) for each in rows], indent=2))
    print(f"\n{verdict(rows)}", file=sys.stderr if wanted.json else sys.stdout)


if __name__ == "__main__":
    main()
