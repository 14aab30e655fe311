"""From numbers to lines of characters: pure functions, so that tests can check by value what the panel shows.

Scores are drawn on a fixed range with labelled ends, which never stretches. A score is an interval `├──●──┤` in a given
number of cells; rows with the same range and width can be compared by eye. Each kind of thing has its own glyph and its
own name, and colour only repeats them. Widths are counted in cells, of which a wide character takes two.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rich.cells import cell_len, set_cell_size
from textual.content import Content

from chat_personas.reporting import numbers
from chat_personas.reporting.numbers import Score

INVITATION = "Say something …"
"""Stands in the empty composer. The first frame draws it before there is a composer."""

PEOPLE, MODEL = "█", "━"
_HALF = {PEOPLE: "▌", MODEL: "╸"}


def bar(share: float, width: int, glyph: str) -> str:
    """Draw `share` (0 to 1) of `width` cells, to half a cell, padded to exactly `width`.

    Shares outside 0 to 1 are clipped. A share above 0 gets at least half a cell: rare must not look like never.
    """
    halves = int(min(1.0, max(0.0, share)) * width * 2 + 0.5)
    if share > 0:
        halves = max(1, halves)
    return (glyph * (halves // 2) + _HALF[glyph] * (halves % 2)).ljust(width)


def two(value: float | None) -> str:
    """Write a number with two decimals, or an em dash for None."""
    return numbers.plain(value, decimals=numbers.COMPACT)


def with_interval(score: Score | None) -> str:
    """Write a score and its 95% interval with two decimals: `0.84 [0.80, 0.88]`."""
    return numbers.with_interval(score, decimals=numbers.COMPACT)


def signed(difference: Score | None) -> str:
    """Write a difference and its 95% interval with two decimals: `+0.02 [-0.01, +0.05]`."""
    return numbers.signed(difference, decimals=numbers.COMPACT)


def mean_of(score: Score | None) -> str:
    """Write a score without its interval; an em dash where there is none."""
    return numbers.mean_of(score, decimals=numbers.COMPACT)


BEYOND_LOW, BEYOND_HIGH, GUIDE = "‹", "›", "┊"


@dataclass(frozen=True, slots=True)
class Range:
    """The ends of a scale. A value outside is drawn as an arrow at its end."""

    low: float
    high: float

    def cell(self, value: float, width: int) -> int:
        """Return the cell (0 to `width` − 1) of `value`; values outside the range are clipped."""
        share = (value - self.low) / (self.high - self.low)
        return min(width - 1, max(0, int(share * (width - 1) + 0.5)))


ALIGNMENT = Range(0.5, 1.0)
"""The scale of alignments. Even answers reach about 0.7 on real surveys."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A score to draw: its mean, its interval if it has one, and its glyph."""

    mean: float
    low: float | None
    high: float | None
    glyph: str


def interval_line(mark: Mark, width: int, scale: Range = ALIGNMENT, guide: float | None = None) -> str:
    """Draw `mark` in exactly `width` cells, with a dotted `guide` where the score to compare it with stands."""
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
    """Draw the axis in exactly `width` cells, with the numbers of its ends and, where there is room, its middle."""
    middle = (scale.low + scale.high) / 2
    cells = ["─"] * width
    written = [(scale.low, f"{scale.low:.1f}"), (middle, f"{middle:.2f}"), (scale.high, f"{scale.high:.1f}")]
    if len("─".join(text for _, text in written)) > width:
        del written[1]
    for value, text in written:
        start = min(width - len(text), max(0, scale.cell(value, width) - len(text) // 2))
        cells[start : start + len(text)] = text
    return "".join(cells)


PERSONA, POPULATION, OPPOSITE, UNIFORM, NOISE_FLOOR = "●", "◇", "▲", "○", "◆"
NAME_CELLS = 21
FIGURE_CELLS = 5
STYLES = {PERSONA: "bold $accent", POPULATION: "$secondary", OPPOSITE: "$warning"}


def score_row(name: str, glyph: str, score: Score, width: int, guide: float | None = None) -> Content:
    """Draw `● persona   ├──●──┤   0.84` in `width` cells, with a dotted `guide` at another score.

    That of a persona is not bold before it has an interval.
    """
    line = interval_line(Mark(score.mean, score.low, score.high, glyph), line_cells(width), guide=guide)
    style = "" if glyph == PERSONA and score.low is None else STYLES.get(glyph, "")
    drawn = Content.styled(line, style)
    if (dots := line.find(GUIDE)) >= 0:
        drawn = drawn.stylize("not bold dim $foreground", dots, dots + 1)
    return Content.assemble((fitted(f"{glyph} {name}", NAME_CELLS), style), drawn, two(score.mean).rjust(FIGURE_CELLS))


def axis_row(width: int, scale: Range = ALIGNMENT) -> Content:
    """Draw the axis below rows of the same `width`."""
    return Content.styled(" " * NAME_CELLS + axis(line_cells(width), scale), "dim")


def line_cells(width: int) -> int:
    """Return how many of `width` cells are left for the scale itself; at least those of the numbers at its ends."""
    return max(7, width - NAME_CELLS - FIGURE_CELLS)


def fitted(text: str, width: int) -> str:
    """Return `text` in exactly `width` cells: padded, or cut with an ellipsis."""
    return set_cell_size(text, width) if cell_len(text) <= width else set_cell_size(text, width - 1) + "…"


_WITH_INTERVAL = re.compile(r"\d \[[^][]*\]")
_HELD = "\ue000"
"""Stands for a space while lines are broken: Textual breaks them at no-break spaces, too."""


def unbroken(content: Content, width: int) -> Content:
    """Break lines that are longer than so many cells, and never between a number and its interval, or within that."""
    held = _WITH_INTERVAL.sub(lambda found: found[0].replace(" ", _HELD), content.plain)
    rows = Content(held, spans=list(content.spans)).wrap(width)
    return stacked(Content(row.plain.replace(_HELD, " "), spans=list(row.spans)) for row in rows)


def stacked(rows: Iterable[Content]) -> Content:
    """Put each row on a line of its own."""
    return Content("\n").join(rows)


PERSON_STYLE, MODEL_STYLE = "$secondary", "bold $accent"


def paired_bars(options: Sequence[str], people: Sequence[float] | None, model: Sequence[float], width: int) -> Content:
    """Draw, for every option, its text and under it the bars of people (`█`) and model (`━`) with their shares.

    Without `people`, as for a group that the survey has no figures for, the model is drawn alone.
    """
    cells = max(4, width - 2 - FIGURE_CELLS)
    rows: list[Content] = []
    for index, option in enumerate(options):
        rows.append(Content(option))
        if people is not None:
            rows.append(_bar_row(people[index], cells, PEOPLE, PERSON_STYLE))
        rows.append(_bar_row(model[index], cells, MODEL, MODEL_STYLE))
    return stacked(rows)


def _bar_row(share: float, cells: int, glyph: str, style: str) -> Content:
    return Content.assemble("  ", (bar(share, cells, glyph), style), f" {two(share)}")


def legend(people: str) -> Content:
    """Draw the legend of `paired_bars`, with the name of the `people`."""
    return Content.assemble((PEOPLE * 2, PERSON_STYLE), f" {people}   ", (MODEL * 2, MODEL_STYLE), " persona")
