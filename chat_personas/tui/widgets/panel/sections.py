"""The sections of the panel below its headline: reference points, course, the inside, nearest groups, validity."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from textual.content import Content
from textual.message import Message
from textual.widget import Widget

from chat_personas.reporting.numbers import COMPACT, people, plain, signed_number
from chat_personas.reporting.verdicts import not_shown
from chat_personas.reporting.wording import measurements as wording
from chat_personas.reporting.wording.measurements import doubts, drifted, score_name
from chat_personas.reporting.wording.steering import (
    EXAGGERATION,
    PARTING,
    STEERED_BRIEFLY,
    fixed_described,
    push_described,
)
from chat_personas.text import pluralize, printable
from chat_personas.tui.drawing import (
    FIGURE_CELLS,
    NAME_CELLS,
    NOISE_FLOOR,
    OPPOSITE,
    PERSONA,
    POPULATION,
    STYLES,
    UNIFORM,
    Mark,
    Range,
    axis_row,
    fitted,
    interval_line,
    line_cells,
    mean_of,
    score_row,
    stacked,
    with_interval,
)

if TYPE_CHECKING:
    from textual.events import Click, Resize
    from textual.geometry import Size

    from chat_personas.monitor.drift import CoursePoint, Drift
    from chat_personas.monitor.inside import Inside
    from eval.scoring.scores import Scorecard

FIRST_WIDTH = 44


FOLDED, UNFOLDED = "▸", "▾"


class Section(Widget):
    """A titled part of the panel, as high as its content; hidden while it has none, or `left_out` of the compact form.

    Folded, only its title is there. The chosen section, the one under the cursor, has a heavy line.
    """

    FOLDS = True

    @dataclass
    class Clicked(Message):
        """A section was clicked: on its title, or below it."""

        section: "Section"
        on_title: bool

    def __init__(self, title: str, name: str) -> None:
        super().__init__(id=name, classes="section")
        self.display = False
        self.folded = self.left_out = False
        self._title = title
        self._drawn_height = self._drawn_width = 0
        self.entitle(title)

    def draw(self, width: int) -> Content | None:
        """Return what to show in `width` cells, or None for nothing."""
        raise NotImplementedError

    def entitle(self, title: str) -> None:
        """Show a title, which is never parsed as markup, after the sign of whether the section is folded."""
        self._title = title
        sign = f"{FOLDED if self.folded else UNFOLDED} " if self.FOLDS else ""
        self.border_title = Content(f"{sign}{title}").markup

    def fold(self, *, folded: bool) -> None:
        """Show the title alone, or the content below it again."""
        self.folded = folded
        self.entitle(self._title)
        self.changed()

    def leave_out(self, *, left_out: bool) -> None:
        """Hide the whole section, or show it again."""
        if left_out != self.left_out:
            self.left_out = left_out
            self.changed()

    def changed(self) -> None:
        """Show what `draw` now returns. The screen is laid out again only if the height has changed."""
        content = None if self.left_out else self.draw(self._cells)
        empty = content is None or self.folded
        height = 0 if empty or content is None else content.get_height(self.styles.get_rules(), self._cells)
        self.display = content is not None
        self.refresh(layout=height != self._drawn_height)
        self._drawn_height = height

    def render(self) -> Content:
        """Draw for the present width."""
        return Content() if self.folded else self.draw(self._cells) or Content()

    def get_content_height(self, container: "Size", viewport: "Size", width: int) -> int:
        """Return the height below the title: none of a folded section."""
        return 0 if self.folded else super().get_content_height(container, viewport, width)

    def on_click(self, event: "Click") -> None:
        """Let the panel put the cursor here, and fold or unfold after a click on the title."""
        self.post_message(self.Clicked(self, on_title=event.y == 0))

    def on_resize(self, event: "Resize") -> None:
        """Draw again if the width is another one: rows are made for a width."""
        if event.size.width != self._drawn_width:
            self._drawn_width = event.size.width
            self.refresh(layout=True)

    @property
    def _cells(self) -> int:
        return self.content_size.width or FIRST_WIDTH


def scale(card: "Scorecard", width: int, *, complete: bool = True) -> Content | None:
    """Draw the persona's alignment above those of the reference points; None without figures for the group.

    What speaks against the persona is said of a `complete` round only: a round looks at its figures many times.
    """
    if card.scores.alignment is None or card.references is None:
        return None
    found, against = card.references, card.scores_against_opposite
    opposite = against.group.label if against else ""
    references = [
        (wording.EVERYONE, POPULATION, found.population),
        (wording.answers_of(opposite), OPPOSITE, found.opposite),
        (wording.EVEN, UNIFORM, found.uniform),
        (wording.NOISE_FLOOR, NOISE_FLOOR, found.noise_floor),
    ]
    guide = found.population.alignment if found.population else None
    at = guide.mean if guide else None
    rows = [score_row(wording.THIS_PERSONA, PERSONA, card.scores.alignment, width, at)]
    for name, glyph, reference in references:
        if reference is not None and reference.alignment is not None:
            rows.append(score_row(name, glyph, reference.alignment, width, at))
    rows.append(axis_row(width))
    rows.append(Content.styled(wording.REFERENCES_EXPLAINED, "dim"))
    if found.opposite is not None and found.opposite.alignment is not None:
        rows.append(Content.styled(f"{wording.answers_of(opposite)}: {wording.AS_THE_PERSONAS}", "dim"))
    if against is not None and against.alignment is not None:
        rows.append(Content(f"{wording.against_opposite(opposite)}\n  {with_interval(against.alignment)}"))
    said = doubts(against, found, card.group_sample, of_everyone=card.groups == ()) if complete else ()
    return stacked([*rows, *(Content.styled(f"! {line}", "$warning") for line in said)])


class ScaleSection(Section):
    """The persona compared with everyone's answers, the opposite group's, even answers and the noise floor."""

    def __init__(self) -> None:
        super().__init__("Compared with reference points", "scale")
        self._card: Scorecard | None = None
        self._complete = False

    def show(self, card: "Scorecard | None", *, complete: bool) -> None:
        """Show the reference points of `card`, the scorecard of a round that is `complete` or under way."""
        self._card, self._complete = card, complete
        self.changed()

    def draw(self, width: int) -> Content | None:
        """Draw the rows."""
        return None if self._card is None else scale(self._card, width, complete=self._complete)


TURNS_SHOWN = 6


def course(
    points: Sequence["CoursePoint"], drift: "Drift | None", width: int, population: float | None
) -> Content | None:
    """Draw one row per measured turn, and under them the `drift` from the first to the newest; None without a turn.

    Of more turns than `TURNS_SHOWN`, only the first and the newest are drawn.
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
    first, *others = drifted(drift, decimals=COMPACT)
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


