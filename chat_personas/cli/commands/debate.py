"""`chat-personas debate`: two personas argue a topic on the terminal, and are measured as they do."""

import asyncio
import sys
from collections.abc import Iterator
from contextlib import AsyncExitStack, aclosing, contextmanager
from dataclasses import dataclass
from typing import Annotated, TextIO

import typer

from chat_personas.cli import options as shared
from chat_personas.cli.errors import DONE, UsageError
from chat_personas.cli.evaluation.output import Destinations
from chat_personas.cli.evaluation.requests import agree
from chat_personas.cli.evaluation.sources import files_of_survey, model_files, persona_files
from chat_personas.cli.launch import Launch
from chat_personas.cli.opening import open_corpus, opened_model
from chat_personas.cli.progress import progress_bar
from chat_personas.cli.tables.layout import print_line, table_console
from chat_personas.conversation.conversation import ReplyEnded, ReplyRecalled, ReplyStarted, ReplyText, persona_of
from chat_personas.conversation.debate import Debate, DebateError
from chat_personas.corpus import Corpus, ReplyModel
from chat_personas.engines.open import with_template
from chat_personas.monitor.monitor import NO_LOG_PROBABILITIES
from chat_personas.monitor.sides import SideMonitors
from chat_personas.own_personas import find_persona
from chat_personas.paths import as_started
from chat_personas.reporting.debate import (
    DebateReport,
    circumstances,
    course_lines,
    debate_report,
    figure_document,
    page_document,
)
from chat_personas.reporting.models_found import all_ready, is_strange, what_opens
from chat_personas.reporting.wording.conversations import RECALLED
from chat_personas.settings import Settings, load_settings
from chat_personas.text import printable
from chat_personas.tui.leaving import run_unwaited
from eval.engine import ORDERS, Engine, EngineError
from eval.interventions import tried_out
from eval.surveys.loading import LoadedSurvey
from personas import LoadedPersona

EXAMPLE = shared.examples(
    'chat-personas debate democrat republican --topic "Should gun laws be stricter?"',
    'chat-personas debate democrat republican --topic "Taxes" --rounds 5 --measure --html page.html --svg figure.svg',
    "chat-personas debate democrat republican --topic Taxes --model smollm2 --second-model pocket",
    "chat-personas debate --resume k3v9qx --rounds 2",
    note="The first persona begins. Each side is a conversation like others: see chat-personas corpus list. To say "
    "something as the moderator, debate on the screen (see docs/debate.md). With --resume each side goes on with the "
    "model of its last reply; --model and --second-model name others.",
)
ROUNDS = 3


@dataclass(frozen=True, slots=True)
class _Asked:
    """What is asked for: a new debate of `personas`, or to go on with that of the conversation `resume`."""

    personas: tuple[LoadedPersona, LoadedPersona] | None
    topic: str
    rounds: int | None
    resume: str
    seed: int
    measure: bool
    agreed: bool


def debate(
    first: Annotated[
        str | None, typer.Argument(metavar="[FIRST", help="The persona that begins: a name, a file, or groups.")
    ] = None,
    second: Annotated[str | None, typer.Argument(metavar="SECOND]", help="The persona that answers it.")] = None,
    topic: Annotated[str, typer.Option("--topic", metavar="TEXT", help="What they argue about.")] = "",
    rounds: Annotated[
        int | None,
        typer.Option("--rounds", min=1, metavar="N", help=f"How often each speaks ({ROUNDS}); with --resume, N more."),
    ] = None,
    resume: Annotated[
        str, typer.Option("--resume", metavar="ID", help="Go on with the debate of this conversation, of either side.")
    ] = "",
    model: shared.Model = None,
    second_model: Annotated[
        str | None, typer.Option("--second-model", metavar="M", help="The model of the second side, if it is another.")
    ] = None,
    template: shared.Template = None,
    measure: Annotated[
        bool, typer.Option("--measure", help="Put the survey to each side at the start and after each of its turns.")
    ] = False,
    survey: shared.Survey = None,
    seed: shared.ReplySeed = 0,
    json_file: shared.Json = None,
    html_file: shared.Html = None,
    svg_file: shared.Svg = None,
    yes: shared.Yes = False,
) -> int:
    """Let two personas argue a topic, turn by turn, and show how far their answers to a survey move."""
    destinations = Destinations(json_file, html=html_file, svg=svg_file, private=True)
    settings = load_settings()
    survey = survey or settings.survey
    names = [name for name in (first, second) if name is not None]
    _check(names, topic, resume)
    launch = Launch(survey=survey)
    models = _models(launch, (model, second_model), resume)
    asked_of = {"--model": model_files(models[0]), "--second-model": model_files(models[1])}
    read = {"persona": persona_files(*names), "--survey": files_of_survey(survey)} | asked_of
    destinations.check(read)
    if svg_file is not None and not measure:
        raise UsageError("--svg draws how far both sides move; add --measure, or leave it out")
    personas = None if resume else (find_persona(names[0]), find_persona(names[1]))
    asked = _Asked(personas, topic, rounds, resume, seed, measure, yes)
    launch.loaded_survey  # noqa: B018  # a wrong name of a survey comes out before the model opens
    out = sys.stderr if destinations.take_standard_output else sys.stdout
    report = run_unwaited(_held(with_template(settings, model, template), models, asked, launch, out))
    try:
        destinations.write(
            {
                "--json": report.to_json,
                "--svg": lambda: figure_document(report),
                "--html": lambda: page_document(report),
            }
        )
    finally:
        _show(report, to_error=destinations.take_standard_output)
    return DONE


