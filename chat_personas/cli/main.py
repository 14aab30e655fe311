"""The entry point: find the command, run it, turn errors into one line and an exit code."""

import errno
import io
import logging
import os
import signal
import sys
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from itertools import pairwise
from types import FrameType
from typing import Any, NoReturn, TextIO

from chat_personas.cli import launch
from chat_personas.cli.commands import NAMES
from chat_personas.cli.errors import (
    BAD_INPUT,
    DONE,
    INTERNAL_ERROR,
    INTERRUPTED,
    STORAGE_FAILED,
    CommandLineError,
    UsageError,
)
from chat_personas.cli.launch import has_terminal, open_screen
from chat_personas.cli.terminal import clean_output, keep_output_clean
from chat_personas.paths import as_started, check_home
from personas.errors import PersonaError, ReportedError

GLOBAL_OPTIONS = frozenset({"--help", "-h", "--version", "--install-completion", "--show-completion"})
STOPS_WITH_ITS_READER = frozenset({"chat", "corpus", "export"})
"""The commands that make nothing but their output, and may make much of it. The others end with the result of their
checks, whoever reads their tables."""
DISK_FULL = frozenset({errno.ENOSPC, errno.EFBIG, errno.EDQUOT})


def with_command(arguments: Sequence[str]) -> list[str]:
    """Return the arguments with the command at their head.

    Where none is named, it is `chat`: `chat-personas democrat` is `chat-personas chat democrat`. Options may stand
    before the command: `chat-personas --accessible chat democrat`.
    """
    if arguments and (arguments[0] in NAMES or arguments[0] in GLOBAL_OPTIONS):
        return list(arguments)
    place = _place_of_command(arguments)
    return ["chat", *arguments] if place is None else [arguments[place], *arguments[:place], *arguments[place + 1 :]]


def _place_of_command(arguments: Sequence[str]) -> int | None:
    """Return where a command stands behind options; None where no options are first, or no command follows them.

    What follows an option of `chat` that takes a value is that value, and no command.
    """
    if not arguments or not arguments[0].startswith("-"):
        return None
    for place, (before, argument) in enumerate(pairwise(("", *arguments))):
        if argument == "--":
            return None
        if argument in NAMES and before not in launch.OPTIONS:
            return place
    return None


def main(arguments: Sequence[str]) -> int:
    """Run the command line and return its exit code; an error is one line on standard error.

    Raises:
        Exception: what went wrong, where `--debug` asks for it.
    """
    with clean_output():
        return _answer(arguments)


def _answer(arguments: Sequence[str]) -> int:
    wanted = [argument for argument in arguments if argument != "--debug"]
    if os.environ.get("COLUMNS", "").strip("0") == "":
        os.environ.pop("COLUMNS", None)  # 0 is what a terminal of unknown width says; nothing fits into it
    try:
        return _run(wanted)
    except CommandLineError as error:
        return _say(_near_command(wanted) or str(error), BAD_INPUT)
    except KeyboardInterrupt:
        return _say("interrupted", INTERRUPTED)
    except SystemExit as end:
        if not isinstance(end.__context__, BrokenPipeError):
            raise
        _write_no_more()  # whoever read the output has seen enough; Typer makes an exit of it
        return DONE
    except BrokenPipeError:
        _write_no_more()
        return DONE
    except Exception as error:
        if len(wanted) < len(arguments):
            raise
        return _say(*_explain(error, wanted))


def _run(arguments: Sequence[str]) -> int:
    _check_nothing_empty(arguments)
    completed = with_command(arguments)
    if completed[0] != "doctor":  # which reports this with everything else
        check_home()
    screen = launch.read(completed)
    if screen is not None and has_terminal():
        return open_screen(screen)
    from chat_personas.cli.app import run_command

    code = run_command(completed)
    if sys.stdout is not None:
        sys.stdout.flush()  # here, where an error can still be reported
    return code


def _check_nothing_empty(arguments: Sequence[str]) -> None:
    """Refuse empty arguments and option values, which an unset variable of a script leaves: they would be ignored.

    Raises:
        UsageError: an argument or the value of an option is only white space.
    """
    for before, argument in pairwise(("", *arguments)):
        option, equals, value = argument.partition("=")
        if not argument.strip():
            what = f"the value of {before}" if before.startswith("--") else "an argument"
        elif argument.startswith("--") and equals and not value.strip():
            what = f"the value of {option}"
        else:
            continue
        raise UsageError(f"{what} is empty; write one, or leave it out (is a variable of your script not set?)")


def _explain(error: Exception, arguments: Sequence[str]) -> tuple[str, int]:
    """Return one line about `error`, and the exit code."""
    if isinstance(error, ReportedError):
        mistyped = _near_command(arguments) if isinstance(error, PersonaError) else None
        from chat_personas.settings import without_values

        return mistyped or without_values(_with_notes(error), arguments), error.exit_code
    if isinstance(error, OSError) and error.errno in DISK_FULL:
        _write_no_more()
        return f"the output cannot be written: {error.strerror}; free some space and try again", STORAGE_FAILED
    return f"internal error ({type(error).__name__}); run again with --debug and report the output", INTERNAL_ERROR


