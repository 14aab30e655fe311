"""One evaluation from the command line: read, agree, ask, print, write."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from chat_personas.cli.agreement import agree
from chat_personas.cli.progress import busy, progress_bar
from chat_personas.cli.report_documents import write_reports
from chat_personas.cli.report_file import Destinations
from chat_personas.cli.report_table import print_reports
from chat_personas.engines.open import open_engine, shown_model
from chat_personas.survey_store import find_survey
from eval.evaluate import Expression, evaluate, questions_for
from eval.rendering import ORDERS
from eval.report import Report
from eval.saved_answers import check_distinct
from eval.survey import LoadedSurvey
from personas import LoadedPersona, load_persona

if TYPE_CHECKING:
    from chat_personas.config import Settings
    from eval.answers import Refusals
    from eval.engine import Engine


@dataclass(slots=True)
class Evaluation:
    """What was asked for; `agreed` means that probing a server on another machine was agreed to on the command line,
    `saving` that the answers are to be written.

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
    saving: bool = False
    demonstration: bool = False

    async def collect(self, personas: Sequence[str], reports: list[Report]) -> None:
        """Evaluate each persona in turn on one model, after everything that can be wrong was read.

        Each report is added to `reports` when it is done, so that what comes later cannot lose it.

        Raises:
            SurveyError, PersonaError, AnswerError, UnknownModelError: an argument is wrong; then nothing was asked.
            EngineError: the model or the server failed.
            UsageError: the person did not agree to probe a server on another machine.
        """
        survey = find_survey(self.survey)
        loaded = [load_persona(name) for name in personas]
        if self.saving:
            check_distinct(loaded)
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


def print_and_write(
    reports: Sequence[Report], personas: int, destinations: Destinations, survey: str, *, demonstration: bool
) -> None:
    """Write the documents that were asked for, then print the tables; with `-` standard output holds nothing else.

    In this order, whoever stops reading the tables early (`| head`) has the documents all the same.

    `personas` is how many were to be evaluated; if some are missing, that is said, as is that the model
    is a `demonstration`. `survey` is the one that they were evaluated on, for the wording of its questions.

    Raises:
        CorpusError: a file could not be written.
    """
    if not reports:
        return
    try:
        write_reports(reports, destinations, survey)
    finally:
        print_reports(reports, to_error=destinations.take_standard_output, demonstration=demonstration)
        if len(reports) < personas:
            print(f"only {len(reports)} of {personas} personas were evaluated; these are kept", file=sys.stderr)