def _check(names: list[str], topic: str, resume: str) -> None:
    """Raise UsageError where it is not clear which debate is meant."""
    if resume and (names or topic):
        raise UsageError("--resume goes on with a debate as it is; leave out the personas and --topic")
    if not resume and len(names) != 2:
        raise UsageError("a debate has two personas; name both, as in: debate democrat republican --topic Taxes")
    if not resume and not topic.strip():
        raise UsageError("say what they argue about with --topic")


def _models(launch: Launch, named: tuple[str | None, str | None], resume: str) -> tuple[str, str]:
    """Return what opens the model of each side: what is `named` with an option, else the usual one.

    In a debate that goes on that is the one of the side's last reply. Raises UsageError: it is not found.
    """
    first, second = named
    usual = launch.settings.model
    if not resume:
        return first or usual, second or first or usual
    with open_corpus() as corpus:
        sides = [side.conversation_id for side in corpus.debate_sides(_debate_of(corpus, resume))]
        last = [corpus.last_model(side) for side in sides]
        titles = [persona_of(corpus.conversation(side)).title for side in sides]
    if len(set(last)) == 1:
        second = second or first
    opened = dict[ReplyModel, str]()
    for model, option, made, title in zip((first, second), ("--model", "--second-model"), last, titles, strict=False):
        if model is None and made not in opened:
            opened[made] = _model_of_last_reply(launch, made, [*filter(None, named), usual], title, option)
    return first or opened.get(last[0], usual), second or opened.get(last[-1], usual)


def _model_of_last_reply(launch: Launch, made: ReplyModel, known: list[str], title: str, option: str) -> str:
    """Return what opens the model of the last reply of a side: one of the `known`, or one that is looked for.

    Raises:
        UsageError: it is not found, or on a server of another machine that neither the settings nor an option name.
    """
    settings = launch.settings

    def ready() -> Iterator[str]:
        yield from known
        yield from all_ready(launch.find_models(), settings.servers)

    model = what_opens(made, ready())
    if model is None:
        why = f"the model {printable(made.name)} was not found on this machine"
        raise UsageError(f"{title}: {why}; name the model to go on with: {option} M")
    if is_strange(model, [*settings.servers, *known]):
        why = f"{printable(made.name)} is a server on another machine that your settings do not name"
        raise UsageError(f"{title}: {why}; to send it what is said, write {option} {printable(made.name)}")
    return model


def _debate_of(corpus: Corpus, conversation: str) -> str:
    """Return the key of the debate of which a conversation is a side. Raises DebateError and CorpusError."""
    key = corpus.debate_of(corpus.conversation(conversation).id)
    if key is None:
        raise DebateError(f"{conversation} is not a side of a debate; see: chat-personas corpus list")
    return key


