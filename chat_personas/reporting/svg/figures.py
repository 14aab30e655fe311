"""The figures: personas beside their reference points, and the rows of a matrix beside every group."""

from collections.abc import Iterator, Sequence

from chat_personas.reporting.markup import Element
from chat_personas.reporting.svg.forest import Forest, forest, forest_document
from chat_personas.reporting.svg.primitives import (
    ForestBlock,
    ForestRow,
    all_not_shown,
    names,
    standings,
)
from chat_personas.reporting.wording import (
    DEMONSTRATION,
    IDENTICAL,
    REFERENCES_EXPLAINED,
    measure_of,
    not_shown,
    not_shown_briefly,
    nothing_shown,
    row_label,
    run_described,
    runs_described,
    sentence,
    target_label,
    why_not_shown,
    withheld,
)
from chat_personas.text import pluralize
from eval.matrix.models import MatrixReport, RowInfo, TargetInfo
from eval.report import Report

MEANING = {
    "alignment": f"Alignment with the group's answers: {IDENTICAL['alignment']}.",
    "total_variation": f"Total variation from the group's answers: {IDENTICAL['total_variation']}.",
}


def figure_document(reports: Sequence[Report]) -> str:
    """Return the figure as an SVG file; the same reports give the same bytes.

    It is self-contained: it names survey and model below itself, and says whether the model is a demonstration.
    """
    return forest_document(_drawn(reports, tuple(_circumstances(reports))))


def figure(reports: Sequence[Report]) -> Element:
    """Draw the figure for a page, which names survey and model elsewhere."""
    return forest(_drawn(reports, ()))


def _drawn(reports: Sequence[Report], circumstances: Sequence[str]) -> Forest:
    """List the personas by alignment, or by total variation where no question has ordered options."""
    measure = measure_of(reports)
    parts = [standings(one, measure, name) for one, name in zip(reports, names(reports), strict=True)]
    return Forest(measure, MEANING[measure], parts, circumstances)


def _circumstances(reports: Sequence[Report]) -> Iterator[str]:
    yield from map(sentence, (*runs_described(reports), *all_not_shown(reports)))
    yield sentence(REFERENCES_EXPLAINED)
    if any(report.model.demonstration for report in reports):
        yield sentence(DEMONSTRATION)


MATRIX_MEANING = f"Alignment with each group: {IDENTICAL['alignment']}. Bold: the group that the persona stands for."
PEOPLE = "people: mean over the other groups"


def matrix_figure_document(report: MatrixReport) -> str:
    """Return the figure as a self-contained SVG file; the same matrix gives the same bytes."""
    circumstances = [run_described(report)]
    if nothing_shown(report):
        circumstances.append(why_not_shown(report))
    else:
        circumstances += [f"{name}: {why}" for name, why in withheld(report)]
    if report.model.demonstration:
        circumstances.append(DEMONSTRATION)
    return forest_document(Forest("alignment", MATRIX_MEANING, [*_parts(report)], [*map(sentence, circumstances)]))


def matrix_figure(report: MatrixReport) -> Element:
    """Draw the figure for a page, which names survey and model elsewhere."""
    return forest(Forest("alignment", MATRIX_MEANING, [*_parts(report)]))


def _parts(report: MatrixReport) -> Iterator[ForestBlock]:
    answered = pluralize(len(report.questions), "question")
    if nothing_shown(report):
        for row in report.rows:
            yield ForestBlock(row_label(row), answered, not_shown_briefly(report), (), ())
        return
    for row in report.rows:
        if not_shown(row):
            yield ForestBlock(row_label(row), answered, not_shown_briefly(row), (), ())
            continue
        cells = zip(report.targets, row.cells, strict=True)
        rows = tuple(ForestRow(_kind(target, row), target_label(target), cell.alignment) for target, cell in cells)
        yield ForestBlock(row_label(row), answered, "no alignment", rows, ())
    humans = [(target, target.humans) for target in report.targets]
    if all(map(not_shown, report.rows)):
        return
    people = tuple(
        ForestRow("noise_floor", target_label(one), found.mean) for one, found in humans if found is not None
    )
    if people:
        yield ForestBlock(PEOPLE, answered, "", people, ())


def _kind(target: TargetInfo, row: RowInfo) -> str:
    """Choose the mark: filled for the row's own group, a diamond for everyone, open for other groups."""
    if target.group is None:
        return "population"
    return "persona" if row.groups == (target.group,) else "uniform"
