"""What a model said to survey questions, before it is compared with anyone.

Failures counted by reason.
"""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from eval.engine import ORDERS, Order

FloatArray = NDArray[np.float64]
Refusals = Literal["apart", "as-option"]
REFUSALS_ONLY = "answered with refusals only"
"""Why a question that got an answer has no distribution to compare while refusals are apart."""


@dataclass(frozen=True, slots=True)
class OrderAnswer:
    """The masses that a model gave to the options of one question, asked in one option order.

    `options` are probabilities as the model gave them, not normalised, in the survey's order whatever the order in
    which they were printed; `refusal` is the mass on all refusal options together. `label_mass` is the probability of
    all answer labels (0 to 1), None where answers do not come from labels. `truncation` bounds what the
    tokens that a server did not show could change: the greatest possible total variation between the
    distribution as estimated and the true one, 0 when exact; `options_upper` is the most that each of `options` can be
    then, None when exact. `as_is` says that the masses are a whole distribution already: with refusals as-option they
    are scored as they are, although they may miss 1 by a little.
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
    """The replies in words that an answer was read from: how many were asked for, and why some were not."""

    asked: int = 0
    unread: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Answer:
    """What a model said to one question, in each option order in which it was asked, and what asking cost.

    `dropped_messages` counts the oldest messages of the conversation that the model did not see when it was asked.
    `replies`: where it answered in words. `doubtful` marks an answer that could be read and is not to be trusted.
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
    """A question that got no answer that could be scored, and in one line why.

    `why` begins with the option order where that matters, and what belongs to this question alone stands at its end
    after ": ", so that failures can be counted by reason, as in
    `reversed order: the reply is not a list of letters: "As for me"`.
    """

    question_id: str
    why: str
    tokens_decoded: int = 0
    tokens_reused: int = 0
    replies: Replies = Replies()


_PARTICULARS = re.compile(r": | \(")
"""What follows belongs to one question, or is in a server's own words."""
_PREFIXES = tuple(f"{order} order: " for order in ORDERS)


def by_reason(whys: Iterable[str]) -> tuple[tuple[str, int], ...]:
    """Return each reason with its number, the most frequent first; see `Failure.why` for how it is told apart."""
    return tuple(Counter(map(reason, whys)).most_common())


def reason(why: str) -> str:
    """Return why a question failed without the option order and without what belongs to this question alone."""
    for prefix in _PREFIXES:
        why = why.removeprefix(prefix)
    return _PARTICULARS.split(why)[0]
