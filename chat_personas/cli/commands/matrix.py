"""`chat-personas matrix`: compare personas and the unsteered model with every group."""

from typing import Annotated

import typer

from chat_personas.cli import options
from chat_personas.cli.errors import DONE, UsageError
from chat_personas.cli.evaluation.output import Destinations
from chat_personas.cli.evaluation.requests import expression_meant, orders_meant
from chat_personas.cli.evaluation.resume import ResumableRun
from chat_personas.cli.evaluation.run import MatrixRun, labelled_file, load_labelled, load_personas
from chat_personas.cli.evaluation.sources import files_of_survey, given_files, model_files, persona_files
from chat_personas.cli.options import choose
from chat_personas.cli.tables.matrix import print_matrix
from chat_personas.engines.open import with_template
from chat_personas.reporting.html.matrix_page import matrix_page_document
from chat_personas.reporting.svg.figures import matrix_figure_document
from chat_personas.settings import load_settings
from chat_personas.surveys import find_survey
from eval.surveys.human_figures import attributes_with_figures
from personas import CATALOGUE, OPEN_ATTRIBUTES

EXAMPLE = options.examples(
    "chat-personas matrix democrat republican independent --groups POLPARTY",
    "chat-personas matrix democrat --json - | python -m json.tool",
    "chat-personas matrix democrat --expression verbalized",
    "chat-personas matrix democrat --expression open_ended --judge http://127.0.0.1:8080/v1",
    "chat-personas matrix democrat republican --groups POLPARTY --html page.html --svg figure.svg",
    "chat-personas matrix democrat --answers annotators=answers.jsonl",
    note="Each persona is asked with its own prompt, and with its groups by qa, bio and portray; the unsteered model "
    "is asked once. Each prompt asks the whole survey in all option orders.",
)


def matrix(
    personas: Annotated[list[str], typer.Argument(metavar="PERSONA", help="Names of personas, files, or groups.")],
    groups: Annotated[
        list[str] | None,
        typer.Option("--groups", metavar="ATTRIBUTE", help="Only the groups of this attribute, for example POLPARTY."),
    ] = None,
    survey: options.Survey = None,
    answers: Annotated[
        list[str] | None,
        typer.Option(
            "--answers",
            metavar="[LABEL=]FILE",
            help="Add the answers in a file, such as human annotators', as rows; may be given several times.",
        ),
    ] = None,
    expression: options.OneExpression = None,
    samples: options.Samples = None,
    judge: options.Judge = None,
    orders: options.Orders = None,
    model: options.Model = None,
    template: options.Template = None,
    limit: options.Limit = None,
    seed: Annotated[
        int, typer.Option("--seed", min=0, help="Seed of everything random: intervals, choice of questions.")
    ] = 0,
    json_file: Annotated[
        str | None, typer.Option("--json", metavar="FILE", help="Write the matrix as JSON; - is standard output.")
    ] = None,
    html_file: options.Html = None,
    svg_file: options.Svg = None,
    show_invalid: Annotated[
        bool, typer.Option("--show-invalid", help="Also show figures that are not sound, each line marked so.")
    ] = False,
    yes: options.Yes = False,
    no_cache: options.NoCache = False,
    resume: options.Resume = False,
) -> int:
    """Compare personas and the unsteered model with every group: nearest groups, and what steering adds."""
    destinations = Destinations(json_file, html=html_file, svg=svg_file)
    settings = load_settings()
    survey = survey or settings.survey
    read = {"PERSONA": persona_files(*personas), "--survey": files_of_survey(survey)}
    read |= {"--model": model_files(model or settings.model), "--judge": model_files(judge)}
    read |= {"--answers": given_files(*(labelled_file(each)[1] for each in answers or ()))}
    destinations.check(read)
    if groups and len(groups) > 1:
        raise UsageError(f"--groups takes one attribute, not {' and '.join(groups)}; give one, or none for all groups")
    loaded = find_survey(survey)
    known = dict.fromkeys((*CATALOGUE, *OPEN_ATTRIBUTES, *attributes_with_figures(loaded.survey)))
    attribute = choose("--groups", groups[0], tuple(known)) if groups else None
    expressions = (expression_meant(expression, samples, judge),)
    run = MatrixRun(
        settings=with_template(settings, model, template),
        model=model or settings.model,
        personas=load_personas(personas),
        survey=loaded,
        attribute=attribute,
        answers=load_labelled(answers or (), loaded),
        expressions=expressions,
        samples=samples,
        judge=judge,
        orders=orders_meant(orders, expressions),
        limit=limit,
        seed=seed,
        agreed=yes,
        resumable=ResumableRun(fresh=no_cache, resume=resume),
    )
    report = run.resumable.ask(run.make())
    try:
        destinations.write(
            {
                "--json": report.to_json,
                "--svg": lambda: matrix_figure_document(report),
                "--html": lambda: matrix_page_document(report, show_invalid=show_invalid),
            }
        )
    finally:
        print_matrix(report, to_error=destinations.take_standard_output, show_invalid=show_invalid)
    return DONE
