"""Option orders: in which of them a question is put, and which option then stands at which place.

A model that likes the letter A likes whatever stands there. Two orders, the survey's and its reverse, show that, but
only where there are two options do they put every option in every place. All rotations do: then a habit of letters
falls on each option alike. Drawn permutations are in between.
"""

import hashlib
import itertools
from collections.abc import Sequence
from math import factorial
from typing import Annotated, Literal, Protocol

from pydantic import Field

from eval.engine import ORDERS, Order

OrderScheme = int | Literal["cyclic"]
"""Which orders: 2 the survey's and its reverse, `cyclic` all rotations, another number so many drawn permutations."""
Orders = Sequence[Order] | OrderScheme
"""A scheme, or the names of the orders themselves."""
OrderName = Annotated[Order, Field(pattern=r"^(survey|reversed|(rotated|shuffled)-[1-9][0-9]{0,2})$")]
"""An order as reports name it."""
TWO = 2
MOST = 120
"""Permutations that can be asked for: all those of five options."""


class Optioned(Protocol):
    """The part of a survey question that its orders depend on."""

    @property
    def id(self) -> str: ...
    @property
    def option_texts(self) -> tuple[str, ...]: ...


def orders_for(asked: Orders, question: Optioned) -> tuple[Order, ...]:
    """Return the orders in which a question is put, those of a scheme or those given.

    `cyclic` gives `survey`, `rotated-1`, … as many as there are options, so that every option stands once in every
    place. A number other than 2 gives `shuffled-1`, …: distinct permutations, so no more than there are of the options.

    Raises:
        ValueError: fewer than two orders: the habit of a letter could not be told from an opinion.
    """
    count = len(question.option_texts)
    if asked == "cyclic":
        return ("survey", *(f"rotated-{steps}" for steps in range(1, count)))
    if asked == TWO:
        return ORDERS
    if isinstance(asked, int):
        if asked < TWO:
            raise ValueError(f"orders must be cyclic or a number of at least {TWO}, not {asked}")
        return tuple(f"shuffled-{number}" for number in range(1, min(asked, factorial(count)) + 1))
    return tuple(asked)


def scheme_of(orders: Sequence[Order]) -> Orders:
    """Return the scheme in which a run that names these orders has put its questions.

    With fewer options than the run has orders, a question has fewer: a scheme says which, a list of names does not.
    """
    if any(order.startswith("rotated-") for order in orders):
        return "cyclic"
    drawn = [int(order.removeprefix("shuffled-")) for order in orders if order.startswith("shuffled-")]
    return max(*drawn, TWO + 1) if drawn else tuple(orders)


def all_orders(asked: Orders, questions: Sequence[Optioned]) -> tuple[Order, ...]:
    """Return every order in which at least one of the questions is put."""
    return tuple(dict.fromkeys(order for question in questions for order in orders_for(asked, question)))


def places(order: Order, question_id: str, count: int) -> tuple[int, ...]:
    """Return which of `count` options, by its number in the survey's order, stands at each place.

    The permutations are drawn with the question's id as the seed, so that a report, which names them, says enough to
    repeat its prompts.

    Raises:
        ValueError: there is no such order of so many options.
    """
    kind, _, number = order.partition("-")
    if order == "survey":
        return tuple(range(count))
    if order == "reversed":
        return tuple(range(count))[::-1]
    if kind == "rotated" and number.isdecimal() and 0 < int(number) < count:
        return tuple((place + int(number)) % count for place in range(count))
    if kind == "shuffled" and number.isdecimal() and 0 < int(number) <= factorial(count):
        return _permutations(question_id, count, int(number))[-1]
    raise ValueError(f"there is no order {order} of {count} options")


def balanced(orders: Sequence[Order], question_id: str, count: int) -> bool:
    """Return whether every one of `count` options stands at every place equally often in these orders.

    Then each letter helps each option alike. So it is in all rotations, and with two options in two orders.
    """
    at_places = zip(*(places(order, question_id, count) for order in orders), strict=True)
    return all(at_place.count(option) * count == len(orders) for at_place in at_places for option in range(count))


def _permutations(question_id: str, count: int, first: int) -> list[tuple[int, ...]]:
    """Return the first permutations of a question, all distinct: by hashes of its options, the same everywhere."""
    found: dict[tuple[int, ...], None] = {}
    for draw in itertools.count():
        if len(found) == first:
            break
        hashes = [hashlib.sha256(f"{question_id}\0{draw}\0{option}".encode()).digest() for option in range(count)]
        found[tuple(sorted(range(count), key=hashes.__getitem__))] = None
    return list(found)
