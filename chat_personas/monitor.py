"""The live probing of a conversation: when, which probes, and the running estimate.

After each reply a round puts every question of the survey to the persona on a branch of the context, out of band. The
questions come in one seeded order, the same in every round, so that the part of a round that is done covers the topics
evenly and rounds compare question by question. A round that is cancelled keeps what it measured.
"""

import asyncio
import random
import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from operator import itemgetter
from typing import TYPE_CHECKING

from chat_personas.course import CoursePoint, Measure, joined, kept_course
from eval.answers import REFUSALS_ONLY, Answer, Failure
from eval.engine import Engine, Message
from eval.expression.log_probability import ask
from eval.figures import human_figures
from eval.rendering import ORDERS
from eval.scoring import Scorecard, score

if TYPE_CHECKING:
    from chat_personas.corpus import Corpus
    from eval.survey import LoadedSurvey
    from personas import Group

__all__ = ["CoursePoint", "Estimate", "Monitor"]

EXPRESSION = "log_probability"
SECONDS_BETWEEN_ESTIMATES = 0.4
NO_FIGURES = "no human figures for this group"
NO_LOG_PROBABILITIES = "this model gives no log-probabilities: it can be talked with, not measured"
UNSTEERED = "no group: compared with everyone"


@dataclass(frozen=True, slots=True)
class Estimate:
    """What is known so far in a round.

    `done` of `total` questions are answered or failed; `failures` are also those answered with refusals only, which
    count in the scorecard's refusal alone. `scorecard` is None until the first answer. `message` says
    what is missing or particular, for the screen. `complete` marks the last estimate of a round; `turn` counts what
    the person has said.
    """

    scorecard: Scorecard | None
    done: int
    total: int
    complete: bool
    failures: tuple[Failure, ...] = ()
    course: tuple[CoursePoint, ...] = ()
    message: str | None = None
    turn: int = 0


@dataclass(slots=True)
class _Round:
    """What one round has found; `scored` is a scorecard and of how many answers it is, set together."""

    message_id: str | None
    turn: int
    earlier: tuple[CoursePoint, ...]
    began: datetime = field(default_factory=lambda: datetime.now(UTC))
    answers: list[Answer] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    scored: tuple[int, Scorecard | None] = (0, None)

    def take(self, outcome: Answer | Failure) -> None:
        if isinstance(outcome, Answer):
            self.answers.append(outcome)
        else:
            self.failures.append(outcome)

    @property
    def done(self) -> int:
        return len(self.answers) + len(self.failures)

    @property
    def dropped_messages(self) -> int:
        return max((answer.dropped_messages for answer in self.answers), default=0)

    @property
    def scorecard(self) -> Scorecard | None:
        return self.scored[1]

    @property
    def refused(self) -> tuple[Failure, ...]:
        card = self.scorecard
        return () if card is None else tuple(Failure(refused.id, REFUSALS_ONLY) for refused in card.refused)

    @property
    def point(self) -> tuple[CoursePoint, ...]:
        alignment = self.scorecard.scores.alignment if self.scorecard is not None else None
        return () if alignment is None else (CoursePoint(self.turn, alignment),)


