"""Where the persona stands between the references, on one fixed scale."""

from typing import TYPE_CHECKING

from textual.content import Content

from chat_personas.tui.drawing.rows import (
    NOISE_FLOOR,
    OPPOSITE,
    PERSONA,
    POPULATION,
    UNIFORM,
    axis_row,
    score_row,
    stacked,
)
from chat_personas.tui.widgets.panel.section import Section

if TYPE_CHECKING:
    from eval.scoring import Scorecard


def scale(card: "Scorecard", width: int) -> Content | None:
    """Draw the persona's alignment above those of the references; None without figures for the group."""
    if card.scores.alignment is None or card.references is None:
        return None
    found = card.references
    references = [
        ("population", POPULATION, found.population),
        ("opposite", OPPOSITE, found.opposite),
        ("uniform", UNIFORM, found.uniform),
        ("noise floor", NOISE_FLOOR, found.noise_floor),
    ]
    guide = found.population.alignment if found.population else None
    at = guide.mean if guide else None
    rows = [score_row("persona", PERSONA, card.scores.alignment, width, at)]
    for name, glyph, reference in references:
        if reference is not None and reference.alignment is not None:
            rows.append(score_row(name, glyph, reference.alignment, width, at))
    rows.append(axis_row(width))
    if card.scores_against_opposite is not None:
        rows.append(Content.styled(f"{OPPOSITE} opposite: {card.scores_against_opposite.group.label}", "dim"))
    return stacked(rows)


class ScaleSection(Section):
    """Persona, population, opposite, even shares, and the noise floor: another sample of the group itself."""

    def __init__(self) -> None:
        super().__init__("Beside the references", "scale")
        self._card: Scorecard | None = None

    def show(self, card: "Scorecard | None") -> None:
        """Show the references of `card`."""
        self._card = card
        self.changed()

    def draw(self, width: int) -> Content | None:
        """Draw the rows."""
        return None if self._card is None else scale(self._card, width)
