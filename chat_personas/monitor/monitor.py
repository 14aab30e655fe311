"""The live probing of a conversation: when, which probes, and the running estimate.

Before the first message and after each reply a round puts questions of the survey to the persona on a branch of the
context, out of band: all of them where the model is fast enough, else the anchors and a further slice of the rest
(`round_plan`). What is asked is settled before any answer is looked at. A round that is cancelled keeps what it
measured, and a message that was measured before in the very same way is not measured again (`same_rounds`).
"""

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from contextlib import aclosing
from operator import itemgetter
from typing import TYPE_CHECKING

import numpy as np

from chat_personas.monitor.drift import CoursePoint, Trajectory, course
from chat_personas.monitor.history import EarlierRound, EarlierRounds, Measure, SameRound, SameRounds
from chat_personas.monitor.planning import RoundBudget, agenda
from chat_personas.monitor.recording import RoundRecorder
from chat_personas.monitor.round import Estimate, ProbeRound
from chat_personas.text import pluralize
from eval.answers import Answer, Failure
from eval.engine import ORDERS, Engine, Message
from eval.expression.log_probability import ask
from eval.scoring.intervals import Bootstrap
from eval.scoring.scores import score
from eval.surveys.figures import human_figures
from eval.surveys.model import Question

if TYPE_CHECKING:
    from chat_personas.corpus import Corpus
    from eval.surveys.loading import LoadedSurvey
    from personas import Group

__all__ = ["CoursePoint", "Estimate", "Monitor"]

