"""The comparison of two reports as a table and sentences for a terminal."""

from collections.abc import Iterator, Sequence

from rich.table import Table

from chat_personas.cli.tables.layout import Column, print_line, print_marked, split_table, table_console
from chat_personas.reporting.comparison import MEASURES, difference_lines, settings_lines, side_name
from chat_personas.reporting.numbers import MISSING, mean_of, p_value, signed
from chat_personas.reporting.verdicts import MARK
from chat_personas.reporting.wording.measurements import score_name
from chat_personas.text import printable
from eval.compare.models import PairedDifference, PairedReport


def print_comparisons(comparisons: Sequence[PairedReport], *, to_error: bool) -> None:
    """Print for each pair of reports the difference, the questions it is over, and the settings that differ."""
    console = table_console(to_error=to_error)
    for comparison in comparisons:
        for line in _heading(comparison):
            print_line(console, line)
        for table in _tables(comparison, console.width):
            console.print(table)
        for line in difference_lines(comparison):
            print_marked(console, f"  {line}", sound=comparison.sound)
        for line in settings_lines(comparison.differs):
            print_line(console, f"  {line}")
        console.print()


def _heading(comparison: PairedReport) -> Iterator[str]:
    for name, side in (("A", comparison.a), ("B", comparison.b)):
        yield f"{name}: {side_name(side)} in {printable(side.file)}, made {printable(side.created)}"
    yield f"survey {printable(comparison.survey)} · differences B − A within each question · 95% intervals"


def _tables(comparison: PairedReport, width: int) -> Iterator[Table]:
    """Yield the sides and the difference, in several tables where one does not fit."""
    mark = "" if comparison.sound else f"\n({MARK})"
    names = [f"{score_name(name)}{mark}" for name, _ in MEASURES]
    sides = [
        Column(title, [mean_of(getattr(side, name)) for name, _ in MEASURES])
        for title, side in (("A", comparison.a), ("B", comparison.b))
    ]
    figures = list(zip(*(_figures(getattr(comparison.difference, name)) for name, _ in MEASURES), strict=True))
    columns = [Column(title, cells) for title, cells in zip(("B − A", "p", "questions"), figures, strict=True)]
    yield from split_table(names, [sides, columns], width)


def _figures(difference: PairedDifference | None) -> tuple[str, str, str]:
    if difference is None:
        return MISSING, MISSING, "0"
    return signed(difference), p_value(difference.p), str(difference.questions)
