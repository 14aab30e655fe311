"""The console command, also as `python -m chat_personas`: from here on Ctrl+C ends the program with one line.

Everything else is imported within `run`. That takes a moment in which nothing is under way yet that would have to end
in good order.
"""

import os
import signal
from contextlib import suppress
from types import FrameType

INTERRUPTED = 130
"""As in `chat_personas.cli.errors`, which is not imported yet."""


def run() -> None:
    """Run the command line and end the process with its exit code."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:  # else the program was started with it ignored
        signal.signal(signal.SIGINT, _end_at_once)
    from chat_personas.cli.main import run as run_command

    run_command()


def _end_at_once(_number: int, _frame: FrameType | None) -> None:
    """End the process. An exception would not do: one that is raised in the middle of an import can be lost."""
    with suppress(OSError):  # standard error is closed
        os.write(2, b"chat-personas: interrupted\n")
    os._exit(INTERRUPTED)


if __name__ == "__main__":
    run()
