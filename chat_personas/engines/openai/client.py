"""The HTTP client of a server: its own key and nothing else of the environment.

The `openai` package reads organisation, project, admin key and extra headers from the environment and would send
them to whatever server is configured; here only the headers listed below leave the machine.
"""

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit, urlunsplit

from chat_personas.engines.openai.address import is_loopback

if TYPE_CHECKING:
    from openai import AsyncOpenAI

SENT_HEADERS = frozenset(
    {"host", "accept", "accept-encoding", "connection", "user-agent", "content-type", "content-length", "authorization"}
)
CONNECT_SECONDS = 5.0


def make_client(url: str, key: str | None, *, timeout: float, retries: int) -> "AsyncOpenAI":
    """Make a client that retries with back-off and honours `Retry-After`, as the `openai` package does."""
    from openai import AsyncOpenAI, DefaultAsyncHttpxClient, Timeout

    async def keep_only_ours(request: Any) -> None:
        for name in [name for name in request.headers if name.lower() not in SENT_HEADERS]:
            del request.headers[name]
        if key is None:
            request.headers.pop("authorization", None)
        else:
            request.headers["authorization"] = f"Bearer {key}"

    return AsyncOpenAI(
        api_key=key or "none",
        base_url=_without_user(url),
        max_retries=retries,
        timeout=Timeout(timeout, connect=CONNECT_SECONDS),
        http_client=DefaultAsyncHttpxClient(
            event_hooks={"request": [keep_only_ours]},
            trust_env=not is_loopback(url),
            timeout=Timeout(timeout, connect=CONNECT_SECONDS),
        ),
    )


def _without_user(url: str) -> str:
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, parts.query, ""))
