"""`chat-personas chat`: the screen, or the line mode where there is no terminal."""

from typing import Annotated

import typer

from chat_personas.cli import options
from chat_personas.cli.errors import UsageError
from chat_personas.cli.launch import Launch, has_terminal, open_screen

EXAMPLE = options.examples(
    "chat-personas chat democrat",
    "chat-personas chat republican --model ~/models/qwen3-4b.gguf",
    "printf 'What should be done about guns?\\n' | chat-personas chat democrat",
)


def chat(
    persona: Annotated[
        str | None, typer.Argument(metavar="PERSONA", help="A persona of the library, or a persona file.")
    ] = None,
    model: options.Model = None,
    template: options.Template = None,
    survey: options.Survey = None,
    plain: Annotated[
        bool,
        typer.Option("--plain", help="Line mode, as always without a terminal: one message per line in, replies out."),
    ] = False,
    measure: Annotated[
        bool,
        typer.Option(
            "--measure",
            help="In line mode: measure at the start and after each reply; the results go to standard error.",
        ),
    ] = False,
    resume: Annotated[
        str | None, typer.Option("--resume", metavar="ID", help="Continue a conversation (see: corpus list).")
    ] = None,
) -> int:
    """Talk with a persona; on a terminal, with its measured opinions beside the conversation."""
    if resume is not None and persona is not None:
        raise UsageError(f"a conversation keeps its persona; leave out {persona}, or leave out --resume")
    if plain or not has_terminal():
        from chat_personas.cli.line_mode import LineMode  # the screen does without it

        return LineMode(persona, model, survey, measure=measure, resume=resume, template=template).run()
    return open_screen(Launch(persona, model, survey, resume, template))
