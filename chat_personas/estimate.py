"""What is known at one moment of measuring a conversation, for the screen and the line mode."""

from dataclasses import dataclass

from chat_personas.course import CoursePoint, Drift
from eval.answers import Failure
from eval.scoring.scores import Scorecard


@dataclass(frozen=True, slots=True)
class Coverage:
    """How much of the survey the figures rest on, and from when.

    `questions` is how many the survey has, `anchors` how many of them every round asks. Of those with an answer or a
    failure, `this_turn` were asked after the newest turn, `older` after an earlier one.
    """

    questions: int
    anchors: int
    this_turn: int
    older: int = 0

    @property
    def measured(self) -> int:
        """How many questions the figures rest on."""
        return self.this_turn + self.older


@dataclass(frozen=True, slots=True)
class Estimate:
    """What is known so far in a round.

    `done` of `total` questions that this round asks are answered or failed; `failures` are also those answered with
    refusals only, which count in the scorecard's refusal alone. `scorecard` is over this round's answers
    and, for questions that it does not ask, over their latest answers from earlier turns: `coverage` says how many
    those are. It is None until the round's first answer. `message` says what is missing or particular, for the
    screen. `complete` marks the last estimate of a round; `turn` counts what the person has said. `course` and `drift`
    are over questions that every one of their turns was asked, and never mix turns. `from_before` of those done are
    answers that the very same measurement gave before, as when a conversation is opened again.
    """

    scorecard: Scorecard | None
    done: int
    total: int
    complete: bool
    failures: tuple[Failure, ...] = ()
    course: tuple[CoursePoint, ...] = ()
    message: str | None = None
    turn: int = 0
    drift: Drift | None = None
    coverage: Coverage | None = None
    from_before: int = 0
