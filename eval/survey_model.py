"""The format of a survey file (schema `chat-personas/survey@1`, JSON): the pydantic models are its definition."""

from collections import Counter
from functools import cached_property
from typing import Annotated, Literal

from pydantic import Field, model_validator

from eval.question import Question
from personas.inputs.models import Line, StrictModel, broken_rule
from personas.inputs.suggestions import shown

SCHEMA: Literal["chat-personas/survey@1"] = "chat-personas/survey@1"

Year = Annotated[int, Field(ge=1800, le=2200)]


class Population(StrictModel):
    """Whom the figures called `overall` are about."""

    label: Line
    """The name on the screen of everyone together, such as "All adults asked"."""


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
    """The years in which people were asked; an empty list where the source does not tell."""
    weighted: bool
    """Whether the figures are weighted to the population; weighted counts need `n_effective`."""
    overall: Population = Population(label="Everyone")
    """Whom the overall figures are about."""
    questions: Annotated[tuple[Question, ...], Field(min_length=1)]
    """The questions, in the order in which they are asked."""

    @cached_property
    def topics(self) -> tuple[str, ...]:
        """The topics of all questions, each once, in the order in which they come up."""
        return tuple(dict.fromkeys(topic for question in self.questions for topic in question.topics))

    @property
    def paraphrased(self) -> bool:
        """Whether any question differs from the words that the respondents read."""
        return any(question.paraphrased for question in self.questions)

    @model_validator(mode="after")
    def _is_consistent(self) -> "Survey":
        repeated, times = Counter(question.id for question in self.questions).most_common(1)[0]
        if times > 1:
            raise broken_rule(f"question {shown(repeated)} is there {times} times; give every question its own id")
        if self.weighted:
            for question in self.questions:
                _check_weighted(question)
        return self


def _check_weighted(question: Question) -> None:
    everyone = [question.overall] if question.overall is not None else []
    groups = [responses for by_value in question.responses.values() for responses in by_value.values()]
    if any(figures.counts is not None and figures.n_effective is None for figures in everyone + groups):
        problem = f"question {shown(question.id)} has weighted counts without n_effective"
        raise broken_rule(f"{problem}; add it, or give proportions")
