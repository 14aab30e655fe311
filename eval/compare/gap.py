"""The knowledge-to-simulation gap: a model may know a group better than it can play it.

Meister et al. (2024) find that models estimate a distribution better than they draw from it. Here the gap is the total
variation of what the model simulates minus that of what it verbalizes, taken within each question that has both.
"""

from collections.abc import Sequence

from eval.compare.paired import NamedReport, paired
from eval.report import GapInfo, Report, Score

KNOWLEDGE = "verbalized"
SIMULATIONS = ("log_probability", "sequence", "sampled")


def gaps(reports: Sequence[Report]) -> tuple[GapInfo, ...]:
    """Return the gap of every simulating expression for each persona that was also asked for percentages.

    Above 0: the percentages are closer to people. Only questions that both answered count, so a gap need not be the
    difference of the two means. All `reports` are on the same survey.
    """
    found = []
    for known in reports:
        if known.expression == KNOWLEDGE:
            beside = {each.expression: each for each in reports if _same_persona(each, known)}
            found += [_gap(known, beside[name]) for name in SIMULATIONS if name in beside]
    return tuple(found)


def _same_persona(one: Report, other: Report) -> bool:
    return (one.persona, one.steering) == (other.persona, other.steering)


def _gap(known: Report, simulated: Report) -> GapInfo:
    persona, simulation = known.persona.name, simulated.expression
    if not {question.id for question in known.questions} & {question.id for question in simulated.questions}:
        return GapInfo(persona=persona, simulation=simulation, total_variation=None, p=None, questions=0)
    compared = paired(NamedReport(KNOWLEDGE, known), NamedReport(simulation, simulated), known.seed)
    difference = compared.difference.total_variation
    if difference is None:
        return GapInfo(persona=persona, simulation=simulation, total_variation=None, p=None, questions=0)
    return GapInfo(
        persona=persona,
        simulation=simulation,
        total_variation=Score(mean=difference.mean, low=difference.low, high=difference.high),
        p=difference.p,
        questions=difference.questions,
    )
