"""A run of `eval` or `matrix`: open the models, get consent, resume, ask; and scoring answers from a file."""

import sys
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import ClassVar

from chat_personas.cli.errors import UsageError
from chat_personas.cli.evaluation.requests import agree_to_all, possible
from chat_personas.cli.evaluation.resume import ResumableRun
from chat_personas.cli.opening import opened_model
from chat_personas.cli.progress import progress_bar
from chat_personas.engines.cached import CachedEngine
from chat_personas.own_personas import find_persona
from chat_personas.settings import Settings
from chat_personas.steering.applied import steered_for
from chat_personas.surveys import find_survey
from chat_personas.text import pluralize, printable
from eval.answer_files import AnswerFile, check_distinct, load_answers
from eval.answers import Answer, Refusals
from eval.evaluation import ask_unsteered, evaluate, evaluate_answers, is_steered, questions_for, steered_as
from eval.expression.judge import Judge
from eval.expression.methods import Asking, Expression
from eval.interventions import tried_out
from eval.matrix.asking import all_prompts
from eval.matrix.given import given_rows
from eval.matrix.groups import groups_of
from eval.matrix.models import MatrixReport
from eval.matrix.run import evaluate_matrix, names_of, questions_of
from eval.orders import TWO, OrderScheme
from eval.report import Report
from eval.report.calibrate import calibrated, comparable
from eval.scoring.intervals import MIN_QUESTIONS
from eval.surveys.loading import LoadedSurvey
from eval.surveys.model import Question
from personas import LoadedPersona
from personas.inputs.files import path_exists
from personas.inputs.suggestions import quoted


@dataclass(slots=True, kw_only=True)
class Run(ABC):
    """What the two commands share: one model, a judge, consent to the requests, and resuming.

    Of several `expressions`, those that the model cannot be asked in are left out when it is opened. `judge` None is
    the model itself. `agreed`: probing a server on another machine was agreed to on the command line.
    """

    command: ClassVar[str]
    settings: Settings
    model: str
    survey: LoadedSurvey
    personas: Sequence[LoadedPersona]
    expressions: Sequence[Expression]
    samples: int | None
    judge: str | None
    orders: OrderScheme
    limit: int | None
    seed: int
    agreed: bool
    resumable: ResumableRun

    @asynccontextmanager
    async def _asking(self, questions: Sequence[Sequence[Question]]) -> AsyncIterator[tuple[CachedEngine, Judge]]:
        """Lend the opened model and the judge; `questions` are those of each prompt. A block that ends well is noted.

        Raises:
            UnknownModelError: there is no such model.
            EngineError: a model cannot be opened.
            UsageError: the person did not agree to probe a server on another machine, or there is nothing to resume.
            CacheError: the run to resume cannot be looked up.
        """
        async with AsyncExitStack() as opened:
            engine = await opened_model(self.model, self.settings, opened)
            itself = self.judge in (None, self.model)
            judge = engine if itself else await opened_model(self.judge or "", self.settings, opened)
            self.expressions = possible(self.expressions, engine.info, judge.info)
            other, asking = None if itself else judge.info, Asking(self.seed, self.samples, orders=self.orders)
            requests = agree_to_all(engine.info, other, self.expressions, questions, asking, self.agreed)
            cached = self.resumable.begin(engine, self.command, self._identity(), requests)
            yield cached, Judge(cached if itself else self.resumable.share(judge))
            self.resumable.finish()

    def _other_orders(self) -> list[object]:
        """Return the orders if they are not the usual two: runs that began before there were others are resumed."""
        return [] if self.orders == TWO else [self.orders]

    @abstractmethod
    def _identity(self) -> list[object]:
        """Return what tells this run from others of the same command and model, so that it can be resumed."""


