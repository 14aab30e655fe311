"""What limits the number above: other scores, and the flags of validity."""

from typing import TYPE_CHECKING

from textual.content import Content

from chat_personas.text import counted
from chat_personas.tui.drawing.numbers import with_interval
from chat_personas.tui.drawing.rows import Score, mean_of, stacked
from chat_personas.tui.widgets.panel.section import Section

if TYPE_CHECKING:
    from eval.scoring.scores import Scorecard

COLLAPSED = 0.5
"""An entropy ratio below this is flagged: the model puts far more weight on one option than people do."""


def validity(card: "Scorecard") -> Content:
    """List total variation, skill, label mass, refusals, order bias and entropy, and mark what should give pause."""
    scores = card.scores
    invalid = sum(not question.valid for question in card.questions)
    rows = [
        _row("total variation", _interval(scores.total_variation)),
        _row("skill", _interval(scores.skill) if scores.skill else "— cannot be told"),
        _row("label mass", mean_of(scores.label_mass)),
        _row("refusals", f"{mean_of(scores.refusal)}, people {mean_of(scores.human_refusal)}"),
        _row("order bias", mean_of(scores.order_bias)),
    ]
    ratio = scores.entropy_ratio
    low = ratio is not None and ratio.mean < COLLAPSED
    rows.append(_row("entropy ratio", mean_of(ratio) + (" ! collapses on one option" if low else ""), flagged=low))
    if invalid:
        rows.append(_row("not valid", f"! {invalid} of {counted(len(card.questions), 'question')}", flagged=True))
        without = card.scores_valid_only.alignment
        rows.append(_row("valid only", "alignment " + _interval(without)))
    return stacked(rows)


def _row(name: str, figure: str, *, flagged: bool = False) -> Content:
    return Content.assemble((f"{name:<16}", "dim"), (figure, "bold $warning" if flagged else ""))


def _interval(score: Score | None) -> str:
    return "—" if score is None else with_interval(score.mean, score.low, score.high)


class ValiditySection(Section):
    """Other scores and flags."""

    def __init__(self) -> None:
        super().__init__("How far to trust it", "validity")
        self._card: Scorecard | None = None
        self._source = ""

    def show(self, card: "Scorecard | None", source: str) -> None:
        """Show the scores of `card`; `source` says what the figures compared with are."""
        self._card, self._source = card, source
        self.changed()

    def draw(self, width: int) -> Content | None:
        """Draw the rows, and under them what the figures are."""
        if self._card is None:
            return None
        return stacked([validity(self._card), *([Content.styled(self._source, "dim")] if self._source else [])])
