"""The format of a survey file (schema `chat-personas/survey@1`, JSON), defined by these models.

A survey is questions with ordered options, and how many people of each group chose each option. In a question's
`responses` a group is written as two keys, `POLPARTY` and then `Democrat`. For a pair of groups they are joined by
" x ": `POLPARTY x SEX` and then `Democrat x Female`.
"""

from collections import Counter
from collections.abc import Collection
from functools import cached_property, lru_cache
from string import ascii_uppercase
from typing import TYPE_CHECKING, Annotated, Literal, Optional

from pydantic import Field, FiniteFloat, PrivateAttr, model_validator
from pydantic_core import PydanticCustomError

from personas import CATALOGUE
from personas.catalogue import PAIR, is_own
from personas.group import check_attribute_name, check_own_value
from personas.inputs.models import Line, Prose, StrictModel, broken_rule
from personas.inputs.suggestions import quoted, suggestion

if TYPE_CHECKING:
    from eval.surveys.respondents import Combinations

SCHEMA: Literal["chat-personas/survey@1"] = "chat-personas/survey@1"
ROUNDING = 0.02
"""How far a sum of shares may be from 1, because sources round them."""
MOST_LABELS = len(ascii_uppercase)
MOST_PEOPLE = 10_000_000_000
"""The largest count that is allowed, 10 billion: more than all people, and small enough to simulate samples of."""

Amount = Annotated[FiniteFloat, Field(ge=0, le=MOST_PEOPLE)]
Year = Annotated[int, Field(ge=1800, le=2200)]


class Option(StrictModel):
    """One substantive answer to a question."""

    text: Line
    """What the respondent chooses; answers are matched by it."""
    ordinal: FiniteFloat
    """Its place on the question's scale. If all options of a question have the same, they have no order."""


class Responses(StrictModel):
    """How some people answered a question: `counts`, or `proportions` where the source has no counts.

    Raises:
        pydantic.ValidationError: both or neither are given, nobody answered, or the proportions do not sum to 1.
    """

    counts: tuple[Amount, ...] | None = None
    """How many people chose each option, at most 10 billion, in the options' order; 0 for one that nobody chose."""
    proportions: tuple[Amount, ...] | None = None
    """Which share of the people chose each option; with `refused` they sum to 1, up to rounding (0.02)."""
    refused: Amount
    """How many people, or with `proportions` which share, gave no answer or chose a refusal option."""
    n_effective: Annotated[FiniteFloat, Field(gt=0, le=MOST_PEOPLE)] | None = None
    """For weighted figures: how many answers of a simple random sample they are worth, refusals apart."""

    @property
    def options(self) -> tuple[float, ...]:
        """The counts or the proportions, one per option."""
        return self.counts if self.counts is not None else self.proportions or ()

    @model_validator(mode="after")
    def _has_counts_or_proportions(self) -> "Responses":
        if (self.counts is None) == (self.proportions is None):
            problem = "neither counts nor proportions" if self.counts is None else "both counts and proportions"
            raise broken_rule(f"has {problem}; give exactly one of them")
        total = sum(self.options) + self.refused
        if self.proportions is not None and not sums_to_one(total):
            raise broken_rule(f"has proportions that sum, with refused, to {total:.4g}; they must sum to 1")
        if total == 0:
            raise broken_rule("has no respondents at all; leave the group out")
        return self


