"""Lines and tables that fit the terminal: hanging indents, columns in blocks, and padding, all counted in cells.

A cell is one column of the terminal; a Chinese character or an emoji takes two.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from rich import box
from rich.cells import cell_len, set_cell_size
from rich.console import Console
from rich.table import Table
from rich.text import Text

from chat_personas.cli.console import CleanConsole
from chat_personas.reporting.in_sentences import spoken
from chat_personas.reporting.verdicts import marked
from chat_personas.reporting.wording.measurements import DEMONSTRATION
from chat_personas.settings_preview import is_accessible

HANGING = 2
_SCORE = re.compile(r"\S+ \[[^\s\]]+, [^\s\]]+\]")
"""A figure with its interval, which is not to be broken."""
_UNBROKEN = "\ue000"
"""Stands for a space while lines are broken: one cell wide, in no text that people read."""


def table_console(*, to_error: bool) -> Console:
    """Return the console for tables: standard output, or standard error where a document takes standard output."""
    return CleanConsole(to_error=to_error)


def width_of_terminal() -> int | None:
    """Return the cells in a line of standard output; None where lines are not to be cut.

    That is no terminal, or the setting `accessible`, under which everything is said in full.
    """
    console = table_console(to_error=False)
    return console.width if console.is_terminal and not is_accessible() else None


def begin(heading: str, *, demonstration: bool, to_error: bool) -> Console:
    """Print a heading, and before any figure the warning about a demonstration model; return the console for more."""
    console = table_console(to_error=to_error)
    print_line(console, f"{heading} · 95% intervals over questions only")
    if demonstration:
        print_line(console, DEMONSTRATION)
    return console


def print_line(console: Console, line: str, *, end: str = "") -> None:
    """Wrap a long line with a hanging indent of two cells; a figure stays on a line with its interval.

    `end` stands at the end of each of the lines that come of it. Under the setting `accessible` signs become words.
    """
    line = spoken(line) if is_accessible() else line
    indent, width = len(line) - len(line.lstrip(" ")), console.width - cell_len(end)
    if cell_len(line) <= width or width <= indent + HANGING:
        console.print(line + end)
        return
    text = _SCORE.sub(lambda score: score[0].replace(" ", _UNBROKEN), line[indent:])
    for place, part in enumerate(Text(text).wrap(console, width - indent - HANGING)):
        written = part.plain.rstrip().replace(_UNBROKEN, " ")
        console.print(" " * (indent + (HANGING if place else 0)) + written + end)


def print_marked(console: Console, line: str, *, sound: bool) -> None:
    """Print a line of figures; one that is not sound is marked wherever it is broken."""
    print_line(console, line, end=marked("", sound=sound))


def padded(text: str, width: int) -> str:
    """Pad `text` to `width` cells; a wider text is left as it is."""
    return text + " " * (width - cell_len(text))


def fitted(text: str, width: int) -> str:
    """Pad `text` to `width` cells, or cut it to them with an ellipsis."""
    return padded(text, width) if cell_len(text) <= width else set_cell_size(text, width - 1) + "…"


LONG_TITLE = 24
GAP = 2
"""Cells between two columns of a table."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column of scores: its title, and a cell for each row, empty where there is nothing to say.

    `words`: it explains the other columns.
    """

    title: str
    cells: Sequence[str]
    words: bool = False

    @property
    def width(self) -> int:
        """Its width in cells of the terminal when no cell is broken, and no title of ordinary length."""
        return max(_longest(self.cells), min(_longest([self.title]), LONG_TITLE))


def split_table(
    names: Sequence[str], groups: Sequence[Sequence[Column]], width: int, *, sections: Sequence[int] = ()
) -> Iterator[Table]:
    """Yield tables that fit into `width` cells: one of everything, or several for each of `groups`.

    Columns of different groups share a table only if all columns fit into one. A row without any cell in a table is
    left out of it. A line is drawn before the rows at `sections`. No cell is cut; names and titles are folded where a
    single column does not fit. Under the setting `accessible` every row is a line of its own, which names its columns.
    """
    everything = [column for group in groups for column in group]
    if is_accessible():
        yield _row_by_row(names, everything)
        return
    for columns in [everything] if fits(names, everything, width) else groups:
        for block in _fitting(names, columns, width):
            yield _table(names, block, width, sections)


def _row_by_row(names: Sequence[str], columns: Sequence[Column]) -> Table:
    """Return a table that is read row by row: what stands above a cell is said before it, and nothing is drawn."""
    table = Table(box=None, show_header=False, padding=0)
    table.add_column(overflow="fold")
    for place, name in enumerate(names):
        cells = [f"{column.title} {column.cells[place]}".strip() for column in columns if column.cells[place]]
        if cells:
            table.add_row(spoken(" ".join(f"{name}: {'; '.join(cells)}".split())))
    return table


def _fitting(names: Sequence[str], columns: Sequence[Column], width: int) -> Iterator[Sequence[Column]]:
    """Yield the columns in blocks that fit, of at least one column, as evenly filled as possible."""
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
    """Return whether one table of these columns fits into `width` cells."""
    return _longest(names) + sum(GAP + column.width for column in columns) <= width


def _table(names: Sequence[str], columns: Sequence[Column], width: int, sections: Sequence[int]) -> Table:
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
    return max((cell_len(line) for text in texts for line in text.split("\n")), default=0)
