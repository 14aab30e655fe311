"""What people type most, `chat-personas democrat --model M`, read without the command parser.

Importing that parser and building a command takes half as long as everything else before the first frame. What is not
plainly the screen's, a mistake too, is left to it.
"""

from collections.abc import Iterator, Sequence

from chat_personas.cli.screen import ScreenArguments

OPTIONS = {"--model": "model", "--survey": "survey", "--resume": "resume"}


def read(arguments: Sequence[str]) -> ScreenArguments | None:
    """Return what to open the screen with, just as the parser would read it; None where that is for the parser."""
    if not arguments or arguments[0] != "chat":
        return None
    found: dict[str, str] = {}
    words = iter(arguments[1:])
    for word in words:
        name, value = _option(word, words) if word.startswith("--") else ("persona", word)
        if name is None or name in found or not value or value.startswith("-"):
            return None
        found[name] = value
    return None if {"persona", "resume"} <= found.keys() else ScreenArguments(**found)


def _option(word: str, rest: Iterator[str]) -> tuple[str | None, str]:
    """Return name and value of `--name=value`, or of `--name` with the next word; no name for one not known here."""
    name, is_joined, value = word.partition("=")
    return OPTIONS.get(name), value if is_joined else next(rest, "")
