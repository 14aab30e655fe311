"""Tables of scores that are wider than a terminal: blocks of columns under one another, the row names in each.

Sentences that are longer than a terminal is wide: what belongs to a line stands further in than its beginning.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

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


LONG_TITLE = 24
GAP = 2
"""Columns of the terminal between two columns of a table."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column of scores: what it is called, and a cell for each row, empty where there is nothing to say.

    `words`: it explains the others.
    """

    title: str
    cells: Sequence[str]
    words: bool = False

    @property
    def width(self) -> int:
        """How wide it is when no cell is broken, and no title that is not long."""
        return max(_longest(self.cells), min(_longest([self.title]), LONG_TITLE))


def blocks(
    names: Sequence[str], groups: Sequence[Sequence[Column]], width: int, *, sections: Sequence[int] = ()
) -> "Iterator[Table]":
    """Yield tables that fit into `width` columns of a terminal: one of everything, or some for each of `groups`.

    Columns of different groups share a table only where all of them do. A row that has nothing in a table is left out
    of it. A line is drawn before the rows at `sections`. No cell is cut; only names and titles are folded, and only
    where a single column does not fit.
    """
    everything = [column for group in groups for column in group]
    for columns in [everything] if fits(names, everything, width) else groups:
        for block in _fitting(names, columns, width):
            yield _table(names, block, width, sections)


def _fitting(names: Sequence[str], columns: Sequence[Column], width: int) -> Iterator[Sequence[Column]]:
    """Yield the columns in blocks that fit, of at least one, as evenly filled as they can be."""
    most = next((count for count in range(len(columns), 1, -1) if _all_fit(names, columns, count, width)), 1)
    tables = -(-len(columns) // most) if columns else 0
    first = 0
    for place in range(tables):
        count = -(-(len(columns) - first) // (tables - place))
        yield columns[first : first + count]
        first += count


def _all_fit(names: Sequence[str], columns: Sequence[Column], count: int, width: int) -> bool:
    return all(fits(names, columns[first : first + count], width) for first in range(0, len(columns), count))


def fits(names: Sequence[str], columns: Sequence[Column], width: int) -> bool:
    """Say whether one table of these columns is no wider than a terminal."""
    return _longest(names) + sum(GAP + column.width for column in columns) <= width


def _table(names: Sequence[str], columns: Sequence[Column], width: int, sections: Sequence[int]) -> "Table":
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, GAP // 2, 0, 0))
    table.add_column("", overflow="fold")
    for column in columns:
        justify: Literal["left", "right"] = "left" if column.words else "right"
        style = "dim" if column.words else ""
        table.add_column(
            column.title, justify=justify, style=style, overflow="fold", min_width=min(_longest(column.cells), width)
        )
    for place, name in enumerate(names):
        if place in sections:
            table.add_section()
        cells = [column.cells[place] for column in columns]
        if any(cells):
            table.add_row(name, *cells)
    return table


def _longest(texts: Sequence[str]) -> int:
    from rich.cells import cell_len

    return max(map(cell_len, texts), default=0)
