"""The values that the figures of a report can have, so that a damaged report is not shown as if it were one.

A report is read by programs and shown to people who cannot see that a figure is impossible. Every number has limits by
what it measures; only an interval may pass them, by its width. All are wide enough for what rounding and servers do.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from eval.answers import MOST_SUM
from eval.report.provenance import FROM_FILE

Place = tuple[str | int, ...]
Limits = tuple[float, float]

ROUNDING = 1e-9
"""How far rounding may take a figure beyond its limits."""
SUMS = MOST_SUM - 1
"""The same for answers from a file, whose masses may sum to a little more than 1."""
WIDTH = 2.0
"""How far the interval of a score may reach beyond its limits."""
MOST = 1e15
"""What no ratio, and no place of an option on its scale, exceeds; larger numbers are damage."""

_SHARES = frozenset(
    {
        *("alignment", "total_variation", "refusal", "human_refusal", "label_mass", "order_bias", "p", "share"),
        *("human", "model", "letters_removed", "persona", "population", "uniform", "everyone_else", "sample"),
        *("change", "change_across_orders", "repeat", "error", "paraphrase_error", "abstention_error", "limit"),
        *("entropy_thirds", "top_p"),
    }
)
"""What lies between 0 and 1, by its key, or by that of the object or list that it is in."""
_DIFFERING = frozenset({"alignment", "total_variation"})
"""What differences are taken of, in objects that are called so."""
_UNLIMITED = frozenset({"skill", "slope", "relative", "ordinal"})
"""Ratios and places on a scale, which may be negative and large."""
_LARGE = frozenset({"seed", "worth", "entropy_ratio"})
"""What is 0 or more and may be very large."""


def impossible(document: Any, report: Place = ()) -> Iterator[tuple[Place, float, str]]:
    """Yield each number that a report cannot have: its place, the number, and what to write.

    `document` is a JSON object of one report, or of several; `report` is the place of `document` in the file.
    """
    room = SUMS if _is_from_file(document) else 0.0
    for place, number in _numbers(document, report):
        low, high = limits(place)
        if not low - room - ROUNDING <= number <= high + room + ROUNDING:
            yield place, number, f"write {low:g} or more" if number < low else f"write {high:g} or less"


def limits(place: Sequence[str | int]) -> Limits:
    """Return the least and the largest value of the number at a place of a report."""
    *around, key = [part for part in place if isinstance(part, str)]
    is_score = key in ("mean", "low", "high") and around != []
    measure = around[-1] if is_score else key
    low, high = _of_measure(measure, around)
    if is_score and key != "mean" and measure != "entropy_thirds":
        return low - WIDTH, high + WIDTH
    return low, high


def _of_measure(measure: str, around: Sequence[str]) -> Limits:
    if measure in _UNLIMITED:
        return -MOST, MOST
    if measure == "order_agreement":
        return -1, 1
    if measure in _LARGE:
        return 0, float("inf") if measure == "seed" else MOST
    if "minus" in measure or (measure in _DIFFERING and any("minus" in key or key == "gaps" for key in around)):
        return -2, 2  # a difference of differences at most, as in minus_even
    if measure == "label_mass":
        return 0, 1 + SUMS  # a server may round the probabilities of which it is the sum
    return (0, 1) if measure in _SHARES else (0, MOST)


def _numbers(value: Any, place: Place) -> Iterator[tuple[Place, float]]:
    match value:
        case bool():
            return
        case int() | float():
            yield place, value
        case dict():
            for key, part in value.items():
                yield from _numbers(part, (*place, key))
        case list():
            for number, part in enumerate(value):
                yield from _numbers(part, (*place, number))


def _is_from_file(document: Any) -> bool:
    """Whether any of the reports is on answers from a file."""
    return any(each["model"]["engine"] == FROM_FILE for each in document.get("reports", (document,)))
