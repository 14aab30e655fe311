"""The entry point: find the command, run it, turn errors into one line and an exit code."""

import os
import sys
from collections.abc import Sequence
from typing import Annotated

import typer

from chat_personas.cli import chat, corpus, doctor, evaluate, export, models, personas, surveys
from chat_personas.cli.exit_codes import BAD_INPUT, DONE, INTERRUPTED, exit_code

app = typer.Typer(
    name="chat-personas",
    help="Talk with a language model steered toward a demographic group, and measure how closely its opinions match.",
    epilog="Without a command, `chat` is meant: chat-personas democrat. A traceback for a bug report: add --debug.",
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    no_args_is_help=False,
)
app.command("chat", epilog=chat.EXAMPLE)(chat.chat)
app.command("eval", epilog=evaluate.EXAMPLE)(evaluate.evaluate)
app.command("export", epilog=export.EXAMPLE)(export.export)
app.command("doctor", epilog=doctor.EXAMPLE)(doctor.doctor)
app.add_typer(personas.app, name="personas")
app.add_typer(surveys.app, name="surveys")
app.add_typer(models.app, name="models")
app.add_typer(corpus.app, name="corpus")

COMMANDS = frozenset({"chat", "eval", "export", "doctor", "personas", "surveys", "models", "corpus"})
GLOBAL_OPTIONS = frozenset({"--help", "--version", "--install-completion", "--show-completion"})


def _print_version(asked: bool) -> None:
    if asked:
        from chat_personas import __version__

        print(f"chat-personas {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Talk with a language model steered toward a demographic group, and measure how closely its opinions match."""


def with_command(arguments: Sequence[str]) -> list[str]:
    """Put `chat` before arguments that name no command: `chat-personas democrat` is `chat-personas chat democrat`."""
    if arguments and (arguments[0] in COMMANDS or arguments[0] in GLOBAL_OPTIONS):
        return list(arguments)
    return ["chat", *arguments]


def main(arguments: Sequence[str]) -> int:
    """Run the command line and return its exit code; an error is one line on standard error."""
    debug = "--debug" in arguments
    command = typer.main.get_command(app)
    try:
        result = command.main(
            with_command([argument for argument in arguments if argument != "--debug"]),
            prog_name="chat-personas",
            standalone_mode=False,
        )
    except typer.TyperException as error:
        return _say(error.format_message().rstrip(".") + "; see chat-personas --help", BAD_INPUT)
    except (KeyboardInterrupt, typer.Abort):
        return _say("interrupted", INTERRUPTED)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return DONE
    except Exception as error:
        code = exit_code(error)
        if debug or code is None:
            raise
        return _say(str(error), code)
    return result if isinstance(result, int) else DONE


def _say(line: str, code: int) -> int:
    print(f"chat-personas: {' '.join(line.split())}", file=sys.stderr)
    return code


def run() -> None:
    """The console command."""
    sys.exit(main(sys.argv[1:]))
