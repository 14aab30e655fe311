"""`chat-personas eval`: what personas answer to a survey, and how close that is to people. No screen needed."""

import asyncio
from typing import TYPE_CHECKING, Annotated

import typer

from chat_personas.cli import options
from chat_personas.cli.exit_codes import DONE, CheckFailedError, UnreadableError, UsageError

if TYPE_CHECKING:
    from chat_personas.cli.baseline import Baseline
    from eval.answers import Refusals
    from eval.evaluate import Expression
    from eval.report import Report

EXPRESSIONS: "tuple[Expression, ...]" = ("log_probability",)
REFUSALS: "tuple[Refusals, ...]" = ("apart", "as-option")
STEERINGS = ("none", "qa", "bio", "portray")

EXAMPLE = options.examples(
    "chat-personas eval democrat republican",
    "chat-personas eval my-persona.toml --json report.json",
    "chat-personas eval democrat --json - | python -m json.tool",
    "chat-personas eval democrat republican --html page.html --svg figure.svg",
    "chat-personas eval democrat --fail-under 0.8",
    "chat-personas eval --answers answers.jsonl --survey civic",
    "chat-personas eval democrat --fail-if-worse-than report.json",
    note="Worse than a report: the interval of the paired difference in alignment lies below 0, question by question "
    "as chat-personas compare takes it; under 20 questions, the difference is below 0 and its p-value below 0.05.",
)


def evaluate(
    personas: Annotated[
        list[str] | None, typer.Argument(metavar="PERSONA", help="Personas of the library, or files.")
    ] = None,
    survey: options.Survey = None,
    answers: Annotated[
        str | None,
        typer.Option("--answers", metavar="FILE", help="Score answers that were produced elsewhere, asking no model."),
    ] = None,
    expression: Annotated[
        str | None,
        typer.Option("--expression", metavar="E", help="How the distribution is obtained: log_probability."),
    ] = None,
    steering: Annotated[
        str | None,
        typer.Option("--steering", metavar="S", help="Replace the persona's steering: none, qa, bio, portray."),
    ] = None,
    model: options.Model = None,
    limit: Annotated[int | None, typer.Option("--limit", min=1, metavar="N", help="Ask only N questions.")] = None,
    seed: Annotated[
        int, typer.Option("--seed", min=0, help="Of everything that is drawn: intervals, noise floor, limit.")
    ] = 0,
    refusals: Annotated[
        str, typer.Option("--refusals", metavar="R", help="apart: left out of the comparison; as-option: kept.")
    ] = "apart",
    json_file: Annotated[
        str | None, typer.Option("--json", metavar="FILE", help="Write the report; - is standard output.")
    ] = None,
    html_file: options.Html = None,
    svg_file: options.Svg = None,
    save_answers: Annotated[
        str | None, typer.Option("--save-answers", metavar="FILE", help="Write the answers, to be scored again.")
    ] = None,
    fail_under: Annotated[
        float | None,
        typer.Option(
            "--fail-under", metavar="X", min=0.0, max=1.0, help="Exit 1 if any persona's alignment is below X."
        ),
    ] = None,
    fail_if_worse_than: Annotated[
        str | None,
        typer.Option(
            "--fail-if-worse-than", metavar="A.json", help="Exit 1 if any persona's alignment is worse than in A."
        ),
    ] = None,
    yes: Annotated[
        bool, typer.Option("--yes", help="Agree to send the probes to a server on another machine.")
    ] = False,
) -> int:
    """Put a survey to personas and report how close their answers are to the people they stand for."""
    from chat_personas.cli.choices import choose
    from chat_personas.cli.evaluation import Evaluation, print_and_write
    from chat_personas.cli.given_answers import score_answers
    from chat_personas.cli.report_file import Destinations
    from chat_personas.config import load_settings

    destinations = Destinations(json_file, save_answers, html_file, svg_file)
    destinations.check()
    compared = choose("--refusals", refusals, REFUSALS)
    settings = load_settings()
    reports: list[Report] = []
    if answers is not None:
        asking: dict[str, object] = {
            "PERSONA": personas,
            "--model": model,
            "--steering": steering,
            "--expression": expression,
        }
        asking |= {"--save-answers": save_answers, "--fail-if-worse-than": fail_if_worse_than, "--yes": yes}
        _nothing_to_ask(asking)
        reports += score_answers(answers, survey or settings.survey, limit=limit, seed=seed, refusals=compared)
        print_and_write(reports, len(reports), destinations, survey or settings.survey, demonstration=False)
        _check(reports, fail_under)
        return DONE
    wanted = _named(personas)
    evaluation = Evaluation(
        settings=settings,
        model=model or settings.model,
        survey=survey or settings.survey,
        expression=choose("--expression", expression or EXPRESSIONS[0], EXPRESSIONS),
        steering=None if steering is None else choose("--steering", steering, STEERINGS),
        limit=limit,
        seed=seed,
        refusals=compared,
        agreed=yes,
        saving=save_answers is not None,
    )
    baseline = _baseline(fail_if_worse_than, wanted, evaluation.survey)
    try:
        asyncio.run(evaluation.collect(wanted, reports))
    finally:
        print_and_write(reports, len(wanted), destinations, evaluation.survey, demonstration=evaluation.demonstration)
    if baseline is not None:
        baseline.check(reports, seed=seed, to_error=destinations.take_standard_output)
    _check(reports, fail_under)
    return DONE


def _named(personas: list[str] | None) -> list[str]:
    if not personas:
        raise UnreadableError("name a persona, or a file of answers with --answers; see chat-personas eval --help")
    return personas


def _nothing_to_ask(given: dict[str, object]) -> None:
    """Make sure that nothing was given that is about asking a model, for which a file of answers leaves no place."""
    superfluous = [name for name, value in given.items() if value]
    if superfluous:
        raise UsageError(f"--answers scores what was answered elsewhere; leave out {', '.join(superfluous)}")


def _baseline(file: str | None, personas: list[str], survey: str) -> "Baseline | None":
    """Read the report that may not be fallen behind, before anything is asked."""
    if file is None:
        return None
    from chat_personas.cli.baseline import Baseline

    return Baseline.read(file, personas, survey)


def _check(reports: "list[Report]", fail_under: float | None) -> None:
    if fail_under is None:
        return
    below = [
        f"{report.persona.name} {report.scores.alignment.mean:.3f}" if report.scores.alignment else report.persona.name
        for report in reports
        if report.scores.alignment is None or report.scores.alignment.mean < fail_under
    ]
    if below:
        raise CheckFailedError(f"alignment is under {fail_under}: {', '.join(below)}")
