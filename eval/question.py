"""A survey question: stem, ordered options, refusals, and how many people of each group chose each option."""

from collections import Counter
from functools import cached_property
from string import ascii_uppercase
from typing import TYPE_CHECKING, Annotated, Optional

from pydantic import Field, FiniteFloat, PrivateAttr, model_validator

from eval.group_keys import check_attribute, check_value
from personas.inputs.models import Line, Prose, StrictModel, broken_rule
from personas.inputs.suggestions import shown

if TYPE_CHECKING:
    from eval.combinations import Combinations

ROUNDING = 0.02
"""How far shares may be from summing to 1 and still pass for rounded ones."""
MOST_LABELS = len(ascii_uppercase)
MOST_PEOPLE = 10_000_000_000
"""The largest count there can be, 10 billion: more than there are people, and few enough to simulate samples of."""

Amount = Annotated[FiniteFloat, Field(ge=0, le=MOST_PEOPLE)]


def sums_to_one(total: float) -> bool:
    """Say whether `total`, a sum of shares, is 1 give or take `ROUNDING`."""
    return abs(total - 1) <= ROUNDING + 1e-9  # 0.98 is allowed, and has no exact sum


class Option(StrictModel):
    """One substantive answer to a question."""

    text: Line
    """What the respondent chooses; answers are matched by it."""
    ordinal: FiniteFloat
    """Its place on the question's scale. Where all options of a question have the same, they have no order."""


class Responses(StrictModel):
    """How some people answered a question: `counts`, or `proportions` where the source has no counts.

    Raises:
        pydantic.ValidationError: both or neither are given, nobody answered, or the proportions do not sum to 1.
    """

    counts: tuple[Amount, ...] | None = None
    """How many people chose each option, at most 10 billion, in the options' order; 0 for one that nobody chose."""
    proportions: tuple[Amount, ...] | None = None
    """Which share of the people chose each option; with `refused` they sum to 1, give or take rounding (0.02)."""
    refused: Amount
    """How many people, or with `proportions` which share, gave no answer or chose a refusal option."""
    n_effective: Annotated[FiniteFloat, Field(gt=0, le=MOST_PEOPLE)] | None = None
    """For weighted figures: how many answers of a simple random sample they are worth, refusals apart."""

    @property
    def options(self) -> tuple[float, ...]:
        """The counts or the proportions, one per option."""
        return self.counts if self.counts is not None else self.proportions or ()

    @model_validator(mode="after")
    def _is_one_of_two(self) -> "Responses":
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
        pydantic.ValidationError: options repeat, figures and options differ in number, or a group is unknown.
    """

    id: Line
    """Unique within the survey, such as the source's variable and wave."""
    topics: Annotated[tuple[Line, ...], Field(min_length=1)]
    """What it is about; scores are also averaged by topic."""
    stem: Prose
    """The question itself, without the options. It must be understood alone."""
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
        """The people behind the figures, for combinations that the file lacks; None where there are no such data."""
        return self._combinations

    def attach(self, combinations: "Combinations") -> None:
        """Let figures that the file lacks be computed from these people's answers."""
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
                self._check_length(f"responses {attribute}, {shown(value)}", responses)
        return self

    def _check_length(self, whose: str, responses: Responses) -> None:
        figures, options = len(responses.options), len(self.options)
        if figures != options:
            kind = "counts" if responses.counts is not None else "proportions"
            raise broken_rule(f"{whose}: there are {figures} {kind} for {options} options; give one for each option")


def _check_labels(texts: tuple[str, ...]) -> None:
    folded = Counter(text.casefold() for text in texts)
    repeated = next((text for text in texts if folded[text.casefold()] > 1), None)
    if repeated is not None:
        raise broken_rule(f"the option {shown(repeated)} is there twice; give every option and refusal its own text")
    if len(texts) > MOST_LABELS:
        raise broken_rule(f"there are {len(texts)} options and refusals; keep to {MOST_LABELS}, one for each letter")
