"""Asking a server again after failures that pass, without holding a place while waiting.

The `openai` package can do this by itself, and does so for a reply to a person. Its waiting requests count as under
way, however, and know nothing of each other: with every place taken by one that waits, a server that could answer is
asked nothing. Here a request gives its place back before it waits, and a refusal slows down all of them.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, TypeVar

from chat_personas.engines.openai.retry_after import retry_after
from chat_personas.engines.openai.turns import Turns

if TYPE_CHECKING:
    import openai

Answer = TypeVar("Answer")

RETRIES = 6
RETRIES_WHEN_REFUSED = 10
LONGEST_WAIT = 120.0
OVERLOADED = frozenset({429, 503, 529})
PASSING = frozenset({408, 409})


async def patiently(turns: Turns, request: Callable[[], Awaitable[Answer]]) -> Answer:
    """Send `request` when its turn comes and return the answer; send it again while its failures may pass.

    Raises:
        openai.OpenAIError: the last failure: one that does not pass, or after 6 retries, 10 where the server refused
            because it has too much to do.
    """
    import openai

    number, failed = turns.number(), 0
    while True:
        ticket = await turns.take(number)
        try:
            answer = await request()
        except openai.APIError as error:
            overloaded, wait = is_overloaded(error), _wait(error)
            if overloaded:
                turns.refused(ticket, None if wait is None else min(wait, LONGEST_WAIT))
            else:
                turns.ended()
            if failed >= _retries(error) or (wait or 0.0) > LONGEST_WAIT or not _passes(error):
                raise
            failed += 1
            if not overloaded:
                await asyncio.sleep(min(8.0, 0.5 * 2 ** (failed - 1)) if wait is None else wait)
        except BaseException:
            turns.ended()
            raise
        else:
            turns.answered(ticket)
            return answer


def is_overloaded(error: "openai.APIError") -> bool:
    """Say whether a failure means that the server is given more than it bears: refused, or not answered in time."""
    import openai

    if isinstance(error, openai.APIStatusError):
        return error.status_code in OVERLOADED
    return isinstance(error, openai.APITimeoutError)


def _retries(error: "openai.APIError") -> int:
    import openai

    return RETRIES_WHEN_REFUSED if isinstance(error, openai.APIStatusError) and is_overloaded(error) else RETRIES


def _passes(error: "openai.APIError") -> bool:
    """Say whether the same request may do better later; a server that says so itself is believed."""
    import openai

    if not isinstance(error, openai.APIStatusError):
        return isinstance(error, openai.APIConnectionError)
    said = error.response.headers.get("x-should-retry")
    if said in ("true", "false"):
        return said == "true"
    return error.status_code in OVERLOADED | PASSING or error.status_code >= 500


def _wait(error: "openai.APIError") -> float | None:
    import openai

    return retry_after(error.response.headers, time.time()) if isinstance(error, openai.APIStatusError) else None
