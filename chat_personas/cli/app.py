"""The commands and where they live. Only the one that is asked for is imported and built.

Building all of them takes as long as drawing a quarter of the first frame.
"""

import sys
from collections.abc import Sequence
from contextlib import redirect_stdout
from importlib import import_module
from typing import Annotated

import typer

from chat_personas.cli import options
from chat_personas.cli.commands import COMMANDS, GROUPS, NAMES
from chat_personas.cli.errors import BAD_INPUT, DONE, INTERRUPTED, CommandLineError


def run_command(arguments: Sequence[str]) -> int:
    """Read the command line, run what it asks for, and return the exit code.

    A group of commands without one of them asks for nothing: its help goes to standard error.

    Raises:
        UnreadableError: the arguments are none of any command.
        KeyboardInterrupt: the person broke it off.
        Exception: what went wrong in the command.
    """
    command = typer.main.get_command(application(arguments[0] if arguments[0] in NAMES else None))
    if len(arguments) == 1 and arguments[0] in GROUPS:
        with redirect_stdout(sys.stderr):
            command.main([*arguments, "--help"], prog_name="chat-personas", standalone_mode=False)
        return BAD_INPUT
    try:
        result = command.main(list(arguments), prog_name="chat-personas", standalone_mode=False)
    except typer.TyperException as error:
        raise CommandLineError(_usage(error)) from error
    except typer.Abort as error:
        raise KeyboardInterrupt from error
    if result == INTERRUPTED:
        raise KeyboardInterrupt  # Typer makes a number of it
    return result if isinstance(result, int) else DONE


def _usage(error: typer.TyperException) -> str:
    """Return what is wrong with the arguments, and which help to read."""
    context = getattr(error, "ctx", None)
    command = context.command_path if context is not None else "chat-personas"
    return f"{error.format_message().rstrip('.')}; see {command} --help"


def application(wanted: str | None = None) -> typer.Typer:
    """Return the command line with all commands, or with the one that is `wanted` only."""
    app = typer.Typer(
        name="chat-personas",
        epilog=options.examples(
            "chat-personas democrat",
            "chat-personas eval democrat",
            "chat-personas personas list",
            note="Without a command, chat is meant. For a bug report add --debug: it prints a traceback.",
        ),
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        no_args_is_help=False,
        context_settings={"help_option_names": ["--help", "-h"]},
        callback=_options,
    )
    for name, module in COMMANDS.items():
        if wanted in (None, name):
            found = import_module(f"chat_personas.cli.commands.{module}")
            app.command(name, epilog=found.EXAMPLE)(getattr(found, module))
    for name in GROUPS:
        if wanted in (None, name):
            app.add_typer(import_module(f"chat_personas.cli.commands.{name}").app, name=name)
    return app


def _print_version(asked: bool) -> None:
    if asked:
        from chat_personas import __version__

        print(f"chat-personas {__version__}")
        raise typer.Exit


def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Talk with a language model steered toward a demographic group, and measure how closely its opinions match."""
