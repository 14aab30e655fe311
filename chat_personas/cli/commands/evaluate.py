"""`chat-personas eval`: what personas answer to a survey, and how close that is to people. No screen needed."""

from chat_personas.cli import options
from chat_personas.cli.errors import DONE, CommandLineError, UsageError
from chat_personas.cli.evaluation.checks import Baseline, check
from chat_personas.cli.evaluation.output import Destinations, print_and_write
from chat_personas.cli.evaluation.requests import expressions_meant
from chat_personas.cli.evaluation.resume import ResumableRun
from chat_personas.cli.evaluation.run import EvalRun, load_personas, score_answers
from chat_personas.cli.options import REFUSALS, STEERINGS, choose
from chat_personas.settings import load_settings
from chat_personas.surveys import find_survey
from eval.report import Report
from eval.scoring.intervals import MIN_QUESTIONS

EXAMPLE = options.examples(
    "chat-personas eval democrat republican",
    "chat-personas eval my-persona.toml --json report.json",
    "chat-personas eval democrat --json - | python -m json.tool",
    "chat-personas eval democrat republican --html page.html --svg figure.svg",
    "chat-personas eval democrat --expression verbalized",
    "chat-personas eval democrat --expression all --json all.json",
    "chat-personas eval democrat --fail-under 0.8",
    "chat-personas eval --answers answers.jsonl --survey civic",
    "chat-personas eval --answers answers.jsonl --fail-if-worse-than report.json",
    "chat-personas eval democrat --steering few_shot --shots 5",
    "chat-personas eval democrat --fail-if-worse-than report.json",
    "chat-personas eval democrat --json report.json --resume",
    note="Worse than a report: the interval of the paired difference in alignment lies below 0, question by question "
    f"as chat-personas compare takes it; under {MIN_QUESTIONS} questions, the difference is below 0 and its p-value "
    "below 0.05.",
)


def evaluate(
    personas: options.Personas = None,
    survey: options.Survey = None,
    answers: options.Answers = None,
    expression: options.How = None,
    samples: options.Samples = None,
    judge: options.Judge = None,
    steering: options.Steering = None,
    shots: options.Shots = None,
    model: options.Model = None,
    limit: options.Limit = None,
    seed: options.Seed = 0,
    refusals: options.Refused = "apart",
    calibrate: options.Calibrate = False,
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
    """Put a survey to personas and report how close their answers are to the people they stand for."""
    destinations = Destinations(json_file, save_answers, html_file, svg_file)
    destinations.check(read={"--answers": answers, "--fail-if-worse-than": fail_if_worse_than})
    compared = choose("--refusals", refusals, REFUSALS)
    settings = load_settings()
    survey = survey or settings.survey
    if answers is not None:
        asking: dict[str, object] = {"PERSONA": personas, "--model": model, "--steering": steering, "--shots": shots}
        asking |= {"--expression": expression, "--samples": samples, "--judge": judge, "--save-answers": save_answers}
        asking |= {"--yes": yes, "--no-cache": no_cache, "--resume": resume}
        _nothing_to_ask(asking)
        scored = score_answers(answers, survey, limit=limit, seed=seed, refusals=compared, with_calibration=calibrate)
        baseline = None if fail_if_worse_than is None else Baseline.of_answers(fail_if_worse_than, scored)
        print_and_write(scored, len(scored), destinations, survey)
        check(scored, baseline, fail_under, seed=seed, to_error=destinations.take_standard_output)
        return DONE
    wanted = _named(personas)
    one_only = {"--save-answers": save_answers, "--fail-if-worse-than": fail_if_worse_than}
    evaluation = EvalRun(
        settings=settings,
        model=model or settings.model,
        survey=find_survey(survey),
        personas=load_personas(wanted),
        expressions=expressions_meant(expression, samples, judge, one_only=one_only),
        steering=None if steering is None else choose("--steering", steering, STEERINGS),
        shots=shots,
        limit=limit,
        seed=seed,
        refusals=compared,
        calibrate=calibrate,
        samples=samples,
        judge=judge,
        agreed=yes,
        saving=save_answers is not None,
        resumable=ResumableRun(fresh=no_cache, resume=resume),
    )
    baseline = None if fail_if_worse_than is None else Baseline.read(fail_if_worse_than, wanted, survey)
    reports: list[Report] = []
    try:
        evaluation.resumable.ask(evaluation.collect(reports))
    finally:
        expected = len(wanted) * len(evaluation.expressions)
        print_and_write(reports, expected, destinations, survey)
    check(reports, baseline, fail_under, seed=seed, to_error=destinations.take_standard_output)
    return DONE


def _named(personas: list[str] | None) -> list[str]:
    if not personas:
        raise CommandLineError("name a persona, or a file of answers with --answers; see chat-personas eval --help")
    return personas


def _nothing_to_ask(given: dict[str, object]) -> None:
    """Make sure that nothing was given that is about asking a model, for which a file of answers leaves no place."""
    superfluous = [name for name, value in given.items() if value]
    if superfluous:
        raise UsageError(f"--answers scores what was answered elsewhere; leave out {', '.join(superfluous)}")
