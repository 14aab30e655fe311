"""A matrix: the unsteered model and personas against groups, in representativeness, steerability and consistency.

The measures are those of Santurkar et al. (2023), "Whose Opinions Do Language Models Reflect?"; docs/matrix.md says
how each is computed here.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime

from eval.answer_files import AnswerFile
from eval.answers import Replies
from eval.engine import Engine, EngineError
from eval.expression.judge import Judge
from eval.expression.methods import METHODS, Asking, Expression, cannot
from eval.matrix.asking import UNSTEERED, PromptAnswers, all_prompts, ask, named_prompts
from eval.matrix.given import given_rows
from eval.matrix.groups import comparison_groups, groups_of
from eval.matrix.models import MatrixReport
from eval.matrix.tables import MatrixSource, columns, common_questions, require_common, rows, steerabilities
from eval.orders import TWO, OrderScheme
from eval.report import FailureInfo, ModelInfo, Timing
from eval.report.build import judge_info, program_version, replies_info, survey_info
from eval.scoring.intervals import Bootstrap
from eval.surveys.human_figures import choose
from eval.surveys.loading import LoadedSurvey
from eval.surveys.model import Question
from personas import LoadedPersona, prompt_alone

Progress = Callable[[int, int], None]


async def evaluate_matrix(
    engine: Engine,
    personas: Sequence[LoadedPersona],
    survey: LoadedSurvey,
    *,
    attribute: str | None = None,
    limit: int | None = None,
    expression: Expression = "log_probability",
    seed: int = 0,
    samples: int | None = None,
    judge: Judge | None = None,
    answers: Mapping[str, AnswerFile] | None = None,
    orders: OrderScheme = TWO,
    progress: Progress | None = None,
) -> MatrixReport:
    """Ask the model unsteered, as each persona, and steered to each persona's groups; compare with every group.

    `attribute` limits the comparison to its groups. `answers` are files by label, of which each group is a row beside
    the model's. Everything else is as in `evaluate`. A prompt that is needed several times is asked once. If the judge
    errs too often, no answer of the model is valid.

    Raises:
        AnswerError: two rows would have the same name.
        SurveyError: the survey has no figures for two groups, or no question has them for all groups.
        PersonaError: a persona is not steered by a prompt.
        EngineError: the model or the server failed, or cannot be asked by this expression.
    """
    questions = questions_of(survey, limit, seed)
    compared = comparison_groups(questions, groups_of(survey.survey, attribute))
    require_common(compared)
    given = given_rows(answers or {}, questions, names_of(personas))
    method, asking = METHODS[expression], Asking(seed, samples, judge or Judge(engine), orders)
    if (why := cannot(expression, engine.info, (judge or engine).info)) is not None:
        raise EngineError(why)
    started = time.perf_counter()
    by_prompt = await ask(engine, all_prompts(personas), questions, method, asking, progress)
    seconds = time.perf_counter() - started
    sources = [_unsteered(by_prompt), *(_source(loaded, by_prompt) for loaded in personas), *given]
    common, bootstrap = common_questions(sources, compared), Bootstrap(seed)
    return MatrixReport(
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        version=program_version(),
        model=ModelInfo.model_validate(engine.info),
        survey=survey_info(survey, questions),
        expression=expression,
        orders=method.orders(questions, asking),
        seed=seed,
        attribute=attribute,
        questions=tuple(question.id for question in common.questions),
        targets=columns(common, bootstrap),
        rows=rows(sources, common, questions, bootstrap),
        steerability=steerabilities(personas, by_prompt, compared, bootstrap),
        failures=_failures(
            [
                *((named_prompts(personas)[prompt], each) for prompt, each in by_prompt.items()),
                *((source.name, source.answers) for source in given),
            ],
            questions,
        ),
        replies=replies_info(_replies(by_prompt, questions), method, asking, engine.info),
        judge=await judge_info(questions, method, asking),
        timing=Timing(
            seconds=seconds,
            probes=len(by_prompt) * method.probes(questions, asking),
            tokens_decoded=None if method.in_words else sum(each.tokens_decoded for each in by_prompt.values()),
            tokens_reused=None if method.in_words else sum(each.tokens_reused for each in by_prompt.values()),
        ),
    )


def questions_of(survey: LoadedSurvey, limit: int | None = None, seed: int = 0) -> tuple[Question, ...]:
    """Return the questions that `evaluate_matrix` would ask: all, or `limit` of them."""
    return choose(survey.survey.questions, limit, seed)


def names_of(personas: Sequence[LoadedPersona]) -> tuple[str, ...]:
    """Return the names of the model's rows: `unsteered`, then those of the personas."""
    return ("unsteered", *(loaded.persona.name for loaded in personas))


def _unsteered(by_prompt: Mapping[str, PromptAnswers]) -> MatrixSource:
    return MatrixSource("unsteered", "none", (), by_prompt[UNSTEERED])


def _source(loaded: LoadedPersona, by_prompt: Mapping[str, PromptAnswers]) -> MatrixSource:
    persona = loaded.persona
    return MatrixSource(persona.name, persona.steering, persona.groups, by_prompt[prompt_alone(persona)])


def _replies(by_prompt: Mapping[str, PromptAnswers], questions: Sequence[Question]) -> list[Replies]:
    """Return all replies in the order of prompts and questions, because the order in which they came is random."""
    return [
        each.replies[question.id]
        for each in by_prompt.values()
        for question in questions
        if question.id in each.replies
    ]


def _failures(named: Sequence[tuple[str, PromptAnswers]], questions: Sequence[Question]) -> tuple[FailureInfo, ...]:
    """Return each failed question once for each reason, with the names of the prompts or files in which it failed."""
    failed: dict[tuple[str, str], list[str]] = {}
    for question in questions:
        for name, each in named:
            if (why := each.failures.get(question.id)) is not None:
                failed.setdefault((question.id, why), []).append(name)
    return tuple(FailureInfo(id=each, why=f"{why} ({', '.join(who)})") for (each, why), who in failed.items())
