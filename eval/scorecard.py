"""What a scoring says, as plain records: the report and the screen are both made from it."""

from dataclasses import dataclass

from eval.answers import Refusals
from eval.intervals import Interval
from eval.metrics import FloatArray
from eval.nearest import NearGroup
from eval.opinion import OrderOpinion
from eval.references import Difference, References
from eval.scores import Scores
from personas import Group


@dataclass(frozen=True, slots=True)
class QuestionScore:
    """One question: what people say, what the model says, and how close they are.

    `human` and `model` are over `options` in the survey's order; they sum to 1 with refusals `apart`, to 1 minus the
    refusals `as-option`. What is None is not defined: no figures for the group, options without order.
    """

    id: str
    topics: tuple[str, ...]
    options: tuple[str, ...]
    ordinal: tuple[float, ...]
    human: FloatArray | None
    human_n: float | None
    model: FloatArray
    by_order: tuple[OrderOpinion, ...]
    refusal: float
    human_refusal: float | None
    label_mass: float | None
    alignment: float | None
    total_variation: float | None
    order_bias: float | None
    valid: bool


@dataclass(frozen=True, slots=True)
class RefusedQuestion:
    """One question that was answered with refusals only: there is nothing to compare, but it counts as refused."""

    id: str
    human_refusal: float | None
    label_mass: float | None
    valid: bool


@dataclass(frozen=True, slots=True)
class TopicScore:
    """The scores over the questions of one topic; a question with several topics counts in each."""

    topic: str
    questions: int
    alignment: Interval | None
    total_variation: Interval | None


@dataclass(frozen=True, slots=True)
class OppositeScores:
    """How close the persona is to the group that is farthest from its own within the attribute.

    `minus_own`: that minus how close it is to its own group, paired by question. Alignment below 0 means that it is
    closer to its own.
    """

    group: Group
    alignment: Interval | None
    total_variation: Interval | None
    minus_own: Difference


@dataclass(frozen=True, slots=True)
class Scorecard:
    """All that can be said about a set of answers.

    `scores` counts every question answered, `scores_valid_only` those that are valid. `refused` are those that were
    answered with refusals only while these are apart: they count in `refusal`, `human_refusal` and `label_mass`, and
    are not among `questions`. When no question has figures for the groups, only distributions, label mass, refusals,
    order bias and the nearest groups are known.
    """

    refusals: Refusals
    groups: tuple[Group, ...] | None
    scores: Scores
    scores_valid_only: Scores
    topics: tuple[TopicScore, ...]
    references: References
    scores_against_opposite: OppositeScores | None
    nearest: tuple[NearGroup, ...]
    nearest_questions: int
    questions: tuple[QuestionScore, ...]
    refused: tuple[RefusedQuestion, ...] = ()
