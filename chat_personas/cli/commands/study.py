"""`chat-personas study`: make a study, let people take part in it, and see what came of it."""

import asyncio
import sys
from collections.abc import Iterator
from contextlib import AsyncExitStack, aclosing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from chat_personas.cli import options
from chat_personas.cli.errors import DONE, UsageError
from chat_personas.cli.evaluation.output import Destinations
from chat_personas.cli.launch import Launch, has_terminal, run_on_screen
from chat_personas.cli.opening import described_engine, open_corpus, opened_model
from chat_personas.cli.options import command_group, examples
from chat_personas.cli.progress import progress_bar
from chat_personas.cli.study_line_mode import StudyLineMode
from chat_personas.cli.tables.study import print_outcome, print_status
from chat_personas.consent import is_confirmed, remember
from chat_personas.reporting.wording.measurements import model_described
from chat_personas.settings import load_settings
from chat_personas.storage.files import atomic_write, output_errors
from chat_personas.studies.errors import StudyFileError
from chat_personas.studies.instrument import instrument_names, instrument_text, load_instrument
from chat_personas.studies.outcome import outcome_of
from chat_personas.studies.participation import Identity, Participation
from chat_personas.studies.rehearsal import Rehearsal
from chat_personas.studies.study import TEMPLATE, LoadedStudy, check_filled_in, load_study, people_asked_of
from chat_personas.text import pluralize, printable
from eval.engine import ORDERS

if TYPE_CHECKING:
    from chat_personas.tui.app import TerminalApp

app = command_group("chat-personas study new study.toml")

File = Annotated[Path, typer.Argument(metavar="FILE", help="The study file (TOML).")]


@app.command("new", epilog=examples("chat-personas study new study.toml"))
def new(file: File) -> int:
    """Write a study file to begin with.

    It can be rehearsed as it is. Before people take part, say in its consent who asks, and change what you need.
    """
    if file.exists():
        raise UsageError(f"{printable(str(file))} exists already; choose another name")
    with output_errors(printable(str(file))), atomic_write(file) as stream:
        stream.write(TEMPLATE.read_bytes())
    typer.echo(f"written to {printable(str(file))}; next: say in its [consent] who asks", err=True)
    return DONE


@app.command("instruments", epilog=examples("chat-personas study instruments warmth > warmth.toml"))
def instruments(
    name: Annotated[str | None, typer.Argument(metavar="NAME", help="Print this instrument's file.")] = None,
) -> int:
    """List the instruments of the program, or print one.

    A printed one can be changed and named in a study as a file.
    """
    if name is not None:
        print(instrument_text(name), end="")
        return DONE
    for each in instrument_names():
        found = load_instrument(each).instrument
        print(f"{each:14} {pluralize(len(found.items), 'item'):>8}  {found.title}")
    return DONE


@app.command(
    "check",
    epilog=examples(
        "chat-personas study check study.toml",
        "chat-personas study check study.toml --model https://models.example.org/v1#qwen3 --yes",
    ),
)
def check(file: File, model: options.Model = None, yes: options.Yes = False) -> int:
    """Check a study file, and say what participants meet.

    Everything that the file names is read: instruments, personas, the survey. With --model the model is opened, too.
    Measuring a persona on another machine sends each conversation there again and may cost money: it is left out until
    you agree with --yes, once for each server.
    """
    study = load_study(file)
    unfinished = _unfinished(study)
    form, talk, asked = study.study.consent, study.study.conversation, study.study.questionnaires
    print(f"{study.study.title} ({study.study.name}): can {'be rehearsed' if unfinished else 'be run'}")
    print(f"  consent: version {form.version}, for {form.scope}{', adults only' if form.adults_only else ''}")
    for condition in study.study.conditions:
        persona = study.personas.get(condition.name)
        partner = "talks with nobody" if persona is None else f"talks with {persona.persona.title}"
        print(f"  condition {condition.name}: {partner}, guesses the answers of {condition.people}")
    for stage, names in (("intake", asked.intake), ("before", asked.before), ("after", asked.after)):
        items = sum(len(study.instruments[name].instrument.items) for name in names)
        listed = f" ({', '.join(names)})" if names else ""
        print(f"  {stage}: {pluralize(items, 'item')}{listed}")
    times = (
        "twice before, with the questionnaires between, and after" if study.study.guesses.twice else "before and after"
    )
    print(f"  guesses: {pluralize(len(study.questions), 'question')} of {study.survey.survey.name}, {times}")
    print(f"  conversation: {talk.least_turns} to {pluralize(talk.most_turns, 'message')}")
    for line in _rules(study):
        print(f"  {line}")
    if model is not None:
        _check_model(model, len(study.survey.survey.questions) * len(ORDERS), yes=yes)
    if unfinished is not None:
        raise unfinished
    return DONE


