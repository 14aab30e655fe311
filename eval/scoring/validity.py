"""Whether a measurement may be shown: does the model answer the questions, or does it only choose letters?

A model can put all its mass on the letters A, B, C and still say nothing: it may choose the first letter, whatever the
option says. Neither the label mass nor the order bias shows it. The *order agreement* does: it is the correlation of
the answers in two option orders, over all questions and options. Where a model answers by content it is near 1,
where it answers by letter it is 0 or below. The mean of both orders, which is scored, then has the reliability
2r / (1 + r) (Spearman and Brown 1910): 2/3 at an agreement of 0.5. With m orders it is m r / (1 + (m - 1) r).

Averaging the two orders does not remove a love of the first letter where there are three options or more: it becomes a
love of both ends. The *letters* reference answers every question with the mean letter shares of the other questions: a
persona that does no better has shown no opinion. With the *letters removed*, each question's answer is corrected by how
much its letters were liked on the other questions.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from eval.answers import FloatArray
from eval.engine import Order
from eval.orders import places
from eval.scoring.distributions import Opinion
from eval.scoring.intervals import MIN_QUESTIONS, Bootstrap
from eval.scoring.results import Finding, Score, Verdict

LEAST_OTHERS = 4
"""Other questions with as many options that the habit is learnt from; with fewer there is no estimate."""
_FLOOR = 1e-9
"""Smallest share that is taken a logarithm of: a server that shows the likeliest tokens only leaves zeros."""


@dataclass(frozen=True, slots=True)
class InOrders:
    """The distributions of one question in several option orders, refusals apart.

    `shares` (orders, options) are over the options in the survey's order, each row summing to 1; `places` (orders,
    options) says which option stood at each place.
    """

    shares: FloatArray
    places: NDArray[np.intp]

    @property
    def nothing_excluded(self) -> bool:
        """Whether every option has a share in each order: among few replies, or of a server that hides most tokens,
        some have none, and no logarithm from which a habit could be taken.
        """
        return bool(self.shares.min() > 0)

    @property
    def balanced(self) -> bool:
        """Whether every option stood in every place equally often, as in all rotations, or two options in two orders:
        then each letter helps each option alike.
        """
        orders, options = self.places.shape
        counts = [np.bincount(column, minlength=options) for column in self.places.T]
        return bool((np.stack(counts) * options == orders).all())

    def by_place(self) -> FloatArray:
        """Return the shares by the place (the letter) at which an option was shown: shape (orders, options)."""
        placed: FloatArray = np.take_along_axis(self.shares, self.places, axis=1)
        return placed

    def by_option(self, placed: FloatArray) -> FloatArray:
        """Return values by order and place as values by order and option, the reverse of `by_place`."""
        values: FloatArray = np.take_along_axis(placed, np.argsort(self.places, axis=1), axis=1)
        return values


class BothOrders(InOrders):
    """The distributions of one question in the survey's and in the reversed order, as a model is asked by default."""

    __slots__ = ()

    def __init__(self, survey: FloatArray, reversed: FloatArray) -> None:  # noqa: A002
        """Take the shares in the two orders, both over the options in the survey's order."""
        forwards = np.arange(len(survey))
        super().__init__(np.stack([survey, reversed]), np.stack([forwards, forwards[::-1]]))

    @property
    def survey(self) -> FloatArray:
        """The shares in the survey's order."""
        return np.asarray(self.shares[0], dtype=np.float64)

    @property
    def reversed(self) -> FloatArray:
        """The shares in the reversed order."""
        return np.asarray(self.shares[1], dtype=np.float64)


def in_orders(question_id: str, distributions: Mapping[Order, FloatArray | None]) -> InOrders | None:
    """Return the distributions of a question, refusals left out; None unless it has one in at least two orders."""
    known = {order: shares for order, shares in distributions.items() if shares is not None and shares.sum() > 0}
    if len(known) < 2:
        return None
    return InOrders(
        np.stack([shares / shares.sum() for shares in known.values()]),
        np.array([places(order, question_id, len(shares)) for order, shares in known.items()]),
    )


def letters_removed(answers: Sequence[InOrders | None]) -> tuple[FloatArray | None, ...]:
    """Return each question's distribution without the letter habit of the others, over options in the survey's order.

    In each order, from the log share of the option at a place the mean centred log share of that place over the
    *other* questions with as many options (all their orders) is subtracted; the orders are averaged and made to sum
    to 1. Right where the habit adds to the log shares, is the same for all questions with as many options, and what
    the others lean to cancels over their places. None without two orders, or with fewer than `LEAST_OTHERS` others.

    Where the orders are balanced, every letter fell on every option alike: what is subtracted is the same for all
    options, so no others are needed, and the habit may differ from question to question.
    """
    centred = [
        None if answer is None else _centred(np.log(np.maximum(answer.by_place(), _FLOOR))) for answer in answers
    ]
    habits = _means_of_others(centred)
    removed: list[FloatArray | None] = []
    for answer, own, habit in zip(answers, centred, habits, strict=True):
        if answer is None or own is None or (habit is None and not answer.balanced):
            removed.append(None)
            continue
        mean = answer.by_option(own if habit is None else own - habit).mean(axis=0)
        shares = np.exp(mean - mean.max())
        removed.append(shares / shares.sum())
    return tuple(removed)


