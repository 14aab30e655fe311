"""`chat-personas chat`: the screen, the line mode where there is no terminal, or the mode for screen readers."""

from typing import Annotated

import typer

from chat_personas.cli import options
from chat_personas.cli.errors import UsageError
from chat_personas.cli.launch import Launch, has_terminal, on_terminal, open_screen, set_accessible

EXAMPLE = options.examples(
    "chat-personas chat democrat",
    "chat-personas chat republican --model ~/models/qwen3-4b.gguf",
    "chat-personas chat democrat --accessible",
    "printf 'What should be done about guns?\\n' | chat-personas chat democrat",
)


def chat(
    persona: Annotated[
        str | None, typer.Argument(metavar="PERSONA", help="A persona's name, a persona file, or groups.")
    ] = None,
    model: options.Model = None,
    template: options.Template = None,
    survey: options.Survey = None,
    plain: Annotated[
        bool,
        typer.Option("--plain", help="Line mode, as always without a terminal: one message per line in, replies out."),
    ] = False,
    accessible: Annotated[
        bool,
        typer.Option(
            "--accessible",
            help="For screen readers: prompted lines, sentences and slash commands; nothing moves or is drawn.",
        ),
    ] = False,
    measure: Annotated[
        bool,
        typer.Option(
            "--measure",
            help="In line mode: measure at the start and after each reply; the results go to standard error. With "
            "--accessible: measure although the settings say no.",
        ),
    ] = False,
    resume: Annotated[
        str | None, typer.Option("--resume", metavar="ID", help="Continue a conversation (see: corpus list).")
    ] = None,
) -> int:
    """Talk with a persona; on a terminal, with its measured opinions beside the conversation."""
    if resume is not None and persona is not None:
        raise UsageError(f"a conversation goes on with its persona; leave out {persona}, or leave out --resume")
    if plain and accessible:
        raise UsageError("--plain is for pipes and scripts, --accessible for people who listen; leave one of them out")
    if accessible or (not plain and on_terminal() and set_accessible()):
        from chat_personas.cli.accessible.mode import AccessibleMode

        return AccessibleMode(Launch(persona, model, survey, resume, template), measure=measure).run()
    if plain or not has_terminal():
        from chat_personas.cli.line_mode import LineMode  # the screen does without it

        return LineMode(persona, model, survey, measure=measure, resume=resume, template=template).run()
    return open_screen(Launch(persona, model, survey, resume, template))
