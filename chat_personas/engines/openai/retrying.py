"""Asking a server again: what may be tried again, how often, and after which pause.

The `openai` package can do this too, and does for a reply to a person, but each request for itself, with six tries and
eight seconds at most: a limit on requests a minute outlasts that, and a run would lose what it refused. Its waiting
requests count as under way, besides; here one that waits holds no place.

When a server that refused a request wants to be asked again.
"""

import asyncio
import math
import random
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from email.utils import parsedate_to_datetime
from itertools import count
from typing import TYPE_CHECKING, Any, TypeVar

from chat_personas.engines.openai.scheduling import ConcurrencyWindow, RequestQueue

if TYPE_CHECKING:
    import openai


def asked_pause(error: Any) -> float | None:
    """Return the seconds that a server asks to wait in the answer that an error of the `openai` package is about."""
    headers = getattr(getattr(error, "response", None), "headers", None)
    return None if headers is None else retry_after(headers, time.time())


def retry_after(headers: Mapping[str, str], now: float) -> float | None:
    """Return the seconds to wait from `now` (seconds since 1970), not negative, or None if the headers do not say.

    `retry-after-ms`, which some servers send, is in milliseconds; `Retry-After` is in seconds or a date (RFC 9110,
    10.2.3). What cannot be read counts as not said.
    """
    for name, unit in (("retry-after-ms", 0.001), ("retry-after", 1.0)):
        seconds = _number(headers.get(name))
        if seconds is not None:
            return max(0.0, seconds * unit)
    try:
        return max(0.0, parsedate_to_datetime(headers.get("retry-after", "")).timestamp() - now)
    except (ValueError, TypeError, OverflowError):
        return None


def _number(text: str | None) -> float | None:
    try:
        number = float(text or "")
    except ValueError:
        return None
    return number if math.isfinite(number) else None


T = TypeVar("T")

RETRIES = 6
"""How often a request is tried again that failed otherwise than by a rate limit."""
LIMITED_RETRIES = 20
"""How often a request is tried again that a rate limit refused: twelve minutes without a word from the server."""
FIRST_PAUSE = 0.5
LONGEST_PAUSE = 8.0
LONGEST_LIMITED_PAUSE = 60.0
LONGEST_ASKED_FOR = 3600.0
"""Seconds: a server that asks for more (a daily limit) is not waited for."""
HOPELESS = 8
"""After so many requests in a row that were given up, the server is, unless more than that may be made at once."""
_OVERLOADED = frozenset({429, 503, 529})
_PASSING = frozenset({408, 409})


class UnreadableAnswerError(Exception):
    """A server sent an answer that is none, such as JSON that breaks off. The message is a few words."""


class _WithdrawnError(Exception):
    """A request was given up for a reply to a person and is to be made again after it."""


