"""How requests reach a server: in which order they are sent, and how many are under way at once.

`ConcurrencyWindow` decides how many a server can handle, `RequestQueue` lets waiting requests go accordingly, and the
functions at the end put the probes of a run in an order in which the server's cache of prompts is of use.
"""

import asyncio
import heapq
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import accumulate, count

from eval.engine import Message, Probe

_REFUSED_CUT = 0.5
"""The window after a refusal, as a share of the window before."""
_SLOW_CUT = 0.75
"""The same after answers have become slow."""
_SLOW = 4.0
"""Answers are slow if they take this many times as long as the fastest."""
_LEAST_FOR_LATENCY = 2.0
"""Slow answers do not make the window smaller than this."""
_SMOOTHING = 1 / 8
"""The weight of the newest answer in the average time of an answer."""
_CAREFUL_GROWTH = 0.1
"""Growth just under the level that was last refused, as a share of the usual growth."""
_PART_OF_TIMEOUT = 0.5
"""Requests that wait for each other at the server should all be answered within this share of the timeout."""
_LONG_PREFIX = 1000  # characters, some 250 tokens: to read less again is cheaper than to wait for one answer


@dataclass(frozen=True, slots=True)
class Ticket:
    """One request under way: when it was sent, and how often the window had been cut by then."""

    sent: float
    cuts: int


class ConcurrencyWindow:
    """How many requests one server is given at once: what it can handle, and never more than the setting.

    This is pure logic, with the time as an argument (seconds of one monotonic clock), and tested alone. Every ticket
    that `send` returns ends in exactly one of `answered`, `refused` and `ended`.

    The window begins at the setting, so that a server that can handle it is used fully from the start. It begins lower
    only if one short answer took so long that many, one after the other, might not come in time; then it doubles until
    it is cut for the first time.

    Refusals (429, 503) and timeouts halve the window, once for all requests that were sent before the cut. Every
    windowful of answers widens it by one: additive increase, multiplicative decrease (Chiu and Jain 1989), as in TCP.
    Just under the level that was last refused it grows ten times slower, so that refusals stay rare.

    Latency shows what refusals do not: a server that takes requests one at a time lets the others queue. If answers
    take, smoothed, four times as long as the fastest one of the same context, the window loses a quarter. This holds
    for answers of one length only, since a long reply takes its time on an idle server, too.
    """

    def __init__(self, most: int, *, seconds: float = 0.0, timeout: float = float("inf")) -> None:
        """Begin with `most` requests at once, which is also the most there will ever be.

        Begin with fewer if one answer took `seconds` and many, one by one, would take longer than half of `timeout`.
        """
        self._most = most
        self._timeout = timeout
        self._window = min(float(most), self._in_time(seconds))
        self._refused_at = float("inf")
        self._under_way = 0
        self._cuts = 0
        self._held_until = 0.0
        self._fastest: float | None = None
        self._smoothed = 0.0

    @property
    def most(self) -> int:
        """How many requests there will ever be at once."""
        return self._most

    @property
    def allowed(self) -> int:
        """How many requests may be under way at once, 1 to `most`."""
        return int(self._window)

    @property
    def held_until(self) -> float:
        """The time before which no request may be sent."""
        return self._held_until

    def may_send(self, now: float) -> bool:
        """Whether one more request may be sent."""
        return self._under_way < self.allowed and now >= self._held_until

    def send(self, now: float) -> Ticket:
        """Count a request that is sent now."""
        self._under_way += 1
        return Ticket(now, self._cuts)

    def new_context(self) -> None:
        """Forget how fast answers were: from now on they follow another prompt."""
        self._fastest = None

    def answered(self, ticket: Ticket, now: float, *, alike: bool = True) -> None:
        """Count an answer: grow if the window was full, shrink if answers have become slow.

        `alike`: it should take as long as other such answers. If not, its time tells nothing.
        """
        full = self._under_way >= self.allowed
        self._under_way -= 1
        slow = alike and self._is_slow(now - ticket.sent)
        if ticket.cuts != self._cuts:
            return
        if slow and self._window > _LEAST_FOR_LATENCY:
            self._window = max(_LEAST_FOR_LATENCY, _SLOW_CUT * self._window)
            self._cuts += 1
        elif full and not slow:
            most = min(self._most, self._in_time(self._fastest or 0.0))
            self._window = max(self._window, min(most, self._window + self._growth()))

    def refused(self, ticket: Ticket, now: float, pause: float) -> None:
        """Count a refusal: halve the window if the request was sent since the last cut; send nothing for `pause`."""
        level = max(1.0, min(self._window, self._under_way))
        self._under_way -= 1
        if ticket.cuts == self._cuts:
            self._refused_at = level
            self._window = max(1.0, _REFUSED_CUT * level)
            self._cuts += 1
        self._held_until = max(self._held_until, now + pause)

    def ended(self) -> None:
        """Take off a request that tells nothing about the server: cancelled, or failed for another reason."""
        self._under_way -= 1

    def _growth(self) -> float:
        """Return by how much an answer widens the window: it doubles until first cut, then gains one a windowful."""
        if not self._cuts:
            return 1.0
        careful = self._window >= self._refused_at - 1
        return (_CAREFUL_GROWTH if careful else 1.0) / self._window

    def _in_time(self, seconds: float) -> float:
        """Return how many requests may wait for answers of `seconds`, one by one, and all be answered in time."""
        return max(1.0, _PART_OF_TIMEOUT * self._timeout / seconds) if seconds > 0 else float("inf")

    def _is_slow(self, seconds: float) -> bool:
        if self._fastest is None:
            self._fastest = self._smoothed = seconds
        self._fastest = min(self._fastest, seconds)
        self._smoothed += _SMOOTHING * (seconds - self._smoothed)
        return self._smoothed > _SLOW * self._fastest