EXPRESSION = "log_probability"
SECONDS_OF_A_ROUND = 15.0
SECONDS_BETWEEN_ESTIMATES = 0.4
SECONDS_BETWEEN_SCORES = 1.0
"""How many were asked is told more often than the scores are computed anew, which takes time from a screen's thread."""
NO_FIGURES = "no human figures for this group"
NO_LOG_PROBABILITIES = "this model gives no log-probabilities: it can be talked with, not measured"
UNSTEERED = "no group: compared with everyone"


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
        seconds: float = SECONDS_OF_A_ROUND,
    ) -> None:
        """Prepare to measure `groups` (empty: everyone) with the questions of `survey`.

        Rounds are recorded in `corpus` if one is given. `seed` fixes the choice and order of the questions and the
        resampling. A round asks as many questions as should take `seconds`, but never fewer than the anchors.
        """
        self._engine = engine
        self._survey = survey
        self._groups = tuple(groups)
        self._seed = seed
        self._recorded = asyncio.Event()
        self._recorded.set()
        questions = survey.survey.questions
        self._agenda = agenda(questions, self._groups, seed)
        self._budget = RoundBudget(self._agenda, [question.id for question in questions], seconds)
        anchors = {question.id for question in self._agenda.anchors}
        self._anchors = np.array([question.id in anchors for question in questions], dtype=np.bool_)
        self._with_figures = sum(human_figures(question, self._groups) is not None for question in questions)
        measure = Measure(survey, self._groups, engine.info, EXPRESSION)
        self._earlier = EarlierRounds(corpus, measure)
        self._same = SameRounds(corpus, measure, seed)
        self._kept = None if corpus is None else RoundRecorder(corpus, self._earlier)

    @property
    def survey(self) -> "LoadedSurvey":
        """The survey that is asked."""
        return self._survey

    @property
    def requests_per_round(self) -> int:
        """How many requests one round makes to a server at most: every question in both option orders."""
        return len(self._agenda.questions) * len(ORDERS)

    @property
    def message(self) -> str | None:
        """What a person must know about this comparison, or None."""
        total = len(self._agenda.questions)
        if self._engine.info.log_probabilities == "none":
            return NO_LOG_PROBABILITIES
        if not self._with_figures:
            return f"{NO_FIGURES} in the survey {self._survey.survey.name}"
        if self._with_figures < total:
            return f"human figures for {self._with_figures} of {pluralize(total, 'question')}"
        return None if self._groups else UNSTEERED

    async def measure(
        self,
        context: Sequence[Message],
        message_id: str | None,
        conversation_id: str | None = None,
        *,
        seconds_of_replies: Callable[[], float] = lambda: 0.0,
    ) -> AsyncGenerator[Estimate, None]:
        """Ask this round's questions after `context` and yield the estimate as it grows; the last one is complete.

        The round is recorded in the conversation under `message_id`, the message that it followed, also when it is
        stopped half-way. Before anything was said there is no message: that round is recorded once there is one.
        Without `conversation_id` nothing is recorded. Of what was found before by the very same measurement nothing is
        asked again; where that is all, no row is added either, and the only estimate is complete. `seconds_of_replies`
        tells for how long so far the model spoke with the person instead of being measured
        (`Conversation.seconds_of_replies`): it is not slower for that. A model that gives no log-probabilities is not
        asked: the only estimate then says so.

        Raises:
            EngineError: the model or the server failed.
            CorpusError: the round could not be recorded.
        """
        await self.settle()  # a round that this one replaces is among the earlier ones once it is recorded
        found = await asyncio.to_thread(
            self._plan, tuple(context), message_id, conversation_id, lambda: time.monotonic() - seconds_of_replies()
        )
        if self._engine.info.log_probabilities == "none":
            yield self._estimate(found, complete=True)
            return
        self._recorded.clear()
        try:
            async with aclosing(self._estimates(found)) as estimates:
                async for estimate in estimates:
                    yield estimate
        finally:
            self._budget.learn(found.seconds_per_question)
            await self._keep(found)

    async def settle(self) -> None:
        """Wait until the round that was under way is recorded; end it first, by cancelling it or closing the engine.

        The round before the first message is recorded, too, if something was said since. Raises CorpusError.
        """
        await self._recorded.wait()
        if self._kept is not None:
            await asyncio.to_thread(self._kept.keep_waiting)

    def _plan(
        self,
        context: tuple[Message, ...],
        message_id: str | None,
        conversation_id: str | None,
        clock: Callable[[], float],
    ) -> ProbeRound:
        """Settle what the round asks, from what earlier ones asked and how long they took by their `clock`."""
        turn = sum(message.role == "user" for message in context)
        earlier = self._earlier.before(turn, message_id)
        same = self._budget.reusable(self._same.of(conversation_id, message_id, context) or SameRound())
        planned = self._budget.questions(earlier, same)
        values = [found.values for found in earlier if found.turn < turn]
        so_far = course(values, self._anchors, self._seed)
        return ProbeRound(conversation_id, message_id, context, turn, planned, earlier, so_far, same, clock=clock)

    async def _estimates(self, found: ProbeRound) -> AsyncGenerator[Estimate, None]:
        yielded = scored = 0.0
        if not found.finished:
            yield self._estimate(found, complete=False)
        async with aclosing(self._outcomes(found)) as outcomes:
            async for outcome in outcomes:
                found.take(outcome)
                if time.monotonic() - yielded >= SECONDS_BETWEEN_ESTIMATES:
                    if time.monotonic() - scored >= SECONDS_BETWEEN_SCORES:
                        await asyncio.to_thread(self._score, found)
                        scored = time.monotonic()
                    yield self._estimate(found, complete=False)
                    yielded = time.monotonic()
        await asyncio.to_thread(self._score, found)
        found.course = await asyncio.to_thread(self._course, found)
        yield self._estimate(found, complete=True)

    async def _outcomes(self, found: ProbeRound) -> AsyncGenerator[Answer | Failure, None]:
        """Ask the anchors, then the others: an engine takes what it is given in whatever order is quickest for it."""
        for part in filter(None, self._parts(found)):
            async with aclosing(ask(self._engine, found.context, part)) as outcomes:
                async for outcome in outcomes:
                    yield outcome

    def _parts(self, found: ProbeRound) -> Iterator[tuple[Question, ...]]:
        """Yield the anchors, then the others; in the first round those are settled by how long the anchors took."""
        yield found.missing(self._agenda.anchors)
        if found.asked_now and not self._budget.settled:
            found.plan(self._budget.questions(found.earlier, found.same, found.seconds_per_question))
        yield found.missing(found.planned)

    def _score(self, found: ProbeRound) -> None:
        count, answers = len(found.answers), found.all_answers
        if count > found.scored[0]:
            groups = self._groups if self._with_figures else None
            scored = count, score(self._survey.survey, groups, answers, seed=self._seed)
            found.scored = max(found.scored, scored, key=itemgetter(0))  # a stopped round may be scored in two threads

    def _course(self, found: ProbeRound) -> Trajectory:
        values = [earlier.values for earlier in found.earlier]
        return course([*values, self._ended(found).values], self._anchors, self._seed)

    def _ended(self, found: ProbeRound) -> EarlierRound:
        return found.ended(self._survey.survey.questions, self._groups)

    def _estimate(self, found: ProbeRound, *, complete: bool) -> Estimate:
        return Estimate(
            scorecard=found.scorecard,
            done=found.done,
            total=len(found.planned),
            complete=complete,
            failures=(*found.failures, *found.refused),
            course=found.course.points,
            message="; ".join(filter(None, (self.message, _shortened(found.dropped_messages)))) or None,
            turn=found.turn,
            drift=found.course.drift,
            coverage=found.coverage(self._agenda),
            from_before=len(found.same.asked),
        )

    async def _keep(self, found: ProbeRound) -> None:
        """Record the round off the event loop; to its end, even if the task is cancelled meanwhile."""
        recording = asyncio.create_task(asyncio.to_thread(self._record, found))
        recording.add_done_callback(lambda _: self._recorded.set())
        await asyncio.shield(recording)

    def _record(self, found: ProbeRound) -> None:
        if not found.asked_now:
            return
        ended = self._ended(found)
        self._record_as(ended, found)
        so_far = SameRound(tuple(found.answers), tuple(found.failures), found.finished)
        self._same.remember(found.conversation_id, found.message_id, found.context, so_far)

    def _record_as(self, ended: EarlierRound, found: ProbeRound) -> None:
        if self._kept is None or found.conversation_id is None:
            self._earlier.remember(None, ended)
            return
        from chat_personas.monitor.recording import measurement_row, probe_rows

        row = measurement_row(
            found.conversation_id,
            found.message_id,
            self._survey,
            self._groups,
            self._engine.info,
            Bootstrap(self._seed).mean(ended.values.alignments),
            expression=EXPRESSION,
            complete=found.finished,
            seed=self._seed,
            began=found.began,
            dropped_messages=found.dropped_messages,
        )
        self._kept.keep(row, probe_rows(found.answers, found.failures), ended)


def _shortened(dropped_messages: int) -> str | None:
    if not dropped_messages:
        return None
    no_longer = "which no longer fits" if dropped_messages == 1 else "which no longer fit"
    return f"measured without the {pluralize(dropped_messages, 'oldest message')}, {no_longer}"
