"""Failures of a server, recognised and explained in one line that says what to do."""

import math
from typing import TYPE_CHECKING, TypeGuard
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

_SIGNS_OF_LENGTH = (
    "context length",
    "context_length",
    "context window",
    "maximum context",
    "too many tokens",
    "exceed",
)


def explain(error: Exception, url: str, key_env: str | None) -> EngineError:
    """Return the error for an error of the `openai` package; it quotes a little of the server's message, and no key."""
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
        advice = f"check {variable}" if variable else f'name its key: [servers."{where}"] key_env = "..." in settings'
        return EngineError(f"{where} refused the key; {advice}")
    if isinstance(error, openai.NotFoundError):
        return EngineError(f"{where} answered 404 ({_quoted(error)}); is the address right? It usually ends in /v1")
    if isinstance(error, openai.RateLimitError):
        return EngineError(f"{where} {_explain_limit(error)}")
    if is_redirect(error):
        return EngineError(f"{where} redirects to {_new_address(error, url)}; use that address if you trust it")
    if isinstance(error, openai.APIStatusError):
        return EngineError(f"{where} answered {error.status_code} ({_quoted(error)})")
    if isinstance(error, UnreadableAnswerError):
        return EngineError(f"{where} sent {error}; try again, or look at the server's log")
    return EngineError(f"{where} sent something that cannot be read ({_quoted(error)})")


def _new_address(error: "openai.APIStatusError", url: str) -> str:
    """Return the address to use instead of `url`, without user, password and query; the server may send anything."""
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


def _explain_limit(error: "openai.RateLimitError") -> str:
    if error.code == "insufficient_quota":
        return "reports that the quota of this key is used up; raise the quota, then run this again"
    pause = asked_pause(error) or 0.0
    if pause > LONGEST_ASKED_FOR:
        return f"limits the rate for another {pluralize(math.ceil(pause / 3600), 'hour')}; try again then"
    return "still limits the rate after several tries; wait, or lower servers.concurrency"


def _quoted(error: Exception) -> str:
    import openai

    if isinstance(error, openai.APIStatusError) and isinstance(error.body, dict):
        text = str(error.body.get("message") or error.body.get("detail") or error.body)
    else:
        text = str(error) or type(error).__name__
    return " ".join(text.split())[:160]


def is_too_long(error: Exception) -> bool:
    """Whether a server's refusal is about the length of the context; servers have no common code for it."""
    text = str(error).lower()
    return any(sign in text for sign in _SIGNS_OF_LENGTH)


def is_redirect(error: Exception) -> "TypeGuard[openai.APIStatusError]":
    """Whether the server names another address instead of an answer; nothing is sent there."""
    import openai

    if not isinstance(error, openai.APIStatusError) or not 300 <= error.status_code < 400:
        return False
    return bool(error.response.headers.get("location"))
