"""From an answer to a distribution: refusals left out or kept, option orders averaged, validity decided."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from math import isfinite

import numpy as np

from eval.answers import Answer, FloatArray, OrderAnswer, Refusals
from eval.engine import Order
from eval.errors import AnswerError
from eval.scoring.metrics import total_variation

MIN_LABEL_MASS = 0.5
MAX_TRUNCATION = 0.1


@dataclass(frozen=True, slots=True)
class OrderOpinion:
    """The opinion in one option order; fields as in `Opinion`, `truncation` as in `OrderAnswer`.

    `distribution` is None where refusals are apart and the answer consists of refusals only.
    """

    order: Order
    distribution: FloatArray | None
    refusal: float
    label_mass: float | None
    truncation: float


@dataclass(frozen=True, slots=True)
class Opinion:
    """The model's opinion on one question, averaged over the option orders.

    `distribution` is over the options in the survey's order. With refusals `apart` it sums to 1; with `as-option` to
    1 - `refusal`, unless the answer is to be scored as it is. With refusals `apart`, an order with nothing but refusals
    is left out of the average; if all orders are like that, `distribution` is None.

    `refusal` is the share of the refusal options in the mass of all labels, averaged over all orders. `order_bias` is
    the total variation between the distributions of two orders, the mean over all pairs of orders, None without a pair.
    """

    distribution: FloatArray | None
    refusal: float
    label_mass: float | None
    order_bias: float | None
    valid: bool
    by_order: tuple[OrderOpinion, ...]


def opinion(answer: Answer, refusals: Refusals) -> Opinion:
    """Return the opinion behind an answer: each order is normalised, then the orders are averaged.

    It is not valid if the label mass is below `MIN_LABEL_MASS` in any order (the model wanted to say something else),
    if tokens that a server did not show could change the distribution by more than `MAX_TRUNCATION` in total variation,
    or if the answer is doubtful.

    Raises:
        AnswerError: a mass is negative, infinite or NaN, or an order has no mass on any answer.
    """
    if not answer.by_order:
        raise AnswerError(f"{answer.question_id}: the answer has no option order")
    orders = tuple(_order_opinion(answer.question_id, order, refusals) for order in answer.by_order)
    masses = [order.label_mass for order in orders if order.label_mass is not None]
    distributions = [order.distribution for order in orders if order.distribution is not None]
    return Opinion(
        distribution=np.mean(distributions, axis=0) if distributions else None,
        refusal=float(np.mean([order.refusal for order in orders])),
        label_mass=float(np.mean(masses)) if masses else None,
        order_bias=_order_bias(orders, refusals),
        valid=not answer.doubtful
        and all(mass >= MIN_LABEL_MASS for mass in masses)
        and all(order.truncation <= MAX_TRUNCATION for order in orders),
        by_order=orders,
    )


def _order_opinion(question_id: str, answer: OrderAnswer, refusals: Refusals) -> OrderOpinion:
    masses = [*answer.options, answer.refusal, 0.0 if answer.label_mass is None else answer.label_mass]
    if not all(isfinite(mass) and mass >= 0 for mass in masses):
        raise AnswerError(f"{question_id}: a figure in the {answer.order} order is not a probability")
    on_options = float(answer.options.sum())
    everything = on_options + answer.refusal
    if not everything > 0:
        raise AnswerError(f"{question_id}: no probability on any answer in the {answer.order} order")
    whole = 1.0 if answer.as_is and refusals == "as-option" else everything
    compared_mass = on_options if refusals == "apart" else whole
    return OrderOpinion(
        order=answer.order,
        distribution=answer.options / compared_mass if compared_mass > 0 else None,
        refusal=answer.refusal / whole,
        label_mass=answer.label_mass,
        truncation=answer.truncation,
    )


def _order_bias(orders: Sequence[OrderOpinion], refusals: Refusals) -> float | None:
    known = [(order.distribution, order.refusal) for order in orders if order.distribution is not None]
    if len(known) < 2:
        return None
    pairs = combinations([compared(distribution, refusal, refusals) for distribution, refusal in known], 2)
    return float(np.mean([total_variation(first, second) for first, second in pairs]))


def compared(distribution: FloatArray, refusal: float, refusals: Refusals) -> FloatArray:
    """Return what total variation and entropy are computed on: the options and, with `as-option`, the refusals.

    All refusal options count as one, because surveys publish one figure for them.
    """
    return distribution if refusals == "apart" else np.append(distribution, refusal)
