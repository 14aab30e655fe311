"""How groups are written as keys of a survey's responses: `POLPARTY`, then `Democrat`; pairs joined by " x "."""

from collections.abc import Collection
from functools import lru_cache

from personas import CATALOGUE, OPEN_ATTRIBUTES, attribute_of
from personas.inputs.models import broken_rule
from personas.inputs.suggestions import shown, suggestion

_PAIR = " x "


def pair_key(first: str, second: str) -> str:
    """Join two attributes, or two values: `POLPARTY x SEX`, `Democrat x Female`."""
    return f"{first}{_PAIR}{second}"


def check_attribute(key: str, keys: Collection[str]) -> None:
    """Check a key that should be an attribute of the catalogue, or `COUNTRY`, or a pair of two different ones.

    `keys` are all keys beside it: a pair may be there in one order only.

    Raises:
        PydanticCustomError: it is neither; the message names the nearest attribute.
    """
    names = key.split(_PAIR)
    for name in names:
        if attribute_of(name) is None:
            problem = f"responses: there is no attribute {shown(name)}"
            raise broken_rule(f"{problem}; {suggestion(name, (*CATALOGUE, *OPEN_ATTRIBUTES))}")
    if len(names) > 2 or len(set(names)) < len(names):
        raise broken_rule(f'responses: {shown(key)} is no pair; write two different attributes, as in "POLPARTY x SEX"')
    if len(names) == 2 and pair_key(*reversed(names)) in keys:
        raise broken_rule(f"responses: {shown(key)} is there in the other order, too; keep one of them")


def check_value(attribute: str, value: str) -> None:
    """Check that `value` is one of a checked attribute, or a pair of values for a pair of attributes.

    Any printable text is a value of an open attribute, such as a country.

    Raises:
        PydanticCustomError: it is not; the message names the nearest.
    """
    known, are_open = _values(attribute)
    if are_open:
        _check_open(attribute, value)
    elif value not in known:
        problem = f"responses {attribute}: there is no value {shown(value)}"
        raise broken_rule(f"{problem}; {suggestion(value, known)}")


def _check_open(attribute: str, value: str) -> None:
    names, parts = attribute.split(_PAIR), value.split(_PAIR)
    if len(parts) != len(names) or not all(part.strip() and part.isprintable() for part in parts):
        wanted = "a value of each attribute" if len(names) > 1 else "one value"
        raise broken_rule(f"responses {attribute}: {shown(value)} is not {wanted}; write it on one line of plain text")
    for name, part in zip(names, parts, strict=True):
        if len(names) > 1:
            check_value(name, part)


@lru_cache
def _values(attribute: str) -> tuple[tuple[str, ...], bool]:
    """Return the values that may stand with an attribute or a pair, and whether any text may."""
    names = attribute.split(_PAIR)
    if any(name in OPEN_ATTRIBUTES for name in names):
        return (), True
    first, *second = (CATALOGUE[name].values for name in names)
    return (tuple(pair_key(a, b) for a in first for b in second[0]) if second else first), False