class RequestQueue:
    """Requests that wait until the window lets them go, in the order of their numbers.

    A request that is made again keeps its number, and so goes before newer ones.
    """

    def __init__(self, window: ConcurrencyWindow) -> None:
        self._window = window
        self._numbers = count()
        self._waiting: list[tuple[int, asyncio.Future[Ticket]]] = []
        self._alarm: asyncio.TimerHandle | None = None
        self._holds = 0

    @contextmanager
    def held(self) -> Iterator[None]:
        """Let no request go until the block ends, since a person waits for a reply; those under way go on."""
        self._holds += 1
        try:
            yield
        finally:
            self._holds -= 1
            self._let_go()

    def number(self) -> int:
        """Return the number of a new request."""
        return next(self._numbers)

    async def take(self, number: int) -> Ticket:
        """Wait until request `number` may be sent; it is under way until `answered`, `refused` or `ended` is called."""
        ticket: asyncio.Future[Ticket] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._waiting, (number, ticket))
        self._let_go()
        try:
            return await ticket
        except asyncio.CancelledError:
            if ticket.done() and not ticket.cancelled():  # it was let go in the same moment
                self.ended()
            raise

    def answered(self, ticket: Ticket, *, alike: bool) -> None:
        """Count an answer; see `ConcurrencyWindow.answered`.

        The next request goes once this answer has been handed on, so that the answer is kept, whatever happens to that
        request. The task that waits for the answer runs two rounds of the event loop from now.
        """
        self._window.answered(ticket, time.monotonic(), alike=alike)
        loop = asyncio.get_running_loop()
        loop.call_soon(loop.call_soon, self._let_go)

    def refused(self, ticket: Ticket, pause: float) -> None:
        """Count a refusal; see `ConcurrencyWindow.refused`."""
        self._window.refused(ticket, time.monotonic(), pause)
        self._let_go()

    def ended(self) -> None:
        """Take off a request; see `ConcurrencyWindow.ended`."""
        self._window.ended()
        self._let_go()

    def _let_go(self) -> None:
        now = time.monotonic()
        while self._waiting and not self._holds and self._window.may_send(now):
            _, ticket = heapq.heappop(self._waiting)
            if not ticket.done():
                ticket.set_result(self._window.send(now))
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None
        if self._waiting and self._window.held_until > now:
            self._alarm = asyncio.get_running_loop().call_later(self._window.held_until - now, self._let_go)


def in_waves(prefix: Sequence[Message], probes: Sequence[Probe]) -> list[list[Probe]]:
    """Return `probes` in tree order, as they are sent together: one alone before the others if many share much.

    Servers cache the prompts that they have read. Where more than two probes share a long conversation, one goes first
    alone: if all came before the first had been read, none would find anything in the cache. It is the longest probe,
    so that if the prefix has to be shortened for it, the others fit as well.
    """
    if len(probes) <= 2 or sum(len(message.content) for message in prefix) < _LONG_PREFIX:
        return [in_tree_order(probes)]
    longest = max(probes, key=lambda probe: len(probe.prompt))
    return [[longest], in_tree_order([probe for probe in probes if probe is not longest])]


def in_tree_order(probes: Sequence[Probe]) -> list[Probe]:
    """Return `probes` so that those whose first lines are the same, up to any line, are side by side.

    This is the order in which one walks the tree of their lines, branches in the order in which they first came. So
    nothing else of the given order changes.
    """
    first: dict[str, int] = {}
    paths = []
    for index, probe in enumerate(probes):
        beginnings = accumulate(f"{probe.prompt}\n".splitlines(keepends=True))
        paths.append([first.setdefault(beginning, index) for beginning in beginnings])
    return [probes[index] for index in sorted(range(len(probes)), key=paths.__getitem__)]
