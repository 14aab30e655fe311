"""Is a persona that answers as a sample of n people would judged to be worth n people, and does the interval hold n?"""

from collections.abc import Iterator

import numpy as np

from benchmarks.simulations.tables import QUESTIONS, holds, people, percent, sample, table
from eval.answers import FloatArray
from eval.scoring.intervals import Bootstrap
from eval.scoring.metrics import total_variation
from eval.scoring.worth import curve, worth_in_people
from personas import Group

SIZES = (3, 10, 30, 100)
GROUP = Group(attribute="POLPARTY", value="Democrat")


def lines(runs: int) -> Iterator[str]:
    """Yield the table: the persona's answers are a sample of n people, question by question."""
    pool = people(GROUP)
    curves = np.stack([curve(each.group / each.group.sum()) for each in pool])
    rows = []
    for size in SIZES:
        rng = np.random.default_rng(size)
        found, held = [], 0
        for _ in range(runs):
            drawn = rng.integers(0, len(pool), QUESTIONS)
            misses = np.array([_miss(pool[index].group, size, rng) for index in drawn])
            worth = worth_in_people(misses, curves[drawn], Bootstrap(0, 1000))
            if worth is not None:
                found.append(worth.mean)
                held += holds(worth, size)
        rows.append([str(size), f"{np.exp(np.mean(np.log(found))):.1f}", percent(held / runs)])
    yield f"Worth in people, {runs} personas each that answer as a sample of n Democrats."
    yield ""
    yield from table(["n", "geometric mean of the estimates", "95% interval holds n"], rows)


def _miss(counts: FloatArray, size: int, rng: np.random.Generator) -> float:
    return float(total_variation(sample(counts, size, rng) / size, counts / counts.sum()))
