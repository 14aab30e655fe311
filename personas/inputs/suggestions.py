"""The known word that a mistyped one may stand for, and how what stands in a file is shown in an error."""

from collections.abc import Iterable, Sequence
from difflib import SequenceMatcher

_LONGEST_SHOWN = 60
_ALIKE = 0.6
"""From which ratio of `difflib` on (0 to 1) a word may be a slip of another; the limit that `difflib` itself takes."""


def nearest(word: str, known: Iterable[str]) -> str | None:
    """Return the entry of `known` that looks most like `word`, ignoring case, the first of equals; None if none does.

    What has less than 0.6 of its letters in common with `word`, in order, is not like it.
    """
    typed = word[:_LONGEST_SHOWN].casefold()
    alike = {candidate: SequenceMatcher(None, typed, candidate.casefold()).ratio() for candidate in known}
    best = max(alike, key=alike.__getitem__, default=None)
    return best if best is not None and alike[best] >= _ALIKE else None


def suggestion(word: str, known: Iterable[str], otherwise: str | None = None) -> str:
    """Return what to do about a mistyped word: write the nearest or else, unless `otherwise` says more, a known one."""
    words = list(known)
    near = nearest(word, words)
    if near is not None:
        return f"did you mean {quoted(near)}?"
    return otherwise or f"write {one_of(words)}"


def one_of(words: Sequence[str]) -> str:
    """Return words as a choice between them, as a file would have them."""
    *others, last = map(quoted, words)
    return f"{', '.join(others)} or {last}" if others else last


def quoted(value: object) -> str:
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
            text = "a list" if value else "an empty list"
        case _:
            text = _printable(str(value))
    return text if len(text) <= _LONGEST_SHOWN else f"{text[: _LONGEST_SHOWN - 1]}…"


def _printable(text: str) -> str:
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)
