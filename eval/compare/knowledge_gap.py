"""The knowledge-to-simulation gap: a model may know the opinions of a group better than it can simulate them.

Meister et al. (2024) find that models estimate a distribution better than they draw from it. Here the gap is the total
variation of the simulated answers minus that of the verbalized percentages, within each question that has both. Beside
it stands their own figure, as their released code computes it (`compute_K2S_gap` in `eval_utils.py`): the ratio of the
two means minus 1. There the means are over several surveys with equal weights, here over the questions of one.
"""

from collections.abc import Sequence

import numpy as np

from eval.compare.paired import NamedReport, paired
from eval.report import GapInfo, Report, Score
from eval.scoring.intervals import Bootstrap
from eval.scoring.metrics import column

KNOWLEDGE = "verbalized"
SIMULATIONS = ("log_probability", "sequence", "sampled")


def gaps(reports: Sequence[Report]) -> tuple[GapInfo, ...]:
    """Return, for each persona that was asked for percentages, the gap of every simulating expression.

    A gap is not sound unless both reports are. Above 0: the percentages are closer to people. Only questions that are
    answered and valid in both count, so a gap may differ from the difference of the two means. All `reports` must be on
    the same survey.
    """
    found = []
    for known in reports:
        if known.expression == KNOWLEDGE:
            by_expression = {each.expression: each for each in reports if _same_persona(each, known)}
            found += [_gap(known, by_expression[name]) for name in SIMULATIONS if name in by_expression]
    return tuple(found)


def _same_persona(one: Report, other: Report) -> bool:
    return (one.persona, one.steering) == (other.persona, other.steering)


def _valid(report: Report) -> set[str]:
    return {question.id for question in report.questions if question.valid}


def _gap(known: Report, simulated: Report) -> GapInfo:
    persona, simulation = known.persona.name, simulated.expression
    sound = known.verdict.sound and simulated.verdict.sound
    none = GapInfo(persona=persona, simulation=simulation, total_variation=None, p=None, questions=0, sound=sound)
    if not _valid(known) & _valid(simulated):
        return none
    compared = paired(NamedReport(KNOWLEDGE, known), NamedReport(simulation, simulated), known.seed)
    difference = compared.difference.total_variation
    if difference is None:
        return none
    return GapInfo(
        persona=persona,
        simulation=simulation,
        total_variation=Score(mean=difference.mean, low=difference.low, high=difference.high),
        p=difference.p,
        relative=_relative(known, simulated),
        questions=difference.questions,
        sound=sound,
    )


def _relative(known: Report, simulated: Report) -> Score | None:
    """Return the ratio of the two mean total variations minus 1, over the questions that are valid in both."""
    distances = {question.id: question.total_variation for question in simulated.questions if question.valid}
    of_both = [each for each in known.questions if each.valid and each.id in distances]
    verbalized = column([each.total_variation for each in of_both])
    drawn = column([distances[each.id] for each in of_both])
    return Bootstrap(known.seed).ratio(drawn - verbalized, np.where(np.isnan(drawn), np.nan, verbalized))
