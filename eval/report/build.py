"""Making a report from a scorecard and its provenance: who was asked, which model, which survey, and how."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import PurePath

from eval.answers import REFUSALS_ONLY, Failure, Replies
from eval.engine import EngineInfo, Order
from eval.expression.judge import MOST_ERROR
from eval.expression.methods import Asking, Method
from eval.report import (
    FailureInfo,
    GroupName,
    JudgeInfo,
    ModelInfo,
    OrderInfo,
    PersonaInfo,
    QuestionInfo,
    RepliesInfo,
    Report,
    SurveyInfo,
    Timing,
    UnreadInfo,
)
from eval.scoring.distributions import OrderOpinion
from eval.scoring.intervals import Bootstrap
from eval.scoring.results import Finding, group_name
from eval.scoring.scores import QuestionScore, Scorecard
from eval.scoring.validity import as_recorded
from eval.surveys.loading import LoadedSurvey
from eval.surveys.model import Question
from personas import Group, LoadedPersona


@dataclass(frozen=True, slots=True)
class Provenance:
    """How an evaluation was made; fields as in the report. `questions` are those that were put, in their order."""

    persona: PersonaInfo
    model: EngineInfo | ModelInfo
    survey: LoadedSurvey
    questions: Sequence[Question]
    steering: str
    expression: str
    orders: Sequence[Order]
    seed: int
    prompt_sha256: str
    failures: Sequence[Failure]
    seconds: float
    tokens_decoded: int | None
    tokens_reused: int | None
    shots: int | None = None
    replies: RepliesInfo | None = None
    judge: JudgeInfo | None = None
    probes: int = 0
    recorded: Finding | None = None
    """What a file of answers says of the measurement that it was saved from."""


def report_from(card: Scorecard, provenance: Provenance) -> Report:
    """Return the report of one evaluation."""
    return Report(
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        version=program_version(),
        persona=provenance.persona,
        model=ModelInfo.model_validate(provenance.model),
        survey=survey_info(provenance.survey, provenance.questions),
        steering=provenance.steering,
        shots=provenance.shots,
        expression=provenance.expression,
        orders=tuple(provenance.orders),
        refusals=card.refusals,
        seed=provenance.seed,
        prompt_sha256=provenance.prompt_sha256,
        verdict=as_recorded(card.verdict, provenance.recorded),
        scores=card.scores,
        scores_valid_only=card.scores_valid_only,
        letters_removed=card.letters_removed,
        topics=card.topics,
        references=card.references,
        entropy_thirds=card.entropy_thirds,
        effect=card.effect,
        scores_against_opposite=card.scores_against_opposite,
        group_sample=card.group_sample,
        nearest=card.nearest,
        nearest_questions=card.nearest_questions,
        questions=tuple(_question(question, provenance.orders) for question in card.questions),
        refused=card.refused,
        failures=_failures(card, provenance),
        replies=provenance.replies,
        judge=provenance.judge,
        timing=Timing(
            seconds=provenance.seconds,
            probes=provenance.probes,
            tokens_decoded=provenance.tokens_decoded,
            tokens_reused=provenance.tokens_reused,
        ),
    )


def _question(scored: QuestionScore, orders: Sequence[Order]) -> QuestionInfo:
    n = scored.human_n
    return QuestionInfo(
        id=scored.id,
        topics=scored.topics,
        options=scored.options,
        ordinal=scored.ordinal,
        human=scored.human,
        human_n=int(n) if n is not None and n.is_integer() else n,
        model=scored.model,
        by_order=tuple(_order(order) for order in scored.by_order if order.order in orders),
        unsteered=tuple(_order(order) for order in scored.unsteered),
        refusal=scored.refusal,
        human_refusal=scored.human_refusal,
        label_mass=scored.label_mass,
        alignment=scored.alignment,
        total_variation=scored.total_variation,
        order_bias=scored.order_bias,
        valid=scored.valid,
        letters_removed=scored.letters_removed,
    )


def _order(opinion: OrderOpinion) -> OrderInfo:
    return OrderInfo(
        order=opinion.order,
        model=opinion.distribution,
        refusal=opinion.refusal,
        label_mass=opinion.label_mass,
        truncation=opinion.truncation,
    )


def _failures(card: Scorecard, provenance: Provenance) -> tuple[FailureInfo, ...]:
    """Return the questions that failed or were answered with refusals only, in the order in which they were put."""
    whys = {failure.question_id: failure.why for failure in provenance.failures}
    whys |= {refused.id: REFUSALS_ONLY for refused in card.refused}
    return tuple(FailureInfo(id=each.id, why=whys[each.id]) for each in provenance.questions if each.id in whys)


def program_version() -> str:
    """Return the version of this program."""
    try:
        return version("chat-personas")
    except PackageNotFoundError:  # eval is used without the application, from a checkout that is not installed
        return "unknown"


def persona_info(loaded: LoadedPersona) -> PersonaInfo:
    """Return the part of a report about a persona. It has the base name of the persona's file, never the folder."""
    return PersonaInfo(
        name=loaded.persona.name,
        file=PurePath(loaded.path).name,
        sha256=loaded.sha256,
        groups=group_names(loaded.persona.groups),
    )


def group_names(groups: Sequence[Group]) -> tuple[GroupName, ...]:
    """Return groups as a report names them."""
    return tuple(group_name(group) for group in groups)


def survey_info(loaded: LoadedSurvey, questions: Sequence[Question]) -> SurveyInfo:
    """Return the part of a report about a survey of which these questions were put."""
    return SurveyInfo(
        name=loaded.survey.name,
        sha256=loaded.sha256,
        questions=len(questions),
        paraphrased=any(question.paraphrased for question in questions),
        weighted=loaded.survey.weighted,
        years=tuple(loaded.survey.years),
    )


def replies_info(replies: Sequence[Replies], method: Method, asking: Asking, info: EngineInfo) -> RepliesInfo | None:
    """Return how replies were drawn and how many could not be read; None for a method that draws none.

    `replies` are those to every question under every prompt. `info` must be read after the engine was asked, because
    some engines know only then whether they keep replies to a form.
    """
    if method.sampling is None:
        return None
    unread = Counter(why for each in replies for why in each.unread)
    return RepliesInfo(
        per_prompt=method.replies(asking),
        temperature=method.sampling.temperature,
        top_p=method.sampling.top_p,
        max_tokens=method.sampling.max_tokens,
        constraint=info.constraints if method.constrained else None,
        asked=sum(each.asked for each in replies),
        unread=tuple(UnreadInfo(why=why, replies=count) for why, count in unread.most_common()),
    )


async def judge_info(questions: Sequence[Question], method: Method, asking: Asking) -> JudgeInfo | None:
    """Return which model judged the answers to `questions`, and its error; None for a method without a judge.

    The error was estimated when the questions were asked, so that the judge is not asked again here.
    """
    if not method.judged or asking.judge is None or not questions:
        return None
    errors = await asking.judge.errors(questions)
    bootstrap = Bootstrap(asking.seed)
    error = bootstrap.mean(errors.overall)
    if error is None:
        return None
    info = asking.judge.info
    return JudgeInfo(
        name=info.name,
        engine=info.engine,
        sha256=info.sha256,
        error=error,
        statements=errors.paraphrase_count + errors.abstention_count,
        limit=MOST_ERROR,
        paraphrase_error=bootstrap.mean(errors.paraphrases),
        paraphrases=errors.paraphrase_count,
        abstention_error=bootstrap.mean(errors.abstentions),
        abstentions=errors.abstention_count,
    )
