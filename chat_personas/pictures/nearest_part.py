"""The groups that a persona's answers are nearest to, those that cannot be told apart first."""

from collections.abc import Iterator, Sequence

from chat_personas.pictures.document import Pictured
from chat_personas.pictures.markup import Node, element
from chat_personas.pictures.tables import table
from chat_personas.report_words import group_label, with_interval
from chat_personas.text import counted
from eval.report import NearestInfo

SHOWN = 10
NEAREST_HEADS = ("group", "attribute", "alignment", "tied with the nearest")


def nearest(pictured: Pictured) -> Iterator[Node]:
    """Yield the nearest groups with their ties; the rest, where there are many, can be unfolded."""
    report = pictured.report
    if not report.nearest:
        return
    first = max([SHOWN, *(place for place, near in enumerate(report.nearest, start=1) if near.tied)])
    yield element(
        "p", f"{_ties(report.nearest)}, over {counted(report.nearest_questions, 'question')} that all have in common."
    )
    yield table("The nearest groups", NEAREST_HEADS, map(_nearest_row, report.nearest[:first]))
    if rest := report.nearest[first:]:
        yield element(
            "details",
            element("summary", f"The other {counted(len(rest), 'group')}"),
            table("The other groups, nearest first", NEAREST_HEADS, map(_nearest_row, rest)),
        )


def _ties(ranked: Sequence[NearestInfo]) -> str:
    if ranked[0].alignment.low is None:
        return f"{counted(len(ranked), 'group')}, of which none can be told from another under 20 questions"
    tied = sum(near.tied for near in ranked)
    if tied == 1:
        return f"The nearest of {len(ranked)} groups can be told from all others"
    return (
        f"{tied} of {len(ranked)} groups are tied (the interval of the paired difference from the nearest includes 0)"
    )


def _nearest_row(near: NearestInfo) -> tuple[Node, ...]:
    return group_label(near), near.attribute, with_interval(near.alignment), "tied" if near.tied else ""
