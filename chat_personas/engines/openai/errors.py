"""What went wrong between us and a server, in one line that says what to do."""

import math
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

from chat_personas.engines.openai.connection import key_variable, redact_url
from chat_personas.engines.openai.retrying import (
    LONGEST_ASKED_FOR,
    UnreadableAnswerError,
    asked_pause,
    is_unreachable,
)
from chat_personas.text import pluralize, printable
from eval.engine import EngineError

if TYPE_CHECKING:
    import openai


def explain(error: Exception, url: str, key_env: str | None) -> EngineError:
    """Turn an error of the `openai` package into ours; the server's own words are kept short and carry no key."""
    import openai

    where = redact_url(url)
    if isinstance(error, openai.APITimeoutError):
        return EngineError(f"{where} did not answer in time; try again, or raise servers.timeout in settings")
    if isinstance(error, openai.APIConnectionError) and not is_unreachable(error):
        return EngineError(f"{where} broke off its answer; try again, or look at the server's log")
    if isinstance(error, openai.APIConnectionError):
        return EngineError(f"cannot reach {where}; is the server running, and is the address right?")
    if isinstance(error, openai.AuthenticationError | openai.PermissionDeniedError):
        variable = key_variable(url, key_env)
        todo = f"check {variable}" if variable else f'name its key: [servers."{where}"] key_env = "..." in settings'
        return EngineError(f"{where} refused the key; {todo}")
    if isinstance(error, openai.NotFoundError):
        return EngineError(f"{where} has nothing there ({_said(error)}); the address usually ends in /v1")
    if isinstance(error, openai.RateLimitError):
        return EngineError(f"{where} {_limit(error)}")
    if is_redirect(error):
        return EngineError(f"{where} redirects to {_new_address(error, url)}; use that address if you trust it")
    if isinstance(error, openai.APIStatusError):
        return EngineError(f"{where} answered {error.status_code} ({_said(error)})")
    if isinstance(error, UnreadableAnswerError):
        return EngineError(f"{where} sent {error}; try again, or look at the server's log")
    return EngineError(f"{where} sent what cannot be read ({_said(error)})")


def is_redirect(error: Exception) -> bool:
    """Say whether the server names another address, to which nothing is sent."""
    import openai

    if not isinstance(error, openai.APIStatusError) or not 300 <= error.status_code < 400:
        return False
    return bool(error.response.headers.get("location"))


def _new_address(error: Exception, url: str) -> str:
    """Return the address to use instead of `url`, without user, password and query: what the server sent may be odd."""
    import openai

    assert isinstance(error, openai.APIStatusError)
    requested = str(error.request.url)
    try:
        target = urljoin(requested, error.response.headers["location"])
        if urlsplit(target).scheme not in ("http", "https") or not urlsplit(target).hostname:
            return "another address"
        address = printable(redact_url(target))[:200]
    except ValueError:
        return "another address"
    endpoint = urlsplit(requested).path.removeprefix(urlsplit(url).path.rstrip("/"))  # such as /models
    base = address.removesuffix(endpoint)
    return address if base == redact_url(url) else base


def _limit(error: "openai.RateLimitError") -> str:
    if error.code == "insufficient_quota":
        return "says that the quota of this key is used up; see to it, then go on"
    pause = asked_pause(error) or 0.0
    if pause > LONGEST_ASKED_FOR:
        return f"limits the rate for another {pluralize(math.ceil(pause / 3600), 'hour')}; go on then"
    return "still limits the rate after several tries; wait, or lower servers.concurrency"


def _said(error: Exception) -> str:
    import openai

    if isinstance(error, openai.APIStatusError) and isinstance(error.body, dict):
        text = str(error.body.get("message") or error.body.get("detail") or error.body)
    else:
        text = str(error) or type(error).__name__
    return " ".join(text.split())[:160]


SIGNS = ("context length", "context_length", "context window", "maximum context", "too many tokens", "exceed")


def is_too_long(error: Exception) -> bool:
    """Say whether a server's refusal is about the length of the context; servers have no common code for it."""
    said = str(error).lower()
    return any(sign in said for sign in SIGNS)
