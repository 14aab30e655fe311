"""The known word nearest to a mistyped one, and how a foreign word is shown."""

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
    """Return a value from a file as it may be printed: on one line, quoted, without control characters, cut if long."""
    text = ascii(value) if not isinstance(value, str) else _quoted(value)
    return text if len(text) <= _LONGEST_SHOWN else f"{text[: _LONGEST_SHOWN - 1]}…"


def _quoted(text: str) -> str:
    inner = "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)
    return f'"{inner}"'
