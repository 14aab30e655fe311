"""Opening the screen, with nothing imported that its first frame can do without."""

import sys
from dataclasses import dataclass
from typing import TextIO

from chat_personas.cli.exit_codes import DONE


@dataclass(frozen=True, slots=True)
class ScreenArguments:
    """What the screen is opened with; None is what the settings say, and for `resume` a new conversation."""

    persona: str | None = None
    model: str | None = None
    survey: str | None = None
    resume: str | None = None


def has_terminal() -> bool:
    """Say whether there is a person at both ends, who can see a screen."""
    return _is_terminal(sys.stdin) and _is_terminal(sys.stdout)


def _is_terminal(stream: TextIO | None) -> bool:
    """Say whether there is a person at this end; None is a stream that was closed before we began."""
    return stream is not None and stream.isatty()


def open_screen(arguments: ScreenArguments) -> int:
    """Show the screen until the person leaves it, and return the exit code.

    Raises:
        Exception: what left nothing to do, as `ChatApp.run` does.
    """
    from chat_personas.cli.sitting import Sitting
    from chat_personas.tui.app import ChatApp

    app = ChatApp(Sitting(arguments.persona, arguments.model, arguments.survey).session(arguments.resume))
    app.run()
    return app.return_code if app.return_code is not None else DONE
