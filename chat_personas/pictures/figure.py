"""The main figure: how close each persona is to its people, with what else would score there, on one scale."""

from collections.abc import Iterator, Sequence

from chat_personas.main_measure import measure_of
from chat_personas.pictures.forest import Forest, forest, forest_document
from chat_personas.pictures.markup import Element
from chat_personas.pictures.standings import all_not_judged, names, standings
from chat_personas.report_words import all_that_was_asked
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