INSIDE = Range(-0.5, 1.5)
"""The scale of projections: the poles of a direction are 0 and 1, and a reply may lie outside."""
CHANGE = Range(-0.5, 0.5)
"""The one scale on which the inside and the survey answers are drawn as they change."""
AT_POLE = "◆"


def inside(found: "Inside", drift: "Drift | None", width: int) -> Content:
    """Draw where the replies lie between the poles, and on one scale how they and the survey answers have moved."""
    if found.fixed is not None:
        return Content(fixed_described(found.fixed))
    names = found.direction.pole_names or ("negative pole", "positive pole")
    around = [_row_on(INSIDE, printable(name), AT_POLE, Span(at, found.spread), width) for at, name in enumerate(names)]
    shown = found.points if len(found.points) <= TURNS_SHOWN else (found.points[0], *found.points[1 - TURNS_SHOWN :])
    turns = [_row_on(INSIDE, f"turn {each.turn}", PERSONA, Span(each.projection, None), width) for each in shown]
    rows = [*around, *turns, axis_row(width, INSIDE)]
    if (pushed := push_described(found)) is not None:
        rows.append(Content.styled(pushed, "dim"))
    if found.spread is not None:
        rows.append(Content.styled(f"◆ poles, with the spread of held-out texts ({found.spread:.2f})", "dim"))
    if found.change is not None:
        own = printable(names[found.toward])
        rows.append(Content(f"since turn {found.points[0].turn}, toward {own}:"))
        rows.append(_row_on(CHANGE, "inside", PERSONA, Span(found.change, None), width, sign="+"))
        if drift is not None:
            survey = Span(drift.difference.mean, None, drift.difference.low, drift.difference.high)
            rows.append(_row_on(CHANGE, f"survey, from turn {drift.first_turn}", POPULATION, survey, width, sign="+"))
        rows.append(axis_row(width, CHANGE))
    if (parted := found.parting(drift)) is not None:
        rows.append(Content.styled(f"! {PARTING[parted]}", "$warning"))
    return stacked(rows)


