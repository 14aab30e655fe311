"""`chat-personas chat`: the screen, or the line mode where there is no terminal."""

import sys
from typing import TYPE_CHECKING, Annotated, TextIO

import typer

from chat_personas.cli import options
from chat_personas.cli.exit_codes import DONE, UsageError

if TYPE_CHECKING:
    from chat_personas.tui.session import Session

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
    survey: options.Survey = None,
    plain: Annotated[
        bool, typer.Option("--plain", help="One message per line in, replies out; also without a terminal.")
    ] = False,
    measure: Annotated[
        bool, typer.Option("--measure", help="In line mode: probe after each reply, report on standard error.")
    ] = False,
    resume: Annotated[
        str | None, typer.Option("--resume", metavar="ID", help="Continue a conversation (see: corpus list).")
    ] = None,
) -> int:
    """Talk with a persona; on a terminal, with its measured opinions beside the conversation."""
    if resume is not None and persona is not None:
        raise UsageError(f"a conversation keeps its persona; leave out {persona}, or leave out --resume")
    if plain or not (_is_terminal(sys.stdin) and _is_terminal(sys.stdout)):
        from chat_personas.cli.line_mode import LineMode

        return LineMode(persona, model, survey, measure=measure, resume=resume).run()
    return _open_screen(_session(persona, model, survey, resume))


def _is_terminal(stream: TextIO | None) -> bool:
    """Say whether there is a person at this end; None is a stream that was closed before we began."""
    return stream is not None and stream.isatty()


def _session(persona: str | None, model: str | None, survey: str | None, resume: str | None) -> "Session":
    """Describe the sitting; settings and everything heavy are read after the first paint."""
    from chat_personas.cli.sitting import Sitting

    return Sitting(persona, model, survey).session(resume)


def _open_screen(session: "Session") -> int:
    from chat_personas.tui.app import ChatApp

    app = ChatApp(session)
    app.run()
    return app.return_code if app.return_code is not None else DONE
