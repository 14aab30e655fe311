"""Marks on a scale: a score with its 95% interval, told apart by shape first so that colour is never needed."""

from collections.abc import Iterator, Sequence

from chat_personas.pictures.markup import Element, element
from chat_personas.pictures.scale import Scale
from chat_personas.pictures.standings import Standing

RADIUS = 0.7
DOT = 0.42
LANES = (0.0, -0.85, 0.85)


def interval_mark(standing: Standing, scale: Scale, y: float) -> Iterator[Element]:
    """Draw a score at height `y`: a line over its interval where there is one, with caps, and its mark."""
    score, own = standing.score, standing.kind == "persona"
    if score.low is not None and score.high is not None:
        width = 0.4 if own else 0.25
        first, last, cap = scale.at(score.low), scale.at(score.high), 1.0 if own else 0.85
        caps = "".join(f"M{x:.2f} {y - cap:.2f}v{2 * cap:.2f}" for x in (first, last))
        path = f"{caps}M{first:.2f} {y:.2f}H{last:.2f}"
        yield element("path", d=path, class_=f"line {standing.kind}", fill="none", stroke="#000", stroke_width=width)
    yield _shape(standing.kind, scale.at(score.mean), y)


def _shape(kind: str, x: float, y: float) -> Element:
    if kind in ("persona", "uniform"):
        filled = "#000" if kind == "persona" else "#fff"
        return element(
            "circle", cx=x, cy=y, r=RADIUS, class_=f"mark {kind}", fill=filled, stroke="#000", stroke_width=0.25
        )
    filled = "#fff" if kind == "population" else "#000"
    return element("path", d=_outline(kind, x, y), class_=f"mark {kind}", fill=filled, stroke="#000", stroke_width=0.25)


def _outline(kind: str, x: float, y: float) -> str:
    """Return a triangle for the opposite group, a square for the noise floor, a diamond for everyone."""
    r = RADIUS
    if kind == "opposite":
        return f"M{x:.2f} {y - r:.2f}L{x + r:.2f} {y + r:.2f}H{x - r:.2f}Z"
    if kind == "noise_floor":
        return f"M{x - r * 0.8:.2f} {y - r * 0.8:.2f}h{r * 1.6:.2f}v{r * 1.6:.2f}h{-r * 1.6:.2f}Z"
    r *= 1.2
    return f"M{x:.2f} {y - r:.2f}L{x + r:.2f} {y:.2f}L{x:.2f} {y + r:.2f}L{x - r:.2f} {y:.2f}Z"


def question_dots(values: Sequence[float], scale: Scale, y: float) -> Iterator[Element]:
    """Draw a small dot per question around height `y`: in the first lane with room, or else the least crowded one."""
    ends = dict.fromkeys(LANES, float("-inf"))
    for value in sorted(value for value in values if scale.low <= value <= scale.high):
        x = scale.at(value)
        lane = next((lane for lane, end in ends.items() if x >= end), min(ends, key=lambda lane: ends[lane]))
        ends[lane] = x + 2 * DOT
        yield element("circle", cx=x, cy=y + lane, r=DOT, class_="dot", fill="#000", fill_opacity=0.35)
