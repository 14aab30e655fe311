"""Did you mean …? The known word nearest to a mistyped one, and how a word or a value is shown in an error."""

from collections.abc import Iterable, Sequence
from difflib import SequenceMatcher
from itertools import islice

from personas.inputs.redaction import without_secrets

_LONGEST_SHOWN = 60
SUGGESTED = "did you mean "
"""What stands before a known name that a mistyped one is near to."""
_ALIKE = 0.6
"""The least similarity of a word and the one it may be a slip of: that of `difflib`, which takes the same limit."""
_MOST_COMPARED = 3000
"""A server may name hundreds of thousands of models, and each comparison takes some 80 µs."""


def nearest(word: str, known: Iterable[str], *, alike: float = _ALIKE) -> str | None:
    """Return the entry of `known` that looks most like `word`, ignoring case, the first of equals; None if none does.

    `alike` is the least similarity, the ratio of `difflib.SequenceMatcher`: twice the characters in common, in order,
    over the characters of both words (0 to 1). Only the first few thousand whose length allows for it are compared.
    """
    typed = word[:_LONGEST_SHOWN].casefold()
    folded = ((candidate, candidate[: 4 * _LONGEST_SHOWN].casefold()) for candidate in known)
    likely = ((candidate, text) for candidate, text in folded if _length_ratio(typed, text) >= alike)
    compared = islice(likely, _MOST_COMPARED)
    ratios = {candidate: SequenceMatcher(None, typed, text).ratio() for candidate, text in compared}
    best = max(ratios, key=ratios.__getitem__, default=None)
    return best if best is not None and ratios[best] >= alike else None


def _length_ratio(one: str, other: str) -> float:
    """Return the ratio of two words if all of the shorter one were in the other."""
    both = len(one) + len(other)
    return 2.0 * min(len(one), len(other)) / both if both else 1.0


def suggestion(word: str, known: Iterable[str], otherwise: str | None = None) -> str:
    """Return what to do about a mistyped word: take the nearest known one; if none is near, `otherwise`, or any.

    Where no word is known, it is to be left out.
    """
    words = list(known)
    near = nearest(word, words)
    if near is not None:
        return f"{SUGGESTED}{quoted(near)}?"
    return otherwise or (f"write {one_of(words)}" if words else "leave it out")


def one_of(words: Sequence[str]) -> str:
    """Return words as a choice: `"a", "b" or "c"`. There must be one at least."""
    *others, last = map(quoted, words)
    return f"{', '.join(others)} or {last}" if others else last


def quoted(value: object) -> str:
    """Return a value as a TOML file has it, fit for an error: one line of at most 60, without control characters.

    What looks like a key, a password or an address with one is masked.
    """
    match value:
        case str():
            text = f'"{_printable(without_secrets(value))}"'
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
