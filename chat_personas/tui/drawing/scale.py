"""A scale that never stretches: scores are drawn in a fixed range with labelled ends.

A line of ours is an interval `├──●──┤` in a given number of cells. Rows that share a range and a width can be put
under one another and compared by eye: that is how the panel shows the references and the course over the turns.
"""

from dataclasses import dataclass

BEYOND_LOW, BEYOND_HIGH, GUIDE = "‹", "›", "┊"


@dataclass(frozen=True, slots=True)
class Range:
    """The ends of a scale. A value outside is drawn as an arrow at that end."""

    low: float
    high: float

    def cell(self, value: float, width: int) -> int:
        """Return the cell, 0 to `width` − 1, in which `value` lies; ends included, values outside are clipped."""
        share = (value - self.low) / (self.high - self.low)
        return min(width - 1, max(0, int(share * (width - 1) + 0.5)))


ALIGNMENT = Range(0.5, 1.0)
"""Where alignments are drawn. Predicting even shares for every option reaches about 0.7 on real surveys."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A score to be drawn: its mean, its interval where there is one, and the glyph of what it belongs to."""

    mean: float
    low: float | None
    high: float | None
    glyph: str


def interval_line(mark: Mark, width: int, scale: Range = ALIGNMENT, guide: float | None = None) -> str:
    """Draw `mark` in exactly `width` cells, with a dotted `guide` where another score is to be compared."""
    cells = [" "] * width
    if guide is not None:
        cells[scale.cell(guide, width)] = GUIDE
    if mark.low is not None and mark.high is not None:
        first, last = scale.cell(mark.low, width), scale.cell(mark.high, width)
        cells[first : last + 1] = "─" * (last - first + 1)
        cells[first], cells[last] = "├", "┤"
    cells[scale.cell(mark.mean, width)] = _glyph(mark, scale)
    return "".join(cells)


def _glyph(mark: Mark, scale: Range) -> str:
    if mark.mean < scale.low:
        return BEYOND_LOW
    return BEYOND_HIGH if mark.mean > scale.high else mark.glyph


def axis(width: int, scale: Range = ALIGNMENT) -> str:
    """Return the axis in exactly `width` cells, with the figures of both ends and of the middle where they belong."""
    middle = (scale.low + scale.high) / 2
    cells = ["─"] * width
    for value, text in ((scale.low, f"{scale.low:.1f}"), (middle, f"{middle:.2f}"), (scale.high, f"{scale.high:.1f}")):
        start = min(width - len(text), max(0, scale.cell(value, width) - len(text) // 2))
        cells[start : start + len(text)] = text
    return "".join(cells)
