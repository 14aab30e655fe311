"""Does the steering slope come out as planted, from small and large samples of people? The naive slope beside it."""

from collections.abc import Iterator

import numpy as np

from benchmarks.simulations.tables import QUESTIONS, holds, people, percent, sample, table
from eval.scoring.exaggeration import Shifts, group_shift, place, sampled, steering_slope
from eval.scoring.intervals import Bootstrap
from personas import Group

SLOPES, SIZES = (0.0, 0.5, 1.0, 1.5, 2.0), (20, 50, 200, 1000, 3000)
GROUP = Group(attribute="POLPARTY", value="Democrat")
NOISE = 0.03
"""What moves a persona's mean place besides its group, as a share of the scale."""


def shifts(slope: float, size: int, rng: np.random.Generator) -> Shifts:
    """Return the shifts of one persona over questions drawn anew; the figures are those of `size` people."""
    pool = people(GROUP)
    persona, group, error = (np.zeros(QUESTIONS) for _ in range(3))
    for row, index in enumerate(rng.integers(0, len(pool), QUESTIONS)):
        each = pool[index]
        share = each.group.sum() / (each.group.sum() + each.rest.sum())
        others = max(2, round(size * (1 - share) / share))
        ours, rest = each.group / each.group.sum(), each.rest / each.rest.sum()
        truth = (1 - share) * (place(ours, each.ordinals) - place(rest, each.ordinals))
        persona[row] = slope * truth + rng.normal(0, NOISE)
        group[row], error[row] = group_shift(
            sampled(sample(each.group, size, rng), each.ordinals),
            sampled(sample(each.rest, others, rng), each.ordinals),
        )
    return Shifts(persona, group, error)


def lines(runs: int) -> Iterator[str]:
    """Yield the table: mean estimate, coverage, and the slope without the correction."""
    rows = []
    for size in SIZES:
        cells = []
        for slope in SLOPES:
            rng = np.random.default_rng([size, round(10 * slope)])
            found, naive, held, none = [], [], 0, 0
            for _ in range(runs):
                drawn = shifts(slope, size, rng)
                naive.append(float(drawn.persona @ drawn.group / (drawn.group @ drawn.group)))
                estimate = steering_slope(drawn, Bootstrap(0, 1000))
                if estimate is None:
                    none += 1
                    continue
                found.append(estimate.mean)
                held += holds(estimate, slope)
            share = held / len(found) if found else float("nan")
            mean = f"{np.mean(found):.3f}" if found else "—"
            nothing = f", none in {percent(none / runs)}" if none else ""
            cells.append(f"{mean} ({percent(share)}{nothing}; naive {np.mean(naive):.3f})")
        rows.append([str(size), *cells])
    yield f"Steering slope, {runs} personas each: mean estimate (95% interval holds the truth; the naive slope)."
    yield ""
    yield from table(["people in the group's figures", *(f"slope {slope:g}" for slope in SLOPES)], rows)
