"""How many examples a property is tried on: fewer in `make test` than in `make check`."""

from hypothesis import settings

WHOLE = 100
"""Examples of a property that does not say how many it needs, in `make check`."""
QUICK = 25
"""The same in `make test`."""
FEWEST = 5


def share(number: int) -> int:
    """Return how many examples to try where `make check` tries `number`, as each takes long; at least 5 of them."""
    return max(min(number, FEWEST), number * settings.default.max_examples // WHOLE)
