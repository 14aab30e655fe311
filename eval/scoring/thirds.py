"""How close a persona comes where people agree and where they are divided: alignment by thirds of human entropy.

Models come closest where people agree (Hu et al. 2025, "SimBench"), so one mean over all questions hides where they
fail.
"""

from typing import Literal

import numpy as np

from eval.scoring.comparison import Comparison, QuestionMeasures
from eval.scoring.intervals import Bootstrap
from eval.scoring.metrics import entropy
from eval.scoring.results import EntropyThird

THIRDS: tuple[Literal["agree", "between", "divided"], ...] = ("agree", "between", "divided")


def entropy_thirds(
    comparison: Comparison, measured: QuestionMeasures, bootstrap: Bootstrap
) -> tuple[EntropyThird, ...]:
    """Return the alignment over thirds of the questions, by the people's entropy as a share of that of even answers.

    Only questions with an alignment count; ties keep the survey's order. Nothing for fewer than three questions.
    """
    options = np.array([len(question.options) for question in comparison.questions], dtype=np.float64)
    divided = entropy(comparison.human.options) / np.log(np.maximum(options, 2))
    scored = np.flatnonzero(~np.isnan(measured.persona.alignment))
    if len(scored) < len(THIRDS):
        return ()
    ranked = scored[np.argsort(divided[scored], kind="stable")]
    found = []
    for third, rows in zip(THIRDS, np.array_split(ranked, len(THIRDS)), strict=True):
        population, even = (measured.references[name].alignment[rows] for name in ("population", "uniform"))
        found.append(
            EntropyThird(
                third=third,
                low=float(divided[rows].min()),
                high=float(divided[rows].max()),
                questions=len(rows),
                persona=bootstrap.mean(measured.persona.alignment[rows]),
                population=bootstrap.mean(population),
                uniform=bootstrap.mean(even),
            )
        )
    return tuple(found)
