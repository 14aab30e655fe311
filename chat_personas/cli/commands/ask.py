"""`chat-personas ask`: put one question to all groups of an attribute, and to the unsteered model."""

from collections.abc import Sequence
from contextlib import AsyncExitStack
from typing import Annotated

import typer

from chat_personas.cli import options as shared
from chat_personas.cli.errors import DONE, UsageError
from chat_personas.cli.evaluation.output import Destinations
from chat_personas.cli.evaluation.requests import agree, expression_meant
from chat_personas.cli.evaluation.sources import files_of_survey, model_files, persona_files
from chat_personas.cli.opening import open_corpus, opened_model
from chat_personas.cli.options import choose
from chat_personas.cli.progress import progress_bar
from chat_personas.cli.tables.layout import print_line, table_console
from chat_personas.conversation.room import Room, RoomError, RoomQuestion, RoomReport, members_meant, question_meant
from chat_personas.engines.open import with_template
from chat_personas.own_personas import find_persona
from chat_personas.reporting.room import circumstances, figure_document, page_document, text_lines
from chat_personas.settings import Settings, load_settings
from chat_personas.surveys import find_survey
from chat_personas.tui.leaving import run_unwaited
from eval.evaluation import steered_as
from eval.expression.methods import Expression
from personas import LoadedPersona

EXAMPLE = shared.examples(
    "chat-personas ask GUNCONTRIBA_W26 --groups POLPARTY",
    'chat-personas ask "How much do you trust the press?" --groups POLPARTY --options "A lot|A little|Not at all"',
    'chat-personas ask "What worries you most?" --groups AGE=18-29 --groups AGE=65+',
    "chat-personas ask GUNCONTRIBA_W26 --groups POLPARTY --html page.html --svg figure.svg",
    "chat-personas ask GUNCONTRIBA_W26 --persona my-persona.toml --json - | python -m json.tool",
    note="The ids of a survey's questions: chat-personas surveys show SURVEY --questions. The replies in words are "
    "conversations like others: see chat-personas corpus list.",
)
BY_PROMPT = ("none", "qa", "bio", "portray")


def ask(
    question: Annotated[
        str, typer.Argument(metavar="QUESTION", help="A question of the survey, by its id or wording, or your own.")
    ],
    groups: Annotated[
        list[str] | None,
        typer.Option(
            "--groups",
            metavar="G",
            help="Ask all groups of an attribute (POLPARTY), or one group (POLPARTY=Democrat); may be repeated.",
        ),
    ] = None,
    personas: Annotated[
        list[str] | None,
        typer.Option("--persona", metavar="PERSONA", help="Ask this persona, too; may be repeated."),
    ] = None,
    options: Annotated[
        str | None,
        typer.Option(
            "--options", metavar="O", help='The options of your own question, as "A lot|A little|Not at all".'
        ),
    ] = None,
    survey: shared.Survey = None,
    expression: shared.OneExpression = None,
    steering: Annotated[
        str | None,
        typer.Option("--steering", metavar="S", help=f"Replace the steering: {', '.join(BY_PROMPT)}."),
    ] = None,
    model: shared.Model = None,
    template: shared.Template = None,
    quotes: Annotated[
        bool, typer.Option("--quotes/--no-quotes", help="Let each reply in words, too; the corpus keeps the replies.")
    ] = True,
    seed: shared.ReplySeed = 0,
    json_file: shared.Json = None,
    html_file: shared.Html = None,
    svg_file: shared.Svg = None,
    yes: shared.Yes = False,
) -> int:
    """Ask one question of every group of an attribute, beside the unsteered model and people's own answers."""
    destinations = Destinations(json_file, html=html_file, svg=svg_file, private=True)
    settings = load_settings()
    survey = survey or settings.survey
    read = {"--persona": persona_files(*personas or ()), "--survey": files_of_survey(survey)}
    destinations.check(read | {"--model": model_files(model or settings.model)})
    loaded = find_survey(survey)
    way = None if steering is None else choose("--steering", steering, BY_PROMPT)
    asked = question_meant(question, _options(options), loaded)
    if asked.question is None and not quotes:
        raise RoomError("a question without options is answered in words only; leave out --no-quotes, or add --options")
    if svg_file is not None and asked.question is None:
        raise UsageError("--svg draws shares of options; add --options, or leave it out")
    members = [*(members_meant(groups or (), loaded, way) if groups or not personas else ()), *_named(personas, way)]
    how = expression_meant(expression, None, None)
    report = run_unwaited(
        _answers(
            with_template(settings, model, template), model or settings.model, asked, members, how, seed, quotes, yes
        )
    )
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


def _options(written: str | None) -> list[str]:
    return [] if written is None else [option.strip() for option in written.split("|") if option.strip()]


def _named(personas: list[str] | None, steering: str | None) -> list[LoadedPersona]:
    return [steered_as(find_persona(name), steering) for name in personas or ()]


async def _answers(
    settings: Settings,
    model: str,
    asked: RoomQuestion,
    members: Sequence[LoadedPersona],
    expression: Expression,
    seed: int,
    quotes: bool,
    agreed: bool,
) -> RoomReport:
    """Open the model, ask everybody, and return what came of it; replies in words are kept in the corpus."""
    async with AsyncExitStack() as opened:
        engine = await opened_model(model, settings, opened)
        room = Room(engine, asked, members, expression=expression, seed=seed)
        agree(engine.info, room.requests(quotes=quotes), agreed=agreed)
        if asked.question is not None:
            with progress_bar("figures") as advance:
                async for place in room.measure():
                    advance(place + 1, len(room.members))
        if quotes:
            corpus = opened.enter_context(open_corpus())
            with progress_bar("replies in words") as advance:
                async for place in room.hear(corpus):
                    advance(place + 1, len(room.members))
        return room.report()


def _show(report: RoomReport, *, to_error: bool) -> None:
    console = table_console(to_error=to_error)
    for remark in circumstances(report):
        print_line(console, remark)
    console.print()
    for line in text_lines(report, console.width):
        print_line(console, line)
