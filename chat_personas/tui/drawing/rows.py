"""Rows of the alignment panel: a name with its glyph, where it stands on the scale, and the figure."""

from collections.abc import Iterable
from typing import Protocol

from textual.content import Content

from chat_personas.tui.drawing.numbers import two
from chat_personas.tui.drawing.scale import ALIGNMENT, GUIDE, Mark, Range, axis, interval_line

PERSONA, POPULATION, OPPOSITE, UNIFORM, NOISE_FLOOR = "●", "◇", "▲", "○", "◆"
NAME_CELLS = 16
FIGURE_CELLS = 5
STYLES = {PERSONA: "bold $accent", POPULATION: "$secondary", OPPOSITE: "$warning"}


class Score(Protocol):
    """A mean with its interval, as `eval.scoring.intervals.Interval` has it."""

    @property
    def mean(self) -> float: ...
    @property
    def low(self) -> float | None: ...
    @property
    def high(self) -> float | None: ...


def score_row(name: str, glyph: str, score: Score, width: int, guide: float | None = None) -> Content:
    """Draw `● persona   ├──●──┤   0.84` in `width` cells; `guide` dots where another score stands."""
    line = interval_line(Mark(score.mean, score.low, score.high, glyph), line_cells(width), guide=guide)
    style = STYLES.get(glyph, "")
    drawn = Content.styled(line, style)
    if (dots := line.find(GUIDE)) >= 0:
        drawn = drawn.stylize("not bold dim $foreground", dots, dots + 1)
    return Content.assemble((fitted(f"{glyph} {name}", NAME_CELLS), style), drawn, two(score.mean).rjust(FIGURE_CELLS))


def axis_row(width: int, scale: Range = ALIGNMENT) -> Content:
    """Draw the axis that the rows of the same `width` share."""
    return Content.styled(" " * NAME_CELLS + axis(line_cells(width), scale), "dim")


def line_cells(width: int) -> int:
    """How many of `width` cells are left for the scale itself; at least 8."""
    return max(8, width - NAME_CELLS - FIGURE_CELLS)


def fitted(text: str, width: int) -> str:
    """Cut `text` to `width` cells with an ellipsis, or pad it."""
    return text.ljust(width) if len(text) <= width else text[: width - 1] + "…"


def mean_of(score: Score | None) -> str:
    """Write a score without its interval; an em dash where there is none."""
    return two(None if score is None else score.mean)


def stacked(rows: Iterable[Content]) -> Content:
    """Put rows under one another."""
    return Content("\n").join(rows)