class Monitor:
    """Measures one persona in one conversation, one round at a time."""

    def __init__(
        self,
        engine: Engine,
        survey: "LoadedSurvey",
        groups: Sequence["Group"],
        *,
        corpus: "Corpus | None" = None,
        seed: int = 0,
    ) -> None:
        """Prepare to measure `groups` (empty: everyone) with every question of `survey`.

        Rounds are recorded in `corpus` if one is given. `seed` fixes the order of the questions and the resampling.
        """
        self._engine = engine
        self._survey = survey
        self._groups = tuple(groups)
        self._corpus = corpus
        self._seed = seed
        self._course: tuple[CoursePoint, ...] = ()
        self._recorded = asyncio.Event()
        self._recorded.set()
        self._questions = random.Random(seed).sample(survey.survey.questions, len(survey.survey.questions))
        self._with_figures = sum(human_figures(question, self._groups) is not None for question in self._questions)

    @property
    def survey(self) -> "LoadedSurvey":
        """The survey that is asked."""
        return self._survey

    @property
    def requests_per_round(self) -> int:
        """How many requests one round makes to a server: every question in both option orders."""
        return len(self._questions) * len(ORDERS)

    @property
    def message(self) -> str | None:
        """What a person must know about this comparison, or None."""
        if self._engine.info.log_probabilities == "none":
            return NO_LOG_PROBABILITIES
        if not self._with_figures:
            return f"{NO_FIGURES} in the survey {self._survey.survey.name}"
        if self._with_figures < len(self._questions):
            return f"human figures for {self._with_figures} of {len(self._questions)} questions"
        return None if self._groups else UNSTEERED

    async def measure(self, context: Sequence[Message], message_id: str | None) -> AsyncGenerator[Estimate, None]:
        """Ask all questions after `context` and yield the estimate as it grows; the last one is complete.

        The round is recorded under `message_id`, the message that it followed, also when it is stopped half-way. Before
        anything was said there is no message, and no record. A model that gives no log-probabilities is not asked: the
        only estimate then says so.

        Raises:
            EngineError: the model or the server failed.
            CorpusError: the round could not be recorded.
        """
        turn = sum(message.role == "user" for message in context)
        found = _Round(message_id, turn, await self._earlier(turn, message_id))
        if self._engine.info.log_probabilities == "none":
            yield self._estimate(found, complete=True)
            return
        self._recorded.clear()
        try:
            async with aclosing(self._estimates(found, context)) as estimates:
                async for estimate in estimates:
                    yield estimate
        finally:
            await self._keep(found)

    async def settle(self) -> None:
        """Wait until the round that was under way is recorded; end it first, by cancelling it or closing the engine."""
        await self._recorded.wait()

    async def _estimates(self, found: _Round, context: Sequence[Message]) -> AsyncGenerator[Estimate, None]:
        yielded = 0.0
        yield self._estimate(found, complete=False)
        async with aclosing(ask(self._engine, context, self._questions)) as outcomes:
            async for outcome in outcomes:
                found.take(outcome)
                if time.monotonic() - yielded >= SECONDS_BETWEEN_ESTIMATES:
                    await asyncio.to_thread(self._score, found)
                    yield self._estimate(found, complete=False)
                    yielded = time.monotonic()
        await asyncio.to_thread(self._score, found)
        self._course = joined(found.earlier, found.point)
        yield self._estimate(found, complete=True)

    async def _earlier(self, turn: int, message_id: str | None) -> tuple[CoursePoint, ...]:
        """Return the course up to this turn: as the corpus has it for this branch, turn 0 and the rest from memory."""
        remembered = tuple(point for point in self._course if point.turn < turn)
        if self._corpus is None or message_id is None:
            return remembered
        measure = Measure(self._survey, self._groups, self._engine.info, EXPRESSION)
        kept = await asyncio.to_thread(kept_course, self._corpus, message_id, measure)
        return joined([point for point in remembered if point.turn == 0], kept)

    def _score(self, found: _Round) -> None:
        answers = tuple(found.answers)
        if len(answers) > found.scored[0]:
            groups = self._groups if self._with_figures else None
            scored = len(answers), score(self._survey.survey, groups, answers, seed=self._seed)
            found.scored = max(found.scored, scored, key=itemgetter(0))  # a stopped round may be scored in two threads

    def _estimate(self, found: _Round, *, complete: bool) -> Estimate:
        return Estimate(
            scorecard=found.scorecard,
            done=found.done,
            total=len(self._questions),
            complete=complete,
            failures=(*found.failures, *found.refused),
            course=joined(found.earlier, found.point) if complete else found.earlier,
            message="; ".join(filter(None, (self.message, _shortened(found.dropped_messages)))) or None,
            turn=found.turn,
        )

    async def _keep(self, found: _Round) -> None:
        """Record the round off the event loop; to its end, even if the task is cancelled meanwhile."""
        recording = asyncio.create_task(asyncio.to_thread(self._record, found))
        recording.add_done_callback(lambda _: self._recorded.set())
        await asyncio.shield(recording)

    def _record(self, found: _Round) -> None:
        if self._corpus is None or found.message_id is None or not found.done:
            return
        from chat_personas.measurement_record import measurement_row, probe_rows

        self._score(found)  # of all answers, where the round was stopped between two estimates
        row = measurement_row(
            found.message_id,
            self._survey,
            self._groups,
            self._engine.info,
            found.scorecard,
            expression=EXPRESSION,
            complete=found.done == len(self._questions),
            seed=self._seed,
            began=found.began,
            dropped_messages=found.dropped_messages,
        )
        self._corpus.add_measurement(row, probe_rows(found.answers, found.failures))


def _shortened(dropped_messages: int) -> str | None:
    return f"measured without the {dropped_messages} oldest messages, which no longer fit" if dropped_messages else None
