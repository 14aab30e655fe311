"""What a debate came to: its document, and the same in words, as a figure (SVG) and as a page (HTML).

The course of a side is its alignment with its own group after each of its turns, over the questions that were answered
after all of them, beside what everyone's answers score on these. A turn whose answers are not sound has no point, and a
side whose newest measurement is not sound has none at all.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from chat_personas import __version__
from chat_personas.reporting.conversation_copy import TURN_RULES
from chat_personas.reporting.html.layout import CAUTION, bullets, definitions, table, titled, warning, whole_page
from chat_personas.reporting.markup import Element, Node, element
from chat_personas.reporting.numbers import COMPACT, p_value, with_interval
from chat_personas.reporting.svg.courses import Course, CoursesFigure, courses, courses_document
from chat_personas.reporting.verdicts import not_shown, why_not_shown
from chat_personas.reporting.wording.conversations import STATUS
from chat_personas.reporting.wording.measurements import (
    DEMONSTRATION,
    EVERYONE,
    UNCHANGED,
    change_written,
    figures_described,
    groups_label,
    model_described,
    sentence,
)
from chat_personas.text import pluralize, printable
from eval.report import ModelInfo, PersonaInfo, SurveyInfo
from eval.report.build import persona_info, survey_info
from eval.scoring.intervals import MIN_QUESTIONS
from eval.scoring.results import Document, PairedScore, Part, Score
from personas import LoadedPersona

if TYPE_CHECKING:
    from chat_personas.conversation.conversation import Conversation
    from chat_personas.conversation.debate import Debate
    from chat_personas.monitor.monitor import Estimate
    from eval.surveys.loading import LoadedSurvey

SIDES: tuple[Literal["first", "second"], ...] = ("first", "second")
NOT_MEASURED = "not measured"
NOT_TO_RANK = "each side is compared with its own group: the two are not to be ranked"
ONE_DEBATE = "one debate is one draw: the same personas argue otherwise with another seed, model or topic"


class DebateTurn(Part):
    """Something that was said."""

    round: int
    """The round in which it was said, from 1."""
    speaker: Literal["moderator", "first", "second"]
    """Who said it: the side that began, the other one, or the person who moderates."""
    author: Literal["person", "model"]
    """Who wrote the words: the moderator is a person, each side a model."""
    text: str
    """The words."""
    status: str
    """How the turn ended: `complete`, `stopped`, `interrupted` or `error`; `complete` for the moderator."""
    message: str
    """Its key in the corpus; the moderator's words have another one in the conversation of the second side."""


class DebatePoint(Part):
    """The alignment of a side after one of its turns."""

    turn: int
    """How many turns the side had had; 0 before anything was said."""
    alignment: Score
    """Its alignment with its group, over the `questions` of the course."""


class DebateDrift(Part):
    """How far the alignment of a side moved from its first measured turn to its last."""

    first_turn: int
    """The turn that the last one is compared with."""
    turn: int
    """The last measured turn."""
    difference: PairedScore
    """The alignment then minus the alignment at first, paired by question; its interval holds with `level`."""
    level: float
    """The level of the interval and of the test, which allows for a look after every turn."""
    detectable: bool
    """Whether interval and test agree, at this level, that the alignment changed."""


class DebateCourse(Part):
    """How a side's answers to the survey moved in the debate."""

    points: tuple[DebatePoint, ...]
    """Its alignment after each measured turn whose answers are sound; none where `why` says something."""
    left_out: tuple[int, ...]
    """The turns whose answers are not sound."""
    questions: int
    """The questions that were answered after every turn with a point."""
    everyone: Score | None
    """What everyone's answers score on these questions; null for a persona that stands for nobody."""
    drift: DebateDrift | None
    """From the first point to the last; null with fewer than two."""
    why: str | None
    """Why there is no point; null where there is one."""


class DebateSide(Part):
    """One side of the debate."""

    persona: PersonaInfo
    """The persona."""
    title: str
    """How it is called in the debate."""
    steering: str
    """How the model is steered to it."""
    model: ModelInfo
    """The model that spoke for it."""
    conversation: str
    """Its conversation in the corpus."""
    course: DebateCourse | None
    """How its answers moved; null where it was not measured."""


class DebateReport(Document):
    """A debate, and the course of both sides (`debate --json`)."""

    schema_: Literal["chat-personas/debate@1"] = Field(default="chat-personas/debate@1", alias="schema")
    """Always `"chat-personas/debate@1"`."""
    created: str
    """When the document was made (UTC, ISO 8601)."""
    version: str
    """The version of this program."""
    debate: str
    """The key of the debate in the corpus."""
    topic: str
    """What was argued about: the moderator's first words."""
    rounds: int
    """How many rounds the debate is to have."""
    ended: bool
    """Whether it had them."""
    seed: int | None
    """The seed of the replies; null where each was drawn with another."""
    survey: SurveyInfo | None
    """The survey that both sides were measured with; null where they were not measured."""
    sides: tuple[DebateSide, DebateSide]
    """The two sides, first the one that began."""
    said: tuple[DebateTurn, ...]
    """All that was said, in its order."""