def _unfinished(study: LoadedStudy) -> StudyFileError | None:
    """Return why nobody can take part yet, although the file has no fault."""
    try:
        check_filled_in(study)
    except StudyFileError as error:
        return error
    return None


def _rules(study: LoadedStudy) -> Iterator[str]:
    """Yield what else the file asks for, and what it should not be run with."""
    for condition in study.study.conditions:
        persona = study.personas.get(condition.name)
        stands_for = set(persona.persona.groups) if persona is not None else set()
        if stands_for and stands_for != set(asked := people_asked_of(study, condition.name)):
            other = f"answers of {' and '.join(map(str, asked))} are guessed"
            yield f"! condition {condition.name}: {other}, the persona speaks for {' and '.join(map(str, stands_for))}"
    by, wrong = study.study.assignment.by, study.study.wrong_at_most
    if by:
        yield f"assigned apart by {', '.join(by)}"
    if study.study.blind:
        yield "blind: the persona's name is hidden until the end"
    if wrong is not None:
        yield f"excluded: whoever answers more than {pluralize(wrong, 'item')} with a correct answer wrongly"


def _check_model(model: str, requests: int, *, yes: bool) -> None:
    """Open a model and say whether personas can be measured on it; remember that the person agrees."""
    info = described_engine(model, load_settings())
    if yes and not is_confirmed(info):
        remember(info)
    each = f"{requests} requests for each participant"
    if info.log_probabilities == "none":
        measured = "cannot be measured: it gives no log-probabilities"
    else:
        measured = f"measured with {each}" if is_confirmed(info) else f"not measured ({each}): agree with --yes"
    print(f"  model: {model_described(info)}, {measured}")


