"""The client of the `openai` package, made so that it sends what this program means to send and nothing else.

It is imported when a server is opened, not before: the package takes half a second.

The package builds addresses, requests and errors, and hands answers over unread; it makes no request again, since
`retrying` knows of all requests of a run. It reads organisation, project, admin key and further headers from the
environment and would send them to any server, so what leaves is decided here: one key and the headers listed below.
"""

import os
import ssl
from collections.abc import Awaitable, Callable
from pathlib import Path

import httpx2
import openai

from eval.engine import EngineError, EnvironmentVariableError
from personas.inputs.files import is_file
from personas.inputs.redaction import shown_address

Checked = Callable[[httpx2.Response], Awaitable[None]]
"""What looks at the head of every answer, and raises an error of the `openai` package for one that is a failure."""

_SENT_HEADERS = frozenset(
    {"host", "accept", "accept-encoding", "connection", "user-agent", "content-type", "content-length"}
)
_CONNECT_SECONDS = 5.0
_MOST_CONNECTIONS = 1000  # the setting `concurrency` decides, not the pool
_MOST_IDLE = 100
_POOLS = 8
_PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")
_CERTIFICATES = ("SSL_CERT_FILE", "SSL_CERT_DIR")
_KEY_LOG = "SSLKEYLOGFILE"


class Client(openai.AsyncOpenAI):
    """The client of the `openai` package without what it tells every server about this machine and its environment."""

    @property
    def default_headers(self) -> dict[str, str | openai.Omit]:
        """The headers of every request; the key is added to them."""
        return {"Accept": "application/json", "Content-Type": "application/json", "User-Agent": "chat-personas"}


def make_client(base: str, key: str | None, *, here: bool, timeout: float, checked: Checked) -> Client:
    """Return a client for the server at `base`, an address without user and password.

    It follows no redirect: the person trusted one address with the conversation, not another.

    Args:
        base: the address that paths are added to.
        key: the key of this server, None for none.
        here: whether the server is on this machine, so that no proxy and no certificate of the environment is used.
        timeout: seconds to wait for each part of an answer.
        checked: sees every answer before its body is read; what it raises, the request raises.

    Raises:
        EnvironmentVariableError: a proxy or certificates that the environment names cannot be used.
        EngineError: the key cannot be sent.
        httpx2.InvalidURL, ValueError: no request can be sent to the address.
    """
    if key is not None and not (key.isascii() and key.isprintable()):
        raise EngineError(f"the key of {shown_address(base)} has characters that cannot be sent; copy it again")

    async def strip_headers(request: httpx2.Request) -> None:
        for name in [name for name in request.headers if name not in sent]:
            del request.headers[name]

    sent = _SENT_HEADERS if key is None else {*_SENT_HEADERS, "authorization"}

    _check_regular(_KEY_LOG)  # which `ssl` opens for every server
    if not here:
        _check_proxies()
        _check_regular("SSL_CERT_FILE")
    waiting = httpx2.Timeout(timeout, connect=_CONNECT_SECONDS)
    try:
        http = httpx2.AsyncClient(
            follow_redirects=False,
            event_hooks={"request": [strip_headers], "response": [checked]},
            trust_env=not here,
            transport=_SeveralPools() if here else None,
            timeout=waiting,
            limits=httpx2.Limits(max_connections=_MOST_CONNECTIONS, max_keepalive_connections=_MOST_IDLE),
        )
    except OSError as error:  # certificates that cannot be read; ssl.SSLError is one, too
        raise _unreadable_certificates(error) from error
    client = Client(
        api_key=key or "none",  # the package wants one; without a key of the server's, none is sent
        organization="",  # not from the environment, as it would be if they were None
        project="",
        base_url=base,
        max_retries=0,
        timeout=waiting,
        http_client=http,
    )
    http.build_request("GET", client.base_url)
    return client


class _SeveralPools(httpx2.AsyncBaseTransport):
    """Requests over several small pools of connections, each to the pool that has the fewest under way.

    A pool looks at all of its connections whenever a request begins or ends, and asks the system about the idle ones
    each time (httpcore2). With some thirty requests at once that was a quarter of the processor time of probing.
    """

    def __init__(self) -> None:
        context = httpx2.create_ssl_context(trust_env=False)
        limits = httpx2.Limits(max_connections=_MOST_CONNECTIONS, max_keepalive_connections=_MOST_IDLE)
        self._pools = [httpx2.AsyncHTTPTransport(verify=context, trust_env=False, limits=limits) for _ in range(_POOLS)]
        self._under_way = [0] * _POOLS

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        number = self._under_way.index(min(self._under_way))
        self._under_way[number] += 1
        try:
            return await self._pools[number].handle_async_request(request)
        finally:
            self._under_way[number] -= 1

    async def aclose(self) -> None:
        for pool in self._pools:
            await pool.aclose()


def _unreadable_certificates(error: OSError) -> EngineError:
    if not _can_be_written(os.environ.get(_KEY_LOG)):
        return EnvironmentVariableError(
            f"{_KEY_LOG} in the environment names a file that cannot be written; unset or correct it"
        )
    named = [name for name in _CERTIFICATES if os.environ.get(name)]
    if not named:
        return EngineError(f"the certificates of this machine cannot be read ({error})")
    why = "cannot be read as certificates" if isinstance(error, ssl.SSLError) else "cannot be opened"
    return EnvironmentVariableError(f"{named[0]} in the environment names a file that {why}; unset or correct it")


def _can_be_written(file: str | None) -> bool:
    """Whether a file can be appended to, as OpenSSL does with its keys; None is no file."""
    try:
        if file:
            with open(file, "ab"):  # noqa: PTH123 - as OpenSSL opens it
                pass
    except OSError:
        return False
    return True


def _check_regular(name: str) -> None:
    """Raise EnvironmentVariableError if a variable names a pipe or a device: opening or reading it might never end."""
    named = os.environ.get(name)
    if named and os.path.lexists(named) and not is_file(Path(named)):
        raise EnvironmentVariableError(
            f"{name} in the environment names something that is not a regular file; unset or correct it"
        )


def _check_proxies() -> None:
    """Raise EnvironmentVariableError if the environment names a proxy that cannot be used."""
    for name in (*_PROXIES, *map(str.lower, _PROXIES)):
        value = os.environ.get(name)
        if not value or _is_usable_proxy(value if "://" in value else f"http://{value}"):
            continue
        if value.lower().startswith(("socks5://", "socks5h://")):
            why = "a SOCKS proxy, for which the package socksio is missing; install it, or unset the variable"
        else:
            why = "a proxy that cannot be used; write it as http://127.0.0.1:3128, or unset it"
        raise EnvironmentVariableError(f"{name} in the environment names {why}")


def _is_usable_proxy(address: str) -> bool:
    try:
        proxy = httpx2.Proxy(address)
        httpx2.AsyncHTTPTransport(proxy=proxy, verify=False)
    except (ValueError, ImportError, httpx2.InvalidURL):
        return False
    return bool(proxy.url.host) and (proxy.url.port is None or 0 < proxy.url.port < 65536)