def _with_notes(error: Exception) -> str:
    """Return the message of an error, followed by the notes that were added to it (`add_note`)."""
    line = str(error)
    for note in getattr(error, "__notes__", ()):
        line += f"{'' if line.endswith(('.', '?', '!')) else ';'} {note}"
    return line


def _near_command(arguments: Sequence[str]) -> str | None:
    """Return a better message if a mistyped command was taken for a persona's name."""
    from chat_personas.own_personas import all_persona_names
    from personas.inputs.suggestions import nearest

    typed = arguments[0] if arguments else ""
    known = sorted(NAMES | GLOBAL_OPTIONS)
    longer = next((name for name in known if typed.startswith(name) and typed.isalpha()), None)  # as in "evaluate"
    near = longer or nearest(typed, known, alike=0.7)
    if near is None or typed in known or typed in all_persona_names():
        return None
    return f'there is no command or persona "{typed}"; did you mean chat-personas {near}?'


def _write_no_more() -> None:
    """Send standard output nowhere: Python would try to write the rest of it when it ends, and fail again."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _say(line: str, code: int) -> int:
    from personas.inputs.redaction import without_secrets

    if sys.stderr is not None:
        print(f"chat-personas: {as_started(without_secrets(' '.join(line.split()), words=False))}", file=sys.stderr)
    return code


def run() -> None:
    """Run the command line as a process of its own. Until then Ctrl+C is for `chat_personas.__main__`."""
    from chat_personas.cli.bootstrap import keep_log

    keep_log()
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:
            stream.reconfigure(errors="replace")  # type: ignore[union-attr]
    if with_command([argument for argument in sys.argv[1:] if argument != "--debug"])[0] not in STOPS_WITH_ITS_READER:
        sys.stdout, sys.stderr = _whoever_reads(sys.stdout), _whoever_reads(sys.stderr)
    keep_output_clean()
    try:
        _on_ctrl_c(signal.default_int_handler)
        _end(main(sys.argv[1:]))
    except KeyboardInterrupt:  # a moment before `main` or after it
        _end(_say("interrupted", INTERRUPTED))
    except Exception as error:  # `--debug` asks for it
        if sys.stderr is not None:
            sys.stderr.write(_traceback(error, sys.argv[1:]))
        _end(_RAISED)


_RAISED = 1
"""The exit code of Python itself for what nothing catches."""


def _traceback(error: Exception, arguments: Sequence[str]) -> str:
    """Return the traceback of an error, which people put into reports: without secrets and the values of settings."""
    import traceback

    from chat_personas.settings import without_values
    from personas.inputs.redaction import without_secrets

    lines = "".join(traceback.format_exception(error)).splitlines()
    return "".join(f"{without_secrets(without_values(line, arguments), words=False)}\n" for line in lines)


def _on_ctrl_c(handler: Callable[[int, FrameType | None], Any] | signal.Handlers) -> None:
    """Have Ctrl+C handled so, unless the program was started with it ignored, as in the background of a script."""
    if signal.getsignal(signal.SIGINT) != signal.SIG_IGN:
        signal.signal(signal.SIGINT, handler)


def _end(code: int) -> NoReturn:
    """End the process. A thread that still waits, for a server or a name that is not found, does not hold it up.

    Everything is stored by now. Python itself would wait for such a thread when it ends, and print a traceback at
    Ctrl+C then. It would also end by the signal, and not with `code`, where Ctrl+C came within an `exec`, as while a
    dataclass is made.
    """
    _on_ctrl_c(signal.SIG_IGN)
    waiting = any(thread is not threading.main_thread() and not thread.daemon for thread in threading.enumerate())
    if waiting or code == INTERRUPTED:
        logging.shutdown()
        for stream in (sys.stdout, sys.stderr):
            with suppress(OSError, ValueError, AttributeError):  # closed, or there is none
                stream.flush()
        os._exit(code)
    sys.exit(code)


class _Unread(io.FileIO):
    """A stream that takes what is written although its reader has stopped reading (`| head`)."""

    def write(self, data: Any, /) -> int:
        """Write `data`, or drop it, and what follows, where nobody reads."""
        try:
            return super().write(data)
        except BrokenPipeError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), self.fileno())
            return len(data)


def _whoever_reads(stream: TextIO | None) -> TextIO | None:
    """Return `stream`, with a pipe whose reader may stop: the command then goes on to its checks and its exit code."""
    if stream is None or stream.isatty():
        return stream
    raw = io.BufferedWriter(_Unread(stream.fileno(), "wb", closefd=False))
    buffering = getattr(stream, "line_buffering", False)
    return io.TextIOWrapper(raw, stream.encoding, stream.errors, line_buffering=buffering)
