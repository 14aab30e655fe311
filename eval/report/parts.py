"""What every part of a report is made of: scores, groups and distributions.

What a report says about one temperature for all distributions.

How a report came about: who was asked, on which model and survey, how, and what it cost.
"""

from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict


def _plain(value: Any) -> Any:
    return value.tolist() if hasattr(value, "tolist") else value


Distribution = Annotated[tuple[float, ...], BeforeValidator(_plain)]
"""Shares of the options, in the survey's order."""


class Part(BaseModel):
    """A part of a document: every key always there, no other, and its meaning beside it."""

    model_config = ConfigDict(extra="forbid", frozen=True, from_attributes=True, use_attribute_docstrings=True)


class Score(Part):
    """A score over questions with its 95% interval, made by resampling questions."""

    mean: float
    """The mean over the questions in which it is defined; for `skill` and `entropy_ratio` a ratio of two means."""
    low: float | None
    """The lower end of the interval, null under 20 questions."""
    high: float | None
    """The upper end of the interval, null under 20 questions."""


class GroupName(Part):
    """One value of one attribute."""

    attribute: str
    """The attribute's key, such as `POLPARTY`."""
    value: str
    """The value as the catalogue spells it, such as `Democrat`."""


class CalibrationFold(Part):
    """A fifth of the questions, and the temperature that they are scored with."""

    temperature: float
    """The T of p^(1/T), 0.05 to 20, fitted on the questions of the other folds; above 1 flattens."""
    questions: tuple[str, ...]
    """The ids of the questions."""


class CalibratedScores(Part):
    """The scores at the temperature of each question's fold."""

    alignment: Score | None
    """As in `scores`."""
    total_variation: Score | None
    """As in `scores`."""


class CalibrationDifference(Part):
    """Calibrated minus not calibrated on the same questions."""

    alignment: Score | None
    """Above 0: calibration brings the persona closer to the people."""
    total_variation: Score | None
    """Below 0: calibration brings the persona closer to the people."""


class Calibration(Part):
    """What one temperature for all distributions changes, each question scored with one fitted on others."""

    folds: tuple[CalibrationFold, ...]
    """The five folds of the questions that have figures, drawn by the seed."""
    scores: CalibratedScores
    """Over all of these questions, out of fold."""
    minus_uncalibrated: CalibrationDifference
    """Paired differences from the scores without calibration."""


FROM_FILE = "answers"
"""The engine of a report on answers that come from a file."""


class PersonaInfo(Part):
    """The persona that was evaluated; for answers from a file, the group that they are for."""

    name: str
    """Its name; for answers from a file its groups, such as `POLPARTY=Democrat`, or `everyone`."""
    file: str
    """The base name of its file, or of the file of answers."""
    sha256: str
    """The hash of that file."""
    groups: tuple[GroupName, ...]
    """The groups that it stands for and was compared with; none means everyone."""


class ModelInfo(Part):
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


class SurveyInfo(Part):
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


class UnreadInfo(Part):
    """Replies that could not be read, for one reason."""

    why: str
    """The reason, in a few words."""
    replies: int
    """How many replies."""


class RepliesInfo(Part):
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


class JudgeInfo(Part):
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

    @property
    def errs_too_often(self) -> bool:
        """Whether the mean of `error` is above `limit`."""
        return self.error.mean > self.limit


class Timing(Part):
    """What the evaluation cost."""

    seconds: float
    """Wall-clock time of asking and scoring."""
    probes: int
    """How many probes were put: questions times orders."""
    tokens_decoded: int | None
    """Tokens that the model had to process, in this run; null for answers in words, whose tokens are not counted."""
    tokens_reused: int | None
    """Tokens that were shared between probes; null for answers in words."""
    remembered: int = 0
    """How many answers were kept from before, so that they were not asked for in this run."""
    remembered_since: str | None = None
    """When the oldest of these was made, in UTC (ISO 8601); null without any."""
