"""Whether a measurement may be shown: does the model answer the questions, or does it only choose letters?

A model can put all its mass on the letters A, B, C and still say nothing: it may choose the first letter, whatever the
option says. Neither the label mass nor the order bias shows it. The *order agreement* does: it is the correlation of
the answers in the two option orders, over all questions and options. Where a model answers by content it is near 1,
where it answers by letter it is 0 or below. The mean of both orders, which is scored, then has the reliability
2r / (1 + r) (Spearman and Brown 1910): 2/3 at an agreement of 0.5.

Averaging the two orders does not remove a love of the first letter where there are three options or more: it becomes a
love of both ends. The *letters* reference answers every question with the mean letter shares of the other questions: a
persona that does no better has shown no opinion. With the *letters removed*, each question's answer is corrected by how
much its letters were liked on the other questions.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from eval.answers import FloatArray
from eval.engine import ORDERS, Order
from eval.scoring.intervals import MIN_QUESTIONS, Bootstrap
from eval.scoring.results import Finding, Score, Verdict

LEAST_OTHERS = 4
"""Other questions with as many options that the habit is learnt from; with fewer there is no estimate."""
_FLOOR = 1e-9
"""Smallest share that is taken a logarithm of: a server that shows the likeliest tokens only leaves zeros."""


@dataclass(frozen=True, slots=True)
class BothOrders:
    """The distributions of one question in the survey's and in the reversed option order, refusals apart.

    Both are over the options in the survey's order and sum to 1.
    """

    survey: FloatArray
    reversed: FloatArray

    @property
    def nothing_excluded(self) -> bool:
        """Whether every option has a share in both orders: among few replies, or of a server that hides most tokens,
        some have none, and no logarithm from which a habit could be taken.
        """
        return bool(min(self.survey.min(), self.reversed.min()) > 0)

    def by_place(self) -> FloatArray:
        """Return the shares by the place (the letter) at which an option was shown: shape (2 orders, options)."""
        return np.stack([self.survey, self.reversed[::-1]])


def both_orders(distributions: Mapping[Order, FloatArray | None]) -> BothOrders | None:
    """Return the two distributions of a question, refusals left out; None unless it has one in both orders."""
    first, second = (distributions.get(order) for order in ORDERS)
    if first is None or second is None or not (first.sum() > 0 and second.sum() > 0):
        return None
    return BothOrders(first / first.sum(), second / second.sum())


def letters_removed(answers: Sequence[BothOrders | None]) -> tuple[FloatArray | None, ...]:
    """Return each question's distribution without the letter habit of the others, over options in the survey's order.

    In each order, from the log share of the option at a place the mean centred log share of that place over the
    *other* questions with as many options (both orders) is subtracted; the two orders are averaged and made to sum
    to 1. Right where the habit adds to the log shares, is the same for all questions with as many options, and what
    the others lean to cancels over their places. None without both orders, or with fewer than `LEAST_OTHERS` others.
    """
    centred = [
        None if answer is None else _centred(np.log(np.maximum(answer.by_place(), _FLOOR))) for answer in answers
    ]
    removed: list[FloatArray | None] = [None] * len(answers)
    for index, own, others in _with_others(centred):
        content = own - others
        mean = (content[0] + content[1][::-1]) / 2
        shares = np.exp(mean - mean.max())
        removed[index] = shares / shares.sum()
    return tuple(removed)


def letters_only(answers: Sequence[BothOrders | None]) -> tuple[FloatArray | None, ...]:
    """Return what each question would be answered if only letters counted: the others' mean shares by place.

    Averaged over the two orders, over the options in the survey's order. None as in `letters_removed`.
    """
    placed = [None if answer is None else answer.by_place() for answer in answers]
    found: list[FloatArray | None] = [None] * len(answers)
    for index, _, others in _with_others(placed):
        found[index] = (others + others[::-1]) / 2
    return tuple(found)


def _centred(logs: FloatArray) -> FloatArray:
    return np.asarray(logs - logs.mean(axis=1, keepdims=True), dtype=np.float64)


def _with_others(placed: Sequence[FloatArray | None]) -> Iterator[tuple[int, FloatArray, FloatArray]]:
    """Yield the index of a question, its values by order and place, and the mean by place of its like."""
    by_size: dict[int, dict[int, FloatArray]] = {}
    for index, values in enumerate(placed):
        if values is not None:
            by_size.setdefault(values.shape[1], {})[index] = values
    for alike in by_size.values():
        if len(alike) <= LEAST_OTHERS:
            continue
        stacked = np.stack(list(alike.values()))
        means = stacked.mean(axis=1)
        others = (means.sum(axis=0) - means) / (len(alike) - 1)
        for row, index in enumerate(alike):
            yield index, stacked[row], others[row]


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
