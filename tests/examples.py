"""How much is tried in `make test`, and how much more in `make check`: examples of a property, variants of a test."""

from collections.abc import Iterable
from typing import Any

import pytest
from _pytest.mark import ParameterSet
from hypothesis import settings

WHOLE = 100
"""Examples of a property that does not say how many it needs, in `make check`."""
QUICK = 25
"""The same in `make test`."""
FEWEST = 5


def share(number: int) -> int:
    """Return how many examples to try where `make check` tries `number`, as each takes long; at least 5 of them."""
    return max(min(number, FEWEST), number * settings.default.max_examples // WHOLE)


def slow_but_first(
    names: str | tuple[str, ...], values: Iterable[Any], *, quick: int = 1, ids: Any = None
) -> pytest.MarkDecorator:
    """Return `pytest.mark.parametrize(names, values)` with all but the first `quick` marked slow.

    It is for values that repeat a test under other conditions. Put those first that differ most.
    """
    several = not isinstance(names, str)
    marked = []
    for place, value in enumerate(values):
        if not isinstance(value, ParameterSet):
            value = pytest.param(*value) if several else pytest.param(value)
        marks = value.marks if place < quick else (*value.marks, pytest.mark.slow)
        marked.append(pytest.param(*value.values, marks=marks, id=value.id))
    return pytest.mark.parametrize(names, marked, ids=ids)
