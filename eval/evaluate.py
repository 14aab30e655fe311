"""The headless evaluation: put a survey to a steered model and report how close it comes to people."""

import hashlib
import time
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing

from eval.answers import Answer, Failure, Refusals
from eval.engine import Engine, EngineError, Message
from eval.expression.methods import EXPRESSIONS, METHODS, Asking, Expression, cannot
from eval.figures import human_figures, require_figures
from eval.judge import Judge
from eval.question import Question
from eval.rendering import ORDERS
from eval.report import Report
from eval.report_asking import judge_info, replies_info
from eval.report_from import Circumstances, persona_info, report_from
from eval.scoring import score
from eval.selection import choose
from eval.survey import LoadedSurvey, Survey
from personas import Group, LoadedPersona, system_prompt, with_steering

__all__ = ["EXPRESSIONS", "Expression", "evaluate", "questions_for"]

Progress = Callable[[int, int], None]


async def evaluate(
    engine: Engine,
    persona: LoadedPersona,
    survey: LoadedSurvey,
    *,
    expression: Expression = "log_probability",
    steering: str | None = None,
    limit: int | None = None,
    seed: int = 0,
    refusals: Refusals = "apart",
    progress: Progress | None = None,
    samples: int | None = None,
    judge: Judge | None = None,
) -> Report:
    """Ask the persona every question that has figures for its groups, and score the answers.

    Each question stands alone after the system prompt. `steering` replaces the persona's own; `limit` asks only so
    many questions, chosen by `seed` and spread over topics; `samples` replies are drawn for each prompt where an
    expression method draws several, None for its own number; `judge` maps answers in words to the options, None for
    the model itself; `progress(done, total)` is called after each question. Several personas can be evaluated one after
    the other on one engine. Cancelling stops the engine.

    Raises:
        SurveyError: the survey has no figures for the persona's groups.
        PersonaError: the persona cannot be steered so, or this version cannot steer so.
        EngineError: the model or the server failed, or gives no log-probabilities.
    """
    steered = _steered(persona, steering)
    groups = steered.persona.groups
    questions = questions_for(persona, survey, steering, limit, seed)
    system = system_prompt(steered.persona)
    prefix = [Message("system", system)] if system else []
    started = time.perf_counter()
    method, asking = METHODS[expression], Asking(seed, samples, judge or Judge(engine))
    if (why := cannot(expression, engine.info, (judge or engine).info)) is not None:
        raise EngineError(why)
    outcomes = await _collect(method.ask(engine, prefix, questions, asking), len(questions), progress)
    answers = [outcome for outcome in outcomes if isinstance(outcome, Answer)]
    card = score(survey.survey, groups, answers, refusals=refusals, seed=seed)
    return report_from(
        card,
        Circumstances(
            persona=persona_info(steered),
            model=engine.info,
            survey=survey,
            questions=questions,
            steering=steered.persona.steering,
            expression=expression,
            orders=ORDERS,
            seed=seed,
            prompt_sha256=_prompt_sha256(system, [text for question in questions for text in method.prompts(question)]),
            failures=[outcome for outcome in outcomes if isinstance(outcome, Failure)],
            seconds=time.perf_counter() - started,
            tokens_decoded=sum(outcome.tokens_decoded for outcome in outcomes),
            tokens_reused=sum(outcome.tokens_reused for outcome in outcomes),
            replies=replies_info(outcomes, method, asking, engine.info),
            judge=await judge_info(questions, method, asking),
        ),
    )


def questions_for(
    persona: LoadedPersona, survey: LoadedSurvey, steering: str | None = None, limit: int | None = None, seed: int = 0
) -> tuple[Question, ...]:
    """Return the questions that `evaluate` would ask, so that what is wrong comes out before a model is loaded.

    Raises:
        SurveyError: the survey has no figures for the persona's groups.
        PersonaError: the persona cannot be steered so, or not by prompts.
    """
    groups = _steered(persona, steering).persona.groups
    require_figures(survey, groups)
    return choose(_with_figures(survey.survey, groups), limit, seed)


def _steered(loaded: LoadedPersona, steering: str | None) -> LoadedPersona:
    if steering is None:
        return loaded
    return LoadedPersona(with_steering(loaded.persona, steering), loaded.path, loaded.sha256)


def _with_figures(survey: Survey, groups: Sequence[Group]) -> tuple[Question, ...]:
    """Return the questions on which there is anyone to compare with."""
    return tuple(question for question in survey.questions if human_figures(question, groups) is not None)


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


def _prompt_sha256(system: str, prompts: Sequence[str]) -> str:
    """Return the hash of all that the model was told, in the order of asking."""
    return hashlib.sha256("".join(f"{text}\0" for text in [system, *prompts]).encode()).hexdigest()
