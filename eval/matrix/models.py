"""The document that `matrix --json` writes (schema `chat-personas/matrix@2`), defined by these models.

docs/matrix.md says how each figure is computed.
"""

from typing import Literal

from pydantic import Field

from eval.orders import OrderName
from eval.report import FailureInfo, JudgeInfo, ModelInfo, RepliesInfo, SurveyInfo, Timing
from eval.scoring.results import Document, GroupName, NearGroup, Part, Score, Verdict

SCHEMA: Literal["chat-personas/matrix@2"] = "chat-personas/matrix@2"


class HumanReference(Part):
    """How close one group is to some people."""

    group: GroupName
    """The group."""
    alignment: Score
    """Its alignment with them."""


class HumanReferences(Part):
    """How close groups are to some people, for judging a model's alignment with them."""

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
    """How close the other groups of this document are to them; null if there are none."""


class CellInfo(Part):
    """A row compared with one group."""

    alignment: Score
    """The alignment with the group, over `questions`."""
    confusion: Score | None
    """The share of `questions` on which this group is the closest one; equals share. Null for everyone."""


class Consistency(Part):
    """Whether the same group is the closest one in every topic, among the groups of one attribute."""

    attribute: str
    """The attribute."""
    groups: int
    """How many groups it has here."""
    best: GroupName
    """The best-aligned group over all topics, every topic counting the same."""
    topics: int
    """How many topics there are."""
    score: Score
    """The share of topics whose best-aligned group is `best`; the interval resamples topics, none under 20."""
    chance: float
    """The mean of `score` when the labels of the groups are permuted within each topic, `best` chosen each time."""
    p: float
    """How often such a permutation is at least as consistent: a one-sided p-value."""


class AnswersInfo(Part):
    """The file that answers were read from."""

    label: str
    """What the answers are called."""
    file: str
    """The base name of the file."""
    sha256: str
    """Its hash."""
    demonstration: bool = False
    """Whether the file says that a demonstration model answered."""


class RowInfo(Part):
    """The answers of the model under one persona or unsteered, or of a file, compared with everyone and every group."""

    name: str
    """The name of the persona; `unsteered` for the model itself; the label of answers from a file."""
    answers: AnswersInfo | None
    """The file that the answers are from; null where the model was asked."""
    steering: str
    """How it was steered; `unknown` for answers from a file."""
    groups: tuple[GroupName, ...]
    """The groups that it stands for."""
    verdict: Verdict
    """Whether the figures of the row may be shown, from its answers to all questions that were put; read it first."""
    cells: tuple[CellInfo, ...]
    """One for each of `targets`, in their order. For the unsteered model the alignments are its representativeness."""
    nearest: tuple[NearGroup, ...]
    """The groups of `targets`, nearest first; tied ones cannot be told apart from the nearest."""
    own_rank: int | None
    """The place of its own group in `nearest`, from 1; null unless it stands for one of them."""
    consistency: tuple[Consistency, ...]
    """By attribute, in catalogue order."""
    own_questions: int
    """Over how many questions the next three are: all with figures for its own group that it answered; 0 unless it
    stands for one group."""
    worth: Score | None
    """The number of people of the group whose sample predicts the group as well; cut to 1 and 100,000."""
    spread_ratio: Score | None
    """The mean entropy of its answers relative to that of the group's; below 1: less varied."""
    steering_slope: Score | None
    """How much of the group's difference from everyone steering added to the unsteered model: 1 as much, 0 nothing.
    Null without counts, where the group hardly differs from everyone, and for answers from a file. Not to be shown
    unless the unsteered row is sound, too."""
    not_valid: int
    """How many of `questions` are not valid in it."""


class Steered(Part):
    """One way of steering to a group."""

    steering: str
    """`qa`, `bio`, `portray`; `best_prompt`: that of them with the highest mean; `oracle`: the best of them per
    question, which uses the answers."""
    chosen: str | None
    """Which steering `best_prompt` is; null for the others."""
    alignment: Score
    """The alignment with the group."""
    minus_unsteered: Score
    """The paired difference from the unsteered model: what steering added."""


class PromptVerdict(Part):
    """Whether the answers under one prompt may be shown."""

    prompt: str
    """`unsteered`, or the steering."""
    verdict: Verdict
    """As in `rows`."""


class SteerabilityInfo(Part):
    """How close the model comes to the group of a persona when it is steered to it."""

    persona: str
    """The name of the persona."""
    groups: tuple[GroupName, ...]
    """The groups that it stands for."""
    questions: int
    """Over how many questions: those with figures for the groups that were answered under every steering."""
    verdicts: tuple[PromptVerdict, ...]
    """Of the unsteered model and of each steering. Unless all are sound, no figure of this object may be shown."""
    unsteered: Score
    """The representativeness of the group: the alignment without steering, over these questions."""
    steerings: tuple[Steered, ...]
    """Each steering, `best_prompt` and `oracle` last."""
    humans: HumanReferences | None
    """How close the other groups of this document are to the group."""

    @property
    def sound(self) -> bool:
        """Whether its figures may be shown: the answers under every prompt are sound."""
        return all(each.verdict.sound for each in self.verdicts)


class MatrixReport(Document):
    """Personas against groups (schema `chat-personas/matrix@2`)."""

    schema_: Literal["chat-personas/matrix@2"] = Field(default=SCHEMA, alias="schema")
    """Always `"chat-personas/matrix@2"`."""
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
    orders: tuple[OrderName, ...]
    """The option orders in which each question was put (`open_ended`: to the judge)."""
    seed: int
    """The seed of the choice of questions and of the intervals."""
    attribute: str | None
    """The attribute whose groups these are; null for all groups with figures."""
    questions: tuple[str, ...]
    """The questions that all rows answered and all targets have figures for: `targets` and `rows` are about these."""
    targets: tuple[TargetInfo, ...]
    """Everyone, if the survey has such figures, then the groups in catalogue order."""
    rows: tuple[RowInfo, ...]
    """The unsteered model, then the personas in the order asked for, then answers from files."""
    steerability: tuple[SteerabilityInfo, ...]
    """For every persona that stands for groups with figures."""
    failures: tuple[FailureInfo, ...]
    """Every question that got no answer to compare in a row or under a steering, why, and (in brackets) where."""
    replies: RepliesInfo | None = None
    """The replies that the distributions were read from, of all prompts together; null for log-probabilities."""
    judge: JudgeInfo | None = None
    """Which model mapped answers in words to the options, and its error; null unless `open_ended`."""
    timing: Timing
    """What it cost."""

    @property
    def demonstration(self) -> bool:
        """Whether the model that was asked is a demonstration, or one that gave the answers in a file."""
        return self.model.demonstration or any(row.answers.demonstration for row in self.rows if row.answers)
