"""The round of probes that is under way: what it asks, what it found, and how long that took.

What is known at one moment of measuring a conversation, for the screen and the line mode.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from chat_personas.monitor.drift import CoursePoint, Drift, Trajectory, turn_values
from chat_personas.monitor.history import EarlierRound, SameRound, latest_answers
from chat_personas.monitor.planning import ProbePlan
from eval.answers import REFUSALS_ONLY, Answer, Failure
from eval.engine import Message
from eval.scoring.scores import Scorecard
from eval.surveys.model import Question
from personas import Group


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


LEAST_FOR_SPEED = 5
"""Fewer questions than this do not tell how long one takes."""


@dataclass(slots=True)
class ProbeRound:
    """What one round asks and has found; `scored` is a scorecard and of how many answers it is, set together.

    `clock` gives seconds and may stand still while the model does something else: the round is timed by it. `same` is
    what this very measurement gave before: it counts as answered, and is not asked again.
    """

    conversation_id: str | None
    message_id: str | None
    context: tuple[Message, ...]
    turn: int
    planned: tuple[Question, ...]
    earlier: tuple[EarlierRound, ...]
    course: Trajectory = field(default_factory=Trajectory)
    same: SameRound = field(default_factory=SameRound)
    clock: Callable[[], float] = time.monotonic
    began: datetime = field(default_factory=lambda: datetime.now(UTC))
    answers: list[Answer] = field(init=False)
    failures: list[Failure] = field(init=False)
    scored: tuple[int, Scorecard | None] = (0, None)
    others: dict[str, tuple[int, Answer]] = field(init=False)
    _began: float = field(init=False)
    _last: float = 0.0

    def __post_init__(self) -> None:
        """Find the latest answers to the questions that this round does not ask, with their turns."""
        self._began = self.clock()
        self.answers, self.failures = [*self.same.answers], [*self.same.failures]
        self.plan(self.planned)

    def plan(self, planned: tuple[Question, ...]) -> None:
        """Let the round ask `planned`, among them all that it asked so far."""
        asked = {question.id for question in planned}
        latest = latest_answers(self.earlier)
        self.planned, self.others = planned, {name: found for name, found in latest.items() if name not in asked}

    def missing(self, questions: Sequence[Question]) -> tuple[Question, ...]:
        """Return those of `questions` that are neither answered nor failed."""
        done = SameRound(tuple(self.answers), tuple(self.failures)).asked
        return tuple(question for question in questions if question.id not in done)

    def take(self, outcome: Answer | Failure) -> None:
        """Keep what came of one question."""
        self._last = self.clock()
        if isinstance(outcome, Answer):
            self.answers.append(outcome)
        else:
            self.failures.append(outcome)

    @property
    def done(self) -> int:
        """How many of the planned questions are answered or failed."""
        return len(self.answers) + len(self.failures)

    @property
    def asked_now(self) -> int:
        """How many of those the model was asked in this round itself."""
        return self.done - len(self.same.asked)

    @property
    def finished(self) -> bool:
        """Whether all that was planned is done."""
        return self.done == len(self.planned)

    @property
    def all_answers(self) -> Sequence[Answer]:
        """This round's answers and, for questions that it does not ask, the latest earlier ones."""
        return [*self.answers, *(answer for _, answer in self.others.values())]

    def coverage(self, agenda: ProbePlan) -> Coverage:
        """Say how much of the survey `all_answers` and the failures are, and of which turn."""
        older = sum(turn < self.turn for turn, _ in self.others.values())
        this_turn = self.done + len(self.others) - older
        return Coverage(len(agenda.questions), len(agenda.anchors), this_turn, older)

    def ended(self, questions: Sequence[Question], groups: Sequence[Group]) -> EarlierRound:
        """Return the round as later ones look back on it: only what it asked itself, of the survey's `questions`."""
        answers = {answer.question_id: answer for answer in tuple(self.answers)}
        asked = {*answers, *(failure.question_id for failure in tuple(self.failures))}
        return EarlierRound(turn_values(self.turn, questions, groups, asked, answers.values()), answers)

    @property
    def dropped_messages(self) -> int:
        """How many of the oldest messages the model did not see."""
        return max((answer.dropped_messages for answer in self.answers), default=0)

    @property
    def scorecard(self) -> Scorecard | None:
        """The newest scorecard; None before the first answer."""
        return self.scored[1]

    @property
    def refused(self) -> tuple[Failure, ...]:
        """The questions of this round that were answered with refusals only; they count in the refusal alone."""
        asked = {answer.question_id for answer in tuple(self.answers)}
        refused = () if self.scorecard is None else self.scorecard.refused
        return tuple(Failure(one.id, REFUSALS_ONLY) for one in refused if one.id in asked)

    @property
    def seconds_per_question(self) -> float | None:
        """How long a question took by the clock, up to the last one done; None where they were too few to tell."""
        if self.asked_now < LEAST_FOR_SPEED:
            return None
        return max(1e-6, (self._last - self._began) / self.asked_now)
