"""Failures of a server, recognised and explained in one line that says what to do."""

import math
from typing import TYPE_CHECKING, TypeGuard
from urllib.parse import urljoin, urlsplit

from chat_personas.engines.openai.connection import proxy_variable
from chat_personas.engines.openai.events import NotJsonError, ReportedFailureError, UnreadableAnswerError
from chat_personas.engines.openai.keys import key_variable, pasteable_address
from chat_personas.engines.openai.overflow import refusal_in
from chat_personas.engines.openai.retrying import LONGEST_ASKED_FOR, LONGEST_LIMITED_PAUSE, asked_pause, is_unreachable
from chat_personas.engines.openai.wire import quotable
from chat_personas.text import pluralize, printable
from eval.engine import EngineError
from personas.inputs.redaction import shown_address

if TYPE_CHECKING:
    import openai

_LONGEST_NAMED_PAUSE = 30 * 24 * 3600.0
"""Seconds; a longer pause is not told in hours."""


def is_broken_off(error: Exception) -> bool:
    """Whether a server that could be reached ended the connection before its answer was whole."""
    import openai

    broken = isinstance(error, openai.APIConnectionError) and not isinstance(error, openai.APITimeoutError)
    return broken and not is_unreachable(error)


def explain(error: Exception, url: str, key_env: str | None, *, opening: bool = False) -> EngineError:
    """Return the error for an error of the `openai` package or of `wire`; it quotes the server's own words, and no key.

    `opening`: the server has not answered before, so that its address may be wrong.
    """
    import openai

    where = shown_address(url)
    if isinstance(error, openai.APIStatusError):
        return EngineError(f"{where} {_explain_status(error, url, key_env)}")
    if isinstance(error, openai.APITimeoutError) and not is_unreachable(error):
        return EngineError(f"{where} did not answer {_within(error)}; try again, or raise servers.timeout in settings")
    if is_broken_off(error):
        return EngineError(f"{where} broke off its answer; try again, or look at the server's log")
    if isinstance(error, openai.APIConnectionError):
        return EngineError(f"cannot reach {where}{_explain_unreachable(error, url)}")
    if opening and isinstance(error, NotJsonError):
        return EngineError(f"{where} sent no JSON; the address of an API usually ends in /v1")
    if isinstance(error, ReportedFailureError):
        return EngineError(f"{where} reported a failure ({_quoted(error)}); try again, or look at the server's log")
    if isinstance(error, UnreadableAnswerError):
        return EngineError(f"{where} sent {error}; try again, or look at the server's log")
    return EngineError(f"{where} sent something that cannot be read ({_quoted(error)})")


def not_opened(url: str, seconds: float) -> EngineError:
    """Return the error for a server that was being opened for so long that it was given up."""
    where = shown_address(url)
    return EngineError(f"{where} could not be opened within {seconds:g} s; try again, or look at the server's log")


def _within(error: "openai.APITimeoutError") -> str:
    """Say for how long the server was waited for, which the request knows."""
    seconds = error.request.extensions.get("timeout", {}).get("read")
    return "in time" if seconds is None else f"within {seconds:g} s"


def _explain_unreachable(error: Exception, url: str) -> str:
    cause = str(error.__cause__).lower()
    if "certificate" in cause:
        return "; its certificate is not trusted here: name the authority's file in SSL_CERT_FILE"
    if (variable := proxy_variable(url)) is not None:
        return f" through the proxy that {variable} in the environment names; is that right?"
    return "; is the server running, and is the address right?"


def _explain_status(error: "openai.APIStatusError", url: str, key_env: str | None) -> str:
    import openai

    refusal = refusal_in(error)
    money = refusal is not None and refusal.is_about_money
    if isinstance(error, openai.AuthenticationError | openai.PermissionDeniedError) and not money:
        variable = key_variable(url, key_env)
        address = pasteable_address(url) or "ADDRESS"
        name_it = f'name its key in the settings, [servers."{address}"] key_env = "...", or put it into the keyring'
        what = "the key" if isinstance(error, openai.AuthenticationError) else "access"
        return f"refused {what}; {f'check {variable}' if variable else name_it} ({_quoted(error)})"
    if isinstance(error, openai.NotFoundError):
        return f"answered 404 ({_quoted(error)}); is the address right? It usually ends in /v1"
    if isinstance(error, openai.RateLimitError):
        return _explain_limit(error)
    if is_redirect(error):
        return f"redirects to {_new_address(error, url)}; use that address if you trust it"
    return f"answered {error.status_code} ({_quoted(error)})"


def _new_address(error: "openai.APIStatusError", url: str) -> str:
    """Return the address to use instead of `url`, without user, password and query; the server may send anything."""
    requested = str(error.request.url)
    try:
        target = urljoin(requested, error.response.headers["location"])
        parts = urlsplit(target)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.port == 0:  # a wrong port raises
            return "another address"
        address = printable(shown_address(target))[:200]
    except ValueError:
        return "another address"
    endpoint = urlsplit(requested).path.removeprefix(urlsplit(url).path.rstrip("/"))  # such as /models
    base = address.removesuffix(endpoint)
    return address if base == shown_address(url) else base


def _explain_limit(error: "openai.RateLimitError") -> str:
    if error.code == "insufficient_quota":
        return f"reports that the quota of this key is used up; raise the quota, then run this again ({_quoted(error)})"
    pause = asked_pause(error) or 0.0
    if pause > _LONGEST_NAMED_PAUSE:
        return f"limits the rate for more than 30 days; ask who runs it ({_quoted(error)})"
    if pause > LONGEST_LIMITED_PAUSE:
        long = pause > LONGEST_ASKED_FOR
        wait = pluralize(math.ceil(pause / 3600), "hour") if long else pluralize(math.ceil(pause / 60), "minute")
        return f"limits the rate for another {wait}; try again then ({_quoted(error)})"
    tries = "".join(f" {note}" for note in getattr(error, "__notes__", ())[:1])
    return f"still limits the rate{tries}; wait, or lower servers.concurrency ({_quoted(error)})"


def _quoted(error: Exception) -> str:
    return quotable(str(error) or type(error).__name__)


def is_redirect(error: Exception) -> "TypeGuard[openai.APIStatusError]":
    """Whether the server names another address instead of an answer; nothing is sent there."""
    import openai

    if not isinstance(error, openai.APIStatusError) or not 300 <= error.status_code < 400:
        return False
    return bool(error.response.headers.get("location"))
