"""The course of a conversation: how close the persona was to its group after each turn."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import TYPE_CHECKING

from eval.engine import EngineInfo
from eval.intervals import Interval
from eval.survey import LoadedSurvey
from personas import Group

if TYPE_CHECKING:
    from chat_personas.corpus import Corpus
    from chat_personas.corpus.rows import MeasurementRow


@dataclass(frozen=True, slots=True)
class CoursePoint:
    """Alignment after one turn of the conversation; turn 0 is before anything was said."""

    turn: int
    alignment: Interval


@dataclass(frozen=True, slots=True)
class Measure:
    """What must be the same for two rounds to be points of one course."""

    survey: LoadedSurvey
    groups: tuple[Group, ...]
    model: EngineInfo
    expression: str

    def made(self, row: "MeasurementRow") -> bool:
        """Say whether a round that the corpus keeps was measured so, and to its end."""
        groups = tuple((group.attribute, group.value) for group in row.groups)
        return (
            row.complete
            and row.survey_sha256 == self.survey.sha256
            and groups == tuple((group.attribute, group.value) for group in self.groups)
            and (row.model, row.model_sha256) == (self.model.name, self.model.sha256)
            and row.expression == self.expression
        )


def kept_course(corpus: "Corpus", message_id: str, measure: Measure) -> tuple[CoursePoint, ...]:
    """Return the points that the corpus keeps for the branch that ends with a message, by turn.

    A message that was measured more than once has its latest. Raises CorpusError.
    """
    branch = corpus.branch(message_id)
    said = accumulate(int(message.role == "user") for message in branch)
    turns = dict(zip((message.id for message in branch), said, strict=True))
    latest: dict[int, CoursePoint] = {}
    for row in corpus.measurements(branch[0].conversation_id):
        if row.message_id in turns and row.alignment is not None and measure.made(row):
            interval = Interval(row.alignment, row.alignment_low, row.alignment_high)
            latest[turns[row.message_id]] = CoursePoint(turns[row.message_id], interval)
    return tuple(latest[turn] for turn in sorted(latest))


def joined(*courses: Sequence[CoursePoint]) -> tuple[CoursePoint, ...]:
    """Return one course of several; where two have a point for a turn the later course's holds."""
    points = {point.turn: point for course in courses for point in course}
    return tuple(points[turn] for turn in sorted(points))
