"""The page about a matrix: personas and the unsteered model against every group, with people beside them."""

import shlex
from collections.abc import Iterator

from chat_personas.reporting.html.layout import CAUTION, bullets, table, titled, warning, whole_page
from chat_personas.reporting.html.provenance import (
    asking_facts,
    expression_options,
    facts,
    failed,
    model_facts,
    model_option,
    survey_facts,
    timing_facts,
)
from chat_personas.reporting.markup import Element, Node, element
from chat_personas.reporting.numbers import COMPACT, MISSING, plain, signed, with_interval
from chat_personas.reporting.svg.figures import matrix_figure
from chat_personas.reporting.why_missing import missing_in_matrix
from chat_personas.reporting.wording import (
    DEMONSTRATION,
    IDENTICAL,
    ORACLE_EXPLAINED,
    WHY_NOT_VALID,
    group_label,
    groups_label,
    nearest_of,
    not_shown,
    own_rank,
    row_label,
    run_described,
    sentence,
    target_label,
    why_not_shown,
)
from chat_personas.text import pluralize
from eval.matrix.models import Consistency, HumanReferences, MatrixReport, SteerabilityInfo

WITHHELD = "The figures are not shown; the document has them."


def matrix_page_document(report: MatrixReport) -> str:
    """Return the page as HTML; the same matrix gives the same bytes."""
    names = ", ".join(map(row_label, report.rows))
    sections = [
        *_figures(report),
        titled("Failed or not valid", _trouble(report)),
        titled("Repeat this run", _repeat(report)),
    ]
    return whole_page(f"{names}: matrix", [_header(report), element("main", sections)])


def _header(report: MatrixReport) -> Element:
    over = f"alignment over {pluralize(len(report.questions), 'question')} · 95% intervals over questions"
    return element(
        "header",
        element("h1", "How close the answers are to each group's"),
        element("p", f"{run_described(report)} · {over}"),
        warning(DEMONSTRATION) if report.model.demonstration else None,
        element("p", CAUTION, class_="note"),
        None if not_shown(report) else map(_note, missing_in_matrix(report)),
    )


def _note(line: str) -> Element:
    return element("p", sentence(line))


def _figures(report: MatrixReport) -> list[Element | None]:
    """Return everything that is made of scores; where the judge errs too often, why there is none of it."""
    if not_shown(report):
        return [warning(why_not_shown(report)), element("p", WITHHELD)]
    return [
        titled("Alignment with each group", _alignment(report)),
        titled("Nearest groups", _nearest(report)),
        titled("Steerability", _steerability(report)),
        titled("Consistency", _consistency(report)),
    ]


def _alignment(report: MatrixReport) -> Iterator[Node]:
    yield element("div", matrix_figure(report), class_="figure")
    heads = ["", *map(row_label, report.rows), "people, best", "people, mean", "people, worst"]
    rows = []
    for place, target in enumerate(report.targets):
        cells = (with_interval(row.cells[place].alignment) for row in report.rows)
        rows.append((target_label(target), *cells, *_people(target.humans)))
    yield table(f"Alignment: {IDENTICAL['alignment']}", heads, rows)
    yield element("p", "People: the alignment of the other groups with this one.", class_="note")


def _people(humans: HumanReferences | None) -> tuple[str, str, str]:
    """Return the best, the mean and the worst of the other groups; dashes where there are none."""
    if humans is None:
        return MISSING, MISSING, MISSING
    best, worst = (f"{with_interval(one.alignment)} ({group_label(one.group)})" for one in (humans.best, humans.worst))
    return best, with_interval(humans.mean), worst


def _nearest(report: MatrixReport) -> Iterator[Node]:
    yield bullets(_nearest_lines(report))
    heads = ["", *map(row_label, report.rows)]
    rows = [
        (target_label(target), *(with_interval(row.cells[place].confusion) for row in report.rows))
        for place, target in enumerate(report.targets)
        if target.group is not None
    ]
    yield table("The share of questions on which a group is the nearest", heads, rows)


def _nearest_lines(report: MatrixReport) -> Iterator[str]:
    for row in report.rows:
        if row.nearest:
            own = f"; {own_rank(row)}" if row.own_rank is not None else ""
            yield f"{row_label(row)}: {nearest_of(row.nearest)}{own}"


def _steerability(report: MatrixReport) -> Iterator[Node]:
    for found in report.steerability:
        over = f"over {pluralize(found.questions, 'question')}"
        caption = f"{found.persona}: alignment with {groups_label(found.groups)}, {over}"
        yield table(caption, ("steering", "alignment", "minus unsteered"), _steered(found))
    if report.steerability:
        yield element("p", f"Oracle: {ORACLE_EXPLAINED}.", class_="note")


def _steered(found: SteerabilityInfo) -> Iterator[tuple[Node, ...]]:
    yield "unsteered (representativeness)", with_interval(found.unsteered), ""
    for steered in found.steerings:
        yield steered.steering, with_interval(steered.alignment), signed(steered.minus_unsteered)
    if found.humans is not None:
        for name, score in zip(("best", "mean", "worst"), _people(found.humans), strict=True):
            yield f"people, {name}", score, ""


def _consistency(report: MatrixReport) -> Iterator[Node]:
    rows = [(row_label(row), *_consistency_cells(one)) for row in report.rows for one in row.consistency]
    if rows:
        topics = max(one.topics for row in report.rows for one in row.consistency)
        caption = f"The share of {pluralize(topics, 'topic')} whose nearest group is the nearest over all topics"
        yield table(caption, ("", "attribute", "consistency", "nearest over all topics", "by chance, about"), rows)
        yield element("p", "These intervals resample topics.", class_="note")


def _consistency_cells(found: Consistency) -> tuple[str, str, str, str]:
    by_chance = plain(1 / found.groups, decimals=COMPACT)
    return found.attribute, with_interval(found.score), group_label(found.best), by_chance


def _trouble(report: MatrixReport) -> Iterator[Node]:
    asked, used = report.survey.questions, len(report.questions)
    yield element(
        "p",
        f"{pluralize(asked, 'question')} asked, {used} in the tables; "
        "the others failed, have unordered options or no human figures.",
    )
    yield from failed(report)
    if not_shown(report):
        return
    heads = ("", f"answers that are not valid ({WHY_NOT_VALID})")
    yield table("Validity", heads, [(row_label(row), f"{row.not_valid} of {used}") for row in report.rows])


def _repeat(report: MatrixReport) -> Iterator[Node]:
    yield element("pre", element("code", _command(report)))
    yield element("p", "Personas go by their names; file names are given without directories.", class_="note")
    yield facts(_facts(report))


def _command(report: MatrixReport) -> str:
    personas = [row.name for row in report.rows[1:]]
    groups = [] if report.attribute is None else ["--groups", report.attribute]
    asked = ["--survey", report.survey.name, "--model", model_option(report.model), "--seed", str(report.seed)]
    limit = ["--limit", str(report.survey.questions)]
    return shlex.join(["chat-personas", "matrix", *personas, *groups, *asked, *limit, *expression_options(report)])


def _facts(report: MatrixReport) -> Iterator[tuple[str, str | None]]:
    yield "date", report.created
    yield "version", f"chat-personas {report.version}"
    yield from model_facts(report.model)
    yield from survey_facts(report.survey)
    yield from asking_facts(report)
    yield "seed", str(report.seed)
    yield from timing_facts(report.timing)
