"""Measuring while people talk: when a round begins, the consent that a server needs, and estimates for the panel."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import aclosing
from typing import TYPE_CHECKING

from chat_personas.consent import server_of
from chat_personas.reporting.explained.in_one_sentence import how_measured
from chat_personas.reporting.verdicts import not_shown
from chat_personas.reporting.wording.measurements import NO_REPLY, NO_WHOLE_REPLY, figures_described, sentence
from chat_personas.text import printable
from chat_personas.tui.key_registry import key_of
from chat_personas.tui.session import Session
from chat_personas.tui.terminal_guard import spare_what_is_here

if TYPE_CHECKING:
    from chat_personas.corpus import MessageRow
    from chat_personas.monitor.monitor import Estimate, Monitor
    from chat_personas.tui.widgets.panel.panel import AlignmentPanel
    from eval.engine import Engine, Message
    from personas import Persona

OFF = "not measuring ({key} starts it)"
PROTECTED = "a participant's conversation is not measured here"
SOON = "measuring starts once the model is loaded"
MEASURING = "measuring…"
UNASKED = "not measuring: the server is on another machine ({key} asks you first)"
OFF_BESIDE = "not measuring ({key} in the conversation starts it)"
UNASKED_BESIDE = "not measuring: the server is on another machine ({key} in the conversation asks you first)"
NOT_AGREED = "not measuring: the server is on another machine, and you did not agree"
GIVEN_UP = "not measured: it failed; the next reply is measured again"
IMPOSSIBLE = "this model cannot be measured: it gives no log-probabilities"
ROSE, FELL = "↑", "↓"
"""Stand in the margin of a reply after which the alignment was detectably above, or below, that at the start."""


class MeasuringController:
    """Decides whether, when and what is measured. A round belongs to the reply that it follows.

    One round runs at a time. A message interrupts the probes until it is answered; then the round continues, and the
    next one, about the conversation as it is by then, begins after it.
    """

    def __init__(
        self,
        session: Session,
        panel: "AlignmentPanel",
        mark: Callable[[Mapping[str, str]], None] = lambda _: None,
    ) -> None:
        """`mark` is given the marks that stand beside replies, by the key of the message (`Trajectory.moves`)."""
        self._session = session
        self._mark = mark
        self._panel = panel
        self.wanted = session.settings.measure
        self._scored = False
        self._one_round = asyncio.Lock()
        self._waiting: asyncio.Task[object] | None = None
        self.rounds_begun = 0
        """How many rounds have begun: it tells the one that is under way from the one before."""
        self._current: tuple[str, str | None] | None = None
        self._start_due: str | None = None

    @property
    def permitted(self) -> bool:
        """Whether the engine may be probed: it runs on this machine, or the person has agreed."""
        engine = self._session.engine
        return engine is not None and self._session.launch.probing_confirmed(engine.info)

    @property
    def possible(self) -> bool:
        """Whether the engine gives the log-probabilities that probing needs."""
        engine = self._session.engine
        return engine is not None and engine.info.log_probabilities != "none"

    def state(self) -> str:
        """Say in one line why there are no figures yet."""
        conversation = self._session.conversation
        if conversation is not None and conversation.protected:
            return PROTECTED
        if self._session.engine is not None and not self.possible:
            return IMPOSSIBLE
        if not self.wanted:
            return OFF.format(key=key_of("measure"))
        return SOON if self._session.engine is None or self.permitted else UNASKED.format(key=key_of("measure"))

    @property
    def why_never(self) -> str:
        """Why nothing can be measured here, as a sentence, whatever the person wants; empty where it can be."""
        conversation = self._session.conversation
        if conversation is not None and conversation.protected:
            return sentence(PROTECTED)
        return sentence(IMPOSSIBLE) if self._session.engine is not None and not self.possible else ""

    def clear(self) -> None:
        """Drop the figures and the marks, and say whether and why nothing is measured."""
        state = self.state()
        self._mark({})
        self._panel.clear(state, halted=state != SOON)

    def halt(self) -> None:
        """Say that nothing is measured from now on, and why."""
        self._panel.halt(self.state())

    def take_up(self) -> None:
        """Note whether the beginning of the conversation that was taken up is still to be measured.

        It is measured also where a message is sent before that could begin, as while the model was being opened:
        without it the course would have nothing to start from.
        """
        conversation = self._session.conversation
        new = conversation is not None and not conversation.path and self.enabled
        self._start_due = conversation.id if conversation is not None and new else None

    @property
    def start_is_due(self) -> bool:
        """Whether the beginning of the open conversation is still to be measured."""
        conversation = self._session.conversation
        return conversation is not None and conversation.id == self._start_due

    def fail(self) -> None:
        """Say that a round was given up; a round that is complete stays as it is."""
        estimate = self._panel.estimate
        if estimate is None or not estimate.complete:
            self._panel.halt(GIVEN_UP)

    def follow(self) -> None:
        """Drop figures that are about a message which is no longer on the path, as of another version."""
        if self._session.conversation is not None:
            self._panel.keep_of({None, *(message.id for message in self._session.conversation.path)})

    async def introduce(self) -> None:
        """Tell the panel which groups the persona is compared with, on which questions, and with which survey data."""
        conversation = self._session.conversation
        if conversation is not None:
            monitor = await self._session.open_monitor()
            stems = {question.id: question.stem for question in monitor.survey.survey.questions} if monitor else {}
            people, source = whose(conversation.persona), _source(monitor)
            self._panel.about(people, stems=stems, source=source, side=conversation.side)

    @property
    def outdated(self) -> bool:
        """Whether the current round is about another conversation, or a branch that is no longer on the screen."""
        conversation = self._session.conversation
        if self._current is None or conversation is None:
            return False
        measured, followed = self._current
        here = {None, *(message.id for message in conversation.path)}
        return measured != conversation.id or followed not in here

    async def measure(self) -> None:
        """Measure the conversation as it is once the current round is over.

        Where another call waits for that already, it measures for this one, too. The results of a cancelled round are
        recorded.

        Raises:
            EngineError: the model or the server failed.
            CorpusError: the round could not be recorded.
        """
        if self._waiting is not None and not self._waiting.cancelling():
            return  # calls that wait would pile up where messages interrupt one round for long
        self._waiting = this = asyncio.current_task()
        try:
            await self._one_round.acquire()
        finally:
            if self._waiting is this:
                self._waiting = None
        try:
            await self._round()
        finally:
            self._current = None
            self._one_round.release()

    async def _round(self) -> None:
        """Measure the open conversation, its beginning first where a message was sent before that was measured."""
        conversation = self._session.conversation
        if conversation is None or not (self.wanted and self.permitted and self.possible):
            return
        monitor = await self._session.open_monitor()
        if monitor is None:
            return
        self._panel.say(MEASURING)
        path, context = conversation.path, conversation.context()
        reply_ended, unanswered = not conversation.replying, conversation.unanswered
        if self.start_is_due or not path:
            self._start_due = None
            await self._measure_after((), conversation.context_at_start(), monitor)
        if unanswered:
            self._panel.halt(NO_WHOLE_REPLY if conversation.grows_elsewhere else NO_REPLY)
        elif path and reply_ended:
            await self._measure_after(path, context, monitor)

    async def _measure_after(
        self, path: "Sequence[MessageRow]", context: "Sequence[Message]", monitor: "Monitor"
    ) -> None:
        """Measure the open conversation after the messages of `path`, none for its beginning, and show the result.

        More may have been said in it meanwhile, which is not measured here.
        """
        from chat_personas.corpus import CorpusError

        conversation = self._session.conversation
        assert conversation is not None
        last = path[-1].id if path else None
        self._current = conversation.id, last
        self.rounds_begun += 1
        self._panel.remark(how_measured(conversation))
        if last is not None:
            self._panel.show_inside(await self._session.read_inside(context, path))
        estimates = monitor.measure(
            context,
            last,
            conversation.id,
            seconds_of_replies=conversation.seconds_of_replies,
            unspoken=lambda: conversation.unspoken,
        )
        complete = False
        try:
            async with aclosing(estimates):
                async for estimate in estimates:
                    complete = estimate.complete
                    self._show(estimate)
        except CorpusError:
            if not complete:
                raise  # else the round is shown, and waits to be stored: `Session.unsaved` says so
        if last is None and not conversation.path:
            compared = await monitor.ask_unsteered(seconds_of_replies=conversation.seconds_of_replies)
            if compared is not None and not conversation.path:
                self._panel.offer(compared)

    def _show(self, estimate: "Estimate") -> None:
        """Give the panel an estimate, unless it is about a branch that has been left."""
        if not self.outdated:
            self._panel.offer(estimate)
            if estimate.complete:
                self._mark(self._marks(estimate))
        if estimate.scorecard is not None and not self._scored:
            self._scored = True
            spare_what_is_here()  # what scoring needs is loaded with the first estimate

    def _marks(self, estimate: "Estimate") -> dict[str, str]:
        """Return a mark for each reply after which the alignment had moved; none where the answers are not sound."""
        from chat_personas.corpus.messages import turns_of

        conversation, card = self._session.conversation, estimate.scorecard
        if conversation is None or card is None or not_shown(card):
            return {}
        marks = {drift.turn: ROSE if drift.difference.mean > 0 else FELL for drift in estimate.trajectory.moves}
        turns = turns_of(conversation.path)
        replies = [message.id for message in conversation.path if message.role == "assistant"]
        return {reply: marks[turns[reply]] for reply in replies if turns[reply] in marks}

    @property
    def enabled(self) -> bool:
        """Whether every reply is measured, or is to be once the model is open."""
        return self.wanted and (self._session.engine is None or self.permitted)

    async def question(self) -> str | None:
        """Return the question to which the person must say yes before anything is measured, or None."""
        engine = self._session.engine
        if engine is None or self.permitted:
            return None
        monitor = await self._session.open_monitor()
        requests = monitor.requests_per_round if monitor else 0
        return (
            f"{engine.info.name} is on another machine. Measuring sends this conversation to it again with every "
            f"question: up to {requests} requests at the start and after each reply, which may cost money. "
            "Measure? (A yes is remembered for this server.)"
        )

    def agree(self) -> None:
        """Measure from now on, and remember the consent to probe a server on another machine."""
        self.wanted = True
        engine = self._session.engine
        if engine is not None and not self.permitted:
            self._session.launch.remember_probing(engine.info)


def whose(persona: "Persona") -> list[str]:
    """Name the groups that a persona is compared with."""
    return [group.label for group in persona.groups] or ["Everyone"]


def _source(monitor: "Monitor | None") -> str:
    """Describe the survey data: title, wording, whether it is weighted, and years."""
    if monitor is None:
        return ""
    survey = monitor.survey.survey
    return f"{printable(survey.title)}: {figures_described(survey)}"


def why_not_measured(session: Session, asked: "Engine | None" = None) -> str:
    """Say why no conversation beside the open one is measured on the engine that is `asked`; empty where they are.

    None is the session's engine.
    """
    engine = asked or session.engine
    if engine is None or engine.info.log_probabilities == "none":
        return IMPOSSIBLE
    if not session.settings.measure:
        return OFF_BESIDE.format(key=key_of("measure"))
    if session.launch.probing_confirmed(engine.info):
        return ""
    is_open = session.engine is not None and server_of(session.engine.info) == server_of(engine.info)
    return UNASKED_BESIDE.format(key=key_of("measure")) if is_open else NOT_AGREED
