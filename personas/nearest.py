"""The known word nearest to a mistyped one, and how what stands in a file is shown in an error."""

from collections.abc import Iterable
from difflib import SequenceMatcher

_LONGEST_SHOWN = 60


def nearest(word: str, known: Iterable[str]) -> str:
    """Return the entry of `known` that looks most like `word`, ignoring case; the earliest of equals.

    Raises:
        ValueError: `known` is empty.
    """
    typed = word[:_LONGEST_SHOWN].casefold()
    return max(known, key=lambda candidate: SequenceMatcher(None, typed, candidate.casefold()).ratio())


def shown(value: object) -> str:
    """Return a value as a TOML file would have it, fit for an error: on one short line, no control characters."""
    match value:
        case str():
            text = f'"{_printable(value)}"'
        case bool():
            text = str(value).lower()
        case int() if value.bit_length() > _LONGEST_SHOWN:
            text = "a very large number"
        case dict():
            text = "a table"
        case list():
            text = "a list"
        case _:
            text = _printable(str(value))
    return text if len(text) <= _LONGEST_SHOWN else f"{text[: _LONGEST_SHOWN - 1]}…"


def _printable(text: str) -> str:
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)
