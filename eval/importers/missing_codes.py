"""Which options of a question have a place on its scale, which are refusals, and which stand for people not asked.

One decision for all importers. Surveys code what is not an answer with numbers that no answer has: 8, 98, 99, −1, −9.
Taken as values they would be places on the scale, far from all others, and most of the span of the question would be
empty. What is decided here is said in a note, so that the person can correct the file where it is wrong.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from eval.importers.building import Notes, RefusalsKept, collapsed
from eval.importers.markup import bare, without_markup
from eval.importers.refusal_texts import (
    COUNTED_AS_OPTIONS,
    Meaning,
    answers_beside,
    meaning_of,
    named,
    was_not_asked,
)

TAKEN_AS_REFUSALS = "taken as refusals (the text declines to answer)"
TAKEN_AS_NOT_ASKED = "taken as people who were not asked (left out of all figures)"
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
_DECLINED_DIGITS = (7, 8, 9)
_LEAST_SCALE = 2
_SAME = 1e-9


@dataclass(frozen=True, slots=True)
class Scale:
    """The options of a question with their ordinal values, None for one without a value, and its refusals.

    `not_asked` are the texts of people to whom the question was not put: they belong into no figure.
    """

    options: tuple[str, ...]
    values: tuple[float | None, ...]
    refusals: tuple[str, ...]
    not_asked: tuple[str, ...] = ()

    @property
    def ordinals(self) -> tuple[float, ...]:
        """The ordinal values if every option has one; none at all otherwise."""
        known = tuple(value for value in self.values if value is not None)
        return known if len(known) == len(self.values) else ()


def is_missing_code(value: float) -> bool:
    """Return whether surveys use this number for what is not an answer, such as 8, 99 or −9."""
    return value in _SHORT or value in _LONG


def meaning_of_code(value: float) -> Meaning | None:
    """Return what a code without a text probably means: declined if it ends in 7, 8 or 9, and doubtful otherwise.

    -1 is "inapplicable" in one survey and "don't know" in another. None for a number that is not a missing code.
    """
    if not is_missing_code(value):
        return None
    return "declined" if abs(value) % 10 in _DECLINED_DIGITS else "doubtful"


def scale_of(
    question: str,
    values: Mapping[str, float | None],
    notes: Notes,
    *,
    refusals: Sequence[str] = (),
    answers: Collection[str] = (),
    kept: RefusalsKept = "pooled",
) -> Scale:
    """Return the scale of a question from all its options and their values; None is an option without one.

    An option whose text declines is a refusal, and one whose text says that people were not asked is left out, unless
    its value lies between those of options that answer: it is then a middle of the scale, and named. Of other texts,
    those that may stand outside a scale ("Other", "Depends") are refusals if their value is a missing code outside the
    range of the others, or if they alone have none; so is any option with a missing code that breaks the spacing of the
    others. `refusals` are those of the source itself, and `answers` options of which it says that they are none: these
    stay where they have a place.

    With refusals `kept` as options, each is an option after the others, and none has a place on a scale.
    """
    scale = _on_scale(values)
    middles: list[str] = []
    found: dict[_Part, list[str]] = {"option": [], "refusal": [], "not_asked": []}
    for text, value in values.items():
        reason, part = _judged(text, value, values, scale, text in answers)
        if reason == COUNTED_AS_OPTIONS:
            middles.append(text)
        elif reason is not None:
            notes.add_text(reason, _with_code(text, value), question)
        found[part].append(text)
    if middles:
        notes.add("question", COUNTED_AS_OPTIONS, named(question, middles))
    options, declining, not_asked = found["option"], (*found["refusal"], *refusals), tuple(found["not_asked"])
    own_values = tuple(values[text] for text in options)
    if kept == "options":
        return Scale((*options, *declining), (*own_values, *(None for _ in declining)), (), not_asked)
    return Scale(tuple(options), own_values, declining, not_asked)


def without_not_asked(question: str, refusals: Sequence[str], notes: Notes) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return those of a source's refusals that decline, and those that stand for people who were not asked, noted.

    For sources that keep everything without a place on the scale in one list.
    """
    not_asked = tuple(text for text in refusals if was_not_asked(text))
    for text in not_asked:
        notes.add_text(TAKEN_AS_NOT_ASKED, _with_code(text, None), question)
    return tuple(text for text in refusals if text not in not_asked), not_asked


NOT_ASKED_LEFT_OUT = "left out (people who were not asked)"
"""The reason with the numbers of answers that are left out with the texts of `TAKEN_AS_NOT_ASKED`."""

_Part = Literal["option", "refusal", "not_asked"]


def _judged(
    text: str, value: float | None, values: Mapping[str, float | None], scale: Sequence[float], is_answer: bool
) -> tuple[str | None, _Part]:
    """Return what a note says of an option, None for nothing, and what it is."""
    between = value is not None and len(scale) > 0 and scale[0] < value < scale[-1]
    outside = value is not None and len(scale) > 0 and not scale[0] <= value <= scale[-1]
    missing = value is not None and is_missing_code(value)
    match meaning_of(text):
        case "declined" | "not_asked" as meaning:
            leaves: tuple[str, _Part] = (TAKEN_AS_REFUSALS, "refusal")
            if meaning == "not_asked":
                leaves = (TAKEN_AS_NOT_ASKED, "not_asked")
            if missing and (outside or not is_answer):
                return leaves
            if between or is_answer or answers_beside(text, list(values)):
                return (MAY_NOT_ANSWER if value is None else COUNTED_AS_OPTIONS), "option"
            return leaves
        case "doubtful":
            if outside and value is not None and (missing or _is_far(value, scale)):
                return NO_PLACE, "refusal"
            if value is None and len(scale) >= _LEAST_SCALE:
                return NO_PLACE, "refusal"
            return (None if between else MAY_NOT_ANSWER), "option"
    if value is None or not missing or not outside or not _is_far(value, scale):
        return None, "option"
    if is_answer and value in _SHORT:
        return APART, "option"
    return NO_PLACE, "refusal"


def _on_scale(values: Mapping[str, float | None]) -> tuple[float, ...]:
    """Return the values of the options that certainly answer, ascending.

    A missing code belongs to them only if it continues the others: 8 and 9 do on a scale from 1 to 10, and 99 between
    98 and 100.
    """
    sure = {value for text, value in values.items() if value is not None and meaning_of(text) is None}
    certain = sorted(value for value in sure if not is_missing_code(value))
    codes = sorted(value for value in sure if is_missing_code(value))
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
