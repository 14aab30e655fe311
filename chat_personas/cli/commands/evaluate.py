"""`chat-personas eval`: ask personas a survey, or read answers from a file, and report how close they are to people."""

from chat_personas.cli import options
from chat_personas.cli.errors import DONE, CommandLineError, UsageError
from chat_personas.cli.evaluation.checks import Baseline, check
from chat_personas.cli.evaluation.output import Destinations, print_and_write
from chat_personas.cli.evaluation.requests import expressions_meant, orders_meant
from chat_personas.cli.evaluation.resume import ResumableRun
from chat_personas.cli.evaluation.run import EvalRun, load_personas, score_answers
from chat_personas.cli.evaluation.sources import files_of_survey, given_files, model_files, persona_files
from chat_personas.cli.evaluation.sweeping import SideBySideRun
from chat_personas.cli.options import EVERY_STEERING, REFUSALS, STEERINGS, choose
from chat_personas.cli.tables.directions import print_steering_table
from chat_personas.engines.open import with_template
from chat_personas.own_personas import find_persona
from chat_personas.reporting.html.steering_page import steering_table_page_document
from chat_personas.settings import load_settings
from chat_personas.surveys import find_survey
from eval.engine import EngineError
from eval.report import Report
from eval.scoring.intervals import MIN_QUESTIONS
from personas import LoadedPersona

EXAMPLE = options.examples(
    "chat-personas eval democrat republican",
    "chat-personas eval my-persona.toml --json report.json",
    "chat-personas eval democrat --json - | python -m json.tool",
    "chat-personas eval democrat republican --html page.html --svg figure.svg",
    "chat-personas eval democrat --expression verbalized",
    "chat-personas eval democrat --expression all --json all.json",
    "chat-personas eval democrat --orders cyclic",
    "chat-personas eval democrat --fail-under 0.8",
    "chat-personas eval --answers answers.jsonl --survey civic",
    "chat-personas eval --answers answers.jsonl --fail-if-worse-than report.json",
    "chat-personas eval democrat --steering few_shot --shots 5",
    "chat-personas eval democrat --steering all --direction party --html steering.html",
    "chat-personas eval democrat --fail-if-worse-than report.json",
    "chat-personas eval democrat --json report.json --resume",
    note="--fail-if-worse-than takes paired differences as chat-personas compare does. Alignment is worse if the "
    "interval of its difference lies below 0 and its p-value below 0.05; under "
    f"{MIN_QUESTIONS} questions, if the difference is below 0 and its p-value below 0.05.",
)


