"""The generated part of docs/commands.md: the help of every command."""

from collections.abc import Iterator
from typing import Any

import typer

from chat_personas.cli.app import application
from scripts.docs.parts import DOCS, renewed

PAGE = DOCS / "commands.md"
WIDTH = 110


def updated(page: str) -> str:
    """Return the page with the help of all commands renewed."""
    command: Any = typer.main.get_command(application())
    settings = {"terminal_width": WIDTH, "max_content_width": WIDTH, **command.context_settings}
    return renewed(page, "help", help_of(typer.Context(command, info_name="chat-personas", **settings)))


def help_of(context: typer.Context) -> Iterator[str]:
    """Yield a section with the help of a command, and of those that it groups."""
    command: Any = context.command
    yield from (f"## {context.command_path}", "", "```", command.get_help(context).strip(), "```", "")
    for name, inner in getattr(command, "commands", {}).items():
        yield from help_of(typer.Context(inner, parent=context, info_name=name))
