"""The description of a table with a row per person: which columns are questions, groups and the weight (TOML)."""

import re
from collections import Counter
from collections.abc import Sequence
from itertools import chain
from math import isnan
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, FiniteFloat, ValidationError, field_validator, model_validator

from eval.errors import SurveyError
from eval.importers.building import collapsed
from eval.importers.reading import number_of, read_text
from eval.surveys.model import MOST_LABELS
from eval.surveys.respondents import NOT_ASKED
from personas import Group
from personas.catalogue import is_own
from personas.inputs.files import display_name
from personas.inputs.models import Line, Prose, StrictModel, broken_rule
from personas.inputs.suggestions import quoted, suggestion
from personas.inputs.toml_text import parse_toml

SCHEMA: Literal["chat-personas/respondents@1"] = "chat-personas/respondents@1"
_WHOLE = re.compile(r"([+-]?)0*(\d+)(?:\.0*)?")
_FIXES = {"model_type": "write a table", "dict_type": "write a table [scales.NAME] for each"}


def code_of(cell: str) -> str:
    """Return a cell or a code as it is compared: without blanks around it; 1, 1.0 and 01 are the same number."""
    text = cell.strip()
    whole = _WHOLE.fullmatch(text)
    if whole is None:
        return text
    sign = "-" if whole[1] == "-" and whole[2] != "0" else ""
    return f"{sign}{whole[2]}"


