"""How far the expressions of one persona disagree: what a model says first, writes out and estimates need not agree.

The first token and the text disagree in most answers of some models. Where two expressions that are both sound are far
apart, what the persona "thinks" depends on how it is asked, and neither score stands for it.
"""

from collections.abc import Sequence
from itertools import combinations

import numpy as np

from eval.report import DisagreementInfo, QuestionInfo, Report
from eval.scoring.distributions import compared
from eval.scoring.intervals import Bootstrap
from eval.scoring.metrics import total_variation


def disagreements(reports: Sequence[Report]) -> tuple[DisagreementInfo, ...]:
    """Return how far every two expressions of the same persona disagree, in the order of the reports.

    The total variation between the two distributions of the model (0 to 1), question by question, over the questions
    that both answered. Nothing of expressions that have no question in common or count refusals differently.
    """
    found = []
    for one, other in combinations(reports, 2):
        same = (one.persona, one.steering, one.refusals) == (other.persona, other.steering, other.refusals)
        if same and one.expression != other.expression:
            found.append(_disagreement(one, other))
    return tuple(each for each in found if each is not None)


def _disagreement(one: Report, other: Report) -> DisagreementInfo | None:
    theirs = {question.id: question for question in other.questions}
    apart = np.array(
        [_apart(question, theirs[question.id], one) for question in one.questions if question.id in theirs],
        dtype=np.float64,
    )
    score = Bootstrap(one.seed).mean(apart)
    if score is None:
        return None
    return DisagreementInfo(
        persona=one.persona.name,
        expressions=(one.expression, other.expression),
        total_variation=score,
        questions=len(apart),
        sound=one.verdict.sound and other.verdict.sound,
    )


def _apart(one: QuestionInfo, other: QuestionInfo, report: Report) -> float:
    first, second = (
        compared(np.array(each.model, dtype=np.float64), each.refusal, report.refusals) for each in (one, other)
    )
    return float(total_variation(first, second))
