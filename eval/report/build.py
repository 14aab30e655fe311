"""From a scorecard and the circumstances it was made in to the report.

What a report says about how the distributions were obtained.
"""

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
from eval.scoring.intervals import Bootstrap
from eval.scoring.opinions import OrderOpinion
from eval.scoring.results import group_name
from eval.scoring.scores import QuestionScore, Scorecard
from eval.surveys.loading import LoadedSurvey
from eval.surveys.model import Question
from personas import Group, LoadedPersona


def replies_info(replies: Sequence[Replies], method: Method, asking: Asking, info: EngineInfo) -> RepliesInfo | None:
    """Return how replies were drawn and how many could not be read; None where nothing is drawn.

    `replies` are those of every question under every prompt. `info` is the engine's after it was asked: only then some
    know whether they keep replies to a form.
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
    """Return who judged the answers to `questions` and its error over them; None where nobody did.

    The error was estimated when the questions were asked; what is known is not asked again.
    """
    if not method.judged or asking.judge is None or not questions:
        return None
    errors = await asking.judge.errors(questions)
    error = Bootstrap(asking.seed).mean(errors)
    if error is None:
        return None
    info = asking.judge.info
    return JudgeInfo(
        name=info.name,
        engine=info.engine,
        sha256=info.sha256,
        error=error,
        statements=sum(len(question.option_texts) for question in questions),
        limit=MOST_ERROR,
    )


@dataclass(frozen=True, slots=True)
class Circumstances:
    """Everything about an evaluation that is no score; fields as in the report."""

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


def report_from(card: Scorecard, made: Circumstances) -> Report:
    """Return the report of one evaluation."""
    return Report(
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        version=program_version(),
        persona=made.persona,
        model=ModelInfo.model_validate(made.model),
        survey=survey_info(made.survey, made.questions),
        steering=made.steering,
        shots=made.shots,
        expression=made.expression,
        orders=tuple(made.orders),
        refusals=card.refusals,
        seed=made.seed,
        prompt_sha256=made.prompt_sha256,
        scores=card.scores,
        scores_valid_only=card.scores_valid_only,
        topics=card.topics,
        references=card.references,
        scores_against_opposite=card.scores_against_opposite,
        nearest=card.nearest,
        nearest_questions=card.nearest_questions,
        questions=tuple(_question(question, made.orders) for question in card.questions),
        refused=card.refused,
        failures=_failures(card, made),
        replies=made.replies,
        judge=made.judge,
        timing=Timing(
            seconds=made.seconds,
            probes=len(made.questions) * len(made.orders),
            tokens_decoded=made.tokens_decoded,
            tokens_reused=made.tokens_reused,
        ),
    )


def _failures(card: Scorecard, made: Circumstances) -> tuple[FailureInfo, ...]:
    """Return what failed and what was only refused, in the order in which the questions were put."""
    whys = {failure.question_id: failure.why for failure in made.failures}
    whys |= {refused.id: REFUSALS_ONLY for refused in card.refused}
    return tuple(FailureInfo(id=each.id, why=whys[each.id]) for each in made.questions if each.id in whys)


def program_version() -> str:
    """Return the version of this program, as reports have it."""
    try:
        return version("chat-personas")
    except PackageNotFoundError:  # eval used on its own, from a checkout that is not installed
        return "unknown"


def persona_info(loaded: LoadedPersona) -> PersonaInfo:
    """Return what a report says about a persona: the base name of its file, never where it lies."""
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
    """Return what a report says about a survey of which these questions were put."""
    return SurveyInfo(
        name=loaded.survey.name,
        sha256=loaded.sha256,
        questions=len(questions),
        paraphrased=any(question.paraphrased for question in questions),
        weighted=loaded.survey.weighted,
        years=tuple(loaded.survey.years),
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
        refusal=scored.refusal,
        human_refusal=scored.human_refusal,
        label_mass=scored.label_mass,
        alignment=scored.alignment,
        total_variation=scored.total_variation,
        order_bias=scored.order_bias,
        valid=scored.valid,
    )


def _order(order: OrderOpinion) -> OrderInfo:
    return OrderInfo(
        order=order.order,
        model=order.distribution,
        refusal=order.refusal,
        label_mass=order.label_mass,
        truncation=order.truncation,
    )