@app.command(
    "run",
    epilog=examples(
        "chat-personas study run study.toml --model smollm2",
        "chat-personas study run study.toml --recruiter-id 5f3a --recruited-by prolific",
        "chat-personas study run study.toml --resume",
        note="The identifiers can stand in the environment, too: CHAT_PERSONAS_PARTICIPANT, "
        "CHAT_PERSONAS_RECRUITER_ID, CHAT_PERSONAS_RECRUITED_BY.",
    ),
)
def run(
    file: File,
    model: options.Model = None,
    participant: Annotated[
        str | None,
        typer.Option(
            "--participant", metavar="X", envvar="CHAT_PERSONAS_PARTICIPANT", help="Your name for the person."
        ),
    ] = None,
    recruiter_id: Annotated[
        str | None,
        typer.Option(
            "--recruiter-id",
            metavar="X",
            envvar="CHAT_PERSONAS_RECRUITER_ID",
            help="The recruiter's name for the person.",
        ),
    ] = None,
    recruited_by: Annotated[
        str | None,
        typer.Option(
            "--recruited-by", metavar="X", envvar="CHAT_PERSONAS_RECRUITED_BY", help="How the person was found."
        ),
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with a participation that is not done.")] = False,
    participation: Annotated[
        str | None,
        typer.Option("--participation", metavar="ID", help="With --resume: which one, if there are several."),
    ] = None,
    test: Annotated[bool, typer.Option("--test", help="A trial of your own: it is kept, and never counted.")] = False,
    plain: Annotated[bool, typer.Option("--plain", help="Ask line by line, also on a terminal.")] = False,
) -> int:
    """Take one person through a study.

    Consent, questions, guesses, conversation, guesses and questions again, debriefing. Interrupted anywhere, it goes on
    with --resume.
    """
    if participation is not None and not resume:
        raise UsageError("--participation says with which participation to go on; add --resume")
    study = load_study(file)
    if not (resume or test):
        check_filled_in(study)
    identity = Identity(participant, recruiter_id, recruited_by)
    launch = Launch(model=model)
    asked = (participation or "") if resume else None
    if plain or not has_terminal():
        return StudyLineMode(launch, study, identity, resume=asked, test=test).run()
    return _on_the_screen(launch, study, identity, resume=asked, test=test)


def _on_the_screen(launch: Launch, study: LoadedStudy, identity: Identity, *, resume: str | None, test: bool) -> int:
    """Show the screens of a study until the person is through or stops; return the exit code.

    Raises:
        KeyboardInterrupt: Ctrl+C came before the screen listened to it.
    """
    with open_corpus() as corpus:
        way = None
        if resume is not None:
            way = Participation.resume(corpus, study, resume or None, identity)
        else:
            Participation.check_new(corpus, study, identity)

        def make() -> "TerminalApp":
            from chat_personas.tui.study.app import StudyApp

            log, theme = launch.log_path, launch.settings.theme
            return StudyApp(study, corpus, identity, way, launch.open_engine, test=test, log_path=log, theme=theme)

        return run_on_screen(make)


@app.command("status", epilog=examples("chat-personas study status study.toml"))
def status(file: File) -> int:
    """Count who takes part, and list who is not done."""
    study = load_study(file)
    with open_corpus(read_only=True) as corpus:
        tests = {person.id for person in corpus.studies.participants(study.row.sha256) if person.test}
        rows = corpus.studies.participations(study.row.sha256)
    real = [row for row in rows if row.participant_id not in tests]
    print_status(study, real, len(rows) - len(real))
    return DONE


@app.command(
    "table",
    epilog=examples("chat-personas study table study.toml", "chat-personas study table study.toml --json table.json"),
)
def table(
    file: File,
    tests: Annotated[bool, typer.Option("--tests", help="Of rehearsals and trials, instead of real people.")] = False,
    json_file: options.Json = None,
) -> int:
    """Print what participants learnt and how they felt.

    By condition, with intervals, and with who is left out.
    """
    study = load_study(file)
    destinations = Destinations(json_file)
    destinations.check()
    with open_corpus(read_only=True) as corpus:
        outcome = outcome_of(corpus, study, tests=tests)
    print_outcome(study, outcome, tests=tests, to_error=destinations.take_standard_output)
    destinations.write({"--json": outcome.to_json})
    return DONE


@app.command("rehearse", epilog=examples("chat-personas study rehearse study.toml --n 50"))
def rehearse(
    file: File,
    model: options.Model = None,
    number: Annotated[int, typer.Option("--n", min=1, metavar="N", help="How many participants are played.")] = 10,
    leave: Annotated[
        float, typer.Option("--leave", min=0.0, max=1.0, metavar="X", help="The share that leaves before the end.")
    ] = 0.1,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Decides what simulated participants answer.")] = 0,
) -> int:
    """Let the model play participants.

    They go through the whole study. It shows whether a study works before anybody takes part. What is stored is
    marked as a test: it is never counted or exported. See it with: chat-personas study table FILE --tests
    """
    return asyncio.run(_rehearse(file, model, number, leave, seed))


async def _rehearse(file: Path, model: str | None, number: int, leave: float, seed: int) -> int:
    study, settings = load_study(file), load_settings()
    ended = []
    async with AsyncExitStack() as opened:
        corpus = opened.enter_context(open_corpus())
        engine = await opened_model(model or settings.model, settings, opened)
        with progress_bar("participants") as step:
            rehearsal = Rehearsal(corpus, engine, study, seed=seed, leave=leave)
            async with aclosing(rehearsal.play(number)) as played:
                async for end in played:
                    ended.append(end.status)
                    step(len(ended), number)
    counts = ", ".join(f"{ended.count(status)} {status}" for status in dict.fromkeys(ended))
    print(f"{pluralize(number, 'participant')} played: {counts}", file=sys.stderr)
    print(f"next: chat-personas study table {printable(str(file))} --tests", file=sys.stderr)
    return DONE
