"""A forest plot: scores one below the other on one scale, each with its interval, its name and its figures.

It is drawn for one column of a journal (85 mm), black on white; lengths are millimetres. A page may give its parts
other colours by their classes.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from chat_personas.reporting.markup import Element, Node, element
from chat_personas.reporting.numbers import COMPACT, with_interval
from chat_personas.reporting.svg.primitives import (
    MARGIN,
    SMALL,
    TEXT,
    WIDTH,
    Axis,
    ForestBlock,
    ForestRow,
    ends,
    fitted,
    framed,
    interval_mark,
    lines,
    question_dots,
)
from chat_personas.reporting.wording.measurements import Measure, no_intervals, sentence

PLOT = (34.0, 64.5)
ROW, HEADING, DOTS = 3.9, 4.6, 3.6
MOST_DOTS = 200


@dataclass(frozen=True, slots=True)
class Forest:
    """The content of a plot: the measure, its `meaning` (the title is the part before a colon), and parts of rows.

    `circumstances` are sentences about survey and model, for a figure that is shown on its own.
    """

    measure: Measure
    meaning: str
    parts: Sequence[ForestBlock]
    circumstances: Sequence[str] = ()


def forest_document(drawn: Forest) -> str:
    """Return the figure as an SVG file; the same scores give the same bytes."""
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{forest(drawn)}'


def forest(drawn: Forest) -> Element:
    """Draw the parts one below the other, then the axis and the captions.

    Without any score there is no axis: each part says in words why it has none.
    """
    scale = Axis(*ends(drawn.measure, [row.score for part in drawn.parts for row in part.rows]), *PLOT)
    body: list[Node] = []
    y = MARGIN
    for part in drawn.parts:
        body += _part(part, scale, y)
        y += _height(part)
    if not any(part.rows for part in drawn.parts):
        return _framed(body, _captions(drawn), y, drawn)
    return _framed([_grid(scale, y), body, _axis(scale, y)], _captions(drawn), y + 4.6, drawn)


def _framed(body: Node, captions: Sequence[str], y: float, drawn: Forest) -> Element:
    height = y + len(captions) * SMALL * 1.35 + MARGIN
    written = [_text(caption, MARGIN, y + (place + 1) * SMALL * 1.35, SMALL) for place, caption in enumerate(captions)]
    names = ", ".join(part.name for part in drawn.parts)
    return framed(
        f"{drawn.meaning.partition(':')[0]}: {names}",
        " ".join(_described(drawn.parts)),
        height,
        body,
        written,
    )


def _height(part: ForestBlock) -> float:
    said = len(_said(part)) if not part.rows else 0
    return HEADING + max(1, said, len(part.rows)) * ROW + (DOTS if _has_dots(part) else 0) + 1.5


def _said(part: ForestBlock) -> list[str]:
    """Return what is said in place of rows, broken into lines."""
    return lines(part.nothing, TEXT, WIDTH - 2 * MARGIN - 1.5)


def _has_dots(part: ForestBlock) -> bool:
    return 1 < len(part.questions) <= MOST_DOTS and bool(part.rows)


def _part(part: ForestBlock, scale: Axis, y: float) -> Iterator[Node]:
    """Draw one persona: a heading, its own row with its questions under it, and a row for each reference."""
    y += HEADING / 2
    right = WIDTH - MARGIN
    yield _text(part.name, MARGIN, y + 0.8, TEXT, width=right - MARGIN - 22, font_weight="bold")
    yield _text(part.answered, right, y + 0.8, SMALL, text_anchor="end")
    y += HEADING / 2 + ROW / 2 - 0.6
    yield _guide(part, scale, y)
    if not part.rows:
        yield from (_text(line, MARGIN + 1.5, y + 0.8 + place * ROW, TEXT) for place, line in enumerate(_said(part)))
    for row in part.rows:
        yield _row(row, scale, y)
        y += ROW
        if row.kind == "persona" and _has_dots(part):
            yield _dots(part.questions, scale, y - ROW / 2 + DOTS / 2)
            y += DOTS


def _guide(part: ForestBlock, scale: Axis, y: float) -> Element | None:
    """Draw a dotted line from the persona down to its last reference, so that the eye can compare them."""
    if not part.rows or part.rows[0].kind != "persona":
        return None
    x, end = scale.at(part.rows[0].score.mean), y + (len(part.rows) - 1) * ROW + (DOTS if _has_dots(part) else 0)
    return element(
        "line", x1=x, x2=x, y1=y, y2=end, class_="guide", stroke="#000", stroke_width=0.15, stroke_dasharray="0.5 0.5"
    )


def _row(row: ForestRow, scale: Axis, y: float) -> Element:
    weight = "bold" if row.kind == "persona" else None
    figures = with_interval(row.score, decimals=COMPACT)
    return element(
        "g",
        _text(row.words, MARGIN + 1.5, y + 0.8, TEXT, width=PLOT[0] - MARGIN - 2, font_weight=weight),
        interval_mark(row, scale, y),
        _text(figures, WIDTH - MARGIN, y + 0.75, SMALL, text_anchor="end", font_weight=weight),
    )


def _dots(values: Sequence[float], scale: Axis, y: float) -> Iterator[Node]:
    yield _text("its questions", MARGIN + 1.5, y + 0.7, SMALL, class_="quiet", fill="#444")
    outside = sum(not scale.low <= value <= scale.high for value in values)
    yield element("g", question_dots(values, scale, y))
    if outside:
        beyond = "lower" if scale.high == 1 else "higher"
        yield _text(
            f"{outside} {beyond}", WIDTH - MARGIN, y + 0.7, SMALL, text_anchor="end", class_="quiet", fill="#444"
        )


def _grid(scale: Axis, y: float) -> Iterator[Element]:
    for tick in scale.ticks:
        x = scale.at(tick)
        yield element("line", x1=x, x2=x, y1=MARGIN + HEADING, y2=y, class_="grid", stroke="#ddd", stroke_width=0.15)


def _axis(scale: Axis, y: float) -> Iterator[Element]:
    yield element("line", x1=scale.start, x2=scale.end, y1=y, y2=y, class_="axis", stroke="#000", stroke_width=0.25)
    for tick in scale.ticks:
        x = scale.at(tick)
        yield element("line", x1=x, x2=x, y1=y, y2=y + 0.8, class_="axis", stroke="#000", stroke_width=0.25)
        yield _text(f"{tick:g}", x, y + 3.2, SMALL, text_anchor="middle")


def _captions(drawn: Forest) -> list[str]:
    """Return the text under the figure, broken into lines."""
    rows = [row for part in drawn.parts for row in part.rows]
    bounds = {row.score.low is not None for row in rows}
    without = dict.fromkeys(row.words for row in rows if row.score.low is None) if True in bounds else ()
    dotted = any(_has_dots(part) for part in drawn.parts)
    what = [
        drawn.meaning if bounds else "",
        "Lines: 95% intervals over questions only." if True in bounds else "",
        sentence(no_intervals(*without)) if False in bounds else "",
        "Dots: questions." if dotted else "",
    ]
    texts = [" ".join(filter(None, what)), *drawn.circumstances]
    return [line for text in texts if text for line in lines(text, SMALL, WIDTH - 2 * MARGIN)]


def _described(parts: Sequence[ForestBlock]) -> Iterator[str]:
    for part in parts:
        rows = "; ".join(f"{row.words} {with_interval(row.score, decimals=COMPACT)}" for row in part.rows)
        yield f"{part.name}, {part.answered}: {rows or part.nothing}."


def _text(
    text: str, x: float, y: float, size: float, *, width: float | None = None, **attributes: str | None
) -> Element:
    """Write a text at a place; a text wider than `width` is cut, and its tooltip has all of it."""
    shown = text if width is None else fitted(text, size, width)
    whole = element("title", text) if shown != text else None
    return element("text", shown, whole, x=x, y=y, font_size=size, **attributes)
