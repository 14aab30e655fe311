"""What figures are made of: rows of scores, an axis, marks on it, and the width of texts.

The axis has fixed ends, so that figures can be compared. Marks differ in shape, so that colour is not needed. The
width of a text is estimated, because the reader's font is unknown.
"""

import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from chat_personas.reporting.markup import Element, Node, element, number
from chat_personas.reporting.verdicts import not_shown, not_shown_briefly, why_not_shown
from chat_personas.reporting.wording.measurements import (
    THIS_PERSONA,
    Measure,
    reference_names,
    score_name,
    steered_name,
)
from chat_personas.text import pluralize
from eval.report import Report, Score

WIDTH, MARGIN = 85.0, 1.0
"""Of a figure, in millimetres: a column of a journal."""
TEXT, SMALL = 2.2, 2.0
"""Sizes of text."""


def framed(title: str, description: str, height: float, *drawn: Node) -> Element:
    """Return a figure of this height on a white ground; title and description are for those who do not see it."""
    return element(
        "svg",
        element("title", title),
        element("desc", description),
        element("rect", width=WIDTH, height=height, fill="#fff", class_="ground"),
        *drawn,
        xmlns="http://www.w3.org/2000/svg",
        width=f"{number(WIDTH)}mm",
        height=f"{number(height)}mm",
        viewBox=f"0 0 {number(WIDTH)} {number(height)}",
        role="img",
        font_family="sans-serif",
        fill="#000",
    )


@dataclass(frozen=True, slots=True)
class Axis:
    """A range of scores mapped to a range of positions."""

    low: float
    high: float
    start: float
    end: float

    def at(self, value: float) -> float:
        """Return the position of a score; scores outside are drawn at the nearer end."""
        share = (min(self.high, max(self.low, value)) - self.low) / (self.high - self.low)
        return self.start + share * (self.end - self.start)

    @property
    def ticks(self) -> Sequence[float]:
        """Five or six round scores from end to end."""
        step = 0.1 if self.high - self.low < 0.75 else 0.25
        return [round(self.low + step * number, 2) for number in range(round((self.high - self.low) / step) + 1)]


def ends(measure: Measure, scores: Iterable[Score]) -> tuple[float, float]:
    """Return the ends of the scale: the better half of 0 to 1, or all of it if a score lies in the other half.

    On real surveys alignments lie above one half: even shares for every option reach about 0.7.
    """
    bounds = [bound for score in scores for bound in (score.mean, score.low, score.high) if bound is not None]
    if measure == "alignment":
        return (0.5 if all(bound >= 0.5 for bound in bounds) else 0.0), 1.0
    return 0.0, (0.5 if all(bound <= 0.5 for bound in bounds) else 1.0)


@dataclass(frozen=True, slots=True)
class ForestRow:
    """A score on the scale, its kind (which decides the mark), and its name."""

    kind: str
    words: str
    score: Score


@dataclass(frozen=True, slots=True)
class ForestBlock:
    """One persona on the scale: its own score, then the reference points; `nothing` says why there are no rows."""

    name: str
    answered: str
    nothing: str
    rows: tuple[ForestRow, ...]
    questions: tuple[float, ...]


def standings(report: Report, measure: Measure, name: str) -> ForestBlock:
    """Return the block about one persona, under this name; without rows if its judge errs too often."""
    if not_shown(report):
        return ForestBlock(name, questions_answered(report), not_shown_briefly(report), (), ())
    own = getattr(report.scores, measure)
    rows = [ForestRow("persona", THIS_PERSONA, own)] if own is not None else []
    return ForestBlock(
        name=name,
        answered=questions_answered(report),
        nothing=f"no {score_name(measure)}" if report.questions else "no question could be scored",
        rows=(*rows, *_references(report, measure)),
        questions=tuple(value for question in report.questions if (value := getattr(question, measure)) is not None),
    )


def _references(report: Report, measure: Measure) -> Iterator[ForestRow]:
    for kind, words in reference_names(report):
        reference = getattr(report.references, kind)
        score = getattr(reference, measure) if reference is not None else None
        if score is not None:
            yield ForestRow(kind, words, score)


