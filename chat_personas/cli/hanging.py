"""Sentences that are longer than a terminal is wide: what belongs to a line stands further in than its beginning."""

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console

FURTHER = 2
_SCORE = re.compile(r"\S+ \[[^\s\]]+, [^\s\]]+\]")
"""A figure with its interval, which is not to be broken."""
_UNBROKEN = "\ue000"
"""Stands for a space while lines are broken: one column wide, in no text that people read."""


def print_line(console: "Console", line: str) -> None:
    """Print a line that may begin with spaces; where it has to be broken, the rest is indented two columns more.

    A figure stays on a line with its interval.
    """
    from rich.cells import cell_len
    from rich.text import Text

    indent = len(line) - len(line.lstrip(" "))
    if cell_len(line) <= console.width or console.width <= indent + FURTHER:
        console.print(line)
        return
    text = _SCORE.sub(lambda score: score[0].replace(" ", _UNBROKEN), line[indent:])
    for place, part in enumerate(Text(text).wrap(console, console.width - indent - FURTHER)):
        console.print(" " * (indent + (FURTHER if place else 0)) + part.plain.rstrip().replace(_UNBROKEN, " "))