def debate_report(
    debate: "Debate",
    measured: "Sequence[Estimate | None]",
    survey: "LoadedSurvey | None" = None,
    *,
    seed: int | None = None,
) -> DebateReport:
    """Return what a debate came to so far; `measured` is the newest complete estimate of each side."""
    asked = survey is not None and any(estimate is not None for estimate in measured)
    first, second = (
        _side(side, name, estimate) for side, name, estimate in zip(debate.sides, debate.names, measured, strict=True)
    )
    return DebateReport(
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        version=__version__,
        debate=debate.id,
        topic=debate.topic,
        rounds=debate.rounds,
        ended=debate.next_place is None,
        seed=seed,
        survey=survey_info(survey, survey.survey.questions) if survey is not None and asked else None,
        sides=(first, second),
        said=tuple(
            DebateTurn(
                round=one.round,
                speaker="moderator" if one.place is None else SIDES[one.place],
                author=one.message.author,
                text=one.message.text,
                status=one.message.status,
                message=one.message.id,
            )
            for one in debate.said()
        ),
    )


def _side(side: "Conversation", name: str, estimate: "Estimate | None") -> DebateSide:
    persona = side.persona
    return DebateSide(
        persona=persona_info(LoadedPersona(persona, Path(f"{persona.name}.toml"), side.persona_sha256)),
        title=name,
        steering=persona.steering,
        model=ModelInfo.model_validate(side.engine.info),
        conversation=side.id,
        course=None if estimate is None else course_of(estimate),
    )


def course_of(estimate: "Estimate") -> DebateCourse:
    """Return the course that a complete estimate ends, with points only where they may be shown."""
    found, card, drift = estimate.trajectory, estimate.scorecard, estimate.drift
    why: str | None = None
    if card is None:
        why = estimate.message or "nothing was answered"
    elif not_shown(card):
        why = why_not_shown(card, estimate)
    elif not found.points:
        why = "no turn is sound" if found.left_out else estimate.message or "no human figures"
    elif found.questions < MIN_QUESTIONS:
        why = f"no interval: only {pluralize(found.questions, 'question')} in common, and {MIN_QUESTIONS} are needed"
    if why is not None:
        return DebateCourse(
            points=(), left_out=found.left_out, questions=found.questions, everyone=None, drift=None, why=why
        )
    return DebateCourse(
        points=tuple(DebatePoint(turn=point.turn, alignment=point.alignment) for point in found.points),
        left_out=found.left_out,
        questions=found.questions,
        everyone=found.everyone,
        drift=None
        if drift is None
        else DebateDrift(
            first_turn=drift.first_turn,
            turn=drift.turn,
            difference=drift.difference,
            level=drift.level,
            detectable=drift.detectable,
        ),
        why=None,
    )


# In words


def speaker_named(report: DebateReport, turn: DebateTurn) -> str:
    """Name who said something."""
    return "Moderator" if turn.speaker == "moderator" else printable(report.sides[SIDES.index(turn.speaker)].title)


def people_of(side: DebateSide) -> str:
    """Name the people that a side is compared with: `Democrat answers`, or `everyone's answers`."""
    return f"{groups_label(side.persona.groups)} answers" if side.persona.groups else EVERYONE


def reference_of(side: DebateSide) -> str:
    """Name what stands beside a side's course."""
    return f"{EVERYONE} against {people_of(side)}"


def moved(side: DebateSide) -> str:
    """Say in one line how far a side's answers moved, or why that cannot be said."""
    course, name = side.course, printable(side.title)
    if course is None:
        return f"{name}: {NOT_MEASURED}"
    if course.why is not None:
        return f"{name}: {course.why}"
    if course.drift is None:
        point = course.points[-1]
        return f"{name}: alignment {_two(point.alignment)} after turn {point.turn}, and no other turn to compare with"
    drift = course.drift
    turns = f"from turn {drift.first_turn} to turn {drift.turn}"
    difference = change_written(drift.difference)
    change = "a detectable change" if drift.detectable else "no detectable change"
    moved = f"no change in alignment {turns}"
    if difference != UNCHANGED:
        moved = f"alignment changed by {difference} {turns}, {change}"
    tested = f"{100 * drift.level:.3g}% interval, p {p_value(drift.difference.p)}"
    return f"{name}: {moved} ({tested}, {pluralize(course.questions, 'question')})"


def circumstances(report: DebateReport) -> Iterator[str]:
    """Yield what a reader must know before any figure, most important first."""
    if any(side.model.demonstration for side in report.sides):
        yield DEMONSTRATION
    models = dict.fromkeys(model_described(side.model) for side in report.sides)
    yield f"simulated by {' and '.join(models)}, not people; {ONE_DEBATE}"
    if report.survey is not None:
        yield f"survey {printable(report.survey.name)} ({figures_described(report.survey)}); {NOT_TO_RANK}"


