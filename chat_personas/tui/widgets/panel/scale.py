"""Where the persona stands between the references, on one fixed scale."""

from typing import TYPE_CHECKING

from textual.content import Content

from chat_personas.reporting.wording import doubts
from chat_personas.tui.drawing.numbers import with_interval
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
    from eval.scoring.scores import Scorecard


def scale(card: "Scorecard", width: int) -> Content | None:
    """Draw the persona's alignment above those of the references; None without figures for the group."""
    if card.scores.alignment is None or card.references is None:
        return None
    found, against = card.references, card.scores_against_opposite
    opposite = against.group.label if against else ""
    references = [
        ("if everyone", POPULATION, found.population),
        (f"if {opposite}", OPPOSITE, found.opposite),
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
    rows.append(Content.styled("if …: what their answers would score here", "dim"))
    if against is not None and against.alignment is not None:
        score = with_interval(against.alignment.mean, against.alignment.low, against.alignment.high)
        rows.append(Content(f"persona with {opposite} {score}"))
    said = doubts(against.minus_own.alignment if against else None, opposite, found, of_everyone=card.groups == ())
    return stacked([*rows, *(Content.styled(f"! {line}", "$warning") for line in said)])


class ScaleSection(Section):
    """The persona beside answers as everyone, as the opposite group, in even shares, and of a second sample."""

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
