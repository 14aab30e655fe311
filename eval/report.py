"""The report of an evaluation: the document that `eval --json` writes, defined by these models.

docs/measures.md says how each score is made. Keys are written in the order of the fields, always all of them.
"""

from collections.abc import Sequence
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from eval.answers import Refusals
from eval.rendering import Order

SCHEMA: Literal["chat-personas/eval-report@1"] = "chat-personas/eval-report@1"
SCHEMA_OF_SEVERAL: Literal["chat-personas/eval-reports@1"] = "chat-personas/eval-reports@1"
FROM_FILE = "answers"
"""The engine of a report on answers that come from a file."""


def _plain(value: Any) -> Any:
    return value.tolist() if hasattr(value, "tolist") else value


Distribution = Annotated[tuple[float, ...], BeforeValidator(_plain)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, from_attributes=True, use_attribute_docstrings=True)


class Score(_Part):
    """A score over questions with its 95% interval, made by resampling questions."""

    mean: float
    """The mean over the questions in which it is defined; for `skill` and `entropy_ratio` a ratio of two means."""
    low: float | None
    """The lower end of the interval, null under 20 questions."""
    high: float | None
    """The upper end of the interval, null under 20 questions."""


class GroupName(_Part):
    """One value of one attribute."""

    attribute: str
    """The attribute's key, such as `POLPARTY`."""
    value: str
    """The value as the catalogue spells it, such as `Democrat`."""


class PersonaInfo(_Part):
    """The persona that was evaluated; for answers from a file, the group that they are for."""

    name: str
    """Its name; for answers from a file its groups, such as `POLPARTY=Democrat`, or `everyone`."""
    file: str
    """The base name of its file, or of the file of answers."""
    sha256: str
    """The hash of that file."""
    groups: tuple[GroupName, ...]
    """The groups that it stands for and was compared with; none means everyone."""


class ModelInfo(_Part):
    """The model that was asked."""

    name: str
    """Its name, or its server's address without user, password and query; or the base name of a file of answers."""
    engine: str
    """What ran it: `llama` or `openai`; `answers` when nothing was run and the answers come from a file."""
    sha256: str | None
    """The hash of the model file, null for servers."""
    quantization: str | None
    """How its weights are quantised, where known."""
    context_length: int | None
    """How many tokens its context holds, where known."""
    flash_attention: bool | None
    """Whether flash attention was on, where known."""
    template_date: str | None = None
    """The day that the chat template wrote into every prompt (ISO 8601); null where it writes none, and for servers."""
    demonstration: bool = False
    """Whether it calls itself a demonstration: then the scores are evidence about nobody."""


class SurveyInfo(_Part):
    """The survey it was compared with."""

    name: str
    """Its name."""
    sha256: str
    """The hash of its file."""
    questions: int
    """How many questions were put: those with figures for the groups, or in a file of answers; at most `--limit`."""
    paraphrased: bool
    """Whether any of them is worded differently from what the respondents read."""
    weighted: bool
    """Whether the human figures are weighted to the population."""
    years: tuple[int, ...]
    """The years in which people were asked; empty where the source does not tell."""


class ScoreSet(_Part):
    """The scores over all questions answered, or over the valid ones."""

    alignment: Score | None
    """1 - WD/span: 1 when the distributions are equal."""
    total_variation: Score | None
    """Half the sum of absolute differences: 0 when the distributions are equal."""
    skill: Score | None
    """0: no better than answering as everyone; 1: as close as a second sample of the group."""
    refusal: Score | None
    """The persona's share of refusals."""
    human_refusal: Score | None
    """The people's share of refusals."""
    label_mass: Score | None
    """The probability that the model gives to all answer labels together."""
    order_bias: Score | None
    """Total variation between the distributions of the two option orders."""
    entropy_ratio: Score | None
    """The persona's entropy relative to the people's: far below 1 is mode collapse."""


class TopicInfo(_Part):
    """The scores over the questions of one topic."""

    topic: str
    """The topic's name in the survey."""
    questions: int
    """How many answered questions are about it."""
    alignment: Score | None
    """As in `scores`."""
    total_variation: Score | None
    """As in `scores`."""


class Difference(_Part):
    """Reference minus persona on the same questions."""

    alignment: Score | None
    """Below 0: the persona is closer to the people than the reference."""
    total_variation: Score | None
    """Above 0: the persona is closer to the people than the reference."""


class Reference(_Part):
    """What a prediction that needs no model would have scored."""

    alignment: Score | None
    """As in `scores`."""
    total_variation: Score | None
    """As in `scores`."""
    minus_persona: Difference
    """Paired differences from the persona."""


class References(_Part):
    """The reference points without which no score should be read."""

    uniform: Reference | None
    """The same share for every option."""
    population: Reference | None
    """What everyone in the survey answered."""
    opposite: Reference | None
    """What the opposite group answered; null without one."""
    noise_floor: Reference | None
    """What a second sample of the same people would answer; null without counts."""