def _as_code(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise broken_rule(f"is {quoted(value)}; write a code as a number, or as text in double quotes")
    return code_of(str(value))


def _as_codes(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else (value,)


def as_table(key: str) -> BeforeValidator:
    """Let a text stand for a table with only this key."""
    return BeforeValidator(lambda value: {key: value} if isinstance(value, str) else value)


Code = Annotated[str, BeforeValidator(_as_code)]
Codes = Annotated[tuple[Code, ...], BeforeValidator(_as_codes), Field(min_length=1)]
ListOfCodes = Annotated[tuple[Code, ...], Field(strict=False)]


class ScaleOption(StrictModel):
    """One substantive answer."""

    text: Line
    """What the respondent chose, in words."""
    code: Codes | None = None
    """What the cells have for it: a code or a list of codes. Left out where the cells have the text itself."""
    ordinal: FiniteFloat | None = None
    """Its place on the scale, for each option or for none; without it 1, 2, 3, ... in their order."""


class ScaleRefusal(StrictModel):
    """One way of declining to answer."""

    text: Line
    """What the respondent said, such as "Don't know"."""
    code: Codes | None = None
    """What the cells have for it, as for an option."""


class Scale(StrictModel):
    """`[scales.NAME]`: the answers that one or more questions have."""

    options: Annotated[tuple[Annotated[ScaleOption, as_table("text")], ...], Field(strict=False, min_length=2)]
    """The substantive options, from one end of the scale to the other: `{ code = 1, text = "A lot" }`."""
    refusals: Annotated[tuple[Annotated[ScaleRefusal, as_table("text")], ...], Field(strict=False)] = ()
    """The options that decline to answer: `{ code = 8, text = "Don't know" }`."""
    not_asked: ListOfCodes = ()
    """Codes of people to whom the question was not put. An empty cell is one, unless the code "" is given elsewhere."""
    ordered: bool = True
    """Whether the options have an order; without one there is no alignment, only total variation."""

    @property
    def codes(self) -> dict[str, int]:
        """The place of the option that a code stands for; the number of options for every refusal, -1 for not asked."""
        found = {code: place for place, option in enumerate(self.options) for code in _codes_of(option)}
        found |= {code: len(self.options) for refusal in self.refusals for code in _codes_of(refusal)}
        return {"": NOT_ASKED} | dict.fromkeys(self.not_asked, NOT_ASKED) | found

    @property
    def ordinals(self) -> tuple[float, ...]:
        """The places of the options on the scale; none without an order."""
        if not self.ordered:
            return ()
        given = (option.ordinal for option in self.options)
        return tuple(float(place) if ordinal is None else ordinal for place, ordinal in enumerate(given, start=1))

    @model_validator(mode="after")
    def _is_consistent(self) -> "Scale":
        answers: tuple[ScaleOption | ScaleRefusal, ...] = (*self.options, *self.refusals)
        check_distinct("code", [*chain(*map(_codes_of, answers)), *self.not_asked])
        check_distinct("text", [answer.text.casefold() for answer in answers])
        if len(answers) > MOST_LABELS:
            raise broken_rule(f"has {len(answers)} options and refusals; keep to {MOST_LABELS}, one for each letter")
        with_ordinal = sum(option.ordinal is not None for option in self.options)
        if with_ordinal not in (0, len(self.options)):
            raise broken_rule("has options with an ordinal and others without; give one to each option, or to none")
        if with_ordinal and not self.ordered:
            raise broken_rule("has ordinals without an order; remove them, or ordered = false")
        return self


class AskedColumn(StrictModel):
    """`[[questions]]`: a column with the answers to one question."""

    column: str
    """The name of the column, as in the first line of the table."""
    id: Line | None = None
    """The question's id in the survey; the name of the column when left out."""
    stem: Prose
    """The question itself, without the options. It must be understandable alone."""
    topics: Annotated[tuple[Line, ...], Field(strict=False, min_length=1)] = ("general",)
    """What it is about; scores are also averaged by topic."""
    paraphrased: bool = False
    """Whether stem or options differ from the words that the respondents read."""
    scale: Line
    """The name of its answers: `"agree"` for the table `[scales.agree]`."""

    @property
    def key(self) -> str:
        """The question's id."""
        return self.id or collapsed(self.column)


class GroupValue(StrictModel):
    """One value of an attribute."""

    value: Line
    """The value, such as "Democrat"."""
    code: Codes | None = None
    """What the cells have for it: a code or a list of codes. Left out where the cells have the value itself."""
    least: Annotated[FiniteFloat | None, Field(alias="from")] = None
    """In place of codes: the least number, such as 18 for the age group 18-29."""
    most: Annotated[FiniteFloat | None, Field(alias="to")] = None
    """In place of codes: the largest number, itself included."""

    @model_validator(mode="after")
    def _has_codes_or_range(self) -> "GroupValue":
        if self.has_range and self.code is not None:
            raise broken_rule("has a code and a range; keep one of them")
        return self

    @property
    def has_range(self) -> bool:
        """Whether it is given by numbers from a least to a largest."""
        return self.least is not None or self.most is not None

    def covers(self, number: float) -> bool:
        """Return whether a number is in its range."""
        return (self.least is None or self.least <= number) and (self.most is None or number <= self.most)


class GroupColumn(StrictModel):
    """`[[attributes]]`: a column that says which groups people belong to."""

    column: str
    """The name of the column, as in the first line of the table."""
    attribute: Line
    """The attribute: one of the catalogue, such as POLPARTY, or one of your own."""
    values: Annotated[tuple[Annotated[GroupValue, as_table("value")], ...], Field(strict=False, min_length=1)]
    """Its values: `{ code = 1, value = "Democrat" }`, or `{ from = 18, to = 29, value = "18-29" }`."""
    left_out: ListOfCodes = ()
    """Codes of people whose value is not known, such as refusals; they count among everyone only."""

    @model_validator(mode="after")
    def _is_consistent(self) -> "GroupColumn":
        for each in self.values:
            try:
                Group(attribute=self.attribute, value=each.value)
            except ValidationError as error:
                another = "" if is_own(self.attribute) else " (for values of your own give the attribute another name)"
                raise broken_rule(f"has a fault: {error.errors()[0]['msg']}{another}") from error
        check_distinct("value", [each.value for each in self.values])
        codes = chain(*(_codes_of(each) for each in self.values if not each.has_range))
        check_distinct("code", [*codes, *self.left_out])
        return self

    def place_of(self, cell: str) -> int:
        """Return the place of the value that a cell means; -1 if none."""
        code = code_of(cell)
        for place, each in enumerate(self.values):
            if not each.has_range and code in _codes_of(each):
                return place
        number = number_of(cell)
        if isnan(number) or code in self.left_out:
            return NOT_ASKED
        return next((n for n, each in enumerate(self.values) if each.has_range and each.covers(number)), NOT_ASKED)


class RespondentsSpec(StrictModel):
    """What the columns of a table with a row per person are (schema `chat-personas/respondents@1`, TOML).

    Raises:
        pydantic.ValidationError: a key or a value is not allowed, or the parts do not fit together.
    """

    schema_: Literal["chat-personas/respondents@1"] = Field(alias="schema")
    """Always `"chat-personas/respondents@1"`: the format of the file."""
    title: Line | None = None
    """The survey's title on the screen."""
    source: Line | None = None
    """Who asked which people, and where it was published."""
    licence: Line | None = None
    """What may be done with the figures and with the wording."""
    years: Annotated[tuple[Annotated[int, Field(ge=1800, le=2200)], ...], Field(strict=False)] = ()
    """The years in which people were asked."""
    weight: str | None = None
    """The column with the weight of each person; without it all count the same."""
    scales: Annotated[dict[str, Scale], Field(min_length=1)]
    """The answers that questions have, by name: a table `[scales.NAME]` for each."""
    questions: Annotated[tuple[AskedColumn, ...], Field(strict=False, min_length=1)]
    """The columns with answers: a table `[[questions]]` for each, in the order in which they are asked."""
    attributes: Annotated[tuple[GroupColumn, ...], Field(strict=False)] = ()
    """The columns that say which groups people belong to: a table `[[attributes]]` for each."""

    @field_validator("questions")
    @classmethod
    def _ids_differ(cls, questions: tuple[AskedColumn, ...]) -> tuple[AskedColumn, ...]:
        check_distinct("id", [question.key for question in questions])
        return questions

    @field_validator("attributes")
    @classmethod
    def _attributes_differ(cls, attributes: tuple[GroupColumn, ...]) -> tuple[GroupColumn, ...]:
        check_distinct("attribute", [column.attribute for column in attributes])
        return attributes

    @model_validator(mode="after")
    def _scales_are_known(self) -> "RespondentsSpec":
        for place, question in enumerate(self.questions):
            if question.scale not in self.scales:
                problem = f"there is no scale {quoted(question.scale)}; {suggestion(question.scale, self.scales)}"
                raise broken_rule(problem, "questions", place, "scale")
        return self


def _codes_of(answer: ScaleOption | ScaleRefusal | GroupValue) -> tuple[str, ...]:
    text = answer.value if isinstance(answer, GroupValue) else answer.text
    return answer.code or (code_of(text),)


def check_distinct(what: str, texts: Sequence[str]) -> None:
    """Make sure that no text occurs twice; `what` they are. Raises the validation error of a broken rule."""
    repeated, times = Counter(texts).most_common(1)[0] if texts else ("", 0)
    if times > 1:
        raise broken_rule(f"has a duplicate {what} {quoted(repeated)}; keep one of them")


def read_spec(path: Path) -> RespondentsSpec:
    """Read the file that describes a table.

    Raises:
        SurveyError: it cannot be read, or has a fault; the message names the line of the first.
    """
    return parse_toml(read_text(path), RespondentsSpec, SurveyError, name=display_name(path), fixes=_FIXES)
