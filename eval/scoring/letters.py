"""What of a model's answers is only a habit of choosing a letter, and what is left without it.

A small model often gives the first letter most of the mass whatever the first option says. Averaging the two option
orders does not remove that with three options or more: a love of the first letter becomes a love of both ends. Two
things help to see it. The *letters* reference answers every question with the mean letter shares of the other
questions: a persona that does no better has shown no opinion. And with the *letters removed*, each question's answer
is corrected by how much its letters were liked on the other questions.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from eval.answers import FloatArray
from eval.engine import ORDERS, Order

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
