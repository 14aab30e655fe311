"""Which groups the persona's opinions are nearest to."""

from typing import TYPE_CHECKING

from textual.content import Content

from chat_personas.text import counted
from chat_personas.tui.drawing.numbers import with_interval
from chat_personas.tui.drawing.rows import fitted, stacked
from chat_personas.tui.widgets.panel.section import Section

if TYPE_CHECKING:
    from eval.scoring.scores import Scorecard

GROUPS_SHOWN = 5
FIGURE_CELLS = 17


def nearest(card: "Scorecard", width: int) -> Content | None:
    """List the best groups, `=` before those that cannot be told from the best; None before there are any."""
    if not card.nearest:
        return None
    own = set(card.groups or ())
    rows = []
    for near in card.nearest[:GROUPS_SHOWN]:
        sign = "=" if near.tied else " "
        name = fitted(f"{sign} {near.group.label}", max(8, width - FIGURE_CELLS - 1))
        figure = with_interval(near.alignment.mean, near.alignment.low, near.alignment.high)
        rows.append(Content.assemble((name, "bold $accent" if near.group in own else ""), " ", figure))
    tied = sum(near.tied for near in card.nearest)
    if not card.nearest[0].alignment.bounded:
        return Content.styled("nothing can be told apart under 20 questions", "dim")
    told = f"= {tied} of {len(card.nearest)} groups tied" if tied > 1 else "the first stands apart"
    rows.append(Content.styled(f"{told}, on {counted(card.nearest_questions, 'question')}", "dim"))
    return stacked(rows)


class NearestSection(Section):
    """The nearest groups, with ties."""

    def __init__(self) -> None:
        super().__init__("Nearest groups", "nearest")
        self._card: Scorecard | None = None

    def show(self, card: "Scorecard | None") -> None:
        """Show the groups of `card`."""
        self._card = card
        self.changed()

    def draw(self, width: int) -> Content | None:
        """Draw the list."""
        return None if self._card is None else nearest(self._card, width)