def letters_only(answers: Sequence[InOrders | None]) -> tuple[FloatArray | None, ...]:
    """Return what each question would be answered if only letters counted: the others' mean shares by place.

    Averaged over the orders, over the options in the survey's order. None without two orders, or with fewer than
    `LEAST_OTHERS` other questions with as many options.
    """
    others = _means_of_others([None if answer is None else answer.by_place() for answer in answers])
    return tuple(
        None
        if answer is None or mean is None
        else answer.by_option(np.broadcast_to(mean, answer.shares.shape)).mean(axis=0)
        for answer, mean in zip(answers, others, strict=True)
    )


def _centred(logs: FloatArray) -> FloatArray:
    return np.asarray(logs - logs.mean(axis=1, keepdims=True), dtype=np.float64)


def _means_of_others(placed: Sequence[FloatArray | None]) -> list[FloatArray | None]:
    """Return for each question the mean by place of the others with as many options; None if there are too few."""
    by_size: dict[int, dict[int, FloatArray]] = {}
    for index, values in enumerate(placed):
        if values is not None:
            by_size.setdefault(values.shape[1], {})[index] = values.mean(axis=0)
    found: list[FloatArray | None] = [None] * len(placed)
    for alike in by_size.values():
        if len(alike) > LEAST_OTHERS:
            means = np.stack(list(alike.values()))
            others = (means.sum(axis=0) - means) / (len(alike) - 1)
            for index, mean in zip(alike, others, strict=True):
                found[index] = mean
    return found


LEAST_AGREEMENT = 0.5
SURE_AGREEMENT = 0.7
LEAST_VALID = 0.5


def order_agreement(answers: Sequence[InOrders | None], bootstrap: Bootstrap) -> Score | None:
    """Return the correlation of the distributions in two orders, with its interval over questions.

    With x and y the two distributions of a question minus 1/k for its k options, r = sum x·y / sqrt(sum x·x · sum y·y)
    over questions: uncentred on purpose, since even answers are where a model says nothing. With more than two orders
    each of the three products is the mean over the question's pairs of orders, x of the earlier and y of the later one,
    so that every question counts once. 0 where all are even in one of the orders. None where no question has two.
    """
    rows = [_products(answer) for answer in answers if answer is not None]
    return bootstrap.of_means(np.stack(rows), _correlation) if rows else None


def _products(answer: InOrders) -> FloatArray:
    around = answer.shares - 1 / answer.shares.shape[1]
    products = around @ around.T
    earlier, later = np.triu_indices(len(around), k=1)
    squares = products.diagonal()
    return np.array([products[earlier, later].mean(), squares[earlier].mean(), squares[later].mean()])


def _correlation(means: FloatArray) -> FloatArray:
    scale = np.sqrt(means[:, 1] * means[:, 2])
    return np.asarray(np.divide(means[:, 0], scale, out=np.zeros(len(means)), where=scale > _EVEN), dtype=np.float64)


_EVEN = 1e-12


def verdict(
    answers: Sequence[InOrders | None],
    valid: Sequence[bool],
    bootstrap: Bootstrap,
    *,
    orders_asked: bool,
    judge_unreliable: bool = False,
) -> Verdict:
    """Judge a measurement by its answers and which of them are valid, question by question.

    `orders_asked` says whether every question was asked in several orders: where options are not shown, or answers come
    from a file, there is no letter to follow, and the answers are taken as they are given. The first of these that
    holds decides: nothing was answered; the judge of open answers errs too often; fewer than half of the questions are
    valid; fewer than 20 were answered in two orders; the agreement is below 0.5 or its interval reaches down to 0.
    """
    count = sum(answer is not None for answer in answers)
    agreement = order_agreement(answers, bootstrap) if orders_asked else None
    finding = _finding(agreement, sum(valid), len(valid), count, orders_asked, judge_unreliable)
    return Verdict(finding=finding, order_agreement=agreement, valid=sum(valid), answered=len(valid), both_orders=count)


def as_recorded(found: Verdict, recorded: Finding | None) -> Verdict:
    """Return the verdict on answers from a file, which may say what was found when the model was asked.

    From a file alone nobody can see whether the model followed the letters, so what it says decides.
    """
    if recorded is None or found.finding == "no_answers":
        return found
    return found.model_copy(update={"finding": recorded, "recorded": True})


def verdict_of(
    opinions: Mapping[str, Opinion], bootstrap: Bootstrap, *, orders_asked: bool, judge_unreliable: bool
) -> Verdict:
    """Judge a measurement by its opinions, by the id of the question; the flags are those of `verdict`."""
    return verdict(
        [in_orders(name, {each.order: each.distribution for each in one.by_order}) for name, one in opinions.items()],
        [one.valid for one in opinions.values()],
        bootstrap,
        orders_asked=orders_asked,
        judge_unreliable=judge_unreliable,
    )


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
