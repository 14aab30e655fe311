"""How many requests a server is given at once: as many as it bears, found out by giving them."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

START = 16
FEWEST_FOR_LATENCY = 4
"""Slow answers do not lower the number further: a few requests under way hide the time between two of them."""
CROWDED = 2.0
OVERCROWDED = 4.0
"""Latency over the fastest seen in a round: from the first on more requests only wait, from the second on fewer do."""
SMOOTHING = 0.2
GROWTH = 0.5
"""Places that one answer adds at first: half as many again in the time of one, so that no more than that is refused."""
CAUTION = 4
"""Once it is known how many are too many, so many whole rounds of answers come before one more is tried."""


class Pace:
    """Places for requests, taken in the order in which they are asked for.

    The number of places begins at 16 and grows with every answer, as long as others wait, nothing is refused and
    answers come about as fast as the first ones did. A refusal for the rate lowers it to what was under way without the
    one refused. It is 1 to `most`.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._limit = float(min(START, most))
        self._feeling_its_way = False
        self._fastest = self._latency = 0.0
        self._waiting: deque[asyncio.Future[None]] = deque()
        self.under_way = 0

    @property
    def limit(self) -> int:
        """How many requests may be under way now."""
        return int(self._limit)

    def begin_round(self) -> None:
        """Forget how fast answers were: those after a longer conversation take longer."""
        self._fastest = self._latency = 0.0

    @asynccontextmanager
    async def place(self) -> AsyncIterator[None]:
        """Wait for a place and hold it."""
        await self._take()
        try:
            yield
        finally:
            self._free()

    def answered(self, seconds: float) -> None:
        """Take note of an answer that came after `seconds`; call it while its place is held."""
        self._fastest = min(self._fastest or seconds, seconds)
        self._latency += SMOOTHING * (seconds - self._latency) if self._latency else seconds
        if self._latency > OVERCROWDED * self._fastest:
            self._feeling_its_way = True
            if self._limit > FEWEST_FOR_LATENCY:
                self._limit = max(FEWEST_FOR_LATENCY, self._limit - 1 / self._limit)
        elif self._latency < CROWDED * self._fastest and len(self._waiting) > self.under_way:
            self._limit += 1 / (CAUTION * self._limit) if self._feeling_its_way else GROWTH
            self._limit = min(self._limit, self._most)

    def refused(self) -> None:
        """Take note that the server refused a request for the rate; call it while its place is held."""
        self._feeling_its_way = True
        self._limit = max(1.0, min(self._limit, self.under_way) - 1)

    async def _take(self) -> None:
        if self.under_way < self.limit and not self._waiting:
            self.under_way += 1
            return
        called = asyncio.get_running_loop().create_future()
        self._waiting.append(called)
        try:
            await called
        except asyncio.CancelledError:
            if not called.cancelled():
                self._free()  # the place was given just before
            elif called in self._waiting:
                self._waiting.remove(called)
            raise

    def _free(self) -> None:
        self.under_way -= 1
        while self._waiting and self.under_way < self.limit:
            called = self._waiting.popleft()
            if not called.done():
                self.under_way += 1
                called.set_result(None)
