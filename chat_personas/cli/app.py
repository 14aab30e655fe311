"""The Typer application: only the command that is asked for is imported and built.

Importing all of them takes longer than drawing the first frame, so the help of the whole program is made of names and
summaries.
"""

import os
import re
import sys
from collections.abc import Sequence
from contextlib import redirect_stdout
from importlib import import_module
from itertools import pairwise
from typing import Annotated, Any

import typer

from chat_personas import __version__
from chat_personas.cli import options
from chat_personas.cli.commands import COMMANDS, GROUPS, NAMES, module_of
from chat_personas.cli.errors import BAD_INPUT, DONE, INTERRUPTED, CommandLineError

PROGRAM = "chat-personas"
COMPLETION = "_CHAT_PERSONAS_COMPLETE"
"""The variable that a shell sets to ask for completions."""


def run_command(arguments: Sequence[str]) -> int:
    """Run the command that the arguments name, and return the exit code.

    For a group of commands without one of them, its help goes to standard error.

    Raises:
        CommandLineError: the arguments fit no command, or completions are asked for without what was typed.
        KeyboardInterrupt: the person pressed Ctrl-C.
        Exception: what went wrong in the command.
    """
    _check_completion()
    typed = _words_to_complete() if COMPLETION in os.environ else arguments
    command = typer.main.get_command(application(typed[0]) if typed and typed[0] in NAMES else overview())
    if len(arguments) == 1 and arguments[0] in GROUPS:
        with redirect_stdout(sys.stderr):
            command.main([*arguments, "--help"], prog_name=PROGRAM, standalone_mode=False)
        return BAD_INPUT
    meant, called, rest = _at_hand(command, arguments)
    _check_values(meant, called, rest)
    try:
        result = command.main(list(arguments), prog_name=PROGRAM, standalone_mode=False)
    except typer.TyperException as error:
        raise CommandLineError(_usage(error, called)) from error
    except typer.Abort as error:
        raise KeyboardInterrupt from error
    if result == INTERRUPTED:
        raise KeyboardInterrupt  # Typer turns the exception into a number
    return result if isinstance(result, int) else DONE


def _check_completion() -> None:
    """Raise CommandLineError where completions are asked for without what a shell says besides: what was typed."""
    shell = os.environ.get(COMPLETION, "").removeprefix("complete_")
    if shell == "bash" and not ("COMP_WORDS" in os.environ and os.environ.get("COMP_CWORD", "").isdecimal()):
        raise CommandLineError(f"{COMPLETION} in the environment is for a shell that completes a command; unset it")


def _words_to_complete() -> list[str]:
    """Return what was typed after the program's name where a shell asks for completions: it sets variables only."""
    typed = os.environ.get("COMP_WORDS") or os.environ.get("_TYPER_COMPLETE_ARGS", "")
    return typed.split()[1:]


def _at_hand(command: Any, arguments: Sequence[str]) -> tuple[Any, str, Sequence[str]]:
    """Return the command within `command` that the arguments name, what it is called, and what follows its name."""
    called, rest = PROGRAM, list(arguments)
    while rest:
        commands = getattr(command, "commands", {})
        name = rest.pop(0) if rest[0] in commands else getattr(command, "meant_if_none_is_named", None)
        if name is None or name not in commands:
            break
        command, called = commands[name], f"{called} {name}"
    return command, called, rest


def _check_values(command: Any, called: str, rest: Sequence[str]) -> None:
    """Make sure that no option takes the next option for its value, as in `--json --limit 20`.

    Raises:
        CommandLineError: one would.
    """
    takes = {name for option in command.params if not getattr(option, "is_flag", True) for name in option.opts}
    for option, value in pairwise(rest):
        if option == "--":  # what follows are no options
            break
        if option in takes and value.startswith("--"):
            raise CommandLineError(
                f"{option} needs a value, and {value} begins like an option; if it is the value, "
                f"write {option}={value}; see {called} --help"
            )


def _usage(error: typer.TyperException, called: str) -> str:
    """Return what is wrong with the arguments of the command that is `called` so, and which help to read."""
    context = getattr(error, "ctx", None)
    command = context.command_path if context is not None else called
    return f"{_in_our_words(error.format_message().rstrip('.'))}; see {command} --help"


_VALUE = re.compile(r"Invalid value for '(?P<option>[^']+)': Input should be (?P<rule>.+)")
_RULES = (
    (re.compile(r"greater than or equal to (\S+)"), r"must be \1 or more"),
    (re.compile(r"less than or equal to (\S+)"), r"must be \1 or less"),
    (re.compile(r"a valid integer.*"), "must be a whole number"),
    (re.compile(r"a valid number.*"), "must be a number"),
    (re.compile(r"a finite number"), "must be a finite number"),
)
"""What the library says about the value of an option, and what we say."""


def _in_our_words(line: str) -> str:
    found = _VALUE.fullmatch(line)
    if found is None:
        return line
    said = next((rule.sub(ours, found["rule"]) for rule, ours in _RULES if rule.fullmatch(found["rule"])), None)
    return f"{found['option']} {said}" if said else line


def application(wanted: str | None = None) -> typer.Typer:
    """Return the command line with all commands, or only with the one that is `wanted`."""
    app = _without_commands()
    for name, summary in COMMANDS.items():
        if wanted in (None, name):
            module = module_of(name)
            found = import_module(f"chat_personas.cli.commands.{module}")
            if hasattr(found, "app"):  # a command that has commands beside what it does itself
                app.add_typer(found.app, name=name, help=summary, epilog=found.EXAMPLE)
                continue
            app.command(name, help=summary, epilog=found.EXAMPLE)(getattr(found, module))
    for name, summary in GROUPS.items():
        if wanted in (None, name):
            app.add_typer(import_module(f"chat_personas.cli.commands.{name}").app, name=name, help=summary)
    return app


def overview() -> typer.Typer:
    """Return the command line for the help of the whole program: names and summaries, with nothing behind them."""
    app = _without_commands()
    for name, summary in (COMMANDS | GROUPS).items():
        app.command(name, help=summary)(_nothing)
    return app


def _nothing() -> None:
    """Stand for a command that is only listed."""


def _without_commands() -> typer.Typer:
    return typer.Typer(
        name=PROGRAM,
        epilog=options.examples(
            "chat-personas democrat",
            "chat-personas eval democrat",
            "chat-personas personas list",
            note="Without a command, chat is run. For a bug report add --debug, which prints a traceback.",
        ),
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        no_args_is_help=False,
        context_settings={"help_option_names": ["--help", "-h"]},
        callback=_options,
    )


def _print_version(asked: bool) -> None:
    if asked:
        print(f"{PROGRAM} {__version__}")
        raise typer.Exit


def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Talk with a language model steered toward a demographic group, and measure how closely its opinions match."""