def course_lines(side: DebateSide) -> Iterator[str]:
    """Yield the course of a side, a line for each turn with a point."""
    yield moved(side)
    if side.course is None or side.course.why is not None:
        return
    for point in side.course.points:
        yield f"  turn {point.turn}  {_two(point.alignment)}"
    if side.course.left_out:
        yield f"  not sound, so without a point: turn {', '.join(map(str, side.course.left_out))}"
    if side.course.everyone is not None:
        yield f"  {reference_of(side)}: {_two(side.course.everyone)}"


def _two(score: Score) -> str:
    return with_interval(score, decimals=COMPACT)


# The figure


def figure_document(report: DebateReport) -> str:
    """Return the figure of both courses as a self-contained SVG file; the same report gives the same bytes."""
    return courses_document(_drawn(report))


def figure(report: DebateReport) -> Element:
    """Draw the alignment of both sides over their turns, each with its interval and its own reference."""
    return courses(_drawn(report))


def _drawn(report: DebateReport) -> CoursesFigure:
    return CoursesFigure(
        f"Alignment in a debate: {printable(report.topic)}",
        [_course(side) for side in report.sides],
        max((turn for side in report.sides for turn in _turns_of(side)), default=report.rounds),
        [
            sentence(line)
            for line in (*map(moved, report.sides), "lines: 95% intervals over questions only", *circumstances(report))
        ],
    )


def _turns_of(side: DebateSide) -> Iterator[int]:
    if side.course is not None:
        yield from (point.turn for point in side.course.points)
        yield from side.course.left_out


def _course(side: DebateSide) -> Course:
    found, name = side.course, printable(side.title)
    if found is None:
        return Course(name, (), (), None, "", NOT_MEASURED)
    points = [(point.turn, point.alignment) for point in found.points]
    return Course(name, points, found.left_out, found.everyone, reference_of(side), found.why or "")


# The page


def page_document(report: DebateReport) -> str:
    """Return the page as HTML: both courses in one figure, what was said, every figure as a table, how it was made."""
    about, *remarks = circumstances(report)
    header = element(
        "header",
        element("h1", printable(report.topic)),
        element(
            "p", f"A debate between {' and '.join(printable(side.title) for side in report.sides)}", class_="about"
        ),
        warning(about),
        [element("p", sentence(remark), class_="about") for remark in remarks],
        element("p", CAUTION, class_="note"),
    )
    measured = report.survey is not None
    main = element(
        "main",
        element("div", figure(report), class_="figure") if measured else None,
        titled("How far they moved", [bullets([sentence(moved(side)) for side in report.sides])] if measured else []),
        titled("What was said", [_part(report, turn) for turn in report.said]),
        titled("Every turn", [_figures(report)] if measured else []),
        titled("How it was made", [_made(report)]),
    )
    return whole_page(f"Debate: {printable(report.topic)}", [header, main], TURN_RULES)


def _part(report: DebateReport, turn: DebateTurn) -> Element:
    ended = STATUS.get(turn.status)
    kind = "a person" if turn.author == "person" else "a model"
    return element(
        "section",
        element("h4", f"{speaker_named(report, turn)} ({kind}{f', {ended}' if ended else ''})"),
        element("div", printable(turn.text), class_="words"),
        class_="turn reply" if turn.author == "model" else "turn",
    )


def _figures(report: DebateReport) -> Element:
    heads = ("", *(printable(side.title) for side in report.sides))
    turns = sorted({turn for side in report.sides for turn in _turns_of(side)})
    rows = [(f"turn {turn}", *(_cell(side, turn) for side in report.sides)) for turn in turns]
    references = [_everyone(side) for side in report.sides]
    return table("Alignment with its own group", heads, [*rows, (EVERYONE, *references)])


def _cell(side: DebateSide, turn: int) -> str:
    course = side.course
    if course is None or course.why is not None:
        return NOT_MEASURED if course is None else "not shown"
    found = next((point for point in course.points if point.turn == turn), None)
    if found is None:
        return "not sound" if turn in course.left_out else NOT_MEASURED
    return with_interval(found.alignment)


def _everyone(side: DebateSide) -> str:
    return with_interval(None if side.course is None else side.course.everyone)


def _made(report: DebateReport) -> Element:
    pairs: list[tuple[str, Node]] = []
    for name, side in zip(SIDES, report.sides, strict=True):
        about = f"{printable(side.persona.name)}, {side.steering}, on {model_described(side.model)}"
        pairs.append((f"{name} side", f"{about}; conversation {side.conversation}"))
    return definitions(
        [
            *pairs,
            ("rounds", f"{report.rounds}{'' if report.ended else ', not all of them were held'}"),
            ("seed", None if report.seed is None else str(report.seed)),
            ("made", report.created),
            ("program", f"chat-personas {report.version}"),
        ]
    )
