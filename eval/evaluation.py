"""The evaluation without a screen: how close a steered model, or answers from a file, come to people.

`evaluate` puts a survey to a model; `evaluate_answers` scores answers that were produced elsewhere, with a report for
each group in the file as if a model had been asked.
"""

import hashlib
import time
from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import cast

from eval.answer_files import AnswerFile, GivenAnswers, answer_from
from eval.answers import Answer, Failure, Refusals
from eval.engine import Engine, EngineError, Message
from eval.expression.few_shot import as_asked, shots_of
from eval.expression.judge import Judge
from eval.expression.methods import METHODS, Asking, Expression, cannot
from eval.expression.rendering import QuestionLike, render
from eval.orders import TWO, Orders, OrderScheme, scheme_of
from eval.report import FROM_FILE, ModelInfo, PersonaInfo, Report
from eval.report.build import Provenance, group_names, judge_info, persona_info, replies_info, report_from
from eval.scoring.scores import score
from eval.surveys.human_figures import choose, human_figures, require_figures
from eval.surveys.loading import LoadedSurvey, Survey
from eval.surveys.model import Question
from personas import (
    Group,
    LoadedPersona,
    Persona,
    PersonaError,
    evaluation_prompt,
    is_steered_inside,
    with_shots,
    with_steering,
)

Progress = Callable[[int, int], None]
NOT_KNOWN = "unknown"
"""The steering and the expression of answers from a file."""


async def evaluate(
    engine: Engine,
    persona: LoadedPersona,
    survey: LoadedSurvey,
    *,
    expression: Expression = "log_probability",
    steering: str | None = None,
    shots: int | None = None,
    limit: int | None = None,
    seed: int = 0,
    refusals: Refusals = "apart",
    progress: Progress | None = None,
    samples: int | None = None,
    judge: Judge | None = None,
    unsteered: Sequence[Answer] | None = None,
    orders: OrderScheme = TWO,
) -> Report:
    """Ask the persona every question that has figures for its groups, and score the answers.

    Each question is asked by itself after the system prompt. Several personas can be evaluated on one engine, one after
    the other. Cancelling stops the engine.

    `steering` replaces the persona's own steering, and `shots` its number of other questions with `few_shot`. `limit`
    asks only this many questions, chosen by `seed` and spread over topics. `samples` is the number of replies to each
    prompt, for an expression that draws several; None means its own number. `judge` maps answers in words to the
    options; None means the model itself. `orders` are those in which options are lettered (`eval.orders`).
    `progress(done, total)` is called after each question.

    `unsteered` are the answers of the same model without steering (`ask_unsteered`), in the same expression: with them
    the report says what the persona changes. They are of no use for a persona that is not steered.

    Raises:
        SurveyError: the survey has no figures for the persona's groups, or too few for `few_shot`.
        PersonaError: the persona cannot be steered like this, or this version does not have the steering.
        EngineError: the model or the server failed, or gives no log-probabilities.
    """
    steered = steered_as(persona, steering, shots)
    _require_interventions(engine, steered)
    groups = steered.persona.groups
    questions = questions_for(persona, survey, steering, limit, seed, shots)
    asked = as_asked(steered.persona, survey.survey, questions)
    system = evaluation_prompt(steered.persona)
    prefix = [Message("system", system)] if system else []
    started = time.perf_counter()
    method, asking = METHODS[expression], Asking(seed, samples, judge or Judge(engine), orders)
    outcomes = await _ask(engine, prefix, questions, asked, expression, asking, progress)
    answers = [outcome for outcome in outcomes if isinstance(outcome, Answer)]
    without = None if unsteered is None or not is_steered(steered) else _about(questions, unsteered)
    card = score(survey.survey, groups, answers, refusals=refusals, seed=seed, unsteered=without)
    return report_from(
        card,
        Provenance(
            persona=persona_info(steered),
            model=engine.info,
            survey=survey,
            questions=questions,
            steering=steered.persona.steering,
            shots=shots_of(steered.persona),
            expression=expression,
            orders=method.orders(questions, asking),
            probes=method.probes(questions, asking),
            seed=seed,
            prompt_sha256=_prompt_sha256(
                system, [text for question in asked for text in method.prompts(question, orders)]
            ),
            failures=[outcome for outcome in outcomes if isinstance(outcome, Failure)],
            seconds=time.perf_counter() - started,
            tokens_decoded=None if method.in_words else sum(outcome.tokens_decoded for outcome in outcomes),
            tokens_reused=None if method.in_words else sum(outcome.tokens_reused for outcome in outcomes),
            replies=replies_info([each.replies for each in outcomes], method, asking, engine.info),
            judge=await judge_info(questions, method, asking),
        ),
    )


