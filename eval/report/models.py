"""The documents that `eval --json` writes: the report on one persona, and several reports in one document."""

import json
from collections.abc import Sequence
from typing import Literal

from pydantic import Field

from eval.answers import Refusals
from eval.orders import OrderName
from eval.report.provenance import (
    Calibration,
    Distribution,
    JudgeInfo,
    ModelInfo,
    PersonaInfo,
    RepliesInfo,
    SurveyInfo,
    Timing,
)
from eval.report.seals import seals_of
from eval.scoring.results import (
    Document,
    Effect,
    EntropyThird,
    GroupSample,
    LettersRemoved,
    NearGroup,
    OppositeScores,
    Part,
    References,
    RefusedQuestion,
    Score,
    Scores,
    TopicScore,
    Verdict,
)

SCHEMA: Literal["chat-personas/eval-report@2"] = "chat-personas/eval-report@2"
SCHEMA_OF_SEVERAL: Literal["chat-personas/eval-reports@2"] = "chat-personas/eval-reports@2"


class OrderInfo(Part):
    """The answer in one option order."""

    order: OrderName
    """How the options were printed: `survey`, `reversed`, `rotated-N` (by N places) or `shuffled-N` (the N-th
    permutation drawn for the question). All figures are in the survey's order."""
    model: Distribution | None
    """The distribution over the options, normalised like the question's `model`; null for refusals only, `apart`."""
    refusal: float
    """The share of the refusal options in the mass of all labels."""
    label_mass: float | None
    """The probability of all labels together."""
    truncation: float
    """By how much, in total variation, tokens that a server did not show could change `model`; 0 if exact."""


class QuestionInfo(Part):
    """One question that was answered."""

    id: str
    """Its id in the survey."""
    topics: tuple[str, ...]
    """Its topics."""
    options: tuple[str, ...]
    """The options, refusals apart, in the survey's order."""
    ordinal: tuple[float, ...]
    """Their ordinal values."""
    human: Distribution | None
    """The people's distribution over `options`; with refusals `as-option` it sums to 1 - `human_refusal`."""
    human_n: int | float | None
    """How many of them chose one of the options; for weighted figures the effective number."""
    model: Distribution
    """The model's distribution over `options`; `as-option` it sums to 1 - `refusal`, from a file nearly."""
    by_order: tuple[OrderInfo, ...]
    """The answer in each option order, of which `model`, `refusal` and `label_mass` are the means; none from a file."""
    unsteered: tuple[OrderInfo, ...] = ()
    """The same model's answer without steering, in each option order; none if it was not asked."""
    refusal: float
    """The model's share of refusals."""
    human_refusal: float | None
    """The people's share of refusals."""
    label_mass: float | None
    """The probability of all labels together."""
    alignment: float | None
    """1 - WD/span, null if the options have no order."""
    total_variation: float | None
    """Half the sum of absolute differences; `as-option` the refusals are one more option."""
    order_bias: float | None
    """Total variation between the orders: the mean over their pairs."""
    valid: bool
    """False if the label mass is below 0.5 in any order, truncation could exceed 0.1, or the judge errs too often."""
    letters_removed: Distribution | None = None
    """The second estimate, without the habit of choosing letters, normalised like `model`; null where there is none."""


class FailureInfo(Part):
    """A question without an answer that could be scored. It counts in no score, unless it is also in `refused`."""

    id: str
    """The question's id."""
    why: str
    """Why there is no answer, in one line."""


