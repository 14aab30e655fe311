"""The page about a matrix: personas and the unsteered model against every group, with people beside them."""

import shlex
from collections.abc import Iterator, Sequence

from chat_personas.reporting.html.layout import CAUTION, bullets, table, titled, warning, whole_page
from chat_personas.reporting.html.provenance import (
    asking_facts,
    expression_options,
    facts,
    failed,
    model_facts,
    model_options,
    survey_facts,
    timing_facts,
)
from chat_personas.reporting.markup import Element, Node, element
from chat_personas.reporting.numbers import COMPACT, MISSING, p_value, plain, signed, with_interval
from chat_personas.reporting.svg.figures import matrix_figure
from chat_personas.reporting.verdicts import WHY_NOT_VALID, marked, not_shown, why_not_shown
from chat_personas.reporting.why_missing import missing_in_matrix
from chat_personas.reporting.wording.matrix import (
    BEST_PROMPT_EXPLAINED,
    CHANCE_EXPLAINED,
    ORACLE_EXPLAINED,
    OWN_PEOPLE_EXPLAINED,
    nothing_shown,
    own_people_figures,
    own_rank,
    row_label,
    steerability_withheld,
    steered_label,
    target_label,
    withheld,
)
from chat_personas.reporting.wording.measurements import (
    DEMONSTRATION,
    IDENTICAL,
    group_label,
    groups_label,
    nearest_of,
    run_described,
    sentence,
)
from chat_personas.text import pluralize, printable
from eval.matrix.models import Consistency, HumanReferences, MatrixReport, RowInfo, SteerabilityInfo

WITHHELD = "The figures are not shown; the document has them."


def matrix_page_document(report: MatrixReport, *, show_invalid: bool = False) -> str:
    """Return the page as HTML; the same matrix gives the same bytes.

    In place of the figures of a row that is not sound stands why; with `show_invalid` the tables have them, too, each
    cell and line marked. The figure never has them.
    """
    names = ", ".join(map(row_label, report.rows))
    sections = [
        *_figures(report, show_invalid),
        titled("Failed or not valid", _trouble(report)),
        titled("Repeat this run", _repeat(report)),
    ]
    return whole_page(f"{names}: matrix", [_header(report, show_invalid), element("main", sections)])


def _header(report: MatrixReport, show_invalid: bool) -> Element:
    over = f"alignment over {pluralize(len(report.questions), 'question')} · 95% intervals over questions"
    return element(
        "header",
        element("h1", "How close the answers are to each group's"),
        element("p", f"{run_described(report)} · {over}"),
        warning(DEMONSTRATION) if report.demonstration else None,
        element("p", CAUTION, class_="note"),
        None
        if nothing_shown(report) and not show_invalid
        else map(_note, missing_in_matrix(report, show_invalid=show_invalid)),
    )


def _note(line: str) -> Element:
    return element("p", sentence(line))


def _figures(report: MatrixReport, show_invalid: bool) -> list[Element | None]:
    """Return everything that is made of scores; where the judge errs too often, why there is none of it."""
    if nothing_shown(report) and not show_invalid:
        return [warning(why_not_shown(report)), element("p", WITHHELD)]
    rows = [row for row in report.rows if show_invalid or not not_shown(row)]
    return [
        titled("Alignment with each group", _alignment(report, rows)),
        titled("Nearest groups", _nearest(report, rows)),
        titled("Beside the own group", _own_people(report, rows, show_invalid)),
        titled("Steerability", _steerability(report, show_invalid)),
        titled("Consistency", _consistency(rows)),
    ]


def _alignment(report: MatrixReport, shown: Sequence[RowInfo]) -> Iterator[Node]:
    yield element("div", matrix_figure(report), class_="figure")
    for name, why in withheld(report):
        yield warning(f"{name}: {why}")
    if not shown:
        yield element("p", WITHHELD)
        return
    heads = ["", *map(_head, shown), "people, best", "people, mean", "people, worst"]
    rows = []
    for place, target in enumerate(report.targets):
        cells = (marked(with_interval(row.cells[place].alignment), sound=row.verdict.sound) for row in shown)
        rows.append((target_label(target), *cells, *_people(target.humans)))
    yield table(f"Alignment: {IDENTICAL['alignment']}", heads, rows, many_columns=True)
    yield element("p", "People: the alignment of the other groups with this one.", class_="note")


def _head(row: RowInfo) -> str:
    return marked(row_label(row), sound=row.verdict.sound)


def _people(humans: HumanReferences | None) -> tuple[str, str, str]:
    """Return the best, the mean and the worst of the other groups; dashes where there are none."""
    if humans is None:
        return MISSING, MISSING, MISSING
    best, worst = (f"{with_interval(one.alignment)} ({group_label(one.group)})" for one in (humans.best, humans.worst))
    return best, with_interval(humans.mean), worst


def _nearest(report: MatrixReport, shown: Sequence[RowInfo]) -> Iterator[Node]:
    if not shown:
        return
    yield bullets(_nearest_lines(shown))
    rows = [
        (
            target_label(target),
            *(marked(with_interval(row.cells[place].confusion), sound=row.verdict.sound) for row in shown),
        )
        for place, target in enumerate(report.targets)
        if target.group is not None
    ]
    yield table(
        "The share of questions on which a group is the nearest", ["", *map(_head, shown)], rows, many_columns=True
    )


