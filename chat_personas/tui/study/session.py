"""One person's session in a study, without a widget: the participation, the model, the talk, and measuring after it.

The model is opened while the person reads and answers. Where it cannot be, everything but the talk goes on.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from contextlib import ExitStack, aclosing, suppress
from typing import TYPE_CHECKING

from chat_personas.corpus import Corpus, CorpusError
from chat_personas.corpus.study_rows import CompositionRow
from chat_personas.studies.participation import Identity, Participation
from chat_personas.studies.sitting import Learnt, Sitting, learnt_from
from chat_personas.studies.steps import Debriefing, Ended, Step, Talk
from chat_personas.studies.study import LoadedStudy
from chat_personas.tui.leaving import in_time
from chat_personas.tui.session import rescue
from personas.errors import ReportedError

if TYPE_CHECKING:
    from chat_personas.conversation.conversation import Conversation
    from eval.engine import Engine

OpenEngine = Callable[[], Awaitable["Engine"]]
GETTING_READY = "The conversation is getting ready…"
LONG = 3
"""Seconds after which it is shown for how long the model has been opened."""


class StudySession:
    """What the screens of a study share. `way` is None until the person has agreed to take part.

    Everything that waits for the disk does so in a thread. `failure` is the error that the program will end with, if
    any. `measured` says how many questions of how many are answered.
    """

    def __init__(
        self,
        study: LoadedStudy,
        corpus: Corpus,
        identity: Identity,
        way: Participation | None,
        open_engine: OpenEngine,
        *,
        test: bool,
    ) -> None:
        """Prepare; `way` is the participation to go on with.

        Raises:
            ParticipationError: another program has it open.
        """
        self.study = study
        self.way: Participation | None = None
        self.stage = ""
        self.sitting: Sitting | None = None
        self.failure: Exception | None = None
        self.measured = (0, 0)
        self._corpus = corpus
        self._identity = identity
        self._open_engine = open_engine
        self._test = test
        self._held = ExitStack()
        self._opening: asyncio.Task[Engine] | None = None
        self._opening_since = 0.0
        self._measuring: asyncio.Task[None] | None = None
        if way is not None:
            self._take(way)

    @property
    def conversation(self) -> "Conversation | None":
        """The talk, None before it is open."""
        return self.sitting.conversation if self.sitting is not None else None

    @property
    def running(self) -> bool:
        """Whether there is a participation that can be gone on with later."""
        return self.way is not None and self.way.row.status == "running"

    # The way

    async def begin(self, *, adult: bool | None, traces: bool) -> None:
        """Store that the person has agreed to take part. Raises ParticipationError and CorpusError."""
        way = await asyncio.to_thread(
            Participation.begin,
            self._corpus,
            self.study,
            self._identity,
            adult=adult,
            traces=traces,
            test=self._test,
        )
        await asyncio.to_thread(self._take, way)

    def _take(self, way: Participation) -> None:
        """Go on with a participation here, and nowhere else. Raises ParticipationError: it is open elsewhere."""
        self._held.enter_context(way.hold())
        self.way = way

    async def next_step(self) -> Step:
        """Return what is to be done next; `stage` then says where that is: `2 of 7`. Raises CorpusError."""
        return await asyncio.to_thread(self._next_step)

    def _next_step(self) -> Step:
        assert self.way is not None
        step = self.way.next_step()
        stage, stages = self.way.stage, self.way.stages
        self.stage = f"{stages.index(stage) + 1} of {len(stages)}" if stage is not None else ""
        return step

    async def finish(self, stage: str) -> None:
        """Store that a stage is done. Raises CorpusError."""
        assert self.way is not None
        await asyncio.to_thread(self.way.finish, stage)

    async def end_early(self) -> Ended:
        """Stop what is under way, and store that the person has left the study. Raises CorpusError."""
        assert self.way is not None
        await self.stop()
        await self.stop_measuring()
        return await asyncio.to_thread(self.way.leave, "the person chose to leave")

    # The model

    def open_model(self) -> None:
        """Begin to open the model, unless it is open or being opened; after a failure, try again."""
        if self._opening is None or self.unavailable is not None:
            self._opening_since = time.monotonic()
            self._opening = asyncio.ensure_future(self._open_engine())

    @property
    def unavailable(self) -> BaseException | None:
        """Why the model could not be opened; None while it is being opened, and once it is open."""
        opening = self._opening
        return opening.exception() if opening is not None and opening.done() and not opening.cancelled() else None

    @property
    def readiness(self) -> str:
        """Say that the model is not open yet, and for how long that has been so; "" once it is, or has failed."""
        if self._opening is None or self._opening.done():
            return ""
        seconds = int(time.monotonic() - self._opening_since)
        return f"{GETTING_READY} {seconds} s" if seconds >= LONG else GETTING_READY

    async def _engine(self) -> "Engine":
        """Return the model, once it is open. Raises EngineError."""
        self.open_model()
        assert self._opening is not None
        return await asyncio.shield(self._opening)

    # The talk

    async def open_talk(self, step: Talk) -> None:
        """Begin the talk, or take it up where it broke off, once the model is open.

        Raises:
            EngineError: the model cannot be opened.
            ReportedError: as `Sitting.open_talk`.
        """
        assert self.way is not None
        sitting = Sitting(self._corpus, await self._engine(), self.way)
        await asyncio.to_thread(sitting.open_talk, step)
        self.sitting = sitting

    async def add_composition(self, row: CompositionRow) -> None:
        """Store how a message was typed, where the person has agreed to that. Raises CorpusError."""
        way = self.way
        assert way is not None
        if await asyncio.to_thread(lambda: way.traces):
            await asyncio.to_thread(self._corpus.studies.add_composition, row)

    async def stop(self) -> None:
        """Stop the reply, if there is one, and store its text."""
        if self.conversation is not None and self.conversation.replying:
            await self.conversation.stop()

    # Measuring

    def begin_measuring(self) -> None:
        """Begin to measure the persona after the talk, unless that is under way or done."""
        if self._measuring is None:
            self._measuring = asyncio.create_task(self._measure())

    @property
    def measuring(self) -> bool:
        """Whether the persona is being measured."""
        return self._measuring is not None and not self._measuring.done()

    async def stop_measuring(self) -> None:
        """End measuring; what was measured by then is stored. Raises CorpusError: the measurement was not."""
        if self._measuring is not None:
            self._measuring.cancel()
            with suppress(asyncio.CancelledError):
                await self._measuring

    async def _measure(self) -> None:
        """Measure; a model that fails leaves the study as it is, without the measurement. Raises CorpusError."""
        assert self.way is not None
        if await asyncio.to_thread(self._corpus.studies.conversation_of, self.way.id) is None:
            return
        try:
            if self.sitting is None:
                self.sitting = Sitting(self._corpus, await self._engine(), self.way)
            if (why := self.sitting.why_not_measured) is not None:
                logging.getLogger(__name__).warning("the persona was not measured: %s", why)
            async with aclosing(self.sitting.measure()) as estimates:
                async for estimate in estimates:
                    self.measured = (estimate.answered, len(self.study.survey.survey.questions))
        except CorpusError:
            raise
        except ReportedError as error:
            logging.getLogger(__name__).warning("the persona was not measured: %s", error)

    async def learnt(self, step: Debriefing) -> tuple[Learnt, ...]:
        """Return what the person is told at the end. Raises CorpusError."""
        assert self.way is not None
        await self.stop_measuring()
        return await asyncio.to_thread(learnt_from, self._corpus, self.way, step)

    # The end

    async def close(self) -> None:
        """Stop and store the reply, and close the model. What cannot be stored becomes the `failure`.

        A model that is still being opened, or does not close at once, holds nothing that was said.
        """
        try:
            await self._keep(self.stop)
            if self.conversation is not None:
                await self._keep(self.conversation.save)
            await self._keep(self.stop_measuring)
        finally:
            self._held.close()  # not before: another program would go on without the last words
        if self._opening is not None and self._opening.done() and self.unavailable is None:
            await in_time(self._opening.result().close())
        elif self._opening is not None:
            self._opening.cancel()
        if self.conversation is not None:
            await self._keep(self.conversation.leave)
            await rescue(self.conversation, self.failure)

    async def _keep(self, store: Callable[[], Awaitable[None]]) -> None:
        try:
            await store()
        except CorpusError as error:
            self.failure = error
