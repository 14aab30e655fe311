"""The steps of a participation, and what a person gives for them, checked.

A step is what a face has to show next: a questionnaire, questions to guess, the talk, the debriefing, or the end.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite

from chat_personas.corpus.study_rows import AnswerRow, ParticipationStatus
from chat_personas.studies.errors import ParticipationError
from chat_personas.studies.instrument import Choice, Instrument, Item
from eval.surveys.model import Question
from personas import Group, LoadedPersona
from personas.inputs.suggestions import quoted

DECLINED = "I prefer not to say"
_BETWEEN_NUMBERS = re.compile(r"[\s,;/%]+")
_SUM_TOLERANCE = 1.0
"""By how many percentage points guessed shares may miss 100."""


@dataclass(frozen=True, slots=True)
class AskedItem:
    """An item as this person meets it: the text filled in, the options in this person's order, its place (from 1)."""

    stage: str
    instrument: str
    item: Item
    text: str
    choices: tuple[Choice, ...]
    place: int


@dataclass(frozen=True, slots=True)
class Sheet:
    """The items of one instrument that are still to be answered."""

    instrument: Instrument
    introduction: str | None
    items: tuple[AskedItem, ...]


@dataclass(frozen=True, slots=True)
class Questionnaire:
    """Step: the sheets of a stage that are not answered yet."""

    stage: str
    sheets: tuple[Sheet, ...]


@dataclass(frozen=True, slots=True)
class Guessing:
    """Step: how the people of a group answered these questions, in this person's order. Some may be guessed already."""

    stage: str
    people: str
    questions: tuple[Question, ...]
    guessed: frozenset[str]

    @property
    def missing(self) -> tuple[Question, ...]:
        """The questions that are still to be guessed."""
        return tuple(question for question in self.questions if question.id not in self.guessed)


@dataclass(frozen=True, slots=True)
class Talk:
    """Step: talk with a persona. `conversation_id` is None where the talk has not begun."""

    persona: LoadedPersona
    people: str
    conversation_id: str | None


@dataclass(frozen=True, slots=True)
class Debriefing:
    """Step: tell the person what the people really answer, and that the persona was a model."""

    condition: str
    people: str
    groups: tuple[Group, ...]
    conversation_id: str | None


@dataclass(frozen=True, slots=True)
class Ended:
    """The way is over. `code` is what the person takes back to where they were recruited."""

    status: ParticipationStatus
    code: str | None


Step = Questionnaire | Guessing | Talk | Debriefing | Ended


def answer_row(participation_id: str, asked: AskedItem, given: str | float | None, seconds: float | None) -> AnswerRow:
    """Return the row of an answer: a choice's code, a number, or words; None where the person prefers not to say.

    Raises:
        ParticipationError: the item cannot be answered so; the message says how.
    """
    item = asked.item
    row = AnswerRow(
        participation_id=participation_id,
        stage=asked.stage,
        instrument=asked.instrument,
        item=item.id,
        place=asked.place,
        attribute=item.attribute,
        options=tuple(choice.code for choice in asked.choices),
        seconds=seconds,
    )
    if given is None:
        if not item.may_decline:
            raise ParticipationError("this question must be answered")
        return row.model_copy(update={"declined": True})
    if item.kind == "choice":
        chosen = next((choice for choice in asked.choices if choice.code == given), None)
        if chosen is None:
            raise ParticipationError(f"there is no option {quoted(str(given))}; choose one of those listed")
        return row.model_copy(update={"code": chosen.code, "said": chosen.text})
    if item.kind == "text":
        return row.model_copy(update={"said": str(given)})
    return row.model_copy(update={"value": number_of(item, given), "said": str(given)})


def number_of(item: Item, given: str | float) -> float:
    """Return the number of an answer. Raises ParticipationError: it is none, or outside of what is asked for."""
    wanted = "write a number"
    if item.low is not None and item.high is not None:
        wanted = f"write a number from {item.low:g} to {item.high:g}"
    try:
        value = float(given)
    except ValueError as error:
        raise ParticipationError(wanted) from error
    if not isfinite(value):
        raise ParticipationError(wanted)
    if item.kind == "scale" and not value.is_integer():
        raise ParticipationError(wanted.replace("a number", "a whole number"))
    if (item.low is not None and not value >= item.low) or (item.high is not None and not value <= item.high):
        raise ParticipationError(wanted)
    return value


def numbers_in(written: str) -> list[float] | None:
    """Return the numbers of a line, between blanks, commas, semicolons, slashes or percent signs; None for others."""
    try:
        return [float(part) for part in _BETWEEN_NUMBERS.split(written) if part]
    except ValueError:
        return None


def percentages(written: str, options: int) -> list[float]:
    """Return the percentages of a guess as it was written on one line.

    Raises:
        ParticipationError: something else was written, or not a number for each option.
    """
    numbers = numbers_in(written)
    if numbers is None:
        raise ParticipationError(f"write {options} numbers and nothing else, with blanks between them")
    if len(numbers) != options:
        raise ParticipationError(f"write {options} numbers, one for each answer; you wrote {len(numbers)}")
    return numbers


def shares_of(percent: Sequence[float]) -> tuple[float, ...]:
    """Return guessed percentages as shares that sum to 1.

    Raises:
        ParticipationError: one is below 0, or they miss 100 by more than 1.
    """
    total = sum(percent)
    if any(not 0 <= each <= 100 for each in percent):
        raise ParticipationError("write numbers from 0 to 100")
    if abs(total - 100) > _SUM_TOLERANCE:
        more = "more" if total < 100 else "less"
        raise ParticipationError(
            f"the numbers sum to {total:g}; give {abs(100 - total):g} {more}, so that they sum to 100"
        )
    return tuple(each / total for each in percent)