@dataclass(slots=True, kw_only=True)
class EvalRun(Run):
    """One run of `eval`. `saving`: the answers are to be saved, which needs personas for different people."""

    command = "eval"
    steering: str | None
    shots: int | None
    refusals: Refusals
    calibrate: bool
    saving: bool
    with_unsteered: bool

    async def collect(self, reports: list[Report]) -> None:
        """Evaluate each persona in turn on one model, after checking everything that can be wrong.

        Each report is added to `reports` when it is done, so that a later failure cannot lose it.

        Raises:
            SurveyError, PersonaError, AnswerError, UsageError, UnknownModelError, CacheError: an argument is wrong;
                then nothing was asked.
            EngineError: the model or the server failed.
        """
        check_each_once(self.personas)
        if self.saving:
            check_distinct(self.personas)
        wanted = self.survey, self.steering, self.limit, self.seed, self.shots
        questions = [questions_for(persona, *wanted) for persona in self.personas]
        if self.calibrate:
            for persona, asked in zip(self.personas, questions, strict=True):
                check_enough(persona.persona.name, len(asked))
        without = self._without_steering(questions)
        async with self._asking([*questions, without] if without else questions) as (engine, judge):
            unsteered: dict[Expression, tuple[Answer, ...]] = {}
            for persona in self.personas:  # a direction that does not fit is told before anything is asked
                await tried_out(steered_for(engine, steered_as(persona, self.steering)))
            for persona in self.personas:
                for expression in self.expressions:
                    if without and expression not in unsteered:
                        unsteered[expression] = await self._unsteered(engine, judge, without, expression)
                    report = await self._report(engine, judge, persona, expression, unsteered.get(expression))
                    reports.append(self.resumable.with_cache_counts(report))

    def _without_steering(self, questions: Sequence[Sequence[Question]]) -> tuple[Question, ...]:
        """Return the questions that are put to the model without steering, too: those of all steered personas."""
        if not self.with_unsteered:
            return ()
        steered = [
            asked
            for persona, asked in zip(self.personas, questions, strict=True)
            if is_steered(persona, self.steering, self.shots)
        ]
        return tuple({question.id: question for asked in steered for question in asked}.values())

    async def _unsteered(
        self, engine: CachedEngine, judge: Judge, questions: Sequence[Question], expression: Expression
    ) -> tuple[Answer, ...]:
        title = f"unsteered, {expression}" if len(self.expressions) > 1 else "unsteered"
        with progress_bar(title, self.resumable.tally) as advance:
            return await ask_unsteered(
                engine,
                questions,
                expression=expression,
                seed=self.seed,
                samples=self.samples,
                judge=judge,
                orders=self.orders,
                progress=advance,
            )

    async def _report(
        self,
        engine: CachedEngine,
        judge: Judge,
        persona: LoadedPersona,
        expression: Expression,
        unsteered: Sequence[Answer] | None,
    ) -> Report:
        name = persona.persona.name
        title = f"{name}, {expression}" if len(self.expressions) > 1 else name
        with progress_bar(title, self.resumable.tally) as advance:
            report = await evaluate(
                steered_for(engine, steered_as(persona, self.steering)),
                persona,
                self.survey,
                expression=expression,
                steering=self.steering,
                shots=self.shots,
                limit=self.limit,
                seed=self.seed,
                refusals=self.refusals,
                progress=advance,
                samples=self.samples,
                judge=judge,
                unsteered=unsteered,
                orders=self.orders,
            )
        return calibrate(report) if self.calibrate else report

    def _identity(self) -> list[object]:
        files = [persona.sha256 for persona in self.personas]
        how = [*self.expressions, self.samples, self.judge, self.steering, self.shots, *self._other_orders()]
        return [files, self.survey.sha256, how, self.limit, self.seed]


@dataclass(slots=True, kw_only=True)
class MatrixRun(Run):
    """One run of `matrix`, in the one expression of `expressions`; `attribute` None compares with all groups.

    `answers` are files by label, whose answers are rows beside the model's.
    """

    command = "matrix"
    attribute: str | None
    answers: Mapping[str, AnswerFile]

    async def make(self) -> MatrixReport:
        """Return the matrix, after checking everything that can be wrong.

        Raises:
            SurveyError, PersonaError, AnswerError, UsageError, UnknownModelError, CacheError: an argument is wrong;
                then nothing was asked.
            EngineError: the model or the server failed, or cannot be asked in this expression.
        """
        check_each_once(self.personas)
        groups_of(self.survey.survey, self.attribute)
        questions, prompts = questions_of(self.survey, self.limit, self.seed), all_prompts(self.personas)
        given_rows(self.answers, questions, names_of(self.personas))
        async with self._asking([questions] * len(prompts)) as (engine, judge):
            with progress_bar("matrix", self.resumable.tally) as advance:
                report = await evaluate_matrix(
                    engine,
                    self.personas,
                    self.survey,
                    attribute=self.attribute,
                    limit=self.limit,
                    expression=self.expressions[0],
                    seed=self.seed,
                    samples=self.samples,
                    judge=judge,
                    answers=self.answers,
                    orders=self.orders,
                    progress=advance,
                )
        return self.resumable.with_cache_counts(report)

    def _identity(self) -> list[object]:
        files = [persona.sha256 for persona in self.personas]
        how = [self.expressions[0], self.samples, self.judge, *self._other_orders()]
        return [files, self.survey.sha256, self.attribute, how, self.limit, self.seed]