class Report(Document):
    """The evaluation of one persona (schema `chat-personas/eval-report@2`)."""

    schema_: Literal["chat-personas/eval-report@2"] = Field(default=SCHEMA, alias="schema")
    """Always `"chat-personas/eval-report@2"`."""
    created: str
    """When, in UTC (ISO 8601)."""
    version: str
    """The version of this program."""
    persona: PersonaInfo
    """Who was evaluated."""
    model: ModelInfo
    """Which model was asked."""
    survey: SurveyInfo
    """Which figures it was compared with."""
    steering: str
    """How the model was steered; `unknown` for answers from a file."""
    shots: int | None = None
    """With the steering `few_shot`: how many other questions came before each question; otherwise null."""
    expression: str
    """How the distributions were obtained; `unknown` for answers from a file."""
    orders: tuple[OrderName, ...]
    """The option orders in which each question was put (`open_ended`: to the judge); none from a file."""
    refusals: Refusals
    """`apart`: left out and renormalised; `as-option`: one more option."""
    seed: int
    """The seed of the choice of questions, the noise floor and the intervals."""
    prompt_sha256: str
    """The hash of the system prompt and every probe, as asked (UTF-8, each ended by a zero byte); empty from a file."""
    verdict: Verdict
    """Whether the scores may be shown; read it before them."""
    scores: Scores
    """Over every question that was answered."""
    scores_valid_only: Scores
    """Over the valid questions."""
    calibration: Calibration | None = None
    """With `--calibrate`; null without it, and if fewer than 20 questions with figures were answered."""
    letters_removed: LettersRemoved | None = None
    """How close the second estimate is, without the habit of choosing letters; null where no question has it."""
    topics: tuple[TopicScore, ...]
    """By topic."""
    references: References
    """Reference points, each as if it were the prediction."""
    entropy_thirds: tuple[EntropyThird, ...] = ()
    """Alignment where people agree and where they are divided; none under three questions and in older reports."""
    effect: Effect | None = None
    """What the persona changes; null if the unsteered model was not asked, as for answers from a file."""
    scores_against_opposite: OppositeScores | None
    """The persona measured against the opposite group; null for combined groups and everyone."""
    group_sample: GroupSample | None = None
    """How many people of the group were asked; null for everyone, without counts, and in older reports."""
    nearest: tuple[NearGroup, ...]
    """All groups with figures, nearest first."""
    nearest_questions: int
    """Over how many questions `nearest` was ranked."""
    questions: tuple[QuestionInfo, ...]
    """Every question that was answered; the scores recompute from these and `refused`."""
    refused: tuple[RefusedQuestion, ...] = ()
    """With refusals `apart`: those answered with refusals only. They count only in the scores that are named there."""
    failures: tuple[FailureInfo, ...]
    """Every question that was put and has no distribution that could be compared."""
    replies: RepliesInfo | None = None
    """The replies that the distributions were read from; null for log-probabilities and for answers from a file."""
    judge: JudgeInfo | None = None
    """Which model mapped answers in words to the options, and its error; null unless `open_ended`."""
    timing: Timing
    """What it cost."""
    seals: dict[str, str] | None = None
    """The SHA-256 of each other part as it was written, by its key, for `report verify`; null in older reports."""


class GapInfo(Part):
    """How much closer to people the percentages that a model gives are than the answers that it simulates."""

    persona: str
    """The persona's name."""
    simulation: str
    """The expression that simulates: `log_probability`, `sequence` or `sampled`."""
    total_variation: Score | None
    """Its total variation minus that of `verbalized`, question by question; above 0, `verbalized` is closer."""
    p: float | None
    """Two-sided p-value of the sign-flip test."""
    relative: Score | None = None
    """The gap as a share of the total variation of `verbalized`: (mean of the simulation / mean of `verbalized`) - 1,
    as the released code of Meister et al. (2024) has it; null if that of `verbalized` is 0, and in older documents."""
    questions: int
    """Over how many questions: those that both answered and that have figures."""
    sound: bool = True
    """Whether the gap may be shown: the verdicts of both reports are sound. True in older documents."""


class DisagreementInfo(Part):
    """How far two expressions of one persona disagree."""

    persona: str
    """The persona's name."""
    expressions: tuple[str, str]
    """The two expressions."""
    total_variation: Score
    """Total variation between the model's answers in the one and in the other, question by question."""
    questions: int
    """Over how many questions: those that both answered."""
    sound: bool
    """Whether the verdicts of both are sound; otherwise the screen does not show it."""


class Reports(Document):
    """The evaluations of several personas (schema `chat-personas/eval-reports@2`)."""

    schema_: Literal["chat-personas/eval-reports@2"] = Field(default=SCHEMA_OF_SEVERAL, alias="schema")
    """Always `"chat-personas/eval-reports@2"`."""
    reports: tuple[Report, ...]
    """One report per persona, in the order asked for; with `--expression all` one per persona and expression."""
    gaps: tuple[GapInfo, ...] = ()
    """The knowledge-to-simulation gaps; none unless a persona was asked for `verbalized` and in another way."""
    disagreements: tuple[DisagreementInfo, ...] = ()
    """How far the expressions of each persona disagree; none unless it was asked in several."""


def as_document(
    reports: Sequence[Report], gaps: Sequence[GapInfo] = (), disagreements: Sequence[DisagreementInfo] = ()
) -> str:
    """Return the JSON for `reports`, sealed: a single one as it is, several as one with what compares them."""
    if len(reports) == 1:
        return sealed(reports[0]).to_json()
    document = Reports(reports=tuple(map(sealed, reports)), gaps=tuple(gaps), disagreements=tuple(disagreements))
    return document.to_json()


def sealed(report: Report) -> Report:
    """Return the report with the seals of its parts as they are now."""
    return report.model_copy(update={"seals": seals_of(json.loads(report.to_json()))})
