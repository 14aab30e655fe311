"""A figure of courses: the alignment of several personas over the turns, each beside its own reference.

It is drawn for one column of a journal (85 mm), black on white. Courses differ in the shape of their marks and in their
lines, so that colour is not needed; lengths are millimetres. A page may give its parts other colours by their classes.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from chat_personas.reporting.markup import Element, Node, element
from chat_personas.reporting.numbers import COMPACT, with_interval
from chat_personas.reporting.svg.primitives import MARGIN, SMALL, TEXT, WIDTH, Axis, ends, fitted, framed, lines
from eval.scoring.results import Score

PLOT = (9.0, 78.0)
HEIGHT = 42.0
BESIDE = 2.2
"""How far points of the same turn stand from each other at most, so that their intervals do not cover each other."""
MOST_NUMBERS = 16
"""Turns that are written out below the figure; of more every second is, or every third."""


@dataclass(frozen=True, slots=True)
class Course:
    """One persona: its points by turn, and the turns without one because their answers are not sound.

    `reference` is the score that its points are to be compared with, and `reference_name` what that is. `nothing` says
    why there are no points at all.
    """

    name: str
    points: Sequence[tuple[int, Score]]
    left_out: Sequence[int]
    reference: Score | None
    reference_name: str
    nothing: str = ""


@dataclass(frozen=True, slots=True)
class CoursesFigure:
    """The content of a figure: its title, one or two courses over turns 0 to `turns`, and sentences below it."""

    title: str
    courses: Sequence[Course]
    turns: int
    circumstances: Sequence[str]


def courses_document(drawn: CoursesFigure) -> str:
    """Return the figure as an SVG file; the same figures give the same bytes."""
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{courses(drawn)}'


def courses(drawn: CoursesFigure) -> Element:
    """Draw all courses on one scale, their legend above and the captions below."""
    written: list[Node] = []
    y = MARGIN
    for line in lines(drawn.title, TEXT, (WIDTH - 2 * MARGIN) / 1.12):
        y += TEXT * 1.35
        written.append(_text(line, MARGIN, y, TEXT, font_weight="bold"))
    for place, course in enumerate(drawn.courses):
        y += SMALL * 1.6
        written += [
            _sign(place, MARGIN + 1.2, y - 0.7),
            _text(fitted(_legend(course), SMALL, WIDTH - 2 * MARGIN - 3.2), MARGIN + 3.2, y, SMALL),
        ]
    top = y + 3.0
    scale = Axis(*_ends(drawn.courses), top + HEIGHT, top)
    across = Axis(-0.5, max(1, drawn.turns) + 0.5, *PLOT)
    end = scale.start + 7.5
    captions = [line for text in (*_signs(drawn.courses), *drawn.circumstances) for line in _broken(text)]
    written += [
        _text(caption, MARGIN, end + (place + 1) * SMALL * 1.35, SMALL) for place, caption in enumerate(captions)
    ]
    return framed(
        drawn.title,
        " ".join(_described(drawn.courses)),
        end + len(captions) * SMALL * 1.35 + 2 * MARGIN,
        _grid(scale),
        _turns(drawn.turns, across, scale.start),
        [_course(course, place, len(drawn.courses), across, scale) for place, course in enumerate(drawn.courses)],
        written,
    )


def _ends(found: Sequence[Course]) -> tuple[float, float]:
    scores = [score for course in found for _, score in course.points]
    return ends("alignment", [*scores, *(course.reference for course in found if course.reference is not None)])


def _legend(course: Course) -> str:
    if course.nothing:
        return f"{course.name}: {course.nothing}"
    if course.reference is None:
        return course.name
    return f"{course.name}; dotted: {course.reference_name}"


def _grid(scale: Axis) -> Iterator[Node]:
    for value in scale.ticks:
        y = scale.at(value)
        name, colour = ("axis", "#000") if value == scale.low else ("grid", "#ddd")
        yield element("line", x1=PLOT[0], x2=PLOT[1], y1=y, y2=y, class_=name, stroke=colour, stroke_width=0.15)
        yield _text(f"{value:g}", PLOT[0] - 1, y + 0.7, SMALL, text_anchor="end")


def _turns(turns: int, across: Axis, y: float) -> Iterator[Node]:
    every = math.ceil((turns + 1) / MOST_NUMBERS)
    for turn in range(0, turns + 1, every):
        yield _text(str(turn), across.at(turn), y + 3.0, SMALL, text_anchor="middle")
    yield _text("turn (0: before anything was said)", sum(PLOT) / 2, y + 6.0, SMALL, text_anchor="middle")


def _course(course: Course, place: int, count: int, across: Axis, scale: Axis) -> Iterator[Node]:
    aside = (place - (count - 1) / 2) * min(BESIDE, 0.4 * (across.at(1) - across.at(0)))
    if course.reference is not None:
        y = scale.at(course.reference.mean)
        yield element(
            "line", x1=PLOT[0], x2=PLOT[1], y1=y, y2=y, class_="line people", stroke="#000", stroke_width=0.2,
            stroke_dasharray="0.2 0.8",
        )  # fmt: skip
        yield _sign(place, PLOT[1] + 1.6, y)
    path, before = "", None
    for turn, score in course.points:
        joined = before is not None and not any(before < gap < turn for gap in course.left_out)
        path += f"{'L' if joined else 'M'}{across.at(turn) + aside:.2f} {scale.at(score.mean):.2f}"
        before = turn
    if len(course.points) > 1:
        dashes = "1.2 0.7" if place else None
        yield element(
            "path",
            d=path,
            class_="line persona",
            fill="none",
            stroke="#000",
            stroke_width=0.25,
            stroke_dasharray=dashes,
        )
    for turn, score in course.points:
        x = across.at(turn) + aside
        yield from _interval(x, score, scale)
        yield _sign(place, x, scale.at(score.mean))
    for turn in course.left_out:
        yield _text("×", across.at(turn) + aside, scale.start - 0.8, TEXT, text_anchor="middle", class_="quiet")


def _interval(x: float, score: Score, scale: Axis) -> Iterator[Node]:
    if score.low is None or score.high is None:
        return
    low, high = scale.at(score.low), scale.at(score.high)
    caps = "".join(f"M{x - 0.5:.2f} {y:.2f}h1" for y in (low, high))
    path = f"{caps}M{x:.2f} {low:.2f}V{high:.2f}"
    yield element("path", d=path, class_="line persona", fill="none", stroke="#000", stroke_width=0.2)


def _sign(place: int, x: float, y: float) -> Element:
    """Draw the mark of a course: a filled circle, or an open square."""
    if place == 0:
        return element("circle", cx=x, cy=y, r=0.8, class_="mark persona", fill="#000", stroke="#000", stroke_width=0.2)
    return element(
        "rect", x=x - 0.75, y=y - 0.75, width=1.5, height=1.5, class_="mark uniform", fill="#fff", stroke="#000",
        stroke_width=0.25,
    )  # fmt: skip


def _signs(found: Sequence[Course]) -> Iterator[str]:
    """Yield where the dotted lines are, what marks mean that are in this figure, and which turns have no point."""
    for course in found:
        if course.reference is not None:
            yield f"Dotted line of {course.name}: {with_interval(course.reference, decimals=COMPACT)}."
    if any(course.left_out for course in found):
        yield "× below: not sound, no point."
    for course in found:
        if course.left_out:
            turns = ", ".join(map(str, course.left_out))
            yield (
                f"{course.name}: not sound after turn {turns}."
                if course.points
                else f"{course.name}: no turn is sound."
            )


def _described(found: Sequence[Course]) -> Iterator[str]:
    for course in found:
        if course.nothing:
            yield f"{course.name}: {course.nothing}."
        for turn, score in course.points:
            yield f"{course.name}, turn {turn}: alignment {with_interval(score, decimals=COMPACT)}."
        if course.reference is not None:
            yield f"{course.reference_name}: {with_interval(course.reference, decimals=COMPACT)}."


def _broken(text: str) -> list[str]:
    return lines(text, SMALL, WIDTH - 2 * MARGIN) if text else []


def _text(text: str, x: float, y: float, size: float, **attributes: str | None) -> Element:
    return element("text", text, x=x, y=y, font_size=size, **attributes)
