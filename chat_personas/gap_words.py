"""The knowledge-to-simulation gap in words."""

from typing import TYPE_CHECKING

from chat_personas.paired_words import signed
from chat_personas.text import counted

if TYPE_CHECKING:
    from eval.report import GapInfo

MEANING = "knowledge-to-simulation gap: total variation, question by question; above 0, verbalized is closer"


def gap_name(gap: "GapInfo") -> str:
    """Say what is subtracted from what."""
    return f"{gap.simulation} − verbalized"


def gap_figures(gap: "GapInfo") -> str:
    """Write a gap with its interval, its p-value and its questions, or why there is none."""
    if gap.total_variation is None or gap.p is None:
        return "— (no question that both answered)"
    return f"{signed(gap.total_variation)}, p {gap.p:.4f}, {counted(gap.questions, 'question')}"
