"""How groups are written as keys of a survey's responses: `POLPARTY`, then `Democrat`; pairs joined by " x "."""

from collections.abc import Collection
from functools import lru_cache

from personas import CATALOGUE
from personas.nearest import nearest, shown
from personas.strict import broken_rule

_PAIR = " x "


def pair_key(first: str, second: str) -> str:
    """Join two attributes, or two values: `POLPARTY x SEX`, `Democrat x Female`."""
    return f"{first}{_PAIR}{second}"


def check_attribute(key: str, keys: Collection[str]) -> None:
    """Check a key that should be an attribute of the catalogue, or a pair of two different ones.

    `keys` are all keys beside it: a pair may be there in one order only.

    Raises:
        PydanticCustomError: it is neither; the message names the nearest attribute.
    """
    names = key.split(_PAIR)
    for name in names:
        if name not in CATALOGUE:
            problem = f"responses: there is no attribute {shown(name)}"
            raise broken_rule(f"{problem}; did you mean {shown(nearest(name, CATALOGUE))}?")
    if len(names) > 2 or len(set(names)) < len(names):
        raise broken_rule(f'responses: {shown(key)} is no pair; write two different attributes, as in "POLPARTY x SEX"')
    if len(names) == 2 and pair_key(*reversed(names)) in keys:
        raise broken_rule(f"responses: {shown(key)} is there in the other order, too; keep one of them")


def check_value(attribute: str, value: str) -> None:
    """Check that `value` is one of a checked attribute, or a pair of values for a pair of attributes.

    Raises:
        PydanticCustomError: it is not; the message names the nearest.
    """
    known = _values(attribute)
    if value not in known:
        problem = f"responses {attribute}: there is no value {shown(value)}"
        raise broken_rule(f"{problem}; did you mean {shown(nearest(value, known))}?")


@lru_cache
def _values(attribute: str) -> tuple[str, ...]:
    first, *second = (CATALOGUE[name].values for name in attribute.split(_PAIR))
    return tuple(pair_key(a, b) for a in first for b in second[0]) if second else first