class Question(StrictModel):
    """One question with the figures of everyone and of groups.

    Raises:
        pydantic.ValidationError: an option occurs twice, figures and options differ in number, or a group is unknown.
    """

    id: Line
    """Unique within the survey, such as the source's variable and wave."""
    topics: Annotated[tuple[Line, ...], Field(min_length=1)]
    """What it is about; scores are also averaged by topic."""
    stem: Prose
    """The question itself, without the options. It must be understandable alone."""
    paraphrased: bool
    """Whether stem or options differ from the words that the respondents read."""
    options: Annotated[tuple[Option, ...], Field(min_length=2)]
    """The substantive options, in the survey's order, refusals apart."""
    refusals: tuple[Line, ...] = ()
    """Options that decline to answer, such as "I would rather not say"; printed last."""
    overall: Responses | None = None
    """How everyone answered."""
    responses: dict[str, dict[str, Responses]]
    """How groups answered: by attribute, then by value. Pairs: "POLPARTY x SEX", then "Democrat x Female"."""

    _combinations: Optional["Combinations"] = PrivateAttr(default=None)

    @property
    def combinations(self) -> "Combinations | None":
        """The respondents behind the figures, for combinations that the file lacks; None without such data."""
        return self._combinations

    def attach(self, combinations: "Combinations") -> None:
        """Let figures that the file lacks be computed from the answers of these respondents."""
        self._combinations = combinations

    @cached_property
    def option_texts(self) -> tuple[str, ...]:
        """The texts of the options, in the survey's order."""
        return tuple(option.text for option in self.options)

    @cached_property
    def ordinals(self) -> tuple[float, ...]:
        """The ordinal values of the options, in the survey's order."""
        return tuple(option.ordinal for option in self.options)

    @model_validator(mode="after")
    def _is_consistent(self) -> "Question":
        _check_labels((*self.option_texts, *self.refusals))
        if self.overall is not None:
            self._check_length("overall", self.overall)
        for attribute, by_value in self.responses.items():
            check_attribute(attribute, self.responses)
            for value, responses in by_value.items():
                check_value(attribute, value)
                self._check_length(f"responses {attribute}, {quoted(value)}", responses)
        return self

    def _check_length(self, place: str, responses: Responses) -> None:
        figures, options = len(responses.options), len(self.options)
        if figures != options:
            kind = "counts" if responses.counts is not None else "proportions"
            raise broken_rule(f"{place}: there are {figures} {kind} for {options} options; give one for each option")


class Population(StrictModel):
    """Who the figures called `overall` are about."""

    label: Line
    """Who all respondents together are, such as "All adults asked": a note for readers of the file."""


class Survey(StrictModel):
    """Questions, and what people answered. Dump it with `by_alias=True` to get the keys of the file.

    Raises:
        pydantic.ValidationError: a key or a value is not allowed, or the parts do not fit together.
    """

    schema_: Literal["chat-personas/survey@1"] = Field(alias="schema")
    """Always `"chat-personas/survey@1"`: the format of the file."""
    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9-]*$", max_length=64)]
    """A short name: letters, digits and dashes, not beginning with a dash; at most 64."""
    title: Line
    """The name on the screen."""
    source: Line
    """Who asked whom, and where the figures were published."""
    licence: Line
    """What may be done with the figures and with the wording."""
    years: tuple[Year, ...]
    """The years in which people were asked; an empty list where the source does not say."""
    weighted: bool
    """Whether the figures are weighted to the population; weighted counts need `n_effective`."""
    overall: Population = Population(label="Everyone")
    """Who the overall figures are about."""
    questions: Annotated[tuple[Question, ...], Field(min_length=1)]
    """The questions, in the order in which they are asked."""

    @cached_property
    def topics(self) -> tuple[str, ...]:
        """The topics of all questions, each once, in the order in which they first occur."""
        return tuple(dict.fromkeys(topic for question in self.questions for topic in question.topics))

    @property
    def paraphrased(self) -> bool:
        """Whether any question differs from the words that the respondents read."""
        return any(question.paraphrased for question in self.questions)

    @model_validator(mode="after")
    def _is_consistent(self) -> "Survey":
        repeated, times = Counter(question.id for question in self.questions).most_common(1)[0]
        if times > 1:
            raise broken_rule(f"question {quoted(repeated)} occurs {times} times; give every question its own id")
        if self.weighted:
            for question in self.questions:
                _check_weighted(question)
        return self


