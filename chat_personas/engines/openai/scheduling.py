"""How many requests a server is given at once: what it can bear, and never more than the setting.

Pure logic, with the time as an argument. The window begins at the setting, so that a server that bears it is used at
once; only where one short answer took so long that many, one after the other, might not come in time, does it begin
lower, and then doubles until it is cut for the first time. It is halved when the server refuses (429, 503) or does not
answer in time, once for all that was sent before, and grows by one for every windowful of answers: additive increase,
multiplicative decrease (Chiu and Jain 1989), as in TCP. Just under the level that was refused last it grows ten times
slower, so that refusals stay rare.

Latency tells what no refusal does: a server that takes requests one at a time lets the others queue. When answers
take, smoothed, four times as long as the fastest one of the same context, a quarter of the window goes. That is for
answers of one length only: a long reply takes its time on an idle server, too.

The order in which a server is asked, so that what it keeps of earlier prompts is of use.

Servers keep the prefixes of prompts that they have read. Probes that begin alike follow each other, and where all
share a long conversation, one goes first alone: a crowd that arrives before the first has been read finds nothing kept.

Requests waiting for their turn at a server, in the order in which they were first asked for.
"""

import asyncio
import heapq
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import accumulate, count

from eval.engine import Message, Probe

LONG = 1000  # characters, some 250 tokens: below that, reading it again is cheaper than waiting for one answer


def in_tree_order(probes: Sequence[Probe]) -> list[Probe]:
    """Return `probes` so that those whose first lines are the same, up to any line, are side by side.

    This is the order in which one walks the tree of their lines, branches in the order in which they first came: the
    order that was given changes no more than that needs.
    """
    first: dict[str, int] = {}
    paths = []
    for index, probe in enumerate(probes):
        beginnings = accumulate(f"{probe.prompt}\n".splitlines(keepends=True))
        paths.append([first.setdefault(beginning, index) for beginning in beginnings])
    return [probes[index] for index in sorted(range(len(probes)), key=paths.__getitem__)]


def in_crowds(prefix: Sequence[Message], probes: Sequence[Probe]) -> list[list[Probe]]:
    """Return `probes` as they go together, in tree order: one alone before the others if more than two share much.

    It is the longest: where the prefix is too long for the server, what is left of it then fits before all of them.
    """
    if len(probes) <= 2 or sum(len(message.content) for message in prefix) < LONG:
        return [in_tree_order(probes)]
    longest = max(probes, key=lambda probe: len(probe.prompt))
    return [[longest], in_tree_order([probe for probe in probes if probe is not longest])]


CUT = 0.5
SLOW_CUT = 0.75
SLOW = 4.0
LEAST_FOR_LATENCY = 2.0
SMOOTHING = 1 / 8
CAREFUL_GROWTH = 0.1
PART_OF_TIMEOUT = 0.5


@dataclass(frozen=True, slots=True)
class Ticket:
    """One request under way: when it was sent, and how often the window had been cut by then."""

    sent: float
    cuts: int


class ConcurrencyWindow:
    """The window of requests to one server, and until when nobody may send.

    Every ticket that `send` gives ends in exactly one of `answered`, `refused` and `ended`. Times are seconds of one
    monotonic clock.
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
        """Before this time nobody may send."""
        return self._held_until

    def may_send(self, now: float) -> bool:
        """Say whether one more request may go."""
        return self._under_way < self.allowed and now >= self._held_until

    def send(self, now: float) -> Ticket:
        """Count a request that goes now."""
        self._under_way += 1
        return Ticket(now, self._cuts)

    def new_context(self) -> None:
        """Forget how fast answers were: they follow another prompt from now on."""
        self._fastest = None

    def answered(self, ticket: Ticket, now: float, *, alike: bool = True) -> None:
        """Take an answer: grow if the window was full, shrink if answers have become slow.

        `alike` says whether it should take as long as other such answers; if not, its time tells nothing.
        """
        full = self._under_way >= self.allowed
        self._under_way -= 1
        slow = alike and self._is_slow(now - ticket.sent)
        if ticket.cuts != self._cuts:
            return
        if slow and self._window > LEAST_FOR_LATENCY:
            self._window = max(LEAST_FOR_LATENCY, SLOW_CUT * self._window)
            self._cuts += 1
        elif full and not slow:
            most = min(self._most, self._in_time(self._fastest or 0.0))
            self._window = max(self._window, min(most, self._window + self._growth()))

    def refused(self, ticket: Ticket, now: float, pause: float) -> None:
        """Take a refusal: halve the window if the request was sent since it was last cut; nobody sends for `pause`."""
        level = max(1.0, min(self._window, self._under_way))
        self._under_way -= 1
        if ticket.cuts == self._cuts:
            self._refused_at = level
            self._window = max(1.0, CUT * level)
            self._cuts += 1
        self._held_until = max(self._held_until, now + pause)

    def ended(self) -> None:
        """Take back a request that says nothing about the pace: cancelled, or failed for a reason of its own."""
        self._under_way -= 1

    def _growth(self) -> float:
        """Return by how much an answer widens the window: it doubles until first cut, then gains one a windowful."""
        if not self._cuts:
            return 1.0
        careful = self._window >= self._refused_at - 1
        return (CAREFUL_GROWTH if careful else 1.0) / self._window

    def _in_time(self, seconds: float) -> float:
        """Return how many requests may wait for answers of `seconds`, one by one, and all be answered in time."""
        return max(1.0, PART_OF_TIMEOUT * self._timeout / seconds) if seconds > 0 else float("inf")

    def _is_slow(self, seconds: float) -> bool:
        if self._fastest is None:
            self._fastest = self._smoothed = seconds
        self._fastest = min(self._fastest, seconds)
        self._smoothed += SMOOTHING * (seconds - self._smoothed)
        return self._smoothed > SLOW * self._fastest


class RequestQueue:
    """Lets requests go as `ConcurrencyWindow` allows. A repeated one keeps its number and goes before newer ones."""

    def __init__(self, pace: ConcurrencyWindow) -> None:
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
        """See `ConcurrencyWindow.answered`.

        The next goes when this answer has been handed on, so that it is kept whatever
        follows. Whoever waits for it runs two rounds of the event loop from now.
        """
        self._pace.answered(ticket, time.monotonic(), alike=alike)
        loop = asyncio.get_running_loop()
        loop.call_soon(loop.call_soon, self._let_go)

    def refused(self, ticket: Ticket, pause: float) -> None:
        """See `ConcurrencyWindow.refused`."""
        self._pace.refused(ticket, time.monotonic(), pause)
        self._let_go()

    def ended(self) -> None:
        """See `ConcurrencyWindow.ended`."""
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