class Span(NamedTuple):
    """A value to draw: with a spread to both sides, or with the ends of its interval."""

    value: float
    spread: float | None
    low: float | None = None
    high: float | None = None


def _row_on(scale: Range, name: str, glyph: str, span: Span, width: int, sign: str = "") -> Content:
    low, high = span.low, span.high
    if span.spread is not None:
        low, high = span.value - span.spread, span.value + span.spread
    guide = 0.0 if sign else None
    line = interval_line(Mark(span.value, low, high, glyph), line_cells(width), scale, guide)
    style = STYLES.get(glyph, "")
    written = signed_number(span.value, decimals=COMPACT) if sign else plain(span.value, decimals=COMPACT)
    figure = written.rjust(FIGURE_CELLS)
    return Content.assemble((fitted(f"{glyph} {name}", NAME_CELLS), style), (line, style), figure)


class InsideSection(Section):
    """Where the replies lie along the persona's direction, and how that moves beside the survey answers."""

    def __init__(self) -> None:
        super().__init__("Inside", "inside")
        self._found: Inside | None = None
        self._drift: Drift | None = None

    def show(self, found: "Inside | None", drift: "Drift | None") -> None:
        """Show what the needle `found`, beside the `drift` of the survey answers."""
        self._found, self._drift = found, drift
        if found is not None:
            self.entitle(f"Inside: {printable(found.direction.name)}, layer {found.layer}")
        self.changed()

    def draw(self, width: int) -> Content | None:
        """Draw the rows."""
        return None if self._found is None else inside(self._found, self._drift, width)


GROUPS_SHOWN = 5
INTERVAL_CELLS = 17


def nearest(card: "Scorecard", width: int, *, complete: bool = True) -> Content | None:
    """List the nearest groups, those of a `complete` round that are tied marked `=`; None before there are any.

    A tie is decided by paired differences between groups, not by the intervals that stand beside them.
    """
    if not card.nearest:
        return None
    own = set(card.groups or ())
    rows = []
    for near in card.nearest[:GROUPS_SHOWN]:
        sign = "=" if near.tied and complete else " "
        name = fitted(f"{sign} {near.group.label}", max(8, width - INTERVAL_CELLS - 1))
        figure = with_interval(near.alignment)
        rows.append(Content.assemble((name, "bold $accent" if near.group in own else ""), " ", figure))
    tied = sum(near.tied for near in card.nearest)
    if not card.nearest[0].alignment.bounded:
        return Content.styled(wording.too_few(wording.TO_RANK), "dim")
    if not complete:
        return stacked([*rows, Content.styled(wording.TIES_LATER, "dim")])
    over = pluralize(card.nearest_questions, "question")
    if tied > 1:
        result = f"= tied: {tied} of {len(card.nearest)} groups may be the nearest\n(by paired differences over {over})"
    else:
        result = f"the nearest is clearly first ({over})"
    rows.append(Content.styled(result, "dim"))
    return stacked(rows)