def sums_to_one(total: float) -> bool:
    """Return whether `total`, a sum of shares, is 1 up to `ROUNDING`."""
    return abs(total - 1) <= ROUNDING + 1e-9  # 0.98 is allowed, and is not an exact binary number


def _check_labels(texts: tuple[str, ...]) -> None:
    folded = Counter(text.casefold() for text in texts)
    repeated = next((text for text in texts if folded[text.casefold()] > 1), None)
    if repeated is not None:
        raise broken_rule(f"the option {quoted(repeated)} occurs twice; give every option and refusal its own text")
    if len(texts) > MOST_LABELS:
        raise broken_rule(f"there are {len(texts)} options and refusals; keep to {MOST_LABELS}, one for each letter")


def _check_weighted(question: Question) -> None:
    everyone = [question.overall] if question.overall is not None else []
    groups = [responses for by_value in question.responses.values() for responses in by_value.values()]
    if any(figures.counts is not None and figures.n_effective is None for figures in everyone + groups):
        problem = f"question {quoted(question.id)} has weighted counts without n_effective"
        raise broken_rule(f"{problem}; add it, or give proportions")


def pair_key(first: str, second: str) -> str:
    """Return the key for two attributes or two values: `POLPARTY x SEX`, `Democrat x Female`."""
    return f"{first}{PAIR}{second}"


def check_attribute(key: str, keys: Collection[str]) -> None:
    """Check that a key is an attribute, of the catalogue or another, or a pair of two different ones.

    `keys` are all keys of the same object: a pair may occur in one order only.

    Raises:
        PydanticCustomError: it is not, or looks like a slip of a known one; the message names the nearest attribute.
    """
    names = key.split(PAIR)
    for name in names:
        try:
            check_attribute_name(name)
        except PydanticCustomError as error:
            raise broken_rule(f"responses: {error}") from error
    if len(names) > 2 or len(set(names)) < len(names):
        raise broken_rule(
            f'responses: {quoted(key)} is not a pair; write two different attributes, as in "POLPARTY x SEX"'
        )
    if len(names) == 2 and pair_key(*reversed(names)) in keys:
        raise broken_rule(f"responses: {quoted(key)} also occurs in the other order; keep one of them")


def check_value(attribute: str, value: str) -> None:
    """Check that `value` belongs to a checked attribute, or is a pair of values for a pair of attributes.

    Any printable text is a value of an open attribute, such as a country, and of one's own.

    Raises:
        PydanticCustomError: it does not; the message names the nearest value.
    """
    known, are_open = _values(attribute)
    if are_open:
        _check_open(attribute, value)
        if is_own(attribute) and PAIR not in attribute:
            try:
                check_own_value(attribute, value)
            except PydanticCustomError as error:
                raise broken_rule(f"responses: {error}") from error
    elif value not in known:
        problem = f"responses {attribute}: there is no value {quoted(value)}"
        raise broken_rule(f"{problem}; {suggestion(value, known)}")


@lru_cache
def _values(attribute: str) -> tuple[tuple[str, ...], bool]:
    """Return the values of an attribute or a pair, and whether any text is allowed."""
    names = attribute.split(PAIR)
    if any(name not in CATALOGUE for name in names):
        return (), True
    first, *second = (CATALOGUE[name].values for name in names)
    return (tuple(pair_key(a, b) for a in first for b in second[0]) if second else first), False


def _check_open(attribute: str, value: str) -> None:
    names, parts = attribute.split(PAIR), value.split(PAIR)
    if len(parts) != len(names) or not all(part.strip() and part.isprintable() for part in parts):
        wanted = "a value of each attribute" if len(names) > 1 else "one value"
        raise broken_rule(f"responses {attribute}: {quoted(value)} is not {wanted}; write it on one line of plain text")
    for name, part in zip(names, parts, strict=True):
        if len(names) > 1:
            check_value(name, part)
