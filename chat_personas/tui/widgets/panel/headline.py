"""The first lines of the panel: whose opinions, how close, how sure, and how far the measuring is."""

from typing import TYPE_CHECKING

from textual.content import Content

from chat_personas.tui.drawing.numbers import counted, with_interval
from chat_personas.tui.drawing.rows import mean_of, stacked
from chat_personas.tui.widgets.panel.section import Section

if TYPE_CHECKING:
    from chat_personas.monitor import Estimate
    from eval.scoring import Scorecard

UNNAMED = "no group"


def headline(group: str, estimate: "Estimate | None", state: str) -> Content:
    """Say the alignment with `group`, its interval, and how much of it is measured; `state` where there is none yet."""
    rows = [Content.styled(group or UNNAMED, "bold")]
    card = estimate.scorecard if estimate else None
    if card is not None:
        rows += [_alignment(card), *_why_no_interval(card), _doubts(card)]
    if estimate is not None and estimate.message:
        rows.append(Content("! " + estimate.message))
    rows.append(_progress(estimate, state))
    return stacked(rows)


def in_short(estimate: "Estimate | None") -> str:
    """Say the alignment and how far it is measured in a few words."""
    if estimate is None:
        return ""
    score = estimate.scorecard.scores.alignment if estimate.scorecard else None
    said = f"alignment {with_interval(score.mean, score.low, score.high)}" if score else ""
    under_way = "" if estimate.complete else f"measuring… {estimate.done}/{estimate.total}"
    return " · ".join(filter(None, (said, under_way)))


def _alignment(card: "Scorecard") -> Content:
    score = card.scores.alignment
    if score is None:
        return Content("alignment —")
    bounded = score.low is not None
    return Content.assemble(
        "alignment ", (with_interval(score.mean, score.low, score.high), "bold $accent"), "  95%" if bounded else ""
    )


def _why_no_interval(card: "Scorecard") -> list[Content]:
    if card.scores.alignment is None or card.scores.alignment.low is not None:
        return []
    aligned = sum(question.alignment is not None for question in card.questions)
    return [Content.styled(f"no interval yet: {counted(aligned, 'question')}, 20 are needed", "italic")]


def _doubts(card: "Scorecard") -> Content:
    """Say in one line what decides whether the number means anything; more is at the panel's end."""
    invalid = sum(not question.valid for question in card.questions)
    line = f"label mass {mean_of(card.scores.label_mass)} · order bias {mean_of(card.scores.order_bias)}"
    return Content.assemble((line, "dim"), (f" · ! {invalid} not valid" if invalid else "", "bold $warning"))


def _progress(estimate: "Estimate | None", state: str) -> Content:
    if estimate is None or estimate.total == 0:
        return Content.styled(state, "italic")
    if estimate.complete:
        return Content.styled(f"measured: {counted(estimate.done, 'question')}", "dim")
    return Content.styled(f"measuring… {estimate.done} of {counted(estimate.total, 'question')}", "italic")


class Headline(Section):
    """The headline; always there, also before anything is measured."""

    def __init__(self) -> None:
        super().__init__("Alignment", "headline")
        self._group = ""
        self._estimate: Estimate | None = None
        self._state = ""
        self.display = True

    def show(self, group: str, estimate: "Estimate | None", state: str) -> None:
        """Show `estimate` for `group`, or `state` while there is none."""
        self._group, self._estimate, self._state = group, estimate, state
        self.changed()

    def draw(self, width: int) -> Content:
        """Draw the headline."""
        return headline(self._group, self._estimate, self._state)
