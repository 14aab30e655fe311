"""Write the generated part of `commands.md`: the help of every command.

Run `python docs/write_commands.py` after a change of the command line.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer

from chat_personas.cli.app import application

PAGE = Path(__file__).with_name("commands.md")
WIDTH = 110


def main() -> None:
    """Bring the page up to date."""
    PAGE.write_text(updated(PAGE.read_text(encoding="utf-8")), encoding="utf-8")


def updated(page: str) -> str:
    """Return the page with what stands between `<!-- begin help -->` and `<!-- end help -->` renewed."""
    command: Any = typer.main.get_command(application())
    settings = {"terminal_width": WIDTH, "max_content_width": WIDTH, **command.context_settings}
    sections = help_of(typer.Context(command, info_name="chat-personas", **settings))
    texts = "\n".join(["<!-- begin help -->", *sections, "<!-- end help -->"])
    return re.sub("<!-- begin help -->.*<!-- end help -->", lambda _: texts, page, flags=re.DOTALL)


def help_of(context: typer.Context) -> Iterator[str]:
    """Yield a section with the help of a command, and of those that it groups."""
    command: Any = context.command
    yield from (f"## {context.command_path}", "", "```", command.get_help(context).strip(), "```", "")
    for name, inner in getattr(command, "commands", {}).items():
        yield from help_of(typer.Context(inner, parent=context, info_name=name))


if __name__ == "__main__":
    main()