def _nearest_lines(shown: Sequence[RowInfo]) -> Iterator[str]:
    for row in shown:
        if row.nearest:
            own = f"; {own_rank(row)}" if row.own_rank is not None else ""
            yield marked(f"{row_label(row)}: {nearest_of(row.nearest)}{own}", sound=row.verdict.sound)


def _own_people(report: MatrixReport, shown: Sequence[RowInfo], show_invalid: bool) -> Iterator[Node]:
    rows = [
        (
            _head(row),
            groups_label(row.groups),
            str(row.own_questions),
            *own_people_figures(row, report.rows[0], show_invalid=show_invalid),
        )
        for row in shown
        if row.own_questions
    ]
    if rows:
        heads = ("", "group", "questions", "worth in people", "spread ratio", "steering slope")
        yield table("Each row beside the people of its own group", heads, rows)
        yield element("p", sentence(OWN_PEOPLE_EXPLAINED), class_="note")


def _steerability(report: MatrixReport, show_invalid: bool) -> Iterator[Node]:
    shown = [found for found in report.steerability if found.sound or show_invalid]
    for found in report.steerability:
        for line in steerability_withheld(found):
            yield warning(f"{found.persona}: {line}")
        if found in shown:
            over = f"over {pluralize(found.questions, 'question')}"
            caption = marked(f"{found.persona}: alignment with {groups_label(found.groups)}, {over}", sound=found.sound)
            yield table(caption, ("steering", "alignment", "minus unsteered"), _steered(found))
    if shown:
        explained = f"Best prompt: {BEST_PROMPT_EXPLAINED}. Oracle: {ORACLE_EXPLAINED}."
        yield element("p", explained, class_="note")


def _steered(found: SteerabilityInfo) -> Iterator[tuple[Node, ...]]:
    sound = found.sound
    yield "unsteered (representativeness)", marked(with_interval(found.unsteered), sound=sound), ""
    for steered in found.steerings:
        gain = marked(signed(steered.minus_unsteered), sound=sound)
        yield steered_label(steered), marked(with_interval(steered.alignment), sound=sound), gain
    if found.humans is not None:
        for name, score in zip(("best", "mean", "worst"), _people(found.humans), strict=True):
            yield f"people, {name}", score, ""


def _consistency(shown: Sequence[RowInfo]) -> Iterator[Node]:
    rows = [(_head(row), *_consistency_cells(one, sound=row.verdict.sound)) for row in shown for one in row.consistency]
    if rows:
        topics = max(one.topics for row in shown for one in row.consistency)
        caption = f"The share of {pluralize(topics, 'topic')} whose nearest group is the nearest over all topics"
        yield table(caption, ("", "attribute", "consistency", "nearest over all topics", "by chance", "p"), rows)
        yield element("p", f"These intervals resample topics. By chance: {CHANCE_EXPLAINED}.", class_="note")


def _consistency_cells(found: Consistency, *, sound: bool) -> tuple[str, ...]:
    score = marked(with_interval(found.score), sound=sound)
    return found.attribute, score, group_label(found.best), plain(found.chance, decimals=COMPACT), p_value(found.p)


def _trouble(report: MatrixReport) -> Iterator[Node]:
    asked, used = report.survey.questions, len(report.questions)
    yield element(
        "p",
        f"{pluralize(asked, 'question')} asked, {used} in the tables; "
        "the others failed, have unordered options or no human figures.",
    )
    yield from failed(report)
    if nothing_shown(report):
        return
    heads = ("", "verdict", "order agreement", f"answers that are not valid ({WHY_NOT_VALID})")
    rows = [
        (
            row_label(row),
            row.verdict.finding.replace("_", " "),
            with_interval(row.verdict.order_agreement),
            f"{row.not_valid} of {used}",
        )
        for row in report.rows
    ]
    yield table("Validity", heads, rows)


def _repeat(report: MatrixReport) -> Iterator[Node]:
    yield element("pre", element("code", _command(report)))
    yield element("p", "Personas go by their names; file names are given without directories.", class_="note")
    yield facts(_facts(report))


def _command(report: MatrixReport) -> str:
    personas = [row.name for row in report.rows[1:] if row.answers is None]
    files = dict.fromkeys(f"{row.answers.label}={row.answers.file}" for row in report.rows if row.answers)
    groups = [] if report.attribute is None else ["--groups", report.attribute]
    asked = ["--survey", report.survey.name, *model_options(report.model), "--seed", str(report.seed)]
    limit = ["--limit", str(report.survey.questions)]
    answers = [word for file in files for word in ("--answers", file)]
    words = [*personas, *groups, *asked, *limit, *expression_options(report), *answers]
    return shlex.join(["chat-personas", "matrix", *words])


def _facts(report: MatrixReport) -> Iterator[tuple[str, str | None]]:
    yield "date", report.created
    yield "version", f"chat-personas {report.version}"
    yield from model_facts(report.model)
    yield from survey_facts(report.survey)
    yield from asking_facts(report)
    yield "seed", str(report.seed)
    for name, sha256 in {row.answers.file: row.answers.sha256 for row in report.rows if row.answers}.items():
        yield f"answers in {printable(name)}, sha256", sha256
    yield from timing_facts(report.timing)
