"""A model's answers to survey questions, before they are compared with people, and failures counted by reason."""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from eval.engine import Order

FloatArray = NDArray[np.float64]
Refusals = Literal["apart", "as-option"]
"""How refusals are scored: left out and the rest renormalised, or as one more option."""
REFUSALS_ONLY = "answered with refusals only"
"""Why an answered question has no distribution to compare while refusals are apart."""
LEAST_SUM, MOST_SUM = 0.95, 1.05
"""The sums that the shares of one answer may have, whoever gives it: see `is_whole`."""
_TOLERANCE = 1e-9  # 0.95 is allowed, and a sum of floats may miss it
_PARTICULARS = re.compile(r": | \(")
"""The text after this is about one question only, or is a server's own message."""
_IN_ORDER = re.compile(r"(survey|reversed|rotated-\d+|shuffled-\d+) order: ")


@dataclass(frozen=True, slots=True)
class OrderAnswer:
    """The masses that a model gave to the options of one question, asked in one option order.

    `options` are probabilities as the model gave them, not normalised. They are in the survey's order, whatever the
    order in which they were printed. `refusal` is the mass on all refusal options together. `label_mass` is the
    probability of all answer labels (0 to 1), None if the answer does not come from labels.

    `truncation` is the greatest possible total variation between the estimated distribution and the true one, because a
    server did not show all tokens; 0 if exact. `options_upper` are upper bounds on `options` in that case, None if
    exact. `as_is` says that the masses are a whole distribution: with refusals as-option they are scored as they are,
    although their sum may differ from 1 by a little.
    """

    order: Order
    options: FloatArray
    refusal: float
    label_mass: float | None
    truncation: float = 0.0
    options_upper: FloatArray | None = None
    as_is: bool = False


@dataclass(frozen=True, slots=True)
class Replies:
    """The replies in words behind an answer: how many were asked for, and why some could not be read."""

    asked: int = 0
    unread: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Answer:
    """A model's answer to one question, in each option order in which it was asked, and the cost of asking.

    `dropped_messages` counts the oldest messages of the conversation that did not fit into the model's context.
    `replies` are those in words. `doubtful` marks an answer that could be read but must not be trusted.
    """

    question_id: str
    by_order: tuple[OrderAnswer, ...]
    tokens_decoded: int = 0
    tokens_reused: int = 0
    dropped_messages: int = 0
    replies: Replies = Replies()
    doubtful: bool = False


@dataclass(frozen=True, slots=True)
class Failure:
    """A question without an answer that can be scored, and the reason in one line.

    `why` begins with the option order where that matters. What is about this question only comes at its end, after ": "
    or in brackets, so that failures can be counted by reason:
    `reversed order: the reply is not a list of letters: "As for me"`.
    """

    question_id: str
    why: str
    tokens_decoded: int = 0
    tokens_reused: int = 0
    replies: Replies = Replies()


def is_whole(total: float) -> bool:
    """Return whether `total`, the sum of the shares of an answer, may stand for a whole: 0.95 to 1.05.

    One rule for what a model writes (`verbalized`) and for what a file of answers says, because the second is often the
    first, written down by another program. Ten shares that are each rounded to whole percent miss 100 by up to 5, and
    models that count badly come out at 99 or 102. Farther off, what is missing or too much is as large as the
    differences that are measured, and the answer is a failure.
    """
    return LEAST_SUM - _TOLERANCE <= total <= MOST_SUM + _TOLERANCE


def by_reason(whys: Iterable[str]) -> tuple[tuple[str, int], ...]:
    """Return each reason with its number of failures, the most frequent first."""
    return tuple(Counter(map(reason, whys)).most_common())


def reason(why: str) -> str:
    """Return why a question failed, without the option order and what is about this question only."""
    begins = _IN_ORDER.match(why)
    return _PARTICULARS.split(why[begins.end() :] if begins else why)[0]
