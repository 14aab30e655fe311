"""Measuring the sides of a debate: each by a monitor of its own, as it is after its last turn."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from typing import TYPE_CHECKING, Protocol

from chat_personas.monitor.monitor import Monitor
from chat_personas.monitor.round import Estimate

if TYPE_CHECKING:
    from chat_personas.corpus import Corpus
    from eval.engine import Engine, Message
    from personas import Persona


class Side(Protocol):
    """One side of a debate, a conversation with a persona on a model."""

    @property
    def id(self) -> str:
        """Its key in the corpus."""

    @property
    def engine(self) -> "Engine":
        """The model that speaks."""

    @property
    def persona(self) -> "Persona":
        """Whom it speaks for."""


class Debated(Protocol):
    """What is known of a debate here: `conversation.debate.Debate`, which is on the same layer."""

    @property
    def sides(self) -> "Sequence[Side]":
        """Both sides, first the one that began."""

    def measured_after(self, place: int) -> "tuple[list[Message], str | None]":
        """Return after what a side is measured, and the key of the message that this ends with."""


class SideMonitors:
    """Measures the sides of one debate; `found` is the newest complete estimate of each, None before the first."""

    def __init__(
        self, debate: Debated, make_monitor: "Callable[[Engine, Persona, Corpus], Monitor]", corpus: "Corpus"
    ) -> None:
        """Prepare. A monitor is made when its side is first measured, in a thread, because it reads the survey."""
        self.found: list[Estimate | None] = [None] * len(debate.sides)
        self._debate = debate
        self._make_monitor = make_monitor
        self._corpus = corpus
        self._monitors: dict[int, Monitor] = {}

    async def measure(self, place: int) -> AsyncGenerator[Estimate, None]:
        """Measure the side at a place and yield the estimate as it grows; the last one is complete.

        Raises:
            EngineError, CorpusError: as `Monitor.measure`.
        """
        side = self._debate.sides[place]
        if place not in self._monitors:
            made = await asyncio.to_thread(self._make_monitor, side.engine, side.persona, self._corpus)
            self._monitors[place] = made
        context, message_id = self._debate.measured_after(place)
        async with aclosing(self._monitors[place].measure(context, message_id, side.id)) as estimates:
            async for estimate in estimates:
                if estimate.complete:
                    self.found[place] = estimate
                yield estimate
