"""The report of an evaluation as tables and bars for a terminal."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from chat_personas.cli.calibration import calibration_lines
from chat_personas.cli.estimate_line import DEMONSTRATION, with_interval
from chat_personas.cli.what_failed import errs_too_often, failures_listed, judged_and_counted, not_judged
from chat_personas.in_words import doubts, sounds_like
from chat_personas.plain_text import printable
from personas import Group

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from eval.report import GroupName, Reference, Report, Score

BAR = 28
REFERENCE_WIDTH = 26
NAME_WIDTH, SCORE_WIDTH, MEANING_WIDTH = 17, 24, 38
ROWS = (
    ("alignment", "1 is the same answers"),
    ("total_variation", "0 is the same answers"),
    ("skill", "0 as everyone, 1 as a second sample"),
    ("refusal", "the persona's share of refusals"),
    ("human_refusal", "people's share of refusals"),
    ("label_mass", "probability of the answer letters"),
    ("order_bias", "what reversing the options changes"),
    ("entropy_ratio", "under 1: less varied than people"),
)
REFERENCES = (
    ("population", "if everyone answered"),
    ("opposite", "if {opposite} answered"),
    ("uniform", "if all options were equal"),
    ("noise_floor", "if asked again (the noise)"),
)


def print_reports(reports: Sequence["Report"], *, to_error: bool, demonstration: bool = False) -> None:
    """Print scores of all personas side by side, then for each its references and nearest groups.

    A `demonstration` model is called one before any figure.
    """
    from rich.console import Console

    console = Console(stderr=to_error, highlight=False, markup=False)
    console.print(heading(reports[0], reports[0].expression))
    if demonstration:
        console.print(DEMONSTRATION)
    for line in dict.fromkeys(not_judged(report) for report in reports if errs_too_often(report)):
        console.print(line)
    for table in _scores(reports, console.width):
        console.print(table)
    for report in reports:
        _print_one(console, report)


def heading(report: "Report", expression: str) -> str:
    """Say which figures and which model the tables are about, and how its opinions were obtained."""
    from eval.report import FROM_FILE

    survey, model = report.survey, report.model
    wording = "paraphrased" if survey.paraphrased else "original wording"
    weights = "weighted" if survey.weighted else "unweighted"
    years = f"{min(survey.years)}-{max(survey.years)}" if survey.years else "years not stated"
    whose = (
        f"answers in {printable(model.name)}"
        if model.engine == FROM_FILE
        else f"model {printable(model.name)} · {expression}"
    )
    return f"survey {printable(survey.name)} ({wording}, {weights}, {years}) · {whose} · 95% intervals over questions"


def _scores(reports: Sequence["Report"], width: int) -> Iterator["Table"]:
    """Yield tables of as many personas as fit beside each other into `width` columns."""
    fitting = max(1, (width - NAME_WIDTH) // SCORE_WIDTH)
    for first in range(0, len(reports), fitting):
        shown = reports[first : first + fitting]
        yield _table(shown, explained=NAME_WIDTH + SCORE_WIDTH * len(shown) + MEANING_WIDTH <= width)


def _table(reports: Sequence["Report"], *, explained: bool) -> "Table":
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD)
    table.add_column("")
    for report in reports:
        table.add_column(_column(report), justify="right", overflow="fold")
    if explained:
        table.add_column("", style="dim")
    table.add_row("questions", *(_answered(report) for report in reports), *(("answered",) if explained else ()))
    for name, meaning in ROWS:
        scores = [with_interval(getattr(report.scores, name)) for report in reports]
        table.add_row(name.replace("_", " "), *scores, *((meaning,) if explained else ()))
    return table


def _column(report: "Report") -> str:
    """Name the persona and how it is steered, which for answers from a file nobody knows."""
    name = report.persona.name
    shots = f" of {report.shots}" if report.shots is not None else ""
    return f"{name} ({report.steering}{shots})" if report.orders else name


def _answered(report: "Report") -> str:
    """Say how many questions the scores are over: pairs of groups have figures for fewer than others."""
    answered, put = len(report.questions), report.survey.questions
    return str(answered) if answered == put else f"{answered} of {put}"


def _print_one(console: "Console", report: "Report") -> None:
    console.print(f"\n{report.persona.name}: alignment with its group, and what others would score in its place")
    for name, score in _beside(report):
        if score is not None:
            shown = name if len(name) <= REFERENCE_WIDTH else f"{name[: REFERENCE_WIDTH - 1]}…"
            console.print(f"  {shown:{REFERENCE_WIDTH}} {bar(score.mean)} {with_interval(score)}")
    for line in (*_in_words(report), *calibration_lines(report)):
        console.print(f"  {line}")
    for line in (*judged_and_counted(report), *failures_listed(report)):
        console.print(f"  {line}")
    if len(report.questions) < 20:
        console.print("  under 20 questions: no intervals, they would promise too much")


def _beside(report: "Report") -> "Iterator[tuple[str, Score | None]]":
    yield "this persona", report.scores.alignment
    opposite = label(report.scores_against_opposite) if report.scores_against_opposite else "the opposite"
    for name, prediction in REFERENCES:
        yield prediction.format(opposite=opposite), _alignment(report, name)


def _in_words(report: "Report") -> Iterator[str]:
    """Yield the alignment with the opposite group, what speaks against the persona, and whom it sounds like."""
    against = report.scores_against_opposite
    opposite = label(against) if against else ""
    if against is not None:
        yield f"this persona with {opposite} (the opposite group) {with_interval(against.alignment)}"
    paired = against.minus_own if against else None
    yield from doubts(paired.alignment if paired else None, opposite, report.references)
    if report.nearest:
        tied = [label(near) for near in report.nearest if near.tied]
        best = report.nearest[0].alignment
        bounded = best.low is not None
        yield sounds_like(tied, len(report.nearest), with_interval(best), bounded=bounded)


def label(group: "GroupName") -> str:
    """Name a group so that it is clear without its attribute: there is an "Other" party and an "Other" race."""
    return Group(attribute=group.attribute, value=group.value).label


def _alignment(report: "Report", name: str) -> "Score | None":
    reference: Reference | None = getattr(report.references, name) if report.references else None
    return reference.alignment if reference is not None else None


def bar(share: float) -> str:
    """Draw 0 to 1 as a bar of fixed length, so that bars of different rows compare."""
    eighths = round(max(0.0, min(1.0, share)) * BAR * 8)
    full, rest = divmod(eighths, 8)
    return ("█" * full + (" ▏▎▍▌▋▊▉"[rest] if rest else "")).ljust(BAR, "·")