class Retrying:
    """Makes requests, as many at once as `pace` allows, and again where that may help."""

    def __init__(self, pace: ConcurrencyWindow, *, withdraws: bool = False) -> None:
        """`withdraws`: give requests under way up for a reply to a person, where asking twice costs nothing."""
        self._pace = pace
        self._turns = RequestQueue(pace)
        self._withdraws = withdraws
        self._under_way = set[asyncio.Future[Any]]()
        self._lost_in_a_row = 0
        self._in_vain = False

    @contextmanager
    def giving_way(self) -> Iterator[None]:
        """Make no request within the block, in which a reply to a person is under way; those that wait go after it.

        Those under way are withdrawn and go after it, too, if this is an object that withdraws.
        """
        with self._turns.given_up():
            withdrawn = tuple(self._under_way)
            self._under_way.clear()
            for request in withdrawn:
                request.cancel()
            yield

    @property
    def hopeless(self) -> bool:
        """Whether many requests in a row were refused or broke off until they were given up, with no answer between,
        or one was refused for so long that waiting is in vain.

        An error that the server reports for a request (such as 500) does not count: it may be about that request.
        """
        return self._in_vain or self._lost_in_a_row >= max(HOPELESS, self._pace.allowed)

    async def ask(self, request: Callable[[], Awaitable[T]], *, alike: bool = False) -> T:
        """Return what `request` returns, making it again after a pause where that may help.

        `alike`: all such requests should take the same time, so that slower answers tell of a crowd at the server.

        Raises:
            openai.OpenAIError, UnreadableAnswerError: the last failure, when trying again does not help any more.
        """
        import openai

        number, failed, limited = self._turns.number(), 0, 0
        while True:
            ticket = await self._turns.take(number)
            try:
                answer = await self._made(request)
            except _WithdrawnError:
                self._turns.ended()
                continue
            except (openai.OpenAIError, UnreadableAnswerError) as error:
                if isinstance(error, openai.RateLimitError):
                    limited += 1
                    pause = self._limited_pause(error, limited)
                else:
                    failed += 1
                    pause = self._pause(error, failed)
                crowded = _is_overloaded(error)
                if crowded:
                    self._turns.refused(ticket, pause or 0.0)  # nobody asks meanwhile
                else:
                    self._turns.ended()
                if pause is None:
                    raise
            except BaseException:
                self._turns.ended()
                raise
            else:
                self._lost_in_a_row, self._in_vain = 0, False
                self._turns.answered(ticket, alike=alike)
                return answer
            if not crowded:
                await asyncio.sleep(pause)

    async def _made(self, request: Callable[[], Awaitable[T]]) -> T:
        """Return what `request` returns. Raises _WithdrawnError: it was withdrawn meanwhile."""
        if not self._withdraws:
            return await request()
        under_way = asyncio.ensure_future(request())
        self._under_way.add(under_way)
        try:
            return await under_way
        except asyncio.CancelledError:
            asking = asyncio.current_task()
            if under_way in self._under_way or (asking is not None and asking.cancelling()):
                raise
            raise _WithdrawnError from None
        finally:
            self._under_way.discard(under_way)

    def _limited_pause(self, error: "openai.RateLimitError", times: int) -> float | None:
        """Return for how long nothing is to be asked; None where the request is given up."""
        pause = limited_pause(error, times)
        if pause is None:
            self._in_vain = True  # the limit is on all requests
        elif times > LIMITED_RETRIES:
            self._lost_in_a_row += 1
            return None
        return pause

    def _pause(self, error: Exception, times: int) -> float | None:
        """Return the pause before the next try; None where there is none."""
        if not _may_pass(error):
            return None
        if times > RETRIES:
            self._lost_in_a_row += 0 if _is_reported(error) else 1
            return None
        wanted, longest = asked_pause(error), LONGEST_LIMITED_PAUSE if _is_overloaded(error) else LONGEST_PAUSE
        return wanted if wanted is not None and wanted <= longest else _growing(times, LONGEST_PAUSE)


async def through_limits(request: Callable[[], Awaitable[T]], retries: int) -> T:
    """Return what `request` returns, made again only where a rate limit refused it, so many times at most.

    Raises:
        Exception: whatever else goes wrong, at once.
    """
    import openai

    for times in count(1):
        try:
            return await request()
        except openai.RateLimitError as error:
            pause = limited_pause(error, times)
            if pause is None or times > retries:
                raise
            await asyncio.sleep(pause)
    raise AssertionError("unreachable")


def limited_pause(error: "openai.RateLimitError", times: int) -> float | None:
    """Return the pause after being refused so many times; None where waiting is in vain."""
    wanted = asked_pause(error)
    if error.code == "insufficient_quota" or (wanted or 0.0) > LONGEST_ASKED_FOR:
        return None
    return wanted if wanted is not None else _growing(times, LONGEST_LIMITED_PAUSE)


def is_unreachable(error: Exception) -> bool:
    """Say whether no connection could be made at all, in contrast to one that broke off."""
    import httpx2

    return isinstance(error.__cause__, httpx2.ConnectError | httpx2.ConnectTimeout)


def _growing(times: int, longest: float) -> float:
    """Return a pause that doubles with every try, a little at random so that requests do not come back together."""
    return float(min(FIRST_PAUSE * 2 ** (times - 1), longest) * random.uniform(0.75, 1.0))


def _is_overloaded(error: Exception) -> bool:
    """Say whether a server has more to do than it bears: it refused the request, or did not answer in time."""
    import openai

    if isinstance(error, openai.APIStatusError):
        return error.status_code in _OVERLOADED
    return isinstance(error, openai.APITimeoutError)


def _may_pass(error: Exception) -> bool:
    """Say whether the same request may succeed later."""
    import openai

    if isinstance(error, openai.APIStatusError):
        return error.status_code >= 500 or error.status_code in _PASSING
    return isinstance(error, openai.APIConnectionError | UnreadableAnswerError)


def _is_reported(error: Exception) -> bool:
    """Say whether the server sent something, be it an error, in contrast to a connection that broke off."""
    import openai

    return isinstance(error, openai.APIStatusError | UnreadableAnswerError)
