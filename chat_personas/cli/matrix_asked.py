"""One matrix from the command line: check, agree, ask."""

from contextlib import AsyncExitStack
from dataclasses import dataclass

from chat_personas.cli.each_once import check_each_once
from chat_personas.cli.expressions_asked import agree_to_all
from chat_personas.cli.kept_answers import KeptAnswers
from chat_personas.cli.opened_model import opened_model
from chat_personas.cli.progress import progress_bar
from chat_personas.settings import Settings
from eval.engine import EngineInfo
from eval.expression.judge import Judge
from eval.expression.methods import Asking, Expression
from eval.matrix.groups import groups_of
from eval.matrix.models import MatrixReport
from eval.matrix.prompts import all_prompts
from eval.matrix.run import matrix, questions_of
from eval.surveys.loading import LoadedSurvey
from personas import LoadedPersona


@dataclass(slots=True)
class MatrixAsked:
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
    kept: KeptAnswers

    async def make(self) -> tuple[MatrixReport, EngineInfo]:
        """Return the matrix and what the model is, after everything that can be wrong was looked at.

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
            return self.kept.told(made), engine.info

    def _asked(self) -> list[object]:
        """Return what this matrix is known by when it is to go on after an interruption."""
        files = [persona.sha256 for persona in self.personas]
        how = [self.expression, self.samples, self.judge]
        return [files, self.survey.sha256, self.attribute, how, self.limit, self.seed]
