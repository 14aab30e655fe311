"""Whether a measurement may be shown: does the model answer the questions, and do its answers depend on what they say?

A model can put all its mass on the letters A, B, C and still tell nothing: it may choose the first letter, whatever the
option says. Neither the label mass nor the order bias shows it. The *order agreement* does: it is the correlation of
the answers in the two option orders, over all questions and options. Where a model answers by content it is near 1,
where it answers by letter it is 0 or below. The mean of both orders, which is what is scored, then has the reliability
2r / (1 + r) (Spearman and Brown 1910): 2/3 at an agreement of 0.5.
"""

from collections.abc import Sequence

import numpy as np

from eval.answers import FloatArray
from eval.scoring.intervals import MIN_QUESTIONS, Bootstrap
from eval.scoring.letters import BothOrders
from eval.scoring.results import Finding, Score, Verdict

LEAST_AGREEMENT = 0.5
SURE_AGREEMENT = 0.7
LEAST_VALID = 0.5


def order_agreement(answers: Sequence[BothOrders | None], bootstrap: Bootstrap) -> Score | None:
    """Return the correlation of the distributions in the two orders, with its interval over questions.

    With x and y the two distributions of a question minus 1/k for its k options, r = sum x·y / sqrt(sum x·x · sum y·y)
    over questions: uncentred on purpose, since even answers are where a model says nothing. 0 where all are even in
    one of the orders. None where no question has both orders.
    """
    rows = [_products(answer) for answer in answers if answer is not None]
    return bootstrap.of_means(np.stack(rows), _correlation) if rows else None


def _products(answer: BothOrders) -> FloatArray:
    x, y = answer.survey - 1 / len(answer.survey), answer.reversed - 1 / len(answer.reversed)
    return np.array([x @ y, x @ x, y @ y])


def _correlation(means: FloatArray) -> FloatArray:
    scale = np.sqrt(means[:, 1] * means[:, 2])
    return np.asarray(np.divide(means[:, 0], scale, out=np.zeros(len(means)), where=scale > _EVEN), dtype=np.float64)


_EVEN = 1e-12


def verdict(
    answers: Sequence[BothOrders | None],
    valid: Sequence[bool],
    bootstrap: Bootstrap,
    *,
    orders_asked: bool,
    judge_unreliable: bool = False,
) -> Verdict:
    """Judge a measurement by its answers and which of them are valid, question by question.

    `orders_asked` says whether every question was asked in both orders: where options are not shown, or answers come
    from a file, there is no letter to follow, and the answers are taken as they are given. The first of these that
    holds decides: nothing was answered; the judge of open answers errs too often; fewer than half of the questions are
    valid; fewer than 20 were answered in both orders; the agreement is below 0.5 or its interval reaches down to 0.
    """
    count = sum(answer is not None for answer in answers)
    agreement = order_agreement(answers, bootstrap) if orders_asked else None
    finding = _finding(agreement, sum(valid), len(valid), count, orders_asked, judge_unreliable)
    return Verdict(finding=finding, order_agreement=agreement, valid=sum(valid), answered=len(valid), both_orders=count)


def _finding(
    agreement: Score | None, valid: int, answered: int, both: int, orders_asked: bool, judge_unreliable: bool
) -> Finding:
    if answered == 0:
        return "no_answers"
    if judge_unreliable:
        return "judge_unreliable"
    if valid < LEAST_VALID * answered:
        return "does_not_answer"
    if not orders_asked:
        return "given"
    if both < MIN_QUESTIONS or agreement is None or agreement.low is None:
        return "cannot_be_checked"
    if agreement.mean < LEAST_AGREEMENT or agreement.low <= 0:
        return "follows_letters"
    return "sound" if agreement.mean >= SURE_AGREEMENT else "sound_with_warning"