def evaluate(
    personas: options.Personas = None,
    survey: options.Survey = None,
    answers: options.Answers = None,
    expression: options.How = None,
    samples: options.Samples = None,
    judge: options.Judge = None,
    orders: options.Orders = None,
    steering: options.Steering = None,
    direction: options.Direction = None,
    shots: options.Shots = None,
    model: options.Model = None,
    template: options.Template = None,
    limit: options.Limit = None,
    seed: options.Seed = 0,
    refusals: options.Refused = "apart",
    calibrate: options.Calibrate = False,
    unsteered: options.Unsteered = True,
    show_invalid: options.ShowInvalid = False,
    json_file: options.Json = None,
    html_file: options.Html = None,
    svg_file: options.Svg = None,
    save_answers: options.SaveAnswers = None,
    fail_under: options.FailUnder = None,
    fail_if_worse_than: options.FailIfWorseThan = None,
    yes: options.Yes = False,
    no_cache: options.NoCache = False,
    resume: options.Resume = False,
) -> int:
    """Ask personas a survey and report how close their answers are to those of the people they stand for.

    Raises:
        Exception: what the run and its checks raise; the documents are written and the tables printed all the same.
    """
    destinations = Destinations(json_file, save_answers, html_file, svg_file)
    settings = load_settings()
    survey = survey or settings.survey
    read = {"PERSONA": persona_files(*personas or ()), "--survey": files_of_survey(survey)}
    read |= {"--model": model_files(model or settings.model), "--judge": model_files(judge)}
    read |= {"--answers": given_files(answers), "--fail-if-worse-than": given_files(fail_if_worse_than)}
    destinations.check(read)
    if steering == EVERY_STEERING:
        fixed: dict[str, object] = {"--answers": answers, "--expression": expression, "--samples": samples}
        fixed |= {"--judge": judge, "--orders": orders, "--shots": shots, "--limit": limit, "--seed": seed or None}
        fixed |= {"--refusals": refusals != "apart", "--calibrate": calibrate, "--no-unsteered": not unsteered}
        fixed |= {"--show-invalid": show_invalid, "--svg": svg_file, "--save-answers": save_answers}
        fixed |= {"--fail-under": fail_under, "--fail-if-worse-than": fail_if_worse_than, "--resume": resume}
        _nothing_else(fixed)
        again = ResumableRun(fresh=no_cache, resume=False, go_on="give the same command again to go on")
        table = SideBySideRun(
            persona=_only(_named(personas)),
            direction=direction,
            survey=find_survey(survey),
            settings=with_template(settings, model, template),
            model=model or settings.model,
            resumable=again,
        ).run()
        destinations.write({"--json": table.to_json, "--html": lambda: steering_table_page_document(table, direction)})
        print_steering_table(table, to_error=destinations.take_standard_output)
        return DONE
    if direction is not None:
        raise UsageError(
            f"--direction is for --steering {EVERY_STEERING}; a persona file names its own in [[activation]]"
        )
    compared = choose("--refusals", refusals, REFUSALS)
    if answers is not None:
        asking: dict[str, object] = {"PERSONA": personas, "--model": model, "--steering": steering, "--shots": shots}
        asking |= {"--expression": expression, "--samples": samples, "--judge": judge, "--save-answers": save_answers}
        asking |= {"--template": template, "--orders": orders, "--yes": yes, "--no-cache": no_cache, "--resume": resume}
        _nothing_to_ask(asking)
        scored = score_answers(answers, survey, limit=limit, seed=seed, refusals=compared, with_calibration=calibrate)
        baseline = None if fail_if_worse_than is None else Baseline.of_answers(fail_if_worse_than, scored)
        print_and_write(scored, len(scored), destinations, survey, show_invalid=show_invalid)
        check(scored, baseline, fail_under, seed=seed, to_error=destinations.take_standard_output)
        return DONE
    wanted = _named(personas)
    one_only = {"--save-answers": save_answers, "--fail-if-worse-than": fail_if_worse_than}
    expressions = expressions_meant(expression, samples, judge, one_only=one_only)
    run = EvalRun(
        settings=with_template(settings, model, template),
        model=model or settings.model,
        survey=find_survey(survey),
        personas=load_personas(wanted),
        expressions=expressions,
        steering=None if steering is None else choose("--steering", steering, STEERINGS),
        shots=shots,
        limit=limit,
        seed=seed,
        refusals=compared,
        calibrate=calibrate,
        samples=samples,
        judge=judge,
        orders=orders_meant(orders, expressions),
        agreed=yes,
        saving=save_answers is not None,
        with_unsteered=unsteered,
        resumable=ResumableRun(fresh=no_cache, resume=resume),
    )
    baseline = None if fail_if_worse_than is None else Baseline.read(fail_if_worse_than, wanted, survey)
    reports: list[Report] = []
    try:
        run.resumable.ask(run.collect(reports))
    finally:
        expected = len(wanted) * len(run.expressions)
        print_and_write(reports, expected, destinations, survey, show_invalid=show_invalid)
    _answered(reports)
    check(reports, baseline, fail_under, seed=seed, to_error=destinations.take_standard_output)
    return DONE


def _named(personas: list[str] | None) -> list[str]:
    if not personas:
        raise CommandLineError("name a persona, or a file of answers with --answers; see chat-personas eval --help")
    return personas


def _answered(reports: list[Report]) -> None:
    """Make sure that every persona answered something, or else that it replied in words which could not be read.

    Otherwise the server sent no probabilities that can be, or what steers the model from inside broke it.

    Raises:
        EngineError: one answered nothing.
    """
    from eval.expression.methods import METHODS

    for report in reports:
        in_words = METHODS[report.expression].in_words and not report.model.interventions  # type: ignore[index]
        if report.failures and not (report.questions or report.refused or in_words):
            raise EngineError(f"{report.persona.name}: no question was answered: {report.failures[0].why}")


def _only(names: list[str]) -> LoadedPersona:
    if len(names) > 1:
        raise UsageError(f"--steering {EVERY_STEERING} is about one persona; name one")
    return find_persona(names[0])


def _nothing_else(given: dict[str, object]) -> None:
    """Make sure that no option was given that `--steering all` does not heed.

    Raises:
        UsageError: one was.
    """
    superfluous = [name for name, value in given.items() if value is not None and value is not False]
    if superfluous:
        raise UsageError(
            f"--steering {EVERY_STEERING} asks the held-out questions in one way; leave out {', '.join(superfluous)}"
        )


def _nothing_to_ask(given: dict[str, object]) -> None:
    """Make sure that no option about asking a model was given with a file of answers.

    Raises:
        UsageError: one was.
    """
    superfluous = [name for name, value in given.items() if value]
    if superfluous:
        raise UsageError(f"--answers scores the answers in a file; leave out {', '.join(superfluous)}")