class OppositeDifference(_Part):
    """With the opposite group minus with its own, on the same questions."""

    alignment: Score | None
    """Below 0: the persona is closer to its own group."""
    total_variation: Score | None
    """Above 0: the persona is closer to its own group."""


class CalibrationFold(_Part):
    """A fifth of the questions, and the temperature that they are scored with."""

    temperature: float
    """The T of p^(1/T), 0.05 to 20, fitted on the questions of the other folds; above 1 flattens."""
    questions: tuple[str, ...]
    """The ids of the questions."""


class CalibratedScores(_Part):
    """The scores at the temperature of each question's fold."""

    alignment: Score | None
    """As in `scores`."""
    total_variation: Score | None
    """As in `scores`."""


class CalibrationDifference(_Part):
    """Calibrated minus not calibrated on the same questions."""

    alignment: Score | None
    """Above 0: calibration brings the persona closer to the people."""
    total_variation: Score | None
    """Below 0: calibration brings the persona closer to the people."""


class Calibration(_Part):
    """What one temperature for all distributions changes, each question scored with one fitted on others."""

    folds: tuple[CalibrationFold, ...]
    """The five folds of the questions that have figures, drawn by the seed."""
    scores: CalibratedScores
    """Over all of these questions, out of fold."""
    minus_uncalibrated: CalibrationDifference
    """Paired differences from the scores without calibration."""


class OppositeInfo(GroupName):
    """How close the persona is to the opposite group: the value of its attribute that is farthest from its own."""

    alignment: Score | None
    """As in `scores`, against the opposite group's figures."""
    total_variation: Score | None
    """As in `scores`, against the opposite group's figures."""
    minus_own: OppositeDifference | None = None
    """Paired differences from the persona's scores with its own group; null in older reports."""


class NearestInfo(GroupName):
    """One group in the ranking of all groups with figures."""

    alignment: Score
    """The persona's alignment with this group over the questions that all groups have in common."""
    tied: bool
    """Whether it cannot be told from the nearest group; true for the nearest itself."""


class OrderInfo(_Part):
    """The answer in one option order."""

    order: Order
    """`survey` or `reversed`: how the options were printed. All figures are in the survey's order."""
    model: Distribution | None
    """The distribution over the options, normalised like the question's `model`; null for refusals only, `apart`."""
    refusal: float
    """The share of the refusal options in the mass of all labels."""
    label_mass: float | None
    """The probability of all labels together."""
    truncation: float
    """By how much, in total variation, tokens that a server did not show could change `model`; 0 when exact."""


class QuestionInfo(_Part):
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
    refusal: float
    """The model's share of refusals."""
    human_refusal: float | None
    """The people's share of refusals."""
    label_mass: float | None
    """The probability of all labels together."""
    alignment: float | None
    """1 - WD/span, null when the options have no order."""
    total_variation: float | None
    """Half the sum of absolute differences; `as-option` the refusals are one more option."""
    order_bias: float | None
    """Total variation between the two orders."""
    valid: bool
    """False when the label mass is below 0.5 in any order, truncation could exceed 0.1, or the judge errs too often."""


class RefusedInfo(_Part):
    """A question that was answered with refusals only, while these are apart: its share of refusals is 1."""

    id: str
    """Its id in the survey."""
    human_refusal: float | None
    """The people's share of refusals."""
    label_mass: float | None
    """The probability of all labels together."""
    valid: bool
    """As in `questions`."""


class FailureInfo(_Part):
    """A question without an answer that could be scored; it counts in no score, unless it is in `refused`, too."""

    id: str
    """The question's id."""
    why: str
    """Why there is no answer, in one line."""


class UnreadInfo(_Part):
    """Replies that could not be read, for one reason."""

    why: str
    """The reason, in a few words."""
    replies: int
    """How many replies."""


class RepliesInfo(_Part):
    """The replies in words that distributions were read from."""

    per_prompt: int
    """How many were drawn for each prompt."""
    temperature: float
    """The temperature with which they were drawn; 0 takes the likeliest token each time."""
    top_p: float
    """The share of the likeliest tokens from which they were drawn; 1 is all."""
    max_tokens: int
    """How long each could be."""
    constraint: str | None
    """How they were kept to a form: `grammar`, `json_schema`, `json_object`, `none`, `unknown`; null without a form."""
    asked: int
    """How many replies were asked for, of questions that failed too."""
    unread: tuple[UnreadInfo, ...]
    """How many of those could not be read and count nowhere, by reason; questions that failed are in `failures`."""


class JudgeInfo(_Part):
    """The model that mapped answers in words to the options, and how often it errs."""

    name: str
    """Its name, as `model.name`."""
    engine: str
    """What ran it."""
    sha256: str | None
    """The hash of the model file, null for servers."""
    error: Score
    """The probability that it does not give to the right option of a statement whose answer is known: 0 to 1."""
    statements: int
    """How many such statements: the text of each option of each question, put as what somebody said."""
    limit: float
    """Where the mean of `error` is above this, no question is valid."""


