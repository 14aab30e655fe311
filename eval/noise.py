"""How far two samples of the same people are apart by chance: the floor that no persona can be asked to go below."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from eval.metrics import alignment, scale_of, total_variation

DRAWS = 2000


@dataclass(frozen=True, slots=True)
class NoiseFloor:
    """What a second sample of the group, as large as the first, would score on one question.

    `total_variation` is the expected distance between two independent samples (0 to 1); `alignment` their expected
    alignment, NaN where the options have no order.
    """

    total_variation: float
    alignment: float


@lru_cache(maxsize=20_000)
def noise_floor(
    proportions: tuple[float, ...],
    respondents: int,
    ordinals: tuple[float, ...],
    *,
    refusals_last: bool = False,
    seed: int = 0,
    draws: int = DRAWS,
) -> NoiseFloor:
    """Simulate pairs of independent samples of `respondents` people who answer with these `proportions`.

    With `refusals_last` the last proportion is that of the refusals: it counts in the total variation and, having no
    place on the scale, not in the alignment. With 2,000 draws the standard error is about 2% of the value. The
    result depends on the arguments only, never on which questions were asked before.
    """
    if respondents < 1:
        return NoiseFloor(float("nan"), float("nan"))
    rng = np.random.default_rng([seed, respondents, *(round(p * 1e9) for p in proportions)])
    samples = rng.multinomial(respondents, np.asarray(proportions), size=(2, draws)) / respondents
    first, second = samples[0], samples[1]
    distance = float(total_variation(first, second).mean())
    if refusals_last:
        first, second = first[:, :-1], second[:, :-1]
        answered = (first.sum(axis=1) > 0) & (second.sum(axis=1) > 0)
        first = first[answered] / first[answered].sum(axis=1, keepdims=True)
        second = second[answered] / second[answered].sum(axis=1, keepdims=True)
    aligned = alignment(first, second, scale_of(ordinals))
    return NoiseFloor(distance, float(aligned.mean()) if len(aligned) else float("nan"))
