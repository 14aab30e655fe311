"""The comparison of two reports as a table and sentences for a terminal."""

from collections.abc import Iterator, Sequence

from rich import box
from rich.table import Table

from chat_personas.cli.tables.layout import print_line, print_marked, table_console
from chat_personas.reporting.comparison import MEASURES, difference_lines, settings_lines, side_name
from chat_personas.reporting.numbers import MISSING, mean_of, p_value, signed
from chat_personas.reporting.wording import MARK, score_name
from chat_personas.text import printable
from eval.compare.models import PairedDifference, PairedReport


def print_comparisons(comparisons: Sequence[PairedReport], *, to_error: bool) -> None:
    """Print for each pair of reports the difference, the questions it is over, and the settings that differ."""
    console = table_console(to_error=to_error)
    for comparison in comparisons:
        for line in _heading(comparison):
            print_line(console, line)
        console.print(_table(comparison))
        for line in difference_lines(comparison):
            print_marked(console, f"  {line}", sound=comparison.sound)
        for line in settings_lines(comparison.differs):
            print_line(console, f"  {line}")
        console.print()


def _heading(comparison: PairedReport) -> Iterator[str]:
    for name, side in (("A", comparison.a), ("B", comparison.b)):
        yield f"{name}: {side_name(side)} in {printable(side.file)}, made {printable(side.created)}"
    yield f"survey {printable(comparison.survey)} · differences B − A within each question · 95% intervals"


def _table(comparison: PairedReport) -> Table:
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    table.add_column("", no_wrap=True)
    for title in ("A", "B", "B − A", "p", "questions"):
        table.add_column(title, justify="right", no_wrap=True)
    for name, _ in MEASURES:
        sides = [mean_of(getattr(side, name)) for side in (comparison.a, comparison.b)]
        called = score_name(name) if comparison.sound else f"{score_name(name)}\n({MARK})"
        table.add_row(called, *sides, *_figures(getattr(comparison.difference, name)))
    return table


def _figures(difference: PairedDifference | None) -> tuple[str, str, str]:
    if difference is None:
        return MISSING, MISSING, "0"
    return signed(difference), p_value(difference.p), str(difference.questions)