class Timing(_Part):
    """What the evaluation cost."""

    seconds: float
    """Wall-clock time of asking and scoring."""
    probes: int
    """How many probes were put: questions times orders."""
    tokens_decoded: int
    """Tokens that the model had to process, in this run."""
    tokens_reused: int
    """Tokens that were shared between probes."""
    remembered: int = 0
    """How many answers were kept from before, so that they were not asked for in this run."""
    remembered_since: str | None = None
    """When the oldest of these was made, in UTC (ISO 8601); null without any."""


class Report(_Part):
    """The evaluation of one persona (schema `chat-personas/eval-report@1`)."""

    schema_: Literal["chat-personas/eval-report@1"] = Field(default=SCHEMA, alias="schema")
    """Always `"chat-personas/eval-report@1"`."""
    created: str
    """When, in UTC (ISO 8601)."""
    version: str
    """The version of this program."""
    persona: PersonaInfo
    """Who was evaluated."""
    model: ModelInfo
    """Which model played it."""
    survey: SurveyInfo
    """Which figures it was compared with."""
    steering: str
    """How the model was steered; `unknown` for answers from a file."""
    shots: int | None = None
    """With the steering `few_shot`: how many other questions stood before each one; null with every other."""
    expression: str
    """How the distributions were obtained; `unknown` for answers from a file."""
    orders: tuple[Order, ...]
    """The option orders in which each question was put (`open_ended`: to the judge); none from a file."""
    refusals: Refusals
    """`apart`: left out and renormalised; `as-option`: one more option."""
    seed: int
    """The seed of the choice of questions, the noise floor and the intervals."""
    prompt_sha256: str
    """The hash of the system prompt and every probe, as asked (UTF-8, each ended by a zero byte); empty from a file."""
    scores: ScoreSet
    """Over every question that was answered."""
    scores_valid_only: ScoreSet
    """Over the valid questions."""
    calibration: Calibration | None = None
    """With `--calibrate`; null without, and where fewer than 20 questions with figures were answered."""
    topics: tuple[TopicInfo, ...]
    """By topic."""
    references: References
    """Reference points, each as if it were the prediction."""
    scores_against_opposite: OppositeInfo | None
    """The persona measured against the opposite group; null for combined groups and everyone."""
    nearest: tuple[NearestInfo, ...]
    """All groups with figures, nearest first."""
    nearest_questions: int
    """Over how many questions `nearest` was ranked."""
    questions: tuple[QuestionInfo, ...]
    """Every question that was answered; the scores recompute from these and `refused`."""
    refused: tuple[RefusedInfo, ...] = ()
    """With refusals `apart`: those answered with refusals only. They count in the scores named there, and no others."""
    failures: tuple[FailureInfo, ...]
    """Every question that was put and has no distribution that could be compared."""
    replies: RepliesInfo | None = None
    """The replies that the distributions were read from; null for log-probabilities and for answers from a file."""
    judge: JudgeInfo | None = None
    """Who mapped answers in words to the options, and its error; null for other expressions than `open_ended`."""
    timing: Timing
    """What it cost."""

    def to_json(self) -> str:
        """Return the document, indented, with every key in its fixed place."""
        return self.model_dump_json(by_alias=True, indent=2)


class GapInfo(_Part):
    """How much closer to people the percentages that a model gives are than the answers that it simulates."""

    persona: str
    """The persona's name."""
    simulation: str
    """The expression that simulates: `log_probability`, `sequence` or `sampled`."""
    total_variation: Score | None
    """Its total variation minus that of `verbalized`, question by question; above 0, `verbalized` is closer."""
    p: float | None
    """Two-sided p-value of the sign-flip test."""
    questions: int
    """Over how many questions: those that both answered and that have figures."""


class Reports(_Part):
    """The evaluations of several personas (schema `chat-personas/eval-reports@1`)."""

    schema_: Literal["chat-personas/eval-reports@1"] = Field(default=SCHEMA_OF_SEVERAL, alias="schema")
    """Always `"chat-personas/eval-reports@1"`."""
    reports: tuple[Report, ...]
    """One report per persona, in the order asked for; with `--expression all` one per persona and expression."""
    gaps: tuple[GapInfo, ...] = ()
    """The knowledge-to-simulation gaps; none unless a persona was asked for `verbalized` and in another way."""

    def to_json(self) -> str:
        """Return the document, indented, with every key in its fixed place."""
        return self.model_dump_json(by_alias=True, indent=2)


def as_document(reports: Sequence[Report], gaps: Sequence[GapInfo] = ()) -> str:
    """Return the JSON that is written for `reports`: one as it is, several in their list, with their gaps."""
    if len(reports) == 1:
        return reports[0].to_json()
    return Reports(reports=tuple(reports), gaps=tuple(gaps)).to_json()
