"""The page about a matrix: personas and the unsteered model against every group, with people beside them."""

import shlex
from collections.abc import Iterator

from chat_personas.reporting.html.layout import CAUTION, table, titled, warning, whole_page
from chat_personas.reporting.html.provenance import (
    expressed,
    facts,
    failures_by_reason,
    model_facts,
    model_option,
    remembered,
    replies_facts,
    survey_facts,
    took,
    unread,
)
from chat_personas.reporting.markup import Element, Node, element
from chat_personas.reporting.numbers import COMPACT, MISSING, plain, signed, with_interval
from chat_personas.reporting.svg.figures import matrix_figure, row_name, target_name
from chat_personas.reporting.wording import (
    DEMONSTRATION,
    FEW,
    WHY_NOT_VALID,
    group_label,
    judge_unreliable,
    not_judged,
    sounds_like,
    what_was_asked,
)
from chat_personas.text import pluralize
from eval.matrix.models import ConsistencyInfo, HumanReferencesInfo, MatrixReport, SteerabilityInfo

UNSTEERED = "unsteered"
WITHHELD = "The figures are not shown; the document has them."


def matrix_page_document(report: MatrixReport) -> str:
    """Return the page as HTML; the same matrix gives the same bytes."""
    names = ", ".join(row_name(row) for row in report.rows)
    sections = [
        *_figures(report),
        titled("What failed and what is not valid", _trouble(report)),
        titled("To repeat this run", _repeat(report)),
    ]
    return whole_page(f"{names}: matrix", [_header(report), element("main", sections)])


def _figures(report: MatrixReport) -> list[Element | None]:
    """Return everything that is made of scores; where the judge errs too often, why there is none of it."""
    if judge_unreliable(report):
        return [warning(not_judged(report)), element("p", WITHHELD)]
    return [
        titled("Alignment with each group", _alignment(report)),
        titled("Whom each sounds like", _sounds_like(report)),
        titled("Steerability", _steerability(report)),
        titled("Consistency", _consistency(report)),
    ]


def _header(report: MatrixReport) -> Element:
    over = f"alignment over {pluralize(len(report.questions), 'question')} · 95% intervals over questions"
    return element(
        "header",
        element("h1", "Whom the answers are close to"),
        element("p", f"{what_was_asked(report)} · {over}"),
        warning(DEMONSTRATION) if report.model.demonstration else None,
        element("p", CAUTION, class_="note"),
        element("p", f"{FEW[0].upper()}{FEW[1:]}.") if len(report.questions) < 20 else None,
    )


def _alignment(report: MatrixReport) -> Iterator[Node]:
    yield element("div", matrix_figure(report), class_="figure")
    heads = ["", *map(row_name, report.rows), "people, best", "people, mean", "people, worst"]
    rows = []
    for place, target in enumerate(report.targets):
        cells = (with_interval(row.cells[place].alignment) for row in report.rows)
        rows.append((target_name(target), *cells, *_people(target.humans)))
    yield table("Alignment: 1 is the same answers", heads, rows)
    yield element("p", "People: the alignment of the other groups with this one.", class_="note")


def _people(humans: HumanReferencesInfo | None) -> tuple[str, str, str]:
    """Return the best, the mean and the worst of the other groups; dashes where there are none."""
    if humans is None:
        return MISSING, MISSING, MISSING
    best, worst = (f"{with_interval(one.alignment)} ({group_label(one.group)})" for one in (humans.best, humans.worst))
    return best, with_interval(humans.mean), worst


def _sounds_like(report: MatrixReport) -> Iterator[Node]:
    yield element("ul", [element("li", line) for line in _told(report)], class_="told")
    heads = ["", *map(row_name, report.rows)]
    rows = [
        (target_name(target), *(with_interval(row.cells[place].confusion) for row in report.rows))
        for place, target in enumerate(report.targets)
        if target.group is not None
    ]
    yield table("The share of the questions on which a group is the closest one", heads, rows)


