"""Which options of a question have a place on its scale, and which are refusals: one decision for all importers.

Surveys code what is not an answer with numbers that no answer has: 8, 98, 99, −1, −9. Taken as values they would be
places on the scale, far from all others, and most of the span of the question would be empty. What is decided here is
said in a note, so that the person can correct the file where it is wrong.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from eval.importers.building import Notes, collapsed
from eval.importers.markup import bare, without_markup
from eval.importers.refusal_texts import (
    COUNTED_AS_OPTIONS,
    answers_beside,
    declines,
    may_decline,
    named,
)

TAKEN_AS_REFUSALS = "taken as refusals (the text declines to answer)"
NO_PLACE = "without a place on the scale (taken as refusals)"
MAY_NOT_ANSWER = "that may not answer the question (counted as options)"
APART = "with a code apart from the others (counted as a place on the scale)"

_SHORT = frozenset({7, 8, 9, -1, -2, -3, -4, -5, -6, -7, -8, -9})
_LONG = frozenset(
    sign * int(digit * length + last)
    for sign in (1, -1)
    for digit, lasts in (("6", "6"), ("7", "7"), ("8", "8"), ("9", "56789"))
    for length in (1, 2, 3)
    for last in lasts
)
"""66, 77, 88 and 95 to 99, also with 6, 7, 8 or 9 before them, and the same below 0."""
_LEAST_SCALE = 2
_SAME = 1e-9


@dataclass(frozen=True, slots=True)
class Scale:
    """The options of a question with their ordinal values, None for one without a value, and its refusals."""

    options: tuple[str, ...]
    values: tuple[float | None, ...]
    refusals: tuple[str, ...]

    @property
    def ordinals(self) -> tuple[float, ...]:
        """The ordinal values if every option has one; none at all otherwise."""
        known = tuple(value for value in self.values if value is not None)
        return known if len(known) == len(self.values) else ()


def is_missing_code(value: float) -> bool:
    """Return whether surveys use this number for what is not an answer, such as 8, 99 or −9."""
    return value in _SHORT or value in _LONG


def scale_of(
    question: str,
    values: Mapping[str, float | None],
    notes: Notes,
    *,
    refusals: Sequence[str] = (),
    answers: Collection[str] = (),
) -> Scale:
    """Return the scale of a question from all its options and their values; None is an option without one.

    An option whose text declines is a refusal, unless its value lies between those of options that answer: it is then a
    middle of the scale, and named. Of other texts, those that may stand outside a scale ("Other", "Depends") are
    refusals if their value is a missing code outside the range of the others, or if they alone have none; so is any
    option with a missing code that breaks the spacing of the others. `refusals` are those of the source itself, and
    `answers` options of which it says that they are none: these stay where they have a place.
    """
    scale = _on_scale(values)
    middles: list[str] = []
    removed: set[str] = set()
    for text, value in values.items():
        reason, is_refusal = _judged(text, value, values, scale, text in answers)
        if reason == COUNTED_AS_OPTIONS:
            middles.append(text)
        elif reason is not None:
            notes.add_text(reason, _with_code(text, value), question)
        if is_refusal:
            removed.add(text)
    if middles:
        notes.add("question", COUNTED_AS_OPTIONS, named(question, middles))
    return Scale(
        options=tuple(text for text in values if text not in removed),
        values=tuple(value for text, value in values.items() if text not in removed),
        refusals=(*(text for text in values if text in removed), *refusals),
    )


def _judged(
    text: str, value: float | None, values: Mapping[str, float | None], scale: Sequence[float], is_answer: bool
) -> tuple[str | None, bool]:
    """Return what a note says of an option, None for nothing, and whether it is a refusal."""
    between = value is not None and len(scale) > 0 and scale[0] < value < scale[-1]
    outside = value is not None and len(scale) > 0 and not scale[0] <= value <= scale[-1]
    missing = value is not None and is_missing_code(value)
    if declines(text):
        if missing and (outside or not is_answer):
            return TAKEN_AS_REFUSALS, True
        stays = between or is_answer or answers_beside(text, list(values))
        if not stays:
            return TAKEN_AS_REFUSALS, True
        return (MAY_NOT_ANSWER if value is None else COUNTED_AS_OPTIONS), False
    if may_decline(text):
        if outside and value is not None and (missing or _is_far(value, scale)):
            return NO_PLACE, True
        if value is None and len(scale) >= _LEAST_SCALE:
            return NO_PLACE, True
        return (None, False) if between else (MAY_NOT_ANSWER, False)
    if value is None or not missing or not outside or not _is_far(value, scale):
        return None, False
    return (APART, False) if is_answer and value in _SHORT else (NO_PLACE, True)


def _on_scale(values: Mapping[str, float | None]) -> tuple[float, ...]:
    """Return the values of the options that certainly answer, ascending.

    A missing code belongs to them only if it continues the others: 8 and 9 do on a scale from 1 to 10, and 99 between
    98 and 100.
    """
    sure = {text: value for text, value in values.items() if value is not None and not declines(text)}
    certain = sorted({value for text, value in sure.items() if not is_missing_code(value) and not may_decline(text)})
    codes = sorted({value for text, value in sure.items() if is_missing_code(value) and not may_decline(text)})
    if len(certain) < _LEAST_SCALE:
        return tuple(sorted({*certain, *codes}))
    for code in (*(c for c in codes if c > certain[0]), *reversed([c for c in codes if c < certain[0]])):
        if not _is_far(code, certain):
            certain = sorted({*certain, code})
    return tuple(certain)


def _is_far(code: float, scale: Sequence[float]) -> bool:
    """Return whether a code lies outside a scale and breaks its spacing.

    A long code must be farther from the scale than the scale is long. A short one, which could be the next value, must
    leave a gap on a scale that is evenly spaced.
    """
    if len(scale) < _LEAST_SCALE or scale[0] <= code <= scale[-1]:
        return False
    gap = scale[0] - code if code < scale[0] else code - scale[-1]
    steps = [after - before for before, after in pairwise(scale)]
    if code in _LONG:
        return gap > max(scale[-1] - scale[0], max(steps))
    return max(steps) - min(steps) < _SAME and gap > max(steps) + _SAME


def _with_code(text: str, value: float | None) -> str:
    shown = collapsed(without_markup(text))
    return shown if value is None or bare(text) == f"{value:g}" else f"{shown} ({value:g})"
