"""The comparison of two reports as tables and sentences for a terminal."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from chat_personas.cli.tables.layout import print_line
from chat_personas.reporting.comparison import MEASURES, paired_words, whose
from chat_personas.reporting.numbers import MISSING, mean_of, p_value, signed
from chat_personas.text import printable

if TYPE_CHECKING:
    from rich.table import Table

    from eval.compare.models import PairedDifference, PairedReport


def print_comparisons(comparisons: Sequence["PairedReport"], *, to_error: bool) -> None:
    """Print for each pair of reports what the difference is, over which questions, and what else differs."""
    from rich.console import Console

    console = Console(stderr=to_error, highlight=False, markup=False)
    for comparison in comparisons:
        for line in _heading(comparison):
            print_line(console, line)
        console.print(_table(comparison))
        for line in paired_words(comparison):
            print_line(console, f"  {line}")
        console.print()


def _heading(comparison: "PairedReport") -> Iterator[str]:
    for name, side in (("A", comparison.a), ("B", comparison.b)):
        yield f"{name}: {whose(side)} in {printable(side.file)}, made {printable(side.created)}"
    yield f"survey {printable(comparison.survey)} · differences B − A within each question · 95% intervals"


def _table(comparison: "PairedReport") -> "Table":
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    table.add_column("", no_wrap=True)
    for title in ("A", "B", "B − A", "p", "questions"):
        table.add_column(title, justify="right", no_wrap=True)
    for name, _ in MEASURES:
        sides = [mean_of(getattr(side, name)) for side in (comparison.a, comparison.b)]
        table.add_row(name.replace("_", " "), *sides, *_figures(getattr(comparison.difference, name)))
        if comparison.a.not_valid or comparison.b.not_valid:
            table.add_row("  valid only", "", "", *_figures(getattr(comparison.difference_valid_only, name)))
    return table


def _figures(difference: "PairedDifference | None") -> tuple[str, str, str]:
    if difference is None:
        return MISSING, MISSING, "0"
    return signed(difference), p_value(difference.p), str(difference.questions)