async def ask_unsteered(
    engine: Engine,
    questions: Sequence[Question],
    *,
    expression: Expression = "log_probability",
    seed: int = 0,
    samples: int | None = None,
    judge: Judge | None = None,
    orders: OrderScheme = TWO,
    progress: Progress | None = None,
) -> tuple[Answer, ...]:
    """Ask the model without steering; questions that failed are left out. The arguments are those of `evaluate`.

    Ask in the same `orders` as the persona that it is compared with.

    Raises:
        EngineError: the model or the server failed, or gives no log-probabilities.
    """
    asking = Asking(seed, samples, judge or Judge(engine), orders)
    outcomes = await _ask(engine, [], questions, questions, expression, asking, progress)
    return tuple(outcome for outcome in outcomes if isinstance(outcome, Answer))


async def _ask(
    engine: Engine,
    prefix: Sequence[Message],
    questions: Sequence[Question],
    asked: Sequence[QuestionLike],
    expression: Expression,
    asking: Asking,
    progress: Progress | None,
) -> list[Answer | Failure]:
    """Return what came of putting `questions` in the form `asked`, in their order."""
    if (why := cannot(expression, engine.info, (asking.judge or engine).info)) is not None:
        raise EngineError(why)
    collected = await _collect(METHODS[expression].ask(engine, prefix, asked, asking), len(questions), progress)
    return _in_order(collected, questions)


def _about(questions: Sequence[Question], answers: Sequence[Answer]) -> list[Answer]:
    asked = {question.id for question in questions}
    return [answer for answer in answers if answer.question_id in asked]


def is_steered(persona: LoadedPersona, steering: str | None = None, shots: int | None = None) -> bool:
    """Return whether a persona is asked otherwise than the model without steering; arguments as in `evaluate`."""
    steered = steered_as(persona, steering, shots).persona
    return bool(evaluation_prompt(steered)) or shots_of(steered) is not None or is_steered_inside(steered)


def questions_for(
    persona: LoadedPersona,
    survey: LoadedSurvey,
    steering: str | None = None,
    limit: int | None = None,
    seed: int = 0,
    shots: int | None = None,
) -> tuple[Question, ...]:
    """Return the questions that `evaluate` would ask. This finds all faults of the input before a model is loaded.

    Raises:
        SurveyError: the survey has no figures for the persona's groups, or too few for `few_shot`.
        PersonaError: the persona cannot be steered like this, or this version does not have the steering.
    """
    steered = steered_as(persona, steering, shots).persona
    evaluation_prompt(steered)
    require_figures(survey, steered.groups)
    questions = choose(questions_with_figures(survey.survey, steered.groups), limit, seed)
    as_asked(steered, survey.survey, questions)
    return questions


def _require_interventions(engine: Engine, persona: LoadedPersona) -> None:
    """Make sure that a persona that is steered within the model is not asked as the model without steering.

    Raises:
        PersonaError: the engine changes nothing.
    """
    if is_steered_inside(persona.persona) and not engine.info.interventions:
        raise PersonaError(
            f'{persona.persona.name}: steering "{persona.persona.steering}" changes the model from inside; give '
            "evaluate an engine that is steered so (steered_for)"
        )


def questions_with_figures(survey: Survey, groups: Sequence[Group]) -> tuple[Question, ...]:
    """Return the questions with figures for the people who belong to all of `groups`."""
    return tuple(question for question in survey.questions if human_figures(question, groups) is not None)


def given_first(persona: Persona, survey: Survey) -> list[Message]:
    """Return exactly what a model is given for a persona before anything is said: its system prompt, if it has one.

    With `few_shot` the first question of `survey` with figures for its groups follows, in the survey's order of
    options, with the group's answers to others before it.

    Raises:
        SurveyError: the survey has too few figures for `few_shot`.
    """
    prompt = evaluation_prompt(persona)
    found = [Message("system", prompt)] if prompt else []
    if shots_of(persona) is None:
        return found
    asked = as_asked(persona, survey, questions_with_figures(survey, persona.groups)[:1])
    return [*found, *(Message("user", render(question, "survey").probe.prompt) for question in asked)]


def steered_as(loaded: LoadedPersona, steering: str | None, shots: int | None = None) -> LoadedPersona:
    """Return a persona as `evaluate` asks it: with another steering, or with so many examples.

    Raises:
        PersonaError: it cannot be steered like this.
    """
    persona = loaded.persona if steering is None else with_steering(loaded.persona, steering)
    if shots is not None:
        persona = with_shots(persona, shots)
    return LoadedPersona(persona, loaded.path, loaded.sha256)


