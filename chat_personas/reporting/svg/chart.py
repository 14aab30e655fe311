"""A chart of a sweep: one figure for each strength with its interval, and below it what the strength costs.

It is drawn for one column of a journal (85 mm), black on white, with marks that differ in shape; lengths are
millimetres. A page may give its parts other colours by their classes.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from chat_personas.reporting.markup import Element, Node, element
from chat_personas.reporting.numbers import COMPACT, Score, signed, strength_written
from chat_personas.reporting.svg.primitives import MARGIN, SMALL, TEXT, WIDTH, Axis, framed, lines

PLOT = (15.0, 82.0)
LEANING, COST, GAP = 36.0, 15.0, 5.0
"""Heights of the two parts, and what is between them."""
LEAST, STEP = 0.2, 0.1
"""The leanings that the scale shows at least to both sides of 0, and where its marks are."""
MOST_NUMBERS = 11
"""Strengths that are written out below the chart; of more every second is, or every third."""


@dataclass(frozen=True, slots=True)
class Point:
    """One strength: its leaning, None where it is not sound; its cost in nats; and what the verdict says.

    What is no strength, the model without steering, has a `name`, and the place on the axis where it stands.
    """

    strength: float
    leaning: Score | None
    cost: float
    finding: str
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Chart:
    """The content of a chart: what is swept, between which people, and sentences about survey and model.

    `sides` are the people that a leaning above 0 is closer to, and those that one below 0 is.
    """

    name: str
    sides: tuple[str, str]
    points: Sequence[Point]
    best: float | None
    circumstances: Sequence[str]


def chart_document(drawn: Chart) -> str:
    """Return the chart as an SVG file; the same figures give the same bytes."""
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{chart(drawn)}'


def chart(drawn: Chart) -> Element:
    """Draw both parts on one axis of strengths, and the captions below."""
    across = _across(drawn.points)
    top = MARGIN + 6.6  # a mark stands above the plot, and must not touch the title
    below = top + LEANING + GAP
    end = below + COST
    captions = [line for text in (_marks(drawn), *drawn.circumstances) for line in _broken(text)]
    height = end + 8.5 + len(captions) * SMALL * 1.35 + MARGIN
    written = [
        _text(caption, MARGIN, end + 8.5 + (place + 1) * SMALL * 1.35, SMALL) for place, caption in enumerate(captions)
    ]
    return framed(
        f"Leaning by strength: {drawn.name}",
        " ".join(_described(drawn.points)),
        height,
        _text(drawn.name, MARGIN, MARGIN + 2.6, TEXT, font_weight="bold"),
        _leanings(drawn, across, Axis(-_farthest(drawn), _farthest(drawn), top + LEANING, top)),
        _costs(drawn, across, Axis(0.0, _dearest(drawn), end, below)),
        _strengths(drawn, across, end),
        written,
    )


def _across(points: Sequence[Point]) -> Axis:
    low, high = points[0].strength, points[-1].strength
    margin = (high - low) * 0.04 or 1.0
    return Axis(low - margin, high + margin, *PLOT)


def _farthest(drawn: Chart) -> float:
    """Return the end of the scale of leanings: the next tenth beyond every interval."""
    scores = [point.leaning for point in drawn.points if point.leaning is not None]
    ends = [abs(end) for score in scores for end in (score.mean, score.low, score.high) if end is not None]
    return max(LEAST, math.ceil(max(ends, default=0.0) / STEP) * STEP)


def _dearest(drawn: Chart) -> float:
    """Return the end of the scale of costs: the next 1, 2 or 5 of a power of ten."""
    most = max((point.cost for point in drawn.points), default=0.0)
    if most <= 0:
        return 1.0
    power = 10.0 ** math.floor(math.log10(most))
    return next(step * power for step in (1, 2, 5, 10) if step * power >= most)


def _leanings(drawn: Chart, across: Axis, scale: Axis) -> Iterator[Node]:
    count = round(scale.high / STEP)
    every = math.ceil(count / 3)
    for place in range(-count, count + 1):
        if place % every:
            continue
        y = scale.at(place * STEP)
        colour, name = ("#000", "axis") if place == 0 else ("#ddd", "grid")
        yield element("line", x1=PLOT[0], x2=PLOT[1], y1=y, y2=y, class_=name, stroke=colour, stroke_width=0.15)
        yield _text("0" if place == 0 else f"{place * STEP:+.1f}", PLOT[0] - 1, y + 0.7, SMALL, text_anchor="end")
    for side, y in zip(drawn.sides, (scale.end + 2.6, scale.start - 1.2), strict=True):
        yield _text(f"closer to {side}", PLOT[0] + 1, y, SMALL, class_="quiet", fill="#444")
    for point in drawn.points:
        yield _point(point, across.at(point.strength), scale, best=point.name is None and point.strength == drawn.best)


def _point(point: Point, x: float, scale: Axis, *, best: bool) -> Iterator[Node]:
    score = point.leaning
    if score is None:
        yield _text("×", x, scale.end - 0.9, TEXT, text_anchor="middle", class_="quiet")
        return
    if score.low is not None and score.high is not None:
        low, high = scale.at(score.low), scale.at(score.high)
        caps = "".join(f"M{x - 0.8:.2f} {y:.2f}h1.6" for y in (low, high))
        path = f"{caps}M{x:.2f} {low:.2f}V{high:.2f}"
        yield element("path", d=path, class_="line persona", fill="none", stroke="#000", stroke_width=0.3)
    y, sure = scale.at(score.mean), point.finding == "sound"
    if best:
        yield element("circle", cx=x, cy=y, r=1.5, class_="axis", fill="none", stroke="#000", stroke_width=0.2)
    filled, name = ("#000", "mark persona") if sure else ("#fff", "mark uniform")
    yield element("circle", cx=x, cy=y, r=0.8, class_=name, fill=filled, stroke="#000", stroke_width=0.25)


def _costs(drawn: Chart, across: Axis, scale: Axis) -> Iterator[Node]:
    for value in (0.0, scale.high / 2, scale.high):
        y = scale.at(value)
        name, colour = ("grid", "#ddd") if value else ("axis", "#000")
        yield element("line", x1=PLOT[0], x2=PLOT[1], y1=y, y2=y, class_=name, stroke=colour, stroke_width=0.15)
        yield _text(f"{value:g}", PLOT[0] - 1, y + 0.7, SMALL, text_anchor="end")
    yield _text("cost (nats a token)", PLOT[0] + 1, scale.end - 0.8, SMALL, class_="quiet", fill="#444")
    for point in drawn.points:
        x, y = across.at(point.strength), scale.at(point.cost)
        yield element("rect", x=x - 0.6, y=y, width=1.2, height=max(0.0, scale.start - y), class_="dot", fill="#666")


def _strengths(drawn: Chart, across: Axis, y: float) -> Iterator[Node]:
    every = math.ceil(sum(point.name is None for point in drawn.points) / MOST_NUMBERS)
    first = next((place for place, point in enumerate(drawn.points) if point.name), 0) % every  # a name is written out
    for place, point in enumerate(drawn.points):
        x = across.at(point.strength)
        yield element("line", x1=x, x2=x, y1=y, y2=y + 0.8, class_="axis", stroke="#000", stroke_width=0.25)
        if place % every == first:
            yield _text(point.name or f"{point.strength:g}", x, y + 3.2, SMALL, text_anchor="middle")
    yield _text("strength", (PLOT[0] + PLOT[1]) / 2, y + 6.2, SMALL, text_anchor="middle")


def _marks(drawn: Chart) -> str:
    """Say what the marks mean that are on this chart."""
    said = {
        "Ring: the best strength on the training half.": drawn.best is not None,
        "Open: sound with a warning.": any(one.finding == "sound_with_warning" for one in drawn.points),
        "× above: not sound, no figure.": any(one.leaning is None for one in drawn.points),
    }
    return " ".join(text for text, shown in said.items() if shown)


def _broken(text: str) -> list[str]:
    return lines(text, SMALL, WIDTH - 2 * MARGIN) if text else []


def _described(points: Sequence[Point]) -> Iterator[str]:
    for point in points:
        leaning = "not sound" if point.leaning is None else f"leaning {signed(point.leaning, decimals=COMPACT)}"
        name = "Without steering" if point.name else f"Strength {strength_written(point.strength)}"
        yield f"{name}: {leaning}, cost {point.cost:.2f}."


def _text(text: str, x: float, y: float, size: float, **attributes: str | None) -> Element:
    return element("text", text, x=x, y=y, font_size=size, **attributes)
