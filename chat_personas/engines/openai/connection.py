"""The connection to a server: its HTTP client, the key that belongs to it, and what may be shown of its address.

The `openai` package reads organisation, project, admin key and extra headers from the environment and would send them
to any server. The client made here sends its own key, the few headers listed below, and nothing else.
"""

import hashlib
import ipaddress
import os
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit, urlunsplit

from eval.engine import EngineError

if TYPE_CHECKING:
    from openai import AsyncOpenAI

_SENT_HEADERS = frozenset(
    {"host", "accept", "accept-encoding", "connection", "user-agent", "content-type", "content-length", "authorization"}
)
_CONNECT_SECONDS = 5.0
_KEYS_OF_KNOWN_HOSTS = {
    "api.openai.com": "OPENAI_API_KEY",
    "openrouter.ai": "OPENROUTER_API_KEY",
    "api.mistral.ai": "MISTRAL_API_KEY",
    "api.groq.com": "GROQ_API_KEY",
    "api.together.xyz": "TOGETHER_API_KEY",
    "api.deepseek.com": "DEEPSEEK_API_KEY",
}


def make_client(url: str, key: str | None, *, timeout: float, retries: int) -> "AsyncOpenAI":
    """Return a client that retries with back-off and honours `Retry-After`, as the `openai` package does.

    It follows no redirect: the person trusted one address with the key and the conversation, not another.
    """
    from openai import AsyncOpenAI, DefaultAsyncHttpxClient, Timeout

    async def strip_headers(request: Any) -> None:
        for name in [name for name in request.headers if name.lower() not in _SENT_HEADERS]:
            del request.headers[name]
        if key is None:
            request.headers.pop("authorization", None)
        else:
            request.headers["authorization"] = f"Bearer {key}"

    return AsyncOpenAI(
        api_key=key or "none",
        base_url=_without_user(url),
        max_retries=retries,
        timeout=Timeout(timeout, connect=_CONNECT_SECONDS),
        http_client=DefaultAsyncHttpxClient(
            follow_redirects=False,  # the `openai` package's default is to follow, and the hook would add the key again
            event_hooks={"request": [strip_headers]},
            trust_env=not is_loopback(url),
            timeout=Timeout(timeout, connect=_CONNECT_SECONDS),
        ),
    )


def _without_user(url: str) -> str:
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, parts.query, ""))


def key_for(url: str, configured: str | None) -> str | None:
    """Return this server's key, or None if it needs none as far as we know.

    A password in the URL (`http://:KEY@host/v1`) wins. No other server's key is ever looked at.

    Raises:
        EngineError: an environment variable is named for this server and is not set.
    """
    if password := urlsplit(url).password:
        return password
    variable = key_variable(url, configured)
    if variable is None:
        return None
    key = os.environ.get(variable)
    if not key:
        raise EngineError(
            f"{redact_url(url)} needs a key, but {variable} is not set; export {variable}=... and try again"
        )
    return key


def key_variable(url: str, configured: str | None) -> str | None:
    """Name the environment variable that holds this server's key: the configured one, else its host's usual one."""
    return configured or _KEYS_OF_KNOWN_HOSTS.get(urlsplit(url).hostname or "")


def account_of(url: str, key: str | None = None) -> str | None:
    """Return a short hash that tells the accounts of one server apart; None without user, password and key.

    A gateway may give every key another model under one name. The same key is the same account, whether it stands in
    the URL or is sent from the environment. So short a part of a hash reveals nothing about a password.
    """
    parts = urlsplit(url)
    user, password = parts.username or "", parts.password or key or ""
    if not (user or password):
        return None
    return hashlib.sha256(f"{user}\0{password}".encode()).hexdigest()[:8]


def redact_url(url: str) -> str:
    """Return the URL without user, password, query and fragment: what may stand on screen and in files."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    host = f"[{host}]" if ":" in host else host
    port = f":{parts.port}" if parts.port else ""
    return f"{parts.scheme}://{host}{port}{parts.path}".rstrip("/")


def is_loopback(url: str) -> bool:
    """Whether the server is on this machine (127.0.0.0/8, ::1 or localhost)."""
    host = urlsplit(url).hostname or ""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
