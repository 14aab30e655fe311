"""Failures counted by reason."""

import re
from collections import Counter
from collections.abc import Iterable

from eval.rendering import ORDERS

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
