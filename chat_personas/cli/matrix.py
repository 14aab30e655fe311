"""`chat-personas matrix`: personas against groups, and what steering does. No screen needed."""

from typing import TYPE_CHECKING, Annotated

import typer

from chat_personas.cli import options
from chat_personas.cli.exit_codes import DONE

if TYPE_CHECKING:
    from chat_personas.cli.kept_answers import KeptAnswers
    from chat_personas.config import Settings
    from eval.engine import EngineInfo
    from eval.matrix_report import MatrixReport
    from eval.survey import LoadedSurvey
    from personas import LoadedPersona

EXAMPLE = options.examples(
    "chat-personas matrix democrat republican independent --groups POLPARTY",
    "chat-personas matrix democrat --json - | python -m json.tool",
    "chat-personas matrix democrat republican --groups POLPARTY --html page.html --svg figure.svg",
    note="Every persona is asked with its own prompt, and steered to its groups by qa, bio and portray; the model is "
    "asked once without a prompt. Every prompt puts the whole survey in two orders.",
)


def matrix(
    personas: Annotated[list[str], typer.Argument(metavar="PERSONA", help="Personas of the library, or files.")],
    groups: Annotated[
        str | None, typer.Option("--groups", metavar="ATTRIBUTE", help="Only this attribute's groups, as POLPARTY.")
    ] = None,
    survey: options.Survey = None,
    model: options.Model = None,
    limit: Annotated[int | None, typer.Option("--limit", min=1, metavar="N", help="Ask only N questions.")] = None,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Of everything that is drawn: intervals, limit.")] = 0,
    json_file: Annotated[
        str | None, typer.Option("--json", metavar="FILE", help="Write the document; - is standard output.")
    ] = None,
    html_file: options.Html = None,
    svg_file: options.Svg = None,
    yes: Annotated[
        bool, typer.Option("--yes", help="Agree to send the probes to a server on another machine.")
    ] = False,
    no_cache: options.NoCache = False,
    resume: options.Resume = False,
) -> int:
    """Compare personas and the unsteered model with every group: whom do they sound like, and what does steering do?"""
    from chat_personas.cli.choices import choose
    from chat_personas.cli.kept_answers import KeptAnswers
    from chat_personas.cli.matrix_table import print_matrix
    from chat_personas.cli.report_documents import write_matrix
    from chat_personas.cli.report_file import Destinations
    from chat_personas.config import load_settings
    from chat_personas.survey_store import find_survey
    from personas import CATALOGUE, load_persona

    destinations = Destinations(json_file, html=html_file, svg=svg_file)
    destinations.check()
    attribute = None if groups is None else choose("--groups", groups, tuple(CATALOGUE))
    settings = load_settings()
    asking = _Asking(
        [load_persona(name) for name in personas], find_survey(survey or settings.survey), attribute, limit, seed
    )
    kept = KeptAnswers(anew=no_cache, resume=resume)
    report, info = kept.ask(asking.ask(model or settings.model, settings, kept, agreed=yes))
    try:
        write_matrix(report, destinations)
    finally:
        print_matrix(report, to_error=destinations.take_standard_output, demonstration=info.demonstration)
    return DONE


class _Asking:
    """What is to be asked; what is wrong with it comes out before a model is opened."""

    def __init__(
        self,
        personas: "list[LoadedPersona]",
        survey: "LoadedSurvey",
        attribute: str | None,
        limit: int | None,
        seed: int,
    ) -> None:
        from chat_personas.cli.each_once import check_each_once
        from eval.matrix import questions_of, requests
        from eval.targets import groups_of

        check_each_once(personas)
        groups_of(survey.survey, attribute)
        self.requests = requests(personas, questions_of(survey, limit, seed))
        self.personas, self.survey, self.attribute, self.limit, self.seed = personas, survey, attribute, limit, seed

    async def ask(
        self, model: str, settings: "Settings", kept: "KeptAnswers", *, agreed: bool
    ) -> "tuple[MatrixReport, EngineInfo]":
        """Open the model, agree on what is sent, and make the matrix."""
        from chat_personas.cli.agreement import agree
        from chat_personas.cli.progress import busy, progress_bar
        from chat_personas.engines.open import open_engine, shown_model
        from eval.matrix import matrix

        with busy(f"opening {shown_model(model)}…"):
            engine = await open_engine(model, settings)
        try:
            agree(engine.info, self.requests, agreed=agreed)
            remembering = kept.begin(engine, "matrix", self._asked(), self.requests)
            with progress_bar("matrix", kept.tally) as advance:
                made = await matrix(
                    remembering,
                    self.personas,
                    self.survey,
                    attribute=self.attribute,
                    limit=self.limit,
                    seed=self.seed,
                    progress=advance,
                )
            kept.finish()
            return kept.told(made), engine.info
        finally:
            await engine.close()

    def _asked(self) -> list[object]:
        """Return what this matrix is known by when it is to go on after an interruption."""
        files = [persona.sha256 for persona in self.personas]
        return [files, self.survey.sha256, self.attribute, self.limit, self.seed]
