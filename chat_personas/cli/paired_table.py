"""The comparison of two reports as tables and sentences for a terminal."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from chat_personas.plain_text import printable

if TYPE_CHECKING:
    from rich.table import Table

    from eval.paired_report import PairedDifference, PairedReport, Setting
    from eval.report import Score

HASH = 12
NAMED = 5
MEASURES = (("alignment", "higher is closer to people"), ("total_variation", "lower is closer to people"))


def print_comparisons(comparisons: Sequence["PairedReport"], *, to_error: bool) -> None:
    """Print for each pair of reports what the difference is, over which questions, and what else differs."""
    from rich.console import Console

    console = Console(stderr=to_error, highlight=False, markup=False)
    for comparison in comparisons:
        for line in _heading(comparison):
            console.print(line)
        console.print(_table(comparison))
        for line in _in_words(comparison):
            console.print(f"  {line}")
        console.print()


def _heading(comparison: "PairedReport") -> Iterator[str]:
    for name, side in (("A", comparison.a), ("B", comparison.b)):
        who = f"{printable(side.persona)} ({printable(side.expression)})"
        yield f"{name}: {who} in {printable(side.file)}, made {printable(side.created)}"
    yield f"survey {printable(comparison.survey)} · differences B − A within each question · 95% intervals"


def _table(comparison: "PairedReport") -> "Table":
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    table.add_column("", no_wrap=True)
    for title in ("A", "B", "B − A", "p", "questions"):
        table.add_column(title, justify="right", no_wrap=True)
    for name, _ in MEASURES:
        sides = [_mean(getattr(side, name)) for side in (comparison.a, comparison.b)]
        table.add_row(name.replace("_", " "), *sides, *_figures(getattr(comparison.difference, name)))
        if comparison.a.not_valid or comparison.b.not_valid:
            table.add_row("  valid only", "", "", *_figures(getattr(comparison.difference_valid_only, name)))
    return table


def _figures(difference: "PairedDifference | None") -> tuple[str, str, str]:
    if difference is None:
        return "—", "—", "0"
    return signed(difference), f"{difference.p:.4f}", str(difference.questions)


def _in_words(comparison: "PairedReport") -> Iterator[str]:
    for name, meaning in MEASURES:
        difference: PairedDifference | None = getattr(comparison.difference, name)
        if difference is not None:
            yield f"{name.replace('_', ' ')} ({meaning}): {verdict(difference)}"
    if comparison.difference.total_variation is None:
        yield "total variation is not compared: it needs the same --refusals in both, and figures for the groups"
    yield from _about_questions(comparison)
    yield from _about_settings(comparison.differs)


def _about_questions(comparison: "PairedReport") -> Iterator[str]:
    alignment = comparison.difference.alignment
    unordered = len(comparison.paired) - (alignment.questions if alignment else 0)
    yield f"{_questions(len(comparison.paired))} paired"
    if unordered:
        yield f"{_questions(unordered)} of these without an alignment: the options have no order, or no figures"
    if len(comparison.paired) < 20:
        yield "under 20 questions: no interval, as so few do not tell how much the mean would vary; see p"
    for side, name in ((comparison.a, "A"), (comparison.b, "B")):
        if side.not_valid:
            yield f"{_questions(side.not_valid)} not valid in {name}, counted all the same; see valid only"
    for why, count in Counter(left.why for left in comparison.left_out).items():
        ids = [left.id for left in comparison.left_out if left.why == why]
        more = ", …" if count > NAMED else ""
        yield f"{_questions(count)} left out, {printable(why)}: {printable(', '.join(ids[:NAMED]))}{more}"


def _about_settings(differs: Sequence["Setting"]) -> Iterator[str]:
    """Yield what else differs: what the difference may come from."""
    if not differs:
        yield "nothing else differs between the reports: same persona, model, steering, expression and settings"
        return
    yield "what differs between the reports:"
    for setting in differs:
        yield f"  {setting.setting}: {_value(setting, setting.a)} → {_value(setting, setting.b)}"
    if any(setting.setting == "persona.groups" for setting in differs):
        yield "each is compared with its own group: this tells which persona is better, not which model"


def verdict(difference: "PairedDifference") -> str:
    """Say whether B can be told apart from A: by the interval, or under 20 questions by the p-value."""
    from eval.intervals import Interval
    from eval.paired import SIGNIFICANT

    interval = Interval(difference.mean, difference.low, difference.high)
    apart = not interval.includes_zero if interval.bounded else difference.p < SIGNIFICANT
    if not apart:
        return "B cannot be told apart from A"
    return "B is higher than A" if difference.mean > 0 else "B is lower than A"


def signed(difference: "PairedDifference") -> str:
    """Write a difference as `+0.012 [-0.003, +0.027]`, without brackets where there is no interval."""
    if difference.low is None or difference.high is None:
        return f"{difference.mean:+.3f}"
    return f"{difference.mean:+.3f} [{difference.low:+.3f}, {difference.high:+.3f}]"


def _mean(score: "Score | None") -> str:
    return "—" if score is None else f"{score.mean:.3f}"


def _questions(count: int) -> str:
    return f"{count} question{'' if count == 1 else 's'}"


def _value(setting: "Setting", value: str | None) -> str:
    if value is None:
        return "not known"
    return f"{value[:HASH]}…" if setting.setting.endswith("sha256") else printable(value)
