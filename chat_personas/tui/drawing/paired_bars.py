"""One survey question: what people of the group answer and what the persona would, as bars in pairs."""

from collections.abc import Sequence

from textual.content import Content

from chat_personas.tui.drawing.bars import MODEL, PEOPLE, bar
from chat_personas.tui.drawing.numbers import two
from chat_personas.tui.drawing.rows import stacked

PERSON_STYLE, MODEL_STYLE = "$secondary", "bold $accent"
FIGURE_CELLS = 5


def paired_bars(options: Sequence[str], people: Sequence[float] | None, model: Sequence[float], width: int) -> Content:
    """Draw, for every option, its text and under it the bars of people (`█`) and model (`━`) with their shares.

    `people` None draws the model alone: the survey has no figures for the group. Option texts wrap with the widget.
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
    """Say which bar is whose."""
    return Content.assemble((PEOPLE * 2, PERSON_STYLE), f" {people}   ", (MODEL * 2, MODEL_STYLE), " persona")
