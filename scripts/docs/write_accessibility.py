"""The generated part of docs/accessibility.md: every slash command, from the table that the program reads them by."""

from collections.abc import Iterator

from chat_personas.conversation.commands import by_subject
from scripts.docs.parts import DOCS, renewed

PAGE = DOCS / "accessibility.md"


def updated(page: str) -> str:
    """Return the page with its commands renewed."""
    return renewed(page, "commands", _commands())


def _commands() -> Iterator[str]:
    for subject, commands in by_subject("sentences"):
        yield from (f"### {subject}", "", "| command | what it does |", "| --- | --- |")
        for command in commands:
            yield f"| `{command.written}` | {command.does} |"
        yield ""
