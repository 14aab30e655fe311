"""Measuring conversations side by side, those of a debate or a comparison: each by a monitor of its own."""

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
    """One side of a debate, or a column of a comparison: a conversation with a persona on a model."""

    @property
    def id(self) -> str:
        """Its key in the corpus."""

    @property
    def engine(self) -> "Engine":
        """The model that speaks."""

    @property
    def persona(self) -> "Persona":
        """Whom it speaks for."""


class SideBySide(Protocol):
    """What is known here of a debate or a comparison; both are in `conversation`, which is on the same layer."""

    @property
    def sides(self) -> "Sequence[Side]":
        """All sides, in their order."""

    def measured_after(self, place: int) -> "tuple[list[Message], str | None]":
        """Return after what a side is measured, and the key of the message that this ends with."""


class SideMonitors:
    """Measures the sides of one debate or comparison.

    `found` has the newest complete estimate of each, None before the first.
    """

    def __init__(
        self, held: SideBySide, make_monitor: "Callable[[Engine, Persona, Corpus], Monitor]", corpus: "Corpus"
    ) -> None:
        """Prepare. A monitor is made when its side is first measured, in a thread, because it reads the survey."""
        self.found: list[Estimate | None] = [None] * len(held.sides)
        self._held = held
        self._make_monitor = make_monitor
        self._corpus = corpus
        self._monitors: dict[int, Monitor] = {}

    async def measure(self, place: int) -> AsyncGenerator[Estimate, None]:
        """Measure the side at a place and yield the estimate as it grows; the last one is complete.

        Raises:
            EngineError, CorpusError: as `Monitor.measure`.
        """
        side = self._held.sides[place]
        if place not in self._monitors:
            made = await asyncio.to_thread(self._make_monitor, side.engine, side.persona, self._corpus)
            self._monitors[place] = made
        context, message_id = self._held.measured_after(place)
        async with aclosing(self._monitors[place].measure(context, message_id, side.id)) as estimates:
            async for estimate in estimates:
                if estimate.complete:
                    self.found[place] = estimate
                yield estimate
