"""The generated part of docs/chat.md: the commands of the screen with their keys, from the table of commands."""

from collections.abc import Iterator

from chat_personas.conversation.commands import by_subject
from scripts.docs.parts import DOCS, renewed

PAGE = DOCS / "chat.md"


def updated(page: str) -> str:
    """Return the page with its commands renewed."""
    return renewed(page, "commands", _commands())


def _commands() -> Iterator[str]:
    yield from ("| key | or write | what it does | id |", "| --- | --- | --- | --- |")
    for subject, commands in by_subject("screen"):
        yield f"| **{subject}** | | | |"
        for command in commands:
            keys = ", ".join(_in_words(key) for key in command.keys.split(",") if key)
            yield f"| {keys} | `{command.written_on_screen}` | {command.in_short} | `{command.binding_id}` |"


def _in_words(key: str) -> str:
    """Return how people write a key: `Ctrl+R`."""
    arrows = {"up": "↑", "down": "↓", "left": "←", "right": "→"}
    return "+".join(arrows.get(part, part.capitalize()) for part in key.split("+"))
