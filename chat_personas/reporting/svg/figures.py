"""The figure of a matrix: how close each row is to every group, its own group marked, and people beside all of it.

The main figure: how close each persona is to its people, with what else would score there, on one scale.
"""

from collections.abc import Iterator, Sequence

from chat_personas.reporting.markup import Element
from chat_personas.reporting.svg.forest import Forest, forest, forest_document
from chat_personas.reporting.svg.primitives import (
    NOT_JUDGED,
    ForestBlock,
    ForestRow,
    all_not_judged,
    names,
    standings,
)
from chat_personas.reporting.wording import (
    all_that_was_asked,
    group_label,
    judge_unreliable,
    measure_of,
    not_judged,
    what_was_asked,
)
from chat_personas.text import pluralize
from eval.matrix.models import MatrixReport, RowInfo, TargetInfo
from eval.report import Report

MEANING = {
    "alignment": "Alignment with the group's answers: 1 is the same answers.",
    "total_variation": "Total variation from the group's answers: 0 is the same answers.",
}
DEMONSTRATION = "The model is a demonstration: evidence about nobody."


def figure_document(reports: Sequence[Report]) -> str:
    """Return the figure as an SVG file; the same reports give the same bytes.

    It stands alone, and so says under itself what was asked, of which model, and whether that is a demonstration.
    """
    return forest_document(_drawn(reports, tuple(_circumstances(reports))))


def figure(reports: Sequence[Report]) -> Element:
    """Draw the figure for a page, which says elsewhere what was asked."""
    return forest(_drawn(reports, ()))


def _drawn(reports: Sequence[Report], circumstances: Sequence[str]) -> Forest:
    """Put the personas under one another: alignment, or total variation where no question has ordered options."""
    measure = measure_of(reports)
    parts = [standings(one, measure, name) for one, name in zip(reports, names(reports), strict=True)]
    return Forest(measure, MEANING[measure], parts, circumstances)


def _circumstances(reports: Sequence[Report]) -> Iterator[str]:
    for said in (*all_that_was_asked(reports), *all_not_judged(reports)):
        yield f"{said[0].upper()}{said[1:]}."
    if any(report.model.demonstration for report in reports):
        yield DEMONSTRATION


MATRIX_MEANING = "Alignment with each group: 1 is the same answers. Bold: the group that the persona stands for."
PEOPLE = "people: mean over the other groups"


def matrix_figure_document(report: MatrixReport) -> str:
    """Return the figure as an SVG file that stands alone; the same matrix gives the same bytes."""
    asked = what_was_asked(report)
    told = [f"{asked[0].upper()}{asked[1:]}."]
    if judge_unreliable(report):
        said = not_judged(report)
        told.append(f"{said[0].upper()}{said[1:]}.")
    if report.model.demonstration:
        told.append(DEMONSTRATION)
    return forest_document(Forest("alignment", MATRIX_MEANING, [*_parts(report)], told))


def matrix_figure(report: MatrixReport) -> Element:
    """Draw the figure for a page, which says elsewhere what was asked."""
    return forest(Forest("alignment", MATRIX_MEANING, [*_parts(report)]))


def _parts(report: MatrixReport) -> Iterator[ForestBlock]:
    answered = pluralize(len(report.questions), "question")
    if judge_unreliable(report):
        for row in report.rows:
            yield ForestBlock(row_name(row), answered, NOT_JUDGED, (), ())
        return
    for row in report.rows:
        cells = zip(report.targets, row.cells, strict=True)
        rows = tuple(ForestRow(_kind(target, row), target_name(target), cell.alignment) for target, cell in cells)
        yield ForestBlock(row_name(row), answered, "no alignment", rows, ())
    humans = [(target, target.humans) for target in report.targets]
    people = tuple(ForestRow("noise_floor", target_name(one), found.mean) for one, found in humans if found is not None)
    if people:
        yield ForestBlock(PEOPLE, answered, "", people, ())


def _kind(target: TargetInfo, row: RowInfo) -> str:
    """Choose the mark: filled for the row's own group, a diamond for everyone, open for other groups."""
    if target.group is None:
        return "population"
    return "persona" if row.groups == (target.group,) else "uniform"


def target_name(target: TargetInfo) -> str:
    """Name the people of a target."""
    return group_label(target.group) if target.group is not None else "everyone"


def row_name(row: RowInfo) -> str:
    """Name a row and its steering; the model itself goes without."""
    return row.name if row.steering == "none" else f"{row.name} ({row.steering})"
