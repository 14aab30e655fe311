"""One evaluation from the command line: read, agree, ask."""

from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from chat_personas.cli.calibration import calibrate, check_enough
from chat_personas.cli.each_once import check_each_once
from chat_personas.cli.expressions_asked import agree_to_all, possible
from chat_personas.cli.kept_answers import KeptAnswers
from chat_personas.cli.opened_model import opened_model
from chat_personas.cli.progress import progress_bar
from chat_personas.surveys import find_survey
from eval.answer_files import check_distinct
from eval.evaluate import evaluate, questions_for
from eval.expression.judge import Judge
from eval.expression.methods import Asking, Expression
from eval.report import Report
from eval.surveys.loading import LoadedSurvey
from personas import LoadedPersona, load_persona

if TYPE_CHECKING:
    from chat_personas.settings import Settings
    from eval.answers import Refusals
    from eval.engine import Engine


@dataclass(slots=True)
class Evaluation:
    """What was asked for; `agreed` means that probing a server on another machine was agreed to on the command line,
    `saving` that the answers are to be written.

    `expressions` are all that the model is to be asked in; of several, those that it cannot are left out when it is
    opened. `demonstration` is set then, too: whether it calls itself one. `judge` None is the model itself.
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
    demonstration: bool = False
    kept: KeptAnswers = field(default_factory=lambda: KeptAnswers(anew=False, resume=False))

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
            self.demonstration = engine.info.demonstration
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
