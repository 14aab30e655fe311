"""Requests waiting for their turn at a server, in the order in which they were first asked for."""

import asyncio
import heapq
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count

from chat_personas.engines.openai.pace import Pace, Ticket


class Turns:
    """Lets requests go as `Pace` allows. One that comes again keeps its number, and so goes before newer ones."""

    def __init__(self, pace: Pace) -> None:
        self._pace = pace
        self._numbers = count()
        self._waiting: list[tuple[int, asyncio.Future[Ticket]]] = []
        self._alarm: asyncio.TimerHandle | None = None
        self._replies = 0

    @contextmanager
    def given_up(self) -> Iterator[None]:
        """Let nothing more go until the block ends, since a person waits for a reply; what is under way goes on."""
        self._replies += 1
        try:
            yield
        finally:
            self._replies -= 1
            self._let_go()

    def number(self) -> int:
        """Return the number of a new request."""
        return next(self._numbers)

    async def take(self, number: int) -> Ticket:
        """Wait until request `number` may be sent; it is under way until `answered`, `refused` or `ended` is called."""
        turn: asyncio.Future[Ticket] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._waiting, (number, turn))
        self._let_go()
        try:
            return await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():  # its turn had come in the same moment
                self.ended()
            raise

    def answered(self, ticket: Ticket, *, alike: bool) -> None:
        """See `Pace.answered`. The next goes when this answer has been handed on, so that it is kept whatever follows.

        Whoever waits for it runs two rounds of the event loop from now.
        """
        self._pace.answered(ticket, time.monotonic(), alike=alike)
        loop = asyncio.get_running_loop()
        loop.call_soon(loop.call_soon, self._let_go)

    def refused(self, ticket: Ticket, pause: float) -> None:
        """See `Pace.refused`."""
        self._pace.refused(ticket, time.monotonic(), pause)
        self._let_go()

    def ended(self) -> None:
        """See `Pace.ended`."""
        self._pace.ended()
        self._let_go()

    def _let_go(self) -> None:
        now = time.monotonic()
        while self._waiting and not self._replies and self._pace.may_send(now):
            _, turn = heapq.heappop(self._waiting)
            if not turn.done():
                turn.set_result(self._pace.send(now))
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None
        if self._waiting and self._pace.held_until > now:
            self._alarm = asyncio.get_running_loop().call_later(self._pace.held_until - now, self._let_go)