async def _collect(
    outcomes: AsyncGenerator[Answer | Failure, None], total: int, progress: Progress | None
) -> list[Answer | Failure]:
    collected: list[Answer | Failure] = []
    async with aclosing(outcomes):
        async for outcome in outcomes:
            collected.append(outcome)
            if progress is not None:
                progress(len(collected), total)
    return collected


def _in_order(outcomes: Sequence[Answer | Failure], questions: Sequence[Question]) -> list[Answer | Failure]:
    """Return outcomes in the order of their questions, because the order in which they came depends on the engine."""
    places = {question.id: place for place, question in enumerate(questions)}
    return sorted(outcomes, key=lambda outcome: places[outcome.question_id])


def _prompt_sha256(system: str, prompts: Sequence[str]) -> str:
    """Return the hash of the system prompt and of all prompts, in the order of asking."""
    return hashlib.sha256("".join(f"{text}\0" for text in [system, *prompts]).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Asked:
    """What a report says that a model was asked: messages before each question, and the questions as they were put."""

    prefix: tuple[Message, ...]
    questions: tuple[QuestionLike, ...]
    orders: Orders
    prompt_sha256: str


def asked_in(report: Report, persona: LoadedPersona, survey: LoadedSurvey) -> Asked:
    """Return what was asked for a report, made again from its persona and its survey.

    Raises:
        PersonaError: the persona cannot be steered as in the report.
        SurveyError: the survey has too few figures for `few_shot`.
    """
    steered = steered_as(persona, report.steering, report.shots).persona
    ids = {each.id for each in report.questions} | {each.id for each in report.failures}
    questions = [question for question in survey.survey.questions if question.id in ids]
    asked = tuple(as_asked(steered, survey.survey, questions))
    system, method = evaluation_prompt(steered), METHODS[cast(Expression, report.expression)]
    orders = scheme_of(report.orders)
    digest = _prompt_sha256(system, [text for question in asked for text in method.prompts(question, orders)])
    return Asked((Message("system", system),) if system else (), asked, orders, digest)


def evaluate_answers(
    answers: AnswerFile,
    survey: LoadedSurvey,
    *,
    limit: int | None = None,
    seed: int = 0,
    refusals: Refusals = "apart",
) -> Iterator[Report]:
    """Yield a report for each group in the file, on the questions that were answered for it.

    With refusals `apart` the refusal options are dropped and the rest is renormalised; with `as-option` they are kept
    and the masses are scored as they are. `limit` scores only this many of the questions with figures for the group,
    chosen by `seed` as in `evaluate`. Answers that cannot be scored are among the failures of the report.

    The file does not say how the answers were obtained. So the report names the file in place of the persona's file and
    of the model, and has `unknown` steering and expression, no option order and an empty `prompt_sha256`. What the file
    says of the measurement that it was saved from is the report's verdict.
    """
    for given in answers.given:
        yield _report(answers, given, survey, limit, seed, refusals)


def _report(
    file: AnswerFile, given: GivenAnswers, survey: LoadedSurvey, limit: int | None, seed: int, refusals: Refusals
) -> Report:
    started = time.perf_counter()
    answered = [question for question in survey.survey.questions if question.id in given.by_question]
    comparable = [question for question in answered if human_figures(question, given.groups) is not None]
    incomparable = [question for question in answered if human_figures(question, given.groups) is None]
    questions = (*choose(comparable, limit, seed), *incomparable)
    outcomes = [answer_from(given.by_question[question.id], question) for question in questions]
    scored = [outcome for outcome in outcomes if isinstance(outcome, Answer)]
    card = score(survey.survey, given.groups, scored, refusals=refusals, seed=seed)
    return report_from(
        card,
        Provenance(
            persona=_persona(file, given),
            model=_model(file, given),
            survey=survey,
            questions=questions,
            steering=NOT_KNOWN,
            expression=NOT_KNOWN,
            orders=(),
            seed=seed,
            prompt_sha256="",
            failures=[outcome for outcome in outcomes if isinstance(outcome, Failure)],
            seconds=time.perf_counter() - started,
            tokens_decoded=0,
            tokens_reused=0,
            recorded=given.finding,
        ),
    )


def _persona(file: AnswerFile, given: GivenAnswers) -> PersonaInfo:
    """Return the group in place of a persona, because the file does not name one."""
    return PersonaInfo(
        name=given.name,
        file=file.name,
        sha256=file.sha256,
        groups=group_names(given.groups),
    )


def _model(file: AnswerFile, given: GivenAnswers) -> ModelInfo:
    return ModelInfo(
        name=file.name,
        engine=FROM_FILE,
        sha256=None,
        quantization=None,
        context_length=None,
        flash_attention=None,
        demonstration=given.demonstration,
        answers_of=", ".join(given.models) or None,
    )
