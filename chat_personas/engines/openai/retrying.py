"""Making a request to a server again: which failures allow it, how often, and after which pause.

A reply to a person is asked for again by itself (`through_hiccups`). Probes and other requests of a run go through
`Retrying`, which knows what happened to the others: a limit on requests per minute makes all of them wait, so that a
run does not lose the answers that were refused, and a request that waits holds no place among those under way.
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

from chat_personas.engines.openai.events import ReportedFailureError, UnreadableAnswerError
from chat_personas.engines.openai.overflow import refusal_in
from chat_personas.engines.openai.scheduling import ConcurrencyWindow, RequestQueue
from chat_personas.text import pluralize

if TYPE_CHECKING:
    import openai

T = TypeVar("T")

RETRIES = 6
"""How often a request is made again after a failure other than a rate limit."""
LIMITED_RETRIES = 20
"""How often a request is made again after a rate limit: twelve minutes if the server does not say how long to wait."""
FIRST_PAUSE = 0.5
"""Seconds before the first retry; the pause doubles with every further one."""
LONGEST_PAUSE = 8.0
LONGEST_LIMITED_PAUSE = 60.0
LONGEST_ASKED_FOR = 3600.0
"""Seconds: if a server asks for a longer pause (a daily limit), the request is given up at once."""
OPENING_TIMEOUTS = 5
"""A server that is still being opened after so many timeouts is given up, whatever it answers meanwhile."""
HOPELESS = 8
"""Give up on the server after this many consecutive failed requests (or after one full window, if that is larger)."""
_OVERLOADED = frozenset({429, 503, 529})
_QUOTA = "insufficient_quota"
_PASSING = frozenset({408, 409})


class _WithdrawnError(Exception):
    """A request was withdrawn for a reply to a person, and must be made again after it."""


class Retrying:
    """Makes requests, as many at once as the window allows, and again where that may help."""

    def __init__(self, window: ConcurrencyWindow, *, withdraws: bool = False) -> None:
        """`withdraws`: cancel requests under way for a reply to a person, for servers where asking twice is free."""
        self._window = window
        self._queue = RequestQueue(window)
        self._withdraws = withdraws
        self._under_way = set[asyncio.Future[Any]]()
        self._lost_in_a_row = 0
        self._in_vain = False

    @contextmanager
    def giving_way(self) -> Iterator[None]:
        """Make no request within the block, in which a reply to a person is under way; waiting requests go after it.

        With `withdraws`, requests under way are cancelled, and made again after it.
        """
        with self._queue.held():
            withdrawn = tuple(self._under_way)
            self._under_way.clear()
            for request in withdrawn:
                request.cancel()
            yield

    @property
    def hopeless(self) -> bool:
        """Whether the server should be given up: `HOPELESS` requests in a row were, or a limit outlasts any waiting.

        A request counts if it was refused or broke off each time. An error that the server reports for it (such as 500)
        does not count, since it may be about that request.
        """
        return self._in_vain or self._lost_in_a_row >= max(HOPELESS, self._window.allowed)

    async def ask(self, request: Callable[[], Awaitable[T]], *, alike: bool = False) -> T:
        """Return the result of `request`, making it again after a pause where that may help.

        `alike`: all such requests should take the same time, so that slower answers mean that others wait before them.

        Raises:
            openai.OpenAIError, UnreadableAnswerError: the last failure, when another try would not help.
        """
        import openai

        number, failed, limited = self._queue.number(), 0, 0
        while True:
            ticket = await self._queue.take(number)
            try:
                answer = await self._made(request)
            except _WithdrawnError:
                self._queue.ended()
                continue
            except (openai.OpenAIError, UnreadableAnswerError) as error:
                if isinstance(error, openai.RateLimitError):
                    limited += 1
                    pause = self._pause_for_limit(error, limited)
                else:
                    failed += 1
                    pause = self._pause_for_failure(error, failed)
                overloaded = is_overloaded(error)
                if overloaded:
                    self._queue.refused(ticket, pause or 0.0)  # the queue makes all requests wait
                else:
                    self._queue.ended()
                if pause is None:
                    _note_tries(error, limited)
                    raise
            except BaseException:
                self._queue.ended()
                raise
            else:
                self._lost_in_a_row, self._in_vain = 0, False
                self._queue.answered(ticket, alike=alike)
                return answer
            if not overloaded:
                await asyncio.sleep(pause)

    async def _made(self, request: Callable[[], Awaitable[T]]) -> T:
        """Return the result of `request`. Raises _WithdrawnError: it was withdrawn meanwhile."""
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

    def _pause_for_limit(self, error: "openai.RateLimitError", times: int) -> float | None:
        """Return for how many seconds no request should be made; None if this one is given up."""
        pause = _limit_pause(error, times)
        if pause is None:
            self._in_vain = True  # the limit is on all requests
        elif times > LIMITED_RETRIES:
            self._lost_in_a_row += 1
            return None
        return pause

    def _pause_for_failure(self, error: Exception, times: int) -> float | None:
        """Return the seconds before the next try; None if there is none."""
        if not _may_pass(error):
            return None
        if times > RETRIES:
            self._lost_in_a_row += 0 if _is_reported(error) else 1
            return None
        wanted, longest = asked_pause(error), LONGEST_LIMITED_PAUSE if is_overloaded(error) else LONGEST_PAUSE
        return wanted if wanted is not None and wanted <= longest else _growing(times, LONGEST_PAUSE)


def longest_opening(timeout: float) -> float:
    """Return for how many seconds at most a server is being opened; `timeout` is the longest wait for one answer."""
    return OPENING_TIMEOUTS * timeout


async def through_limits(request: Callable[[], Awaitable[T]], retries: int) -> T:
    """Return the result of `request`, made again only after a rate limit, `retries` times at most.

    Raises:
        Exception: any other failure, at once.
    """
    import openai

    for times in count(1):
        try:
            return await request()
        except openai.RateLimitError as error:
            pause = _limit_pause(error, times)
            if pause is None or times > retries:
                _note_tries(error, times)
                raise
            await asyncio.sleep(pause)
    raise AssertionError("unreachable")


async def through_hiccups(request: Callable[[], Awaitable[T]], retries: int, *, here: bool) -> T:
    """Return the result of `request`, made again after any failure that may pass, `retries` times at most.

    A person waits for the result, so no pause is longer than a minute. `here`: the server is on this machine, where no
    network can have lost the connection: one that is refused is not asked for again.

    Raises:
        openai.OpenAIError: the last failure.
    """
    import openai

    for times in count(1):
        try:
            return await request()
        except openai.OpenAIError as error:
            if isinstance(error, openai.APITimeoutError) and not is_unreachable(error):
                raise  # the person has waited long enough
            if here and _is_refused(error):
                raise  # nothing listens there
            is_limit = isinstance(error, openai.RateLimitError) and error.code != _QUOTA
            wanted = asked_pause(error)
            if times > retries or not (is_limit or _may_pass(error)) or (wanted or 0.0) > LONGEST_LIMITED_PAUSE:
                _note_tries(error, times)
                raise
            await asyncio.sleep(_growing(times, LONGEST_PAUSE) if wanted is None else wanted)
    raise AssertionError("unreachable")


def _limit_pause(error: "openai.RateLimitError", times: int) -> float | None:
    """Return the seconds to wait after a request was refused `times` times; None if waiting is in vain."""
    wanted = asked_pause(error)
    if error.code == _QUOTA or (wanted or 0.0) > LONGEST_ASKED_FOR:
        return None
    return wanted if wanted is not None else _growing(times, LONGEST_LIMITED_PAUSE)


def _note_tries(error: Exception, times: int) -> None:
    """Note on a rate limit how often a request was made in vain, for the message about it."""
    import openai

    if isinstance(error, openai.RateLimitError):
        error.add_note(f"after {pluralize(times, 'try', 'tries')}")


def is_unreachable(error: Exception) -> bool:
    """Whether no connection could be made at all, in contrast to one that broke off."""
    import httpx2

    return isinstance(error.__cause__, httpx2.ConnectError | httpx2.ConnectTimeout | httpx2.ProxyError)


def _is_refused(error: Exception) -> bool:
    """Whether no connection could be made, and that was known at once."""
    import httpx2

    return isinstance(error.__cause__, httpx2.ConnectError)


def _growing(times: int, longest: float) -> float:
    """Return a pause that doubles with every try, with some randomness so that requests do not come back together."""
    return float(min(FIRST_PAUSE * 2 ** (times - 1), longest) * random.uniform(0.75, 1.0))


def is_overloaded(error: Exception) -> bool:
    """Whether the server has too much to do: it refused the request, or did not answer in time."""
    import openai

    if isinstance(error, openai.APIStatusError):
        return error.status_code in _OVERLOADED
    return isinstance(error, openai.APITimeoutError)


def _may_pass(error: Exception) -> bool:
    """Whether the same request may succeed later."""
    import openai

    refusal = refusal_in(error)
    if refusal is not None and refusal.is_overflow:
        return False
    if isinstance(error, ReportedFailureError):
        return error.status is None or error.status >= 500 or error.status in _PASSING
    if isinstance(error, openai.APIStatusError):
        return error.status_code >= 500 or error.status_code in _PASSING
    return isinstance(error, openai.APIConnectionError | UnreadableAnswerError)


def _is_reported(error: Exception) -> bool:
    """Whether the server sent something, even an error, in contrast to a connection that broke off."""
    import openai

    return isinstance(error, openai.APIStatusError | UnreadableAnswerError)


def asked_pause(error: Any) -> float | None:
    """Return the seconds that the server asks to wait, in the answer behind an error of the `openai` package."""
    headers = getattr(getattr(error, "response", None), "headers", None)
    return None if headers is None else retry_after(headers, time.time())


def retry_after(headers: Mapping[str, str], now: float) -> float | None:
    """Return the seconds to wait from `now` (seconds since 1970), not negative; None if the headers do not say.

    `retry-after-ms`, which some servers send, is in milliseconds; `Retry-After` is in seconds or a date (RFC 9110,
    10.2.3). A value that cannot be read counts as absent.
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
