"""Trying a request again when a server is busy, without holding a place among those under way meanwhile."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

from chat_personas.engines.openai.pace import Pace

T = TypeVar("T")
RETRIES = 7
FIRST_PAUSE = 0.25
LONGEST_PAUSE = 8.0
LONGEST_WISH = 60.0
"""A server may ask for a longer pause with `Retry-After`, up to this many seconds."""
_PASSING = frozenset({408, 409, 429})


async def paced(pace: Pace, request: Callable[[], Awaitable[T]]) -> T:
    """Make a request at the pace that the server bears; what may pass is tried again up to seven times.

    The server's `Retry-After` is honoured; otherwise the pauses double from a quarter of a second to eight.

    Raises:
        openai.OpenAIError: what does not pass, or did not pass.
    """
    import openai

    tries = 0
    while True:
        async with pace.place():
            began = time.monotonic()
            try:
                answer = await request()
            except (openai.APIConnectionError, openai.APIStatusError) as error:
                if isinstance(error, openai.RateLimitError):
                    pace.refused()
                if tries == RETRIES or not _may_pass(error):
                    raise
                pause = _wish(error) or min(FIRST_PAUSE * 2**tries, LONGEST_PAUSE) * random.uniform(0.75, 1.0)
            else:
                pace.answered(time.monotonic() - began)
                return answer
        tries += 1
        await asyncio.sleep(pause)


def _may_pass(error: Exception) -> bool:
    status = getattr(error, "status_code", None)
    return status is None or status in _PASSING or status >= 500


def _wish(error: Exception) -> float | None:
    """Return the seconds that the server asks us to wait, if it does so in a number that can be granted."""
    headers = getattr(getattr(error, "response", None), "headers", {})
    for name, unit in (("retry-after-ms", 0.001), ("retry-after", 1.0)):
        try:
            seconds = float(headers.get(name, "")) * unit
        except ValueError:
            continue
        if 0 < seconds <= LONGEST_WISH:
            return seconds
    return None
