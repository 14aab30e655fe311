"""Expressions of the same personas beside each other: how much closer what a model says of a group is than its play."""

from collections.abc import Iterator, Sequence

from chat_personas.gap_words import MEANING, gap_name
from chat_personas.paired_words import signed
from chat_personas.pictures.markup import Node, element
from chat_personas.pictures.tables import table
from eval.compare.gap import gaps
from eval.report import GapInfo, Report

GAP_HEADS = ("persona", "gap", "total variation", "p", "questions that both answered")


def gaps_table(reports: Sequence[Report]) -> Iterator[Node]:
    """Yield every knowledge-to-simulation gap; nothing where no persona was asked for percentages and otherwise."""
    found = gaps(reports)
    if found:
        yield table("Knowledge-to-simulation gaps", GAP_HEADS, map(_gap_row, found))
        yield element("p", f"{MEANING[0].upper()}{MEANING[1:]}.", class_="note")


def _gap_row(gap: GapInfo) -> tuple[Node, ...]:
    figure = signed(gap.total_variation)
    return gap.persona, gap_name(gap), figure, "—" if gap.p is None else f"{gap.p:.4f}", str(gap.questions)