def _told(report: MatrixReport) -> Iterator[str]:
    for row in report.rows:
        if not row.nearest:
            continue
        best, tied = row.nearest[0].alignment, [group_label(near) for near in row.nearest if near.tied]
        said = sounds_like(tied, len(row.nearest), with_interval(best), bounded=best.low is not None)
        own = f"; its own group is number {row.own_rank} of {len(row.nearest)}" if row.own_rank is not None else ""
        yield f"{row_name(row)}: {said}{own}"


def _steerability(report: MatrixReport) -> Iterator[Node]:
    for found in report.steerability:
        who = " and ".join(map(group_label, found.groups))
        caption = f"{found.persona}: alignment with {who}, over {pluralize(found.questions, 'question')}"
        yield table(caption, ("steering", "alignment", "minus unsteered"), _steered(found))
    if report.steerability:
        yield element("p", "Oracle peeks: the best of these steerings per question.", class_="note")


def _steered(found: SteerabilityInfo) -> Iterator[tuple[Node, ...]]:
    yield f"{UNSTEERED} (its representativeness)", with_interval(found.unsteered), ""
    for steered in found.steerings:
        yield steered.steering, with_interval(steered.alignment), signed(steered.minus_unsteered)
    if found.humans is not None:
        for name, score in zip(("best", "mean", "worst"), _people(found.humans), strict=True):
            yield f"people, {name}", score, ""


def _consistency(report: MatrixReport) -> Iterator[Node]:
    rows = [
        (
            row_name(row),
            one.attribute,
            with_interval(one.score),
            group_label(one.best),
            plain(1 / one.groups, decimals=COMPACT),
        )
        for row in report.rows
        for one in row.consistency
    ]
    if rows:
        topics = max(one.topics for row in report.rows for one in row.consistency)
        caption = f"The share of {pluralize(topics, 'topic')} whose closest group is the closest over all topics"
        yield table(caption, ("", "attribute", "consistency", "closest over all", "about, at random"), rows)
        yield element("p", "These intervals resample topics; under 20 topics there are none.", class_="note")


def _chance(found: ConsistencyInfo) -> str:
    return plain(1 / found.groups, decimals=COMPACT)


def _trouble(report: MatrixReport) -> Iterator[Node]:
    put, used = report.survey.questions, len(report.questions)
    yield element("p", f"{put} put, {used} in the tables; the others failed, have no order or no figures.")
    if report.failures:
        yield from failures_by_reason(report.failures)
    if report.replies is not None:
        yield from unread(report.replies)
    if judge_unreliable(report):
        yield element("p", f"No answer is {not_judged(report).removeprefix('not ')}.")
        return
    heads = ("", f"answers that are not valid ({WHY_NOT_VALID})")
    yield table("Validity", heads, [(row_name(row), f"{row.not_valid} of {used}") for row in report.rows])


def _repeat(report: MatrixReport) -> Iterator[Node]:
    yield element("pre", element("code", _command(report)))
    yield element("p", "Personas go by their names; files are given without their directories.", class_="note")
    yield facts(_facts(report))


def _command(report: MatrixReport) -> str:
    personas = [row.name for row in report.rows[1:]]
    groups = [] if report.attribute is None else ["--groups", report.attribute]
    asked = ["--survey", report.survey.name, "--model", model_option(report.model), "--seed", str(report.seed)]
    limit = ["--limit", str(report.survey.questions)]
    return shlex.join(["chat-personas", "matrix", *personas, *groups, *asked, *limit, *expressed(report)])


def _facts(report: MatrixReport) -> Iterator[tuple[str, str | None]]:
    yield "date", report.created
    yield "version", f"chat-personas {report.version}"
    yield from model_facts(report.model)
    yield from survey_facts(report.survey)
    yield "expression", report.expression
    yield from replies_facts(report)
    yield "option orders", " and ".join(report.orders)
    yield "seed", str(report.seed)
    yield "took", took(report.timing)
    yield from remembered(report.timing)
