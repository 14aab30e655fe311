"""Live probing: measuring a persona beside its conversation, with a running estimate.

Before the first message and after each reply a round puts questions of the survey to the persona, on a branch of the
context, so that the conversation does not change. `planning` says which questions a round asks, `round` holds what it
has found, `recording` writes it into the corpus, and `history` finds earlier rounds. A round that is cancelled keeps
what it measured.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from contextlib import AbstractContextManager, aclosing, nullcontext
from typing import TYPE_CHECKING

import numpy as np

from chat_personas.corpus.errors import CorpusError
from chat_personas.engines.exact_prompt import ExactProbe, exact_probes, in_common
from chat_personas.monitor.drift import Trajectory, course, everyone_values
from chat_personas.monitor.history import Measure, RepeatedRound, RoundHistory, RoundPlace
from chat_personas.monitor.planning import ProbePlan
from chat_personas.monitor.recording import RoundRecorder, Unspoken
from chat_personas.monitor.round import Estimate, LastProbe, ProbeRound
from chat_personas.text import pluralize
from eval.answers import Answer, Failure
from eval.engine import ORDERS, Engine, Message
from eval.expression.log_probability import ask
from eval.expression.rendering import Rendered, render
from eval.interventions import unsteered as without_interventions
from eval.orders import TWO, orders_for
from eval.scoring.scores import Scorecard, score
from eval.surveys.human_figures import human_figures
from eval.surveys.model import Question

if TYPE_CHECKING:
    from chat_personas.corpus import Corpus
    from eval.surveys.loading import LoadedSurvey
    from personas import Group

__all__ = ["Estimate", "Monitor"]

EXPRESSION = "log_probability"
SECONDS_OF_A_ROUND = 15.0
SECONDS_BETWEEN_ESTIMATES = 1.0
"""Each estimate is scored, so that its count is that of the questions on which its figures rest. Scoring competes with
the UI thread, so it is not done more often."""
OF_A_REQUEST = 8
"""Questions that an engine is given at once, so that figures on the way rest on a chance choice of questions."""
NO_FIGURES = "no human figures for this group"
NO_LOG_PROBABILITIES = "this model gives no log-probabilities: it can be talked with, not measured"
UNSTEERED = "no group: compared with everyone"
Unsteered = dict[tuple[str, str | None, str], dict[str, Answer]]
"""Answers of models without steering, by question id, for every model (name, hash) and survey (hash)."""
Remembering = Callable[[Engine], AbstractContextManager[Engine]]
"""Puts what remembers answers around an engine, for as long as it is asked."""


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
        unsteered: Unsteered | None = None,
        remembering: Remembering = nullcontext,
        persona: str | None = None,
    ) -> None:
        """Prepare to measure `groups` (empty: everyone) with the questions of `survey`.

        Rounds are recorded in `corpus` if one is given. `seed` decides the choice and order of the questions and the
        resampling. A round asks as many questions as should take `seconds`, but never fewer than the anchors.
        `unsteered` holds what models answered without steering, for all monitors of a session, and `remembering` puts
        around the engine what remembers such answers from session to session. `persona` is the name that is recorded
        with each round.
        """
        questions = survey.survey.questions
        self._engine = engine
        self._measure = Measure(survey, tuple(groups), engine.info, EXPRESSION, seed)
        self._plan = ProbePlan.of(questions, groups, seed=seed, seconds=seconds)
        self._history = RoundHistory(corpus, self._measure)
        self._recorder = RoundRecorder(corpus, self._history, self._measure, persona)
        known = {} if unsteered is None else unsteered
        self._unsteered = known.setdefault((engine.info.name, engine.info.sha256, survey.sha256), {})
        self._remembering = remembering
        self._first: ProbeRound | None = None
        self._asked: ProbeRound | None = None  # the newest round that put a question to the model
        self._recorded = asyncio.Event()
        self._recorded.set()
        anchors = {question.id for question in self._plan.anchors}
        self._anchors = np.array([question.id in anchors for question in questions], dtype=np.bool_)
        self._everyone = everyone_values(questions, groups)
        self._with_figures = sum(human_figures(question, groups) is not None for question in questions)

    @property
    def engine(self) -> Engine:
        """What is asked."""
        return self._engine

    @property
    def survey(self) -> "LoadedSurvey":
        """The survey that is asked."""
        return self._measure.survey

    @property
    def requests_per_round(self) -> int:
        """How many requests one round makes to a server at most: every question in both option orders."""
        return len(self._plan.questions) * len(ORDERS)

    @property
    def message(self) -> str | None:
        """What a person must know about this comparison, or None."""
        total = len(self._plan.questions)
        if self._engine.info.log_probabilities == "none":
            return NO_LOG_PROBABILITIES
        if not self._with_figures:
            return f"{NO_FIGURES} in the survey {self.survey.survey.name}"
        if self._with_figures < total:
            return f"survey data for {self._with_figures} of {pluralize(total, 'question')}"
        return None if self._measure.groups else UNSTEERED

    async def measure(
        self,
        context: Sequence[Message],
        message_id: str | None,
        conversation_id: str | None = None,
        *,
        seconds_of_replies: Callable[[], float] = lambda: 0.0,
        unspoken: Unspoken = lambda: None,
    ) -> AsyncGenerator[Estimate, None]:
        """Ask this round's questions after `context` and yield the estimate as it grows; the last one is complete.

        The round is recorded in the conversation under `message_id`, the message that it followed, also when it is
        stopped half-way; the last estimate comes when that is done. Before the first message there is none: that round
        is recorded with the conversation that `unspoken` gives, or once there is a message. Without `conversation_id`
        nothing is recorded. What the very same measurement found before is not asked again; where
        that is all, no row is added either, and the only estimate is complete. `seconds_of_replies` says for how long
        so far the model replied to the person instead of being measured (`Conversation.seconds_of_replies`): that does
        not make it slower. A model that gives no log-probabilities is not asked: the only estimate then says so.

        Raises:
            EngineError: the model or the server failed.
            CorpusError: the round could not be recorded. It waits in memory (`unwritten`), and `settle` tries again.
        """
        await self.settle()  # a round that this one replaces is among the earlier ones once it is recorded
        place = await asyncio.to_thread(self._history.place, conversation_id, message_id, tuple(context))
        found = await asyncio.to_thread(self._plan_round, place, lambda: time.monotonic() - seconds_of_replies())
        if self._engine.info.log_probabilities == "none":
            yield self._estimate(found, complete=True)
            return
        self._recorded.clear()
        try:
            async with aclosing(self._estimates(found)) as estimates:
                async for estimate in estimates:
                    yield estimate
        finally:
            self._plan.learn(found.seconds_per_question)
            not_recorded = await self._record(found, unspoken)
        yield self._estimate(found, complete=True)
        if not_recorded is not None:
            raise not_recorded
        self._first = found if found.turn == 0 and found.finished else None

    async def ask_unsteered(self, *, seconds_of_replies: Callable[[], float] = lambda: 0.0) -> Estimate | None:
        """Ask the model without steering what the round before the first message asked, once for a model and survey.

        Returns the estimate of that round with what the persona changes. None where that is not known: the newest round
        is another, the persona stands for nobody or is not steered, the model is on another machine (every request may
        cost money there), or a reply came in between. Then the rest is not asked: a conversation that has begun keeps
        the model's context. Later rounds say what the persona changes, too, as far as they ask the same questions.

        Raises:
            EngineError: the model or the server failed.
        """
        found = self._first
        info = self._engine.info
        steered = found is not None and (found.place.context or info.interventions)
        if found is None or not (self._measure.groups and steered and info.local):
            return None
        model = without_interventions(self._engine)
        replied = seconds_of_replies()
        lacking = tuple(question for question in found.planned if question.id not in self._unsteered)
        with self._remembering(model) if lacking else nullcontext(model) as engine:
            for part in _short_parts(lacking):
                if seconds_of_replies() > replied:
                    return None
                async with aclosing(ask(engine, (), part)) as outcomes:
                    async for outcome in outcomes:
                        if isinstance(outcome, Answer):
                            self._unsteered[outcome.question_id] = outcome
        await asyncio.to_thread(found.score_again, self._score)
        return self._estimate(found, complete=True)

    async def last_probe(self) -> LastProbe | None:
        """Return what the newest round put to the model last, exactly as it was sent; None where nothing was.

        Raises:
            EngineError: the model was closed.
        """
        found = self._asked
        if found is None or found.last_asked is None:
            return None
        question, answer = found.last_asked
        rendered = {each.id: _rendered(each) for request in found.requests for each in request}
        sent: list[ExactProbe] = []
        for request in tuple(found.requests):  # one by one, since what is too long is cut for each request
            probes = [each.probe for asked in request for each in rendered[asked.id]]
            sent += await exact_probes(self._engine, found.place.context, probes)
        shown = {each.key: each for each in sent}
        orders = tuple(each for each in rendered[question.id] if each.probe.key in shown)
        return LastProbe(
            question,
            self.survey.survey.title,
            found.turn,
            orders,
            tuple(shown[each.probe.key] for each in orders),
            in_common(sent),
            len(sent),
            answer,
            self._engine.info.label_shares or "none",
            server=self._engine.info.is_server,
        )

    @property
    def unwritten(self) -> CorpusError | None:
        """Why a round could not be recorded and waits in memory; None where there is none."""
        return self._recorder.unwritten

    async def settle(self) -> None:
        """Wait until the round that was under way is recorded; end it first, by cancelling it or closing the engine.

        What waits is recorded, too: the round before the first message, if there is a message by now, and what could
        not be recorded before. Raises CorpusError.
        """
        await self._recorded.wait()
        await asyncio.to_thread(self._recorder.flush)

    def _plan_round(self, place: RoundPlace, clock: Callable[[], float]) -> ProbeRound:
        """Decide what the round asks, from what earlier ones asked and how long they took by their `clock`."""
        earlier = self._history.earlier(place)
        reused = self._plan.reusable(self._history.repeat_of(place) or RepeatedRound())
        planned = self._plan.plan(earlier, reused)
        values = [found.values for found in earlier if found.turn < place.turn]
        so_far = course(values, self._anchors, self._measure.seed, self._everyone)
        return ProbeRound(place, planned, earlier, so_far, reused, self._plan.settles(reused), clock)

    async def _estimates(self, found: ProbeRound) -> AsyncGenerator[Estimate, None]:
        yielded = 0.0
        if not found.finished:
            yield self._estimate(found, complete=False)
        async with aclosing(self._outcomes(found)) as outcomes:
            async for outcome in outcomes:
                found.take(outcome)
                if time.monotonic() - yielded >= SECONDS_BETWEEN_ESTIMATES:
                    await asyncio.to_thread(found.score, self._score)
                    yield self._estimate(found, complete=False)
                    yielded = time.monotonic()
        await asyncio.to_thread(found.score, self._score)
        found.course = await asyncio.to_thread(self._course, found)

    async def _outcomes(self, found: ProbeRound) -> AsyncGenerator[Answer | Failure, None]:
        for part in self._parts(found):
            found.requests.append(part)
            self._asked = found
            async with aclosing(ask(self._engine, found.place.context, part)) as outcomes:
                async for outcome in outcomes:
                    yield outcome

    def _parts(self, found: ProbeRound) -> Iterator[tuple[Question, ...]]:
        """Yield the anchors, then the others; in the first round the time of the anchors decides how many those are.

        Each part is a request of its own, because an engine asks what it is given in the order that is quickest. Parts
        are short and in the order that the seed decided, so that figures on the way rest on a chance choice.
        """
        yield from _short_parts(found.missing(self._plan.anchors))
        if found.asked_now and not self._plan.speed_known:
            found.ask(self._plan.plan(found.earlier, found.reused, found.seconds_per_question))
        found.settled = True
        yield from _short_parts(found.missing(found.planned))

    def _score(self, answers: Sequence[Answer]) -> Scorecard:
        groups = self._measure.groups if self._with_figures else None
        unsteered = tuple(self._unsteered.values())
        return score(self.survey.survey, groups, answers, seed=self._measure.seed, unsteered=unsteered)

    def _course(self, found: ProbeRound) -> Trajectory:
        values = [earlier.values for earlier in found.earlier]
        values.append(found.ended(self._measure).values)
        return course(values, self._anchors, self._measure.seed, self._everyone)

    def _estimate(self, found: ProbeRound, *, complete: bool) -> Estimate:
        return Estimate(
            scorecard=found.scorecard,
            done=found.done,
            failed=len(found.failures),
            total=len(found.planned),
            complete=complete,
            failures=(*found.failures, *found.refused),
            message="; ".join(filter(None, (self.message, _shortened(found.dropped_messages), _left_out(found.course))))
            or None,
            turn=found.turn,
            message_id=found.place.message_id,
            coverage=found.coverage(len(self._plan.questions), len(self._plan.anchors)),
            from_before=len(found.reused.asked),
            trajectory=found.course,
            first_part=not found.settled and len(found.planned) < len(self._plan.questions),
        )

    async def _record(self, found: ProbeRound, unspoken: Unspoken) -> CorpusError | None:
        """Record the round in a thread, to its end, even if the task is cancelled meanwhile; return what went wrong."""
        recording = asyncio.create_task(asyncio.to_thread(self._recorder.record, found, unspoken))
        recording.add_done_callback(lambda _: self._recorded.set())
        try:
            await asyncio.shield(recording)
        except CorpusError as error:
            return error
        return None


def _rendered(question: Question) -> list[Rendered]:
    """Return the prompts of a question, as `ask` makes them."""
    return [render(question, order) for order in orders_for(TWO, question)]


def _short_parts(questions: tuple[Question, ...]) -> Iterator[tuple[Question, ...]]:
    return (questions[start : start + OF_A_REQUEST] for start in range(0, len(questions), OF_A_REQUEST))


def _left_out(course: Trajectory) -> str | None:
    if not (course.left_out and course.points):
        return None
    named = ", ".join(map(str, course.left_out))
    return f"not sound, so not in the course: {'turn' if len(course.left_out) == 1 else 'turns'} {named}"


def _shortened(dropped_messages: int) -> str | None:
    if not dropped_messages:
        return None
    no_longer = "which no longer fits" if dropped_messages == 1 else "which no longer fit"
    return f"measured without the {pluralize(dropped_messages, 'oldest message')}, {no_longer}"
