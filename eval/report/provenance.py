"""How a report came about: who was asked, which model, which survey, how, with which calibration, and at what cost."""

from typing import Annotated, Any

from pydantic import BeforeValidator, ConfigDict

from eval.scoring.results import Difference, GroupName, Part, Score

FROM_FILE = "answers"
"""The engine of a report on answers that come from a file."""


def _as_tuple(value: Any) -> Any:
    """Return an array or a list as a tuple, which is what strict reading takes; anything else as it is."""
    found = value.tolist() if hasattr(value, "tolist") else value
    return tuple(found) if isinstance(found, list) else found


Distribution = Annotated[tuple[float, ...], BeforeValidator(_as_tuple)]
"""Shares of the options, in the survey's order."""


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

    model_config = ConfigDict(from_attributes=True)

    name: str
    """Its name, or its server's address without user, password and query; or the base name of a file of answers."""
    engine: str
    """What ran it: `llama` or `openai`; `answers` if nothing was run and the answers come from a file."""
    sha256: str | None
    """The hash of the model file, null for servers."""
    quantization: str | None
    """How its weights are quantised, where known."""
    context_length: int | None
    """The number of tokens in its context, where known."""
    flash_attention: bool | None
    """Whether flash attention was on, where known."""
    build: str | None = None
    """The versions of llama.cpp and the features of the processor; null for servers and in older reports."""
    template: str | None = None
    """What replaced the chat template in the model file: `chatml`, `plain`, or the base name of a file with a template
    (`--template`); null where nothing did, and in older reports."""
    template_sha256: str | None = None
    """The hash of the template, or of the form of plain text; null for servers, and in older reports."""
    template_date: str | None = None
    """The day that the chat template wrote into every prompt (ISO 8601); null where it writes none, and for servers."""
    prompt_format: str | None = None
    """How it was asked: `template` through its chat template, or `plain` in plain text as a base model, which continues
    text; null where not known, and in older reports."""
    label_shares: str | None = None
    """How the probabilities of the letters were obtained: `exact`; or from a server's `top K` likeliest tokens, with
    what it was asked for where those left the letters unsure (`2000 alternatives`, `logprob_token_ids`,
    `token_ids_logprob`, `logit_bias`); null without log-probabilities, and in older reports."""
    recurrent: bool = False
    """Whether its layers, or some of them, keep one state for all that they have read: then its probes were decoded one
    after the other."""
    interventions: tuple[str, ...] = ()
    """What changed its hidden states meanwhile: the kind, the direction with the hash of its file, layers, strength."""
    demonstration: bool = False
    """Whether it calls itself a demonstration: then the scores say nothing about real people."""
    answers_of: str | None = None
    """The model that gave the answers in a file, where the file says so; several are parted by commas."""


class SurveyInfo(Part):
    """The survey that it was compared with."""

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
    """The years in which people were asked; empty where the source does not say."""


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
    """The temperature with which they were drawn; with 0 the most likely token is taken each time."""
    top_p: float
    """The share of the most likely tokens from which they were drawn; 1 is all."""
    max_tokens: int
    """How long each could be."""
    constraint: str | None
    """How they were kept to a form: `grammar`, `json_schema`, `json_object`, `none`, `unknown`; null without a form."""
    asked: int
    """How many replies were asked for, including those to questions that failed."""
    unread: tuple[UnreadInfo, ...]
    """How many of those could not be read and do not count, by reason; questions that failed are in `failures`."""


class JudgeInfo(Part):
    """The model that mapped answers in words to the options, and how often it errs."""

    name: str
    """Its name, as `model.name`."""
    engine: str
    """What ran it."""
    sha256: str | None
    """The hash of the model file, null for servers."""
    error: Score
    """The probability that it does not give to the right answer to a statement whose answer is known: 0 to 1."""
    statements: int
    """The number of such statements: `paraphrases` and `abstentions`; in older reports the options' own texts."""
    limit: float
    """If the mean of `paraphrase_error` or of `abstention_error` is above this, no question is valid."""
    paraphrase_error: Score | None = None
    """The error on options in other words; null if none could be put so, and in older reports."""
    paraphrases: int | None = None
    """The number of these; null in older reports."""
    abstention_error: Score | None = None
    """The error on refusals to answer and on irrelevant sentences, which fit no option; null in older reports."""
    abstentions: int | None = None
    """The number of these; null in older reports."""

    @property
    def worst(self) -> Score:
        """The largest of the errors over statements of one kind; in older reports the only one."""
        kinds = [each for each in (self.paraphrase_error, self.abstention_error) if each is not None]
        return max(kinds, key=lambda each: each.mean, default=self.error)

    @property
    def errs_too_often(self) -> bool:
        """Whether an error is above `limit`, or the error on paraphrases is not known because there are none."""
        return self.paraphrases == 0 or self.worst.mean > self.limit


class CalibrationFold(Part):
    """A fifth of the questions, and the temperature with which they are scored."""

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


class Calibration(Part):
    """The effect of one temperature for all distributions, each question scored with one fitted on other questions."""

    folds: tuple[CalibrationFold, ...]
    """The five folds of the questions that have figures, drawn by the seed."""
    scores: CalibratedScores
    """Over all of these questions, out of fold."""
    minus_uncalibrated: Difference
    """Calibrated minus uncalibrated. Alignment above 0 and total variation below 0: calibration brings the persona
    closer to the people."""


class Timing(Part):
    """The cost of the evaluation."""

    seconds: float
    """Wall-clock time of asking and scoring."""
    probes: int
    """How many probes were put: questions times orders."""
    tokens_decoded: int | None
    """Tokens that the model had to process in this run; null for answers in words, whose tokens are not counted."""
    tokens_reused: int | None
    """Tokens that probes shared; null for answers in words."""
    remembered: int = 0
    """How many answers were taken from the cache of an earlier run and not asked for again."""
    remembered_since: str | None = None
    """When the oldest of these was made, in UTC (ISO 8601); null if there are none."""
