"""One round of probes: what it asks and has found, and the estimate that the screen and the line mode show of it."""

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from chat_personas.engines.exact_prompt import ExactProbe
from chat_personas.monitor.drift import CoursePoint, Drift, Trajectory, turn_values
from chat_personas.monitor.history import (
    EarlierRound,
    Measure,
    RepeatedRound,
    RoundPlace,
    ids_of,
    latest_answers,
)
from eval.answers import REFUSALS_ONLY, Answer, Failure
from eval.expression.rendering import Rendered
from eval.scoring.scores import Scorecard
from eval.surveys.model import Question

LEAST_FOR_SPEED = 5
"""Fewer questions than this do not tell how long one takes."""


@dataclass(frozen=True, slots=True)
class Coverage:
    """How much of the survey the figures rest on, and of which turns.

    `questions` is how many the survey has, `anchors` how many of them every round asks. Of those that were answered,
    `this_turn` were asked after the newest turn, `older` after an earlier one.
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
    """What is known at one moment of a round.

    `done` of the `total` questions that this round asks are answered or failed, `failed` of these failed. `failures`
    also lists questions that were answered with refusals only, which count in the scorecard's refusal alone.
    `scorecard` rests on this round's answers, the `answered` ones, and, for questions that the round does not ask, on
    their latest answers from earlier turns: `coverage` says how many those are. It is None until the round's first
    answer. `message` says what is missing or particular, for the
    screen. `complete` marks the last estimate of a round. `turn` counts the person's messages, and `message_id` is the
    message that the round follows, None before the first one. `trajectory` is the course of the turns so far: it rests
    on questions that every one of its turns was asked, and never mixes turns. `from_before` of the `done` questions
    were answered by the same measurement earlier, as when a conversation is opened again. `first_part` says that the
    `total` may grow, up to all of the survey's: how many more are asked is settled once the model's speed is known.
    """

    scorecard: Scorecard | None
    done: int
    total: int
    complete: bool
    failures: tuple[Failure, ...] = ()
    message: str | None = None
    turn: int = 0
    message_id: str | None = None
    coverage: Coverage | None = None
    from_before: int = 0
    trajectory: Trajectory = field(default_factory=Trajectory)
    failed: int = 0
    first_part: bool = False

    @property
    def answered(self) -> int:
        """How many of this round's questions the figures rest on: those that were answered, in every order asked.

        It is the one count that people are shown.
        """
        return self.done - self.failed

    @property
    def course(self) -> tuple[CoursePoint, ...]:
        """The alignment by turn."""
        return self.trajectory.points

    @property
    def drift(self) -> Drift | None:
        """The change from the first of the turns to the last."""
        return self.trajectory.drift


@dataclass(frozen=True, slots=True)
class LastProbe:
    """What a round put to the model last: one question, in each order of its options.

    Attributes:
        question: the question, of the survey with this title.
        survey: that title.
        turn: how many messages of the person the round followed.
        orders: the prompts as they were made, each with the texts of its labels.
        sent: what the engine makes of them, in the same order.
        common: with how many tokens all prompts of the round begin.
        prompts: how many those are.
        answer: what came of the question, None before that.
        shares: how the probabilities of labels are obtained (`EngineInfo.label_shares`).
        server: whether a server was asked.
    """

    question: Question
    survey: str
    turn: int
    orders: tuple[Rendered, ...]
    sent: tuple[ExactProbe, ...]
    common: int
    prompts: int
    answer: Answer | Failure | None
    shares: str
    server: bool


@dataclass(slots=True)
class ProbeRound:
    """What one round asks and has found.

    `planned` are the questions that it asks, `earlier` the rounds before it on the branch. `reused` is what this very
    measurement found before: it counts as answered, and is not asked again. `requests` are the questions that the
    engine was asked, as they were handed to it. `clock` gives seconds and may stand still
    while the model does something else: the round is timed by it. `course` is that of the turns so far. `settled` says
    that no more is going to be asked than `planned`.
    """

    place: RoundPlace
    planned: tuple[Question, ...]
    earlier: tuple[EarlierRound, ...]
    course: Trajectory = field(default_factory=Trajectory)
    reused: RepeatedRound = field(default_factory=RepeatedRound)
    settled: bool = True
    clock: Callable[[], float] = time.monotonic
    began: datetime = field(default_factory=lambda: datetime.now(UTC))
    answers: list[Answer] = field(init=False)
    failures: list[Failure] = field(init=False)
    others: dict[str, tuple[int, Answer]] = field(init=False)
    scorecard: Scorecard | None = field(default=None, init=False)
    requests: list[tuple[Question, ...]] = field(default_factory=list, init=False)
    _latest: Answer | Failure | None = field(default=None, init=False)
    _scored_answers: int = field(default=0, init=False)
    _scoring: threading.Lock = field(default_factory=threading.Lock, init=False)
    _began: float = field(init=False)
    _last: float = field(default=0.0, init=False)

    def __post_init__(self) -> None:
        """Begin with what is reused."""
        self._began = self.clock()
        self.answers, self.failures = [*self.reused.answers], [*self.reused.failures]
        self.ask(self.planned)

    def ask(self, planned: tuple[Question, ...]) -> None:
        """Let the round ask `planned`, which includes all that it asked so far.

        Questions that it does not ask count with their latest answers: those are the `others`, with their turns.
        """
        asked = {question.id for question in planned}
        latest = latest_answers(self.earlier)
        self.planned, self.others = planned, {name: found for name, found in latest.items() if name not in asked}

    def missing(self, questions: Sequence[Question]) -> tuple[Question, ...]:
        """Return those of `questions` that are neither answered nor failed."""
        done = ids_of(self.answers, self.failures)
        return tuple(question for question in questions if question.id not in done)

    def take(self, outcome: Answer | Failure) -> None:
        """Add what came of one question."""
        self._last, self._latest = self.clock(), outcome
        if isinstance(outcome, Answer):
            self.answers.append(outcome)
        else:
            self.failures.append(outcome)

    @property
    def last_asked(self) -> tuple[Question, Answer | Failure | None] | None:
        """The question that the engine answered last, or is asked first, and what came of it; None before any."""
        asked = [question for request in self.requests for question in request]
        if self._latest is None:
            return (asked[0], None) if asked else None
        return next(question for question in asked if question.id == self._latest.question_id), self._latest

    def score(self, score: Callable[[Sequence[Answer]], Scorecard]) -> None:
        """Bring `scorecard` up to date by calling `score`, unless no answer came since it was last computed.

        Scoring takes time, so it runs in a thread. One thread scores at a time: if the task that waits for it is
        cancelled, the thread goes on, and must not overwrite a newer scorecard with an older one.
        """
        with self._scoring:
            count, answers = len(self.answers), self.all_answers
            if count > self._scored_answers:
                self.scorecard, self._scored_answers = score(answers), count

    def score_again(self, score: Callable[[Sequence[Answer]], Scorecard]) -> None:
        """Compute `scorecard` anew, because it rests on more than the answers of this round."""
        with self._scoring:
            self._scored_answers = 0
        self.score(score)

    @property
    def turn(self) -> int:
        """The turn that the round follows; 0 before the first message."""
        return self.place.turn

    @property
    def done(self) -> int:
        """How many of the planned questions are answered or failed."""
        return len(self.answers) + len(self.failures)

    @property
    def asked_now(self) -> int:
        """How many of those the model was asked in this round itself."""
        return self.done - len(self.reused.asked)

    @property
    def finished(self) -> bool:
        """Whether all that was planned is done."""
        return self.done == len(self.planned)

    @property
    def all_answers(self) -> Sequence[Answer]:
        """This round's answers and, for questions that it does not ask, the latest earlier ones."""
        return [*self.answers, *(answer for _, answer in self.others.values())]

    def coverage(self, questions: int, anchors: int) -> Coverage:
        """Say how much of the survey, which has `questions`, the answers are, and of which turns."""
        older = sum(turn < self.turn for turn, _ in self.others.values())
        this_turn = len(self.answers) + len(self.others) - older
        return Coverage(questions, anchors, this_turn, older)

    @property
    def dropped_messages(self) -> int:
        """How many of the oldest messages the model did not see."""
        return max((answer.dropped_messages for answer in self.answers), default=0)

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

    @property
    def so_far(self) -> RepeatedRound:
        """The round as a repetition of it would reuse it."""
        return RepeatedRound(tuple(self.answers), tuple(self.failures), self.finished)

    def ended(self, measure: Measure) -> EarlierRound:
        """Return the round as later ones look back on it: without answers from earlier turns."""
        answers, failures = tuple(self.answers), tuple(self.failures)
        questions = measure.survey.survey.questions
        values = turn_values(self.turn, questions, measure.groups, ids_of(answers, failures), answers, measure.seed)
        return EarlierRound(values, {answer.question_id: answer for answer in answers})