def check_each_once(personas: Sequence[LoadedPersona]) -> None:
    """Make sure that no persona is named twice, by its name in the library or by its file.

    Raises:
        UsageError: one is.
    """
    seen: set[str] = set()
    for loaded in personas:
        if loaded.sha256 in seen:
            raise UsageError(f"the persona {loaded.persona.name} is named twice; name each once")
        seen.add(loaded.sha256)


def check_enough(name: str, questions: int) -> None:
    """Make sure that there are enough questions to calibrate.

    Raises:
        UsageError: there are not.
    """
    if questions < MIN_QUESTIONS:
        raise UsageError(
            f"{name}: --calibrate scores each fifth of the questions with a temperature fitted on the others; "
            f"it needs {MIN_QUESTIONS} questions, not {questions}; use more questions, or leave it out"
        )


def calibrate(report: Report) -> Report:
    """Return the report with its calibration; where too few questions were answered, say so on standard error."""
    made = calibrated(report)
    if made.calibration is None:
        answered = pluralize(len(comparable(report)), "question")
        print(f"{report.persona.name}: not calibrated, only {answered} answered", file=sys.stderr)
    return made


def score_answers(
    file: str, survey_name: str, *, limit: int | None, seed: int, refusals: Refusals, with_calibration: bool
) -> list[Report]:
    """Return a report for each group in a file of answers; print for which groups answers are missing.

    Raises:
        SurveyError, AnswerError: the survey or the file of answers is missing or has a fault.
        UsageError: the file holds too few answers for some group to calibrate.
    """
    survey = find_survey(survey_name)
    answers = load_answers(file, survey)
    reports = list(evaluate_answers(answers, survey, limit=limit, seed=seed, refusals=refusals))
    for given in answers.given:
        if limit is None and (left_out := given.left_out(survey.survey)):
            print(f"{given.name}: no answers to {left_out} of the questions that have figures", file=sys.stderr)
    if not with_calibration:
        return reports
    for report in reports:
        check_enough(report.persona.name, len(comparable(report)))
    return [calibrate(report) for report in reports]


def load_labelled(given: Sequence[str], survey: LoadedSurvey) -> dict[str, AnswerFile]:
    """Return files of answers by label, each given as `LABEL=FILE` or as `FILE`, whose label is its base name.

    Raises:
        UsageError: a label is empty, cannot be printed, or is given twice.
        AnswerError: a file is missing or has a fault.
    """
    loaded: dict[str, AnswerFile] = {}
    for text in given:
        label, file = labelled_file(text)
        if label is not None and (not label.strip() or not label.isprintable()):
            raise UsageError(f"--answers {printable(text)}: the label is not a name; write LABEL=FILE")
        answers = load_answers(file, survey)
        label = answers.name if label is None else label.strip()
        if label in loaded:
            raise UsageError(f"two files of answers are called {quoted(label)}; give one another label, as LABEL=FILE")
        loaded[label] = answers
    return loaded


def labelled_file(text: str) -> tuple[str | None, str]:
    """Return the label, if there is one, and the file of `LABEL=FILE` or `FILE`; a file may have "=" in its name."""
    label, equals, file = text.partition("=")
    return (None, text) if not equals or path_exists(text) else (label, file)


def load_personas(names: Sequence[str]) -> list[LoadedPersona]:
    """Return the personas called so in the library or in files. Raises PersonaError."""
    return [find_persona(name) for name in names]
