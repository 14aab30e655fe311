"""The commands and where they live. Only the one that is asked for is imported and built.

Building all of them takes as long as drawing a quarter of the first frame.
"""

from importlib import import_module
from typing import Annotated

import typer

from chat_personas.cli import options

COMMANDS = {
    "chat": "chat",
    "eval": "evaluate",
    "export": "export",
    "doctor": "doctor",
}
GROUPS = ("personas", "surveys", "models", "corpus")
NAMES = frozenset({*COMMANDS, *GROUPS})


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
            found = import_module(f"chat_personas.cli.{module}")
            app.command(name, epilog=found.EXAMPLE)(getattr(found, module))
    for name in GROUPS:
        if wanted in (None, name):
            app.add_typer(import_module(f"chat_personas.cli.{name}").app, name=name)
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
