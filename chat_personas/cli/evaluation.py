"""One evaluation from the command line: read, agree, ask, print, write."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from chat_personas.cli.agreement import agree
from chat_personas.cli.progress import busy, progress_bar
from chat_personas.cli.report_file import STANDARD_OUTPUT, write_document
from chat_personas.cli.report_table import print_reports
from chat_personas.engines.open import open_engine, shown_model
from eval.evaluate import Expression, evaluate, questions_for
from eval.rendering import ORDERS
from eval.report import Report, as_document
from eval.survey import LoadedSurvey, load_survey
from personas import LoadedPersona, load_persona

if TYPE_CHECKING:
    from chat_personas.config import Settings
    from eval.answers import Refusals
    from eval.engine import Engine


@dataclass(slots=True)
class Evaluation:
    """What was asked for; `agreed` means that probing a server on another machine was agreed to on the command line.

    `demonstration` is set when the model is opened: whether it calls itself one.
    """

    settings: "Settings"
    model: str
    survey: str
    expression: Expression
    steering: str | None
    limit: int | None
    seed: int
    refusals: "Refusals"
    agreed: bool
    demonstration: bool = False

    async def collect(self, personas: Sequence[str], reports: list[Report]) -> None:
        """Evaluate each persona in turn on one model, after everything that can be wrong was read.

        Each report is added to `reports` when it is done, so that what comes later cannot lose it.

        Raises:
            SurveyError, PersonaError, UnknownModelError: an argument is wrong; then nothing was asked.
            EngineError: the model or the server failed.
            UsageError: the person did not agree to probe a server on another machine.
        """
        survey = load_survey(self.survey)
        loaded = [load_persona(name) for name in personas]
        questions = sum(len(questions_for(persona, survey, self.steering, self.limit, self.seed)) for persona in loaded)
        with busy(f"opening {shown_model(self.model)}…"):
            engine = await open_engine(self.model, self.settings)
        self.demonstration = engine.info.demonstration
        try:
            agree(engine.info, questions * len(ORDERS), agreed=self.agreed)
            for persona in loaded:
                reports.append(await self._report(engine, persona, survey))
        finally:
            await engine.close()

    async def _report(self, engine: "Engine", persona: LoadedPersona, survey: LoadedSurvey) -> Report:
        with progress_bar(persona.persona.name) as advance:
            return await evaluate(
                engine,
                persona,
                survey,
                expression=self.expression,
                steering=self.steering,
                limit=self.limit,
                seed=self.seed,
                refusals=self.refusals,
                progress=advance,
            )


def print_and_write(reports: Sequence[Report], personas: int, json_file: str | None, *, demonstration: bool) -> None:
    """Print the tables, and write the JSON where it was asked for; with `-` standard output holds nothing else.

    `personas` is how many were to be evaluated; if some are missing, that is said, as is that the model
    is a `demonstration`.

    Raises:
        CorpusError: the file could not be written.
    """
    if not reports:
        return
    print_reports(reports, to_error=json_file == STANDARD_OUTPUT, demonstration=demonstration)
    if len(reports) < personas:
        print(f"only {len(reports)} of {personas} personas were evaluated; these are kept", file=sys.stderr)
    if json_file is not None:
        write_document(as_document(reports), json_file)