def names(reports: Sequence[Report]) -> list[str]:
    """Name each persona with its steering, and with its expression where the reports differ in it."""
    steered = [steered_name(report) for report in reports]
    if len({report.expression for report in reports}) == 1:
        return steered
    return [f"{name}, {report.expression}" for name, report in zip(steered, reports, strict=True)]


def all_not_shown(reports: Sequence[Report]) -> Iterator[str]:
    """Yield which reports are not sound, and why; this is shown before any figure."""
    named: dict[str, list[str]] = {}
    for report, name in zip(reports, names(reports), strict=True):
        if not_shown(report):
            named.setdefault(why_not_shown(report), []).append(name)
    for why, personas in named.items():
        yield why if len(personas) == len(reports) else f"{'; '.join(personas)}: {why}"


def questions_answered(report: Report) -> str:
    """Say how many questions the scores cover: `62 questions`, `61 of 62 questions`."""
    answered, asked = len(report.questions), report.survey.questions
    return pluralize(asked, "question") if answered == asked else f"{answered:,} of {pluralize(asked, 'question')}"


RADIUS = 0.7
DOT = 0.42
LANES = (0.0, -0.85, 0.85)


def interval_mark(row: ForestRow, scale: Axis, y: float) -> Iterator[Element]:
    """Draw a score at height `y`: a line with caps over its interval, if it has one, and its mark."""
    score, own = row.score, row.kind == "persona"
    if score.low is not None and score.high is not None:
        width = 0.4 if own else 0.25
        first, last, cap = scale.at(score.low), scale.at(score.high), 1.0 if own else 0.85
        caps = "".join(f"M{x:.2f} {y - cap:.2f}v{2 * cap:.2f}" for x in (first, last))
        path = f"{caps}M{first:.2f} {y:.2f}H{last:.2f}"
        yield element("path", d=path, class_=f"line {row.kind}", fill="none", stroke="#000", stroke_width=width)
    yield _shape(row.kind, scale.at(score.mean), y)


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


def question_dots(values: Sequence[float], scale: Axis, y: float) -> Iterator[Element]:
    """Draw a small dot per question near height `y`: in the first free lane, or else in the least crowded one."""
    ends = dict.fromkeys(LANES, float("-inf"))
    for value in sorted(value for value in values if scale.low <= value <= scale.high):
        x = scale.at(value)
        lane = next((lane for lane, end in ends.items() if x >= end), min(ends, key=lambda lane: ends[lane]))
        ends[lane] = x + 2 * DOT
        yield element("circle", cx=x, cy=y + lane, r=DOT, class_="dot", fill="#000", fill_opacity=0.35)


NARROW, WIDE = frozenset("iljtfrI.,;:'|!()[]{} "), frozenset("mwMWQOGD@%—")
WIDTHS = {"narrow": 0.36, "wide": 0.9, "capital": 0.72, "other": 0.62, "full": 1.05}
ELLIPSIS = "…"


def text_width(text: str, size: float) -> float:
    """Return the width of `text` in a sans-serif font of this size, an overestimate rather than an underestimate."""
    return size * sum(WIDTHS[_kind(character)] for character in text)


def fitted(text: str, size: float, width: float) -> str:
    """Return `text`, cut with an ellipsis where it would be wider than `width`."""
    if text_width(text, size) <= width:
        return text
    while text and text_width(text + ELLIPSIS, size) > width:
        text = text[:-1]
    return text.rstrip() + ELLIPSIS


def lines(text: str, size: float, width: float) -> list[str]:
    """Break `text` between words into lines of at most `width`; a word that is wider is cut."""
    broken: list[str] = []
    for word in text.split():
        longer = f"{broken[-1]} {word}" if broken else word
        if broken and text_width(longer, size) <= width:
            broken[-1] = longer
        else:
            broken.append(fitted(word, size, width))
    return broken


def _kind(character: str) -> str:
    if unicodedata.combining(character):
        return "narrow"
    if unicodedata.east_asian_width(character) in "WF":
        return "full"
    if character in NARROW:
        return "narrow"
    if character in WIDE:
        return "wide"
    return "capital" if character.isupper() else "other"
