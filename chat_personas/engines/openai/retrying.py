"""Asking a server again: what may be tried again, how often, and after which pause.

The `openai` package can do this too, but each request for itself, with six tries and eight seconds at most: a limit on
requests a minute outlasts that, and a run would lose what it refused.
"""

import asyncio
import email.utils
import math
import random
import time
from collections.abc import Awaitable, Callable
from itertools import count
from typing import TYPE_CHECKING, Any, TypeVar

from chat_personas.engines.openai.places import Places

if TYPE_CHECKING:
    import openai

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
"""After so many requests in a row that were given up, the server is, unless more than that are made at once."""
_PASSING = frozenset({408, 409})


class UnreadableAnswerError(Exception):
    """A server sent an answer that is none, such as JSON that breaks off. The message is a few words."""


class Retrying:
    """Makes requests, a bounded number at once, and again where that may help."""

    def __init__(self, places: Places) -> None:
        self._places = places
        self._turns = count()
        self._lost_in_a_row = 0

    @property
    def hopeless(self) -> bool:
        """Whether many requests in a row were refused or broke off until they were given up, with no answer between,
        or one was refused for so long that waiting is in vain.

        An error that the server reports for a request (such as 500) does not count: it may be about that request.
        """
        return self._lost_in_a_row >= max(HOPELESS, self._places.most)

    async def ask(self, request: Callable[[], Awaitable[T]]) -> T:
        """Return what `request` returns, making it again after a pause where that may help.

        Raises:
            openai.OpenAIError, UnreadableAnswerError: the last failure, when trying again does not help any more.
        """
        import openai

        turn, failed, limited = next(self._turns), 0, 0
        while True:
            pause = 0.0
            async with self._places.one(turn):
                try:
                    answer = await request()
                except openai.RateLimitError as error:
                    limited += 1
                    self._places.slow_down(self._limited_pause(error, limited))
                except (openai.OpenAIError, UnreadableAnswerError) as error:
                    failed += 1
                    pause = self._pause(error, failed)
                else:
                    self._lost_in_a_row = 0
                    self._places.went_well()
                    return answer
            await asyncio.sleep(pause)

    def _limited_pause(self, error: "openai.RateLimitError", times: int) -> float:
        """Return for how long nothing is to be asked; raises the error where waiting is in vain."""
        pause = limited_pause(error, times)
        if pause is None:
            self._lost_in_a_row += max(HOPELESS, self._places.most)  # the limit is on all requests
            raise error
        if times > LIMITED_RETRIES:
            self._lost_in_a_row += 1
            raise error
        return pause

    def _pause(self, error: Exception, times: int) -> float:
        """Return the pause before the next try; raises the error where there is none."""
        if not _may_pass(error):
            raise error
        if times > RETRIES:
            self._lost_in_a_row += 0 if _is_reported(error) else 1
            raise error
        wanted = asked_pause(error)
        return wanted if wanted is not None and wanted <= LONGEST_PAUSE else _growing(times, LONGEST_PAUSE)


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


def asked_pause(error: Any) -> float | None:
    """Return the seconds that a server asks to wait (`Retry-After`, in seconds or as a date), or None."""
    headers = getattr(getattr(error, "response", None), "headers", None) or {}
    said = headers.get("retry-after")
    if said is None:
        return None
    try:
        seconds = float(said)
    except ValueError:
        date = email.utils.parsedate_tz(said)
        if date is None:
            return None
        seconds = email.utils.mktime_tz(date) - time.time()
    return max(0.0, seconds) if math.isfinite(seconds) else None


def _growing(times: int, longest: float) -> float:
    """Return a pause that doubles with every try, a little at random so that requests do not come back together."""
    return float(min(FIRST_PAUSE * 2 ** (times - 1), longest) * random.uniform(0.75, 1.0))


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


def is_unreachable(error: Exception) -> bool:
    """Say whether no connection could be made at all, in contrast to one that broke off."""
    import httpx2

    return isinstance(error.__cause__, httpx2.ConnectError | httpx2.ConnectTimeout)
