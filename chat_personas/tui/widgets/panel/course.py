"""How the alignment went over the turns, on the scale that the references stand on, and whether that is chance."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from textual.content import Content

from chat_personas.reporting.comparison import signed
from chat_personas.reporting.wording import drifted
from chat_personas.tui.drawing.rows import PERSONA, axis_row, score_row, stacked
from chat_personas.tui.widgets.panel.section import Section

if TYPE_CHECKING:
    from chat_personas.monitor.drift import CoursePoint, Drift

TURNS_SHOWN = 6


def course(
    points: Sequence["CoursePoint"], drift: "Drift | None", width: int, population: float | None
) -> Content | None:
    """Draw one row per measured turn, the first and the newest ones if there are more than fit; None for no turn.

    Under them the `drift` from the first to the newest, in words.
    """
    if not points:
        return None
    shown = list(points) if len(points) <= TURNS_SHOWN else [points[0], *points[-(TURNS_SHOWN - 2) :]]
    rows = [score_row(f"turn {point.turn}", PERSONA, point.alignment, width, population) for point in shown]
    if len(points) > TURNS_SHOWN:
        left_out = len(points) - len(shown)
        rows.insert(1, Content.styled(f"  … {left_out} more", "dim"))
    return stacked([*rows, axis_row(width), *(_in_words(drift) if drift else ())])


def _in_words(drift: "Drift") -> list[Content]:
    first, *others = drifted(drift, signed(drift.difference))
    return [Content(first), *(Content.styled(line, "dim") for line in others)]


class CourseSection(Section):
    """The alignment after every turn."""

    def __init__(self) -> None:
        super().__init__("Course over the turns", "course")
        self._points: Sequence[CoursePoint] = ()
        self._drift: Drift | None = None
        self._population: float | None = None

    def show(self, points: Sequence["CoursePoint"], drift: "Drift | None", population: float | None) -> None:
        """Show `points` and `drift`, dotted where the population stands."""
        self._points, self._drift, self._population = points, drift, population
        self.changed()

    def draw(self, width: int) -> Content | None:
        """Draw the rows."""
        return course(self._points, self._drift, width, self._population)
