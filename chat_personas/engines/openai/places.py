"""How many requests are under way at once, and when none may start: as a server's rate limit wants it."""

import asyncio
import heapq
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Places:
    """Room for `most` requests at once; fewer, and none for a while, after the server said that it limits the rate.

    Whoever came first is let in first, also when it was refused before: with a limit that lets one request in at a
    time, nobody waits for ever. Every refusal halves the room, a round of answers without one gives a place back.
    """

    def __init__(self, most: int) -> None:
        self.most = most
        self.room = most
        self._taken = 0
        self._well = 0
        self._closed_until = 0.0
        self._waiting: list[tuple[int, asyncio.Future[None]]] = []

    @asynccontextmanager
    async def one(self, turn: int) -> AsyncIterator[None]:
        """Wait for a place and hold it; lower turns go first."""
        entry: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._waiting, (turn, entry))
        self._let_in()
        try:
            await entry
        except asyncio.CancelledError:
            if entry.done() and not entry.cancelled():
                self._leave()  # let in at the moment of being cancelled
            raise
        try:
            yield
        finally:
            self._leave()

    def slow_down(self, seconds: float) -> None:
        """Let nobody in for so long, and then only half as many as were under way at the time of the refusal."""
        loop = asyncio.get_running_loop()
        if loop.time() >= self._closed_until:  # one limit refuses all that are under way: that is one refusal
            self.room = max(1, self.room // 2)
        self._well = 0
        self._closed_until = max(self._closed_until, loop.time() + seconds)
        loop.call_at(self._closed_until, self._let_in)

    def went_well(self) -> None:
        """Note an answer."""
        self._well += 1
        if self._well >= self.room and self.room < self.most:
            self._well = 0
            self.room += 1

    def _leave(self) -> None:
        self._taken -= 1
        self._let_in()

    def _let_in(self) -> None:
        if asyncio.get_running_loop().time() < self._closed_until:
            return
        while self._waiting and self._taken < self.room:
            _, entry = heapq.heappop(self._waiting)
            if not entry.done():
                self._taken += 1
                entry.set_result(None)