class NearestSection(Section):
    """The groups whose answers are nearest to the persona's, with ties."""

    def __init__(self) -> None:
        super().__init__("Nearest groups", "nearest")
        self._card: Scorecard | None = None
        self._complete = False

    def show(self, card: "Scorecard | None", *, complete: bool) -> None:
        """Show the groups of `card`, the scorecard of a round that is `complete` or under way."""
        self._card, self._complete = card, complete
        self.changed()

    def draw(self, width: int) -> Content | None:
        """Draw the list."""
        return None if self._card is None else nearest(self._card, width, complete=self._complete)


COLLAPSED = 0.5
"""A spread ratio below this is flagged: the model concentrates on one option far more than people do."""


def validity(card: "Scorecard") -> Content:
    """List how the model answered and, of a sound measurement, the other scores; flag what is doubtful."""
    scores = card.scores
    invalid = sum(not question.valid for question in card.questions)
    sound = not not_shown(card)
    rows = [
        *(_closeness(card) if sound else ()),
        _row("label mass", mean_of(scores.label_mass)),
        _row("refusals", f"{mean_of(scores.refusal)}, people {mean_of(scores.human_refusal)}"),
        _row("order bias", mean_of(scores.order_bias)),
        *(_agreement(card) if sound else ()),
    ]
    if invalid:
        rows.append(_row("not valid", f"! {invalid} of {pluralize(len(card.questions), 'question')}", flagged=True))
        if sound:
            rows.append(_row("valid only", "alignment " + with_interval(card.scores_valid_only.alignment)))
    return stacked(rows)


def _closeness(card: "Scorecard") -> Iterator[Content]:
    """Yield the scores beside the alignment."""
    scores = card.scores
    yield _row("total variation", with_interval(scores.total_variation))
    yield _row("skill", with_interval(scores.skill) if scores.skill else "— not known")
    yield _row(score_name("worth"), people(scores.worth))
    if card.effect is not None and card.effect.slope is not None and card.effect.slope_sound:
        yield _row(EXAGGERATION, with_interval(card.effect.slope))
        if told := STEERED_BRIEFLY.get(card.effect.finding):
            yield _row("", told, flagged=card.effect.finding in ("not_steered", "moves_away"))
    ratio = scores.entropy_ratio
    low = ratio is not None and ratio.mean < COLLAPSED
    collapsed = " ! collapses on one option" if low else ""
    yield _row(score_name("entropy_ratio"), mean_of(ratio) + collapsed, flagged=low)


def _agreement(card: "Scorecard") -> Iterator[Content]:
    """Yield the order agreement, flagged where the answers depend on the letters, too."""
    agreement = card.verdict.order_agreement
    if agreement is not None:
        warned = card.verdict.finding == "sound_with_warning"
        doubt = " ! depends on letters, too" if warned else ""
        yield _row("order agreement", mean_of(agreement) + doubt, flagged=warned)


def _row(name: str, figure: str, *, flagged: bool = False) -> Content:
    return Content.assemble((f"{name:<16}", "dim"), (figure, "bold $warning" if flagged else ""))


class ValiditySection(Section):
    """Whether the alignment can be trusted: other scores, and flags."""

    def __init__(self) -> None:
        super().__init__("Validity", "validity")
        self._card: Scorecard | None = None
        self._source = ""

    def show(self, card: "Scorecard | None", source: str) -> None:
        """Show the scores of `card`; `source` describes the survey data that they are compared with."""
        self._card, self._source = card, source
        self.changed()

    def draw(self, width: int) -> Content | None:
        """Draw the rows, and under them the source of the survey data."""
        if self._card is None:
            return None
        return stacked([validity(self._card), *([Content.styled(self._source, "dim")] if self._source else [])])
