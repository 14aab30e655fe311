"""One evaluation from the command line: read, agree, ask.

`eval --calibrate`: what must hold for it, and the reports with it.

Personas as they are named on the command line: each once, or its figures would stand there twice.

Answers that were produced elsewhere, from a file on the command line to reports.

One matrix from the command line: check, agree, ask.
"""

import sys
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from chat_personas.cli.errors import UsageError
from chat_personas.cli.evaluation.requests import agree_to_all, possible
from chat_personas.cli.evaluation.resume import ResumableRun
from chat_personas.cli.opening import opened_model
from chat_personas.cli.progress import progress_bar
from chat_personas.settings import Settings
from chat_personas.surveys import find_survey
from chat_personas.text import pluralize
from eval.answer_files import check_distinct, load_answers
from eval.evaluate import evaluate, evaluate_answers, questions_for
from eval.expression.judge import Judge
from eval.expression.methods import Asking, Expression
from eval.matrix.groups import groups_of
from eval.matrix.models import MatrixReport
from eval.matrix.prompts import all_prompts
from eval.matrix.run import matrix, questions_of
from eval.report import Report
from eval.surveys.loading import LoadedSurvey
from personas import LoadedPersona, load_persona

if TYPE_CHECKING:
    from eval.answers import Refusals
    from eval.engine import Engine


def check_enough(name: str, questions: int) -> None:
    """Make sure that there are questions enough for calibration.

    Raises:
        UsageError: there are not, and the line says why that matters.
    """
    from eval.scoring.calibration import MIN_QUESTIONS

    if questions < MIN_QUESTIONS:
        raise UsageError(
            f"{name}: --calibrate scores each fifth of the questions with a temperature fitted on the others, for "
            f"which it needs {MIN_QUESTIONS} questions, not {questions}; give it more, or leave it out"
        )


def calibrate(report: "Report") -> "Report":
    """Return the report with its calibration; where too few questions were answered for it, say so on standard error.

    What was asked is then kept all the same.
    """
    from eval.report.calibrate import calibrated, comparable

    made = calibrated(report)
    if made.calibration is None:
        answered = len(comparable(report))
        print(
            f"{report.persona.name}: not calibrated, only {pluralize(answered, 'question')} answered", file=sys.stderr
        )
    return made


def calibrate_answers(reports: Sequence["Report"]) -> "list[Report]":
    """Return the reports on a file of answers with their calibration.

    Raises:
        UsageError: the file holds too few answers for some group.
    """
    from eval.report.calibrate import comparable

    for report in reports:
        check_enough(report.persona.name, len(comparable(report)))
    return [calibrate(report) for report in reports]


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


