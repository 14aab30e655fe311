"""The document of a matrix of personas and groups (schema `chat-personas/matrix@1`), defined by these models.

docs/matrix.md says how each figure is made.
"""

from typing import Literal

from pydantic import Field

from eval.engine import Order
from eval.report import (
    FailureInfo,
    GroupName,
    JudgeInfo,
    ModelInfo,
    NearGroup,
    Part,
    RepliesInfo,
    Score,
    SurveyInfo,
    Timing,
)

SCHEMA: Literal["chat-personas/matrix@1"] = "chat-personas/matrix@1"


class HumanReference(Part):
    """A group beside the people in question."""

    group: GroupName
    """The group."""
    alignment: Score
    """Its alignment with them."""


class HumanReferences(Part):
    """How close groups are to some people: what an alignment with them is worth."""

    best: HumanReference
    """The group that is closest."""
    mean: Score
    """The mean over the groups."""
    worst: HumanReference
    """The group that is farthest."""


class TargetInfo(Part):
    """People that every row is compared with."""

    group: GroupName | None
    """The group, null for everyone."""
    humans: HumanReferences | None
    """How close the other groups of this document are to them; null when there are none."""


class CellInfo(Part):
    """A row beside one group."""

    alignment: Score
    """The alignment with the group, over `questions`."""
    confusion: Score | None
    """The share of `questions` on which this group is the closest one; equals share. Null for everyone."""


class Consistency(Part):
    """Whether a row sides with the same group whatever the topic."""

    attribute: str
    """The attribute within which groups are compared."""
    groups: int
    """How many groups it has here; siding at random would give about one by this."""
    best: GroupName
    """The best-aligned group over all topics, every topic counting the same."""
    topics: int
    """How many topics there are."""
    score: Score
    """The share of topics whose best-aligned group is `best`; the interval resamples topics, none under 20."""


class RowInfo(Part):
    """What the model said under one persona, or unsteered."""

    name: str
    """The name of the persona; `unsteered` for the model itself."""
    steering: str
    """How it was steered."""
    groups: tuple[GroupName, ...]
    """The groups that it stands for."""
    cells: tuple[CellInfo, ...]
    """Beside each of `targets`, in their order. For the unsteered model the alignments are its representativeness."""
    nearest: tuple[NearGroup, ...]
    """The groups of `targets`, nearest first; tied ones cannot be told from the nearest."""
    own_rank: int | None
    """The place of its own group in `nearest`, from 1; null unless it stands for one of them."""
    consistency: tuple[Consistency, ...]
    """By attribute, in catalogue order."""
    not_valid: int
    """How many of `questions` are not valid in it."""


class Steered(Part):
    """One way of steering to a group."""

    steering: str
    """`qa`, `bio`, `portray`; or `oracle`: the best of them per question, which peeks."""
    alignment: Score
    """The alignment with the group."""
    minus_unsteered: Score
    """The paired difference from the unsteered model: what steering added."""


class SteerabilityInfo(Part):
    """How close the model comes to the group of a persona when it is steered to it."""

    persona: str
    """The name of the persona."""
    groups: tuple[GroupName, ...]
    """The groups that it stands for."""
    questions: int
    """Over how many questions: those with figures for the groups that were answered under every steering."""
    unsteered: Score
    """The representativeness of the group: the alignment without steering, over these questions."""
    steerings: tuple[Steered, ...]
    """Each steering, `oracle` last."""
    humans: HumanReferences | None
    """How close the other groups of this document are to the group."""


class MatrixReport(Part):
    """Personas against groups (schema `chat-personas/matrix@1`)."""

    schema_: Literal["chat-personas/matrix@1"] = Field(default=SCHEMA, alias="schema")
    """Always `"chat-personas/matrix@1"`."""
    created: str
    """When, in UTC (ISO 8601)."""
    version: str
    """The version of this program."""
    model: ModelInfo
    """Which model was asked."""
    survey: SurveyInfo
    """Which figures it was compared with."""
    expression: str
    """How the distributions were obtained."""
    orders: tuple[Order, ...]
    """The option orders in which each question was put (`open_ended`: to the judge)."""
    seed: int
    """The seed of the choice of questions and of the intervals."""
    attribute: str | None
    """The attribute whose groups these are; null for all groups with figures."""
    questions: tuple[str, ...]
    """The questions that all rows answered and all targets have figures for: `targets` and `rows` are about these."""
    targets: tuple[TargetInfo, ...]
    """Whom the rows are compared with: everyone, if the survey has figures, then the groups in catalogue order."""
    rows: tuple[RowInfo, ...]
    """The unsteered model, then the personas as they were asked for."""
    steerability: tuple[SteerabilityInfo, ...]
    """For every persona that stands for groups with figures."""
    failures: tuple[FailureInfo, ...]
    """Every question that got no answer to compare in a row or under a steering, why, and (in brackets) where."""
    replies: RepliesInfo | None = None
    """The replies that the distributions were read from, of all prompts together; null for log-probabilities."""
    judge: JudgeInfo | None = None
    """Who mapped answers in words to the options, and its error; null for other expressions than `open_ended`."""
    timing: Timing
    """What it cost."""

    def to_json(self) -> str:
        """Return the document, indented, with every key in its fixed place."""
        return self.model_dump_json(by_alias=True, indent=2)