async def _held(
    settings: Settings, models: tuple[str, str], asked: _Asked, launch: Launch, out: TextIO
) -> DebateReport:
    """Hold the debate to its end, and return what came of it."""
    async with AsyncExitStack() as opened:
        corpus = opened.enter_context(open_corpus())
        first = await opened_model(models[0], settings, opened)
        second = first if models[0] == models[1] else await opened_model(models[1], settings, opened)
        debate = await asyncio.to_thread(_opened, corpus, (first, second), asked, launch.loaded_survey)
        if asked.resume and asked.rounds is not None:
            await debate.extend(asked.rounds)
        for side in debate.sides:
            await tried_out(side.engine)
        monitors = SideMonitors(debate, launch.make_monitor, corpus) if asked.measure else None
        with _going_on(corpus, debate):
            await _argue(debate, monitors, out)
        measured = (None, None) if monitors is None else monitors.found
        return debate_report(debate, measured, launch.loaded_survey, seed=asked.seed)


def _opened(corpus: Corpus, engines: tuple[Engine, Engine], asked: _Asked, survey: LoadedSurvey) -> Debate:
    """Return the debate, new or taken up, after the person agreed to what it asks of a server."""
    if asked.personas is None:
        debate = Debate.resume(corpus, engines, _debate_of(corpus, asked.resume), seed=asked.seed)
        _agree(engines, (asked.rounds or 0) + debate.rounds - debate.spoken[1], asked, survey)
        return debate
    rounds = asked.rounds or ROUNDS
    _agree(engines, rounds, asked, survey)
    return Debate.start(corpus, engines, asked.personas, asked.topic, rounds, seed=asked.seed)


def _agree(engines: tuple[Engine, Engine], rounds: int, asked: _Asked, survey: LoadedSurvey) -> None:
    """Ask for consent to the requests of the turns and of measuring. Raises UsageError and EngineError."""
    each_round = len(ORDERS) * len(survey.survey.questions) if asked.measure else 0
    for engine in engines:
        if asked.measure and engine.info.log_probabilities == "none":
            raise EngineError(f"{engine.info.name}: {NO_LOG_PROBABILITIES}; leave out --measure")
        requests = rounds + (rounds + 1) * each_round
        agree(engine.info, requests if engines[0] is not engines[1] else 2 * requests, agreed=asked.agreed)


async def _measure(debate: Debate, monitors: SideMonitors, place: int) -> None:
    """Measure a side, with its progress. Raises EngineError and CorpusError."""
    with progress_bar(f"measuring {debate.names[place]}") as advance:
        async with aclosing(monitors.measure(place)) as estimates:
            async for estimate in estimates:
                advance(estimate.answered, estimate.total)


async def _argue(debate: Debate, monitors: SideMonitors | None, out: TextIO) -> None:
    """Let the sides speak in turn, and measure each at the start and after its turns. Raises EngineError."""
    if monitors is not None:
        for place in (0, 1):
            await _measure(debate, monitors, place)
    print(f"Moderator: {printable(debate.topic)}\n", file=out, flush=True)
    while (speaking := debate.next_place) is not None:
        await _speak(debate, out)
        if monitors is not None:
            await _measure(debate, monitors, speaking)


async def _speak(debate: Debate, out: TextIO) -> None:
    """Print a turn as it comes. Raises EngineError: it did not come to its end."""
    async with aclosing(debate.turn()) as events:
        async for place, event in events:
            if isinstance(event, ReplyStarted):
                print(f"{printable(debate.names[place])}: ", end="", file=out, flush=True)
            elif isinstance(event, ReplyText):
                print(printable(event.text), end="", file=out, flush=True)
            elif isinstance(event, ReplyRecalled):
                print(RECALLED, end="", file=out, flush=True)
            elif isinstance(event, ReplyEnded):
                print("\n", file=out, flush=True)
                if event.status in ("error", "interrupted"):
                    raise EngineError(event.why or "the model failed; what was said so far is kept")


@contextmanager
def _going_on(corpus: Corpus, debate: Debate) -> Iterator[None]:
    """Say how to go on with a debate that does not come to its end."""
    try:
        yield
    finally:
        if debate.next_place is not None:
            name = corpus.short_names()[debate.sides[0].id]
            print(
                as_started(f"(what was said is kept; go on with: chat-personas debate --resume {name})"),
                file=sys.stderr,
            )


def _show(report: DebateReport, *, to_error: bool) -> None:
    console = table_console(to_error=to_error)
    for remark in circumstances(report):
        print_line(console, remark)
    for side in report.sides if report.survey is not None else ():
        console.print()
        for line in course_lines(side):
            print_line(console, line)