@dataclass(slots=True)
class EvalRun:
    """What was asked for; `agreed` means that probing a server on another machine was agreed to on the command line,
    `saving` that the answers are to be written.

    `expressions` are all that the model is to be asked in; of several, those that it cannot are left out when it is
    opened. `judge` None is the model itself.
    """

    settings: "Settings"
    model: str
    survey: str
    expressions: Sequence[Expression]
    steering: str | None
    limit: int | None
    seed: int
    refusals: "Refusals"
    agreed: bool
    shots: int | None = None
    calibrate: bool = False
    samples: int | None = None
    judge: str | None = None
    saving: bool = False
    kept: ResumableRun = field(default_factory=lambda: ResumableRun(anew=False, resume=False))

    async def collect(self, personas: Sequence[str], reports: list[Report]) -> None:
        """Evaluate each persona in turn on one model, after everything that can be wrong was read.

        Each report is added to `reports` when it is done, so that what comes later cannot lose it.

        Raises:
            SurveyError, PersonaError, AnswerError, UnknownModelError: an argument is wrong; then nothing was asked.
            EngineError: the model or the server failed.
            UsageError: a persona is named twice, the person did not agree to probe a server on another machine, or
                nothing can be gone on with.
            CacheError: it cannot be looked for.
        """
        survey = find_survey(self.survey)
        loaded = [load_persona(name) for name in personas]
        check_each_once(loaded)
        if self.saving:
            check_distinct(loaded)
        wanted = survey, self.steering, self.limit, self.seed, self.shots
        questions = [questions_for(persona, *wanted) for persona in loaded]
        if self.calibrate:
            for persona, put in zip(loaded, questions, strict=True):
                check_enough(persona.persona.name, len(put))
        async with AsyncExitStack() as opened:
            engine = await opened_model(self.model, self.settings, opened)
            itself = self.judge in (None, self.model)
            judge = engine if itself else await opened_model(self.judge or "", self.settings, opened)
            self.expressions = possible(self.expressions, engine.info, judge.info)
            other = None if judge is engine else judge.info
            asking = Asking(self.seed, self.samples)
            requests = agree_to_all(engine.info, other, self.expressions, questions, asking, self.agreed)
            remembering = self.kept.begin(engine, "eval", self._asked(loaded, survey), requests)
            judging = Judge(remembering if judge is engine else self.kept.also(judge))
            for persona in loaded:
                for expression in self.expressions:
                    report = await self._report(remembering, judging, persona, survey, expression)
                    reports.append(self.kept.told(report))
            self.kept.finish()

    def _asked(self, personas: Sequence[LoadedPersona], survey: LoadedSurvey) -> list[object]:
        """Return what this evaluation is known by when it is to go on after an interruption."""
        files = [persona.sha256 for persona in personas]
        how = [*self.expressions, self.samples, self.judge, self.steering, self.shots]
        return [files, survey.sha256, how, self.limit, self.seed]

    async def _report(
        self, engine: "Engine", judge: Judge, persona: LoadedPersona, survey: LoadedSurvey, expression: Expression
    ) -> Report:
        name = persona.persona.name
        named = f"{name}, {expression}" if len(self.expressions) > 1 else name
        with progress_bar(named, self.kept.tally) as advance:
            report = await evaluate(
                engine,
                persona,
                survey,
                expression=expression,
                steering=self.steering,
                shots=self.shots,
                limit=self.limit,
                seed=self.seed,
                refusals=self.refusals,
                progress=advance,
                samples=self.samples,
                judge=judge,
            )
        return calibrate(report) if self.calibrate else report


def score_answers(
    file: str, survey_name: str, *, limit: int | None, seed: int, refusals: "Refusals", calibrate: bool = False
) -> "list[Report]":
    """Return a report for each group in the file, and say on standard error for whom questions were left out.

    With `calibrate` each has its calibration.

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
    return calibrate_answers(reports) if calibrate else reports


@dataclass(slots=True)
class MatrixRun:
    """What was asked for; `agreed` means that probing a server on another machine was agreed to on the command line.

    `judge` None is the model itself.
    """

    settings: Settings
    model: str
    personas: list[LoadedPersona]
    survey: LoadedSurvey
    attribute: str | None
    expression: Expression
    samples: int | None
    judge: str | None
    limit: int | None
    seed: int
    agreed: bool
    kept: ResumableRun

    async def make(self) -> MatrixReport:
        """Return the matrix, after everything that can be wrong was looked at.

        Raises:
            SurveyError, PersonaError, UnknownModelError: an argument is wrong; then nothing was asked.
            EngineError: the model or the server failed, or cannot be asked so.
            UsageError: the person did not agree to probe a server on another machine, or nothing can be gone on with.
            CacheError: it cannot be looked for.
        """
        check_each_once(self.personas)
        groups_of(self.survey.survey, self.attribute)
        questions, prompts = questions_of(self.survey, self.limit, self.seed), all_prompts(self.personas)
        async with AsyncExitStack() as opened:
            engine = await opened_model(self.model, self.settings, opened)
            itself = self.judge in (None, self.model)
            judge = engine if itself else await opened_model(self.judge or "", self.settings, opened)
            requests = agree_to_all(
                engine.info,
                None if itself else judge.info,
                (self.expression,),
                [questions] * len(prompts),
                Asking(self.seed, self.samples),
                self.agreed,
            )
            remembering = self.kept.begin(engine, "matrix", self._asked(), requests)
            with progress_bar("matrix", self.kept.tally) as advance:
                made = await matrix(
                    remembering,
                    self.personas,
                    self.survey,
                    attribute=self.attribute,
                    limit=self.limit,
                    expression=self.expression,
                    seed=self.seed,
                    samples=self.samples,
                    judge=Judge(remembering if itself else self.kept.also(judge)),
                    progress=advance,
                )
            self.kept.finish()
            return self.kept.told(made)

    def _asked(self) -> list[object]:
        """Return what this matrix is known by when it is to go on after an interruption."""
        files = [persona.sha256 for persona in self.personas]
        how = [self.expression, self.samples, self.judge]
        return [files, self.survey.sha256, self.attribute, how, self.limit, self.seed]
