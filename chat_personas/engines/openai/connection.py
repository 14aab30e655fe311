"""The connection to a server: its HTTP client, the key that belongs to it, and what may be shown of its address.

Bytes go out and come in here only, with an end to everything: to the time that an answer may take and to its length.
The client sends its own key, the few headers listed below, and nothing else: no cookie, no name from `.netrc`.
"""

import asyncio
import hashlib
import ipaddress
import json
import os
import ssl
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit, urlunsplit

from chat_personas.engines.openai.events import NotJsonError, UnreadableAnswerError, as_json
from chat_personas.engines.openai.wire import words_of
from eval.engine import EngineError
from personas.inputs.redaction import shown_address

if TYPE_CHECKING:
    import httpx2
    import openai

_SENT_HEADERS = frozenset(
    {"host", "accept", "accept-encoding", "connection", "user-agent", "content-type", "content-length", "authorization"}
)
_CONNECT_SECONDS = 5.0
_LIST_SECONDS = 30.0
"""For a list of models, which no server has to compute."""
_TIMEOUTS = 5
"""An answer of which something keeps coming, but not the answer, is given up after this many times the timeout."""
_MOST_CONNECTIONS = 1000  # the setting `concurrency` decides, not the pool
_MOST_IDLE = 100
_LONGEST_FAILURE = 1 << 20
"""Bytes of an answer that reports a failure that are read."""
_LONGEST_LIST = 16 << 20
"""Bytes of a list of models; the longest that are known have some hundred kilobytes."""
_KEYS_OF_KNOWN_HOSTS = {
    "api.openai.com": "OPENAI_API_KEY",
    "openrouter.ai": "OPENROUTER_API_KEY",
    "api.mistral.ai": "MISTRAL_API_KEY",
    "api.groq.com": "GROQ_API_KEY",
    "api.together.xyz": "TOGETHER_API_KEY",
    "api.deepseek.com": "DEEPSEEK_API_KEY",
}
_PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")
_CERTIFICATES = ("SSL_CERT_FILE", "SSL_CERT_DIR")
_KEY_LOG = "SSLKEYLOGFILE"


class EnvironmentVariableError(EngineError):
    """A variable of the environment has a value with which no server can be reached: wrong input."""

    exit_code = 2


class InvalidAddressError(EngineError):
    """The address of a server cannot be one: wrong input."""

    exit_code = 2


@dataclass(frozen=True, slots=True)
class Incoming:
    """An answer that is on its way: its type, and its bytes as they come."""

    content_type: str
    pieces: AsyncGenerator[bytes, None]


class Connection:
    """The connections to one server. They are made when they are needed, kept for the next request, and closed last.

    Every method raises errors of the `openai` package: `APITimeoutError`, `APIConnectionError`, or for an answer that
    reports a failure the `APIStatusError` of its status, with the server's own words as its message.
    """

    def __init__(self, url: str, key: str | None, *, timeout: float) -> None:
        """Prepare connections to the server at `url`; nothing is sent yet.

        Raises:
            EnvironmentVariableError: a proxy or certificates that the environment names cannot be used.
            InvalidAddressError: no request can be sent to the address.
            EngineError: the key cannot be sent.
        """
        import httpx2

        self._base = _without_user(url).rstrip("/")
        self._key = key
        self._timeout = timeout
        self._client = _make_client(url, key, timeout)
        try:
            self._client.build_request("GET", self._base)
        except (httpx2.InvalidURL, ValueError) as error:
            raise InvalidAddressError(f"{shown_address(url)} is not the address of a server ({error})") from error

    async def get(self, path: str) -> Any:
        """Return the JSON document at `path`, which the server has at hand. Raises UnreadableAnswerError: not JSON."""
        seconds = min(self._timeout, _LIST_SECONDS)
        async with self._open("GET", path, None, seconds) as incoming:
            return as_json(await self._whole(incoming, _LONGEST_LIST, seconds))

    async def post(self, path: str, body: Mapping[str, Any], *, most: int) -> Any:
        """Return the JSON document that answers `body`.

        Raises:
            UnreadableAnswerError: it is not JSON, or longer than `most` bytes.
        """
        async with self._open("POST", path, body) as incoming:
            raw = await self._whole(incoming, most, _TIMEOUTS * self._timeout)
            try:
                return as_json(raw)
            except NotJsonError as error:
                if "html" not in incoming.content_type:
                    raise
                raise NotJsonError("an answer that is not a chat completion, but a web page") from error

    @asynccontextmanager
    async def stream(self, path: str, body: Mapping[str, Any]) -> AsyncGenerator[Incoming, None]:
        """Yield the answer to `body` once its head has come; leaving the block ends it."""
        async with self._open("POST", path, body) as incoming:
            yield incoming

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def _whole(self, incoming: Incoming, most: int, seconds: float) -> bytes:
        """Return the bytes of a whole answer. Raises UnreadableAnswerError: there are more than `most`."""
        import httpx2
        import openai

        found = bytearray()
        try:
            async with asyncio.timeout(seconds), aclosing(incoming.pieces) as pieces:
                async for piece in pieces:
                    found += piece
                    if len(found) > most:
                        raise UnreadableAnswerError(f"an answer without an end (more than {most:,} bytes)")
        except TimeoutError as error:
            raise openai.APITimeoutError(
                self._client.build_request("GET", self._base, timeout=httpx2.Timeout(seconds))
            ) from error
        return bytes(found)

    @asynccontextmanager
    async def _open(
        self, method: str, path: str, body: Mapping[str, Any] | None, seconds: float | None = None
    ) -> AsyncGenerator[Incoming, None]:
        """Yield the answer once its head has come, within `seconds` (None: the timeout)."""
        import httpx2
        import openai

        seconds = self._timeout if seconds is None else seconds
        timeout = httpx2.Timeout(seconds, connect=_CONNECT_SECONDS)
        content = None if body is None else json.dumps(body).encode()
        headers = {"accept": "application/json", **({} if body is None else {"content-type": "application/json"})}
        request = self._client.build_request(
            method, f"{self._base}{path}", content=content, headers=headers, timeout=timeout
        )
        try:
            async with asyncio.timeout(seconds + _CONNECT_SECONDS):  # httpx counts from the last byte on
                response = await self._client.send(request, stream=True)
            try:
                if not response.is_success:
                    raise await self._refused(response)
                yield Incoming(response.headers.get("content-type", ""), response.aiter_bytes())
            finally:
                await response.aclose()
        except (httpx2.TimeoutException, TimeoutError) as error:
            raise openai.APITimeoutError(request) from error
        except (httpx2.HTTPError, httpx2.StreamError) as error:
            raise openai.APIConnectionError(request=request) from error

    async def _refused(self, response: "httpx2.Response") -> "openai.APIStatusError":
        """Return the error for an answer that reports a failure; as much of it is read as has a use."""
        import httpx2

        raw = bytearray()
        try:
            async with asyncio.timeout(self._timeout):
                async for piece in response.aiter_bytes():
                    raw += piece
                    if len(raw) > _LONGEST_FAILURE:
                        break
        except (TimeoutError, httpx2.HTTPError):
            pass  # the status says that the server refused, and what has come may say why
        try:
            document = as_json(bytes(raw))
        except UnreadableAnswerError:
            document = bytes(raw).decode("utf-8", "replace")
        words = words_of(document)
        return status_error(words.replace(self._key, "…") if self._key else words, response, document)


def status_error(words: str, response: "httpx2.Response", document: object = None) -> "openai.APIStatusError":
    """Return the error of the `openai` package for the status of an answer that reports a failure."""
    import openai

    kinds: dict[int, type[openai.APIStatusError]] = {
        400: openai.BadRequestError,
        401: openai.AuthenticationError,
        403: openai.PermissionDeniedError,
        404: openai.NotFoundError,
        409: openai.ConflictError,
        422: openai.UnprocessableEntityError,
        429: openai.RateLimitError,
    }
    other = openai.InternalServerError if response.status_code >= 500 else openai.APIStatusError
    error = document.get("error", document) if isinstance(document, dict) else document
    body = error if isinstance(error, dict) else document if isinstance(document, dict) else None
    return kinds.get(response.status_code, other)(words, response=response, body=body)


def _make_client(url: str, key: str | None, timeout: float) -> "httpx2.AsyncClient":
    """Return a client that follows no redirect: the person trusted one address with the conversation, not another."""
    import httpx2

    if key is not None and not (key.isascii() and key.isprintable()):
        raise EngineError(f"the key of {shown_address(url)} has characters that cannot be sent; copy it again")

    async def strip_headers(request: Any) -> None:
        for name in [name for name in request.headers if name.lower() not in _SENT_HEADERS]:
            del request.headers[name]
        if key is None:
            request.headers.pop("authorization", None)
        else:
            request.headers["authorization"] = f"Bearer {key}"

    here = is_loopback(url)
    if not here:
        _check_proxies()
    try:
        return httpx2.AsyncClient(
            follow_redirects=False,
            event_hooks={"request": [strip_headers]},
            trust_env=not here,
            timeout=httpx2.Timeout(timeout, connect=_CONNECT_SECONDS),
            limits=httpx2.Limits(max_connections=_MOST_CONNECTIONS, max_keepalive_connections=_MOST_IDLE),
            headers={"user-agent": "chat-personas"},
        )
    except OSError as error:  # certificates that cannot be read; ssl.SSLError is one, too
        if not _can_be_written(os.environ.get(_KEY_LOG)):
            raise EnvironmentVariableError(
                f"{_KEY_LOG} in the environment names a file that cannot be written; unset or correct it"
            ) from error
        named = [name for name in _CERTIFICATES if os.environ.get(name)]
        why = "cannot be read as certificates" if isinstance(error, ssl.SSLError) else "cannot be opened"
        if named:
            raise EnvironmentVariableError(
                f"{named[0]} in the environment names a file that {why}; unset or correct it"
            ) from error
        raise EngineError(f"the certificates of this machine cannot be read ({error})") from error


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


def _can_be_written(file: str | None) -> bool:
    """Whether a file can be appended to, as OpenSSL does with its keys; None is no file."""
    try:
        if file:
            with open(file, "ab"):  # noqa: PTH123 - as OpenSSL opens it
                pass
    except OSError:
        return False
    return True


def _is_usable_proxy(address: str) -> bool:
    import httpx2

    try:
        proxy = httpx2.Proxy(address)
        httpx2.AsyncHTTPTransport(proxy=proxy, verify=False)
    except (ValueError, ImportError, httpx2.InvalidURL):
        return False
    return bool(proxy.url.host) and (proxy.url.port is None or 0 < proxy.url.port < 65536)


def proxy_variable(url: str) -> str | None:
    """Name the variable of the environment whose proxy stands between here and the server; None for none."""
    from urllib.request import proxy_bypass  # not above: it takes as long to import as all else here

    parts = urlsplit(url)
    if is_loopback(url) or proxy_bypass(parts.hostname or ""):
        return None
    names = (f"{parts.scheme}_proxy", "all_proxy")
    return next((each for name in names for each in (name, name.upper()) if os.environ.get(each)), None)


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
            f"{shown_address(url)} needs a key, but {variable} is not set; export {variable}=... and try again"
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


def is_loopback(url: str) -> bool:
    """Whether the server is on this machine (127.0.0.0/8, ::1 or localhost)."""
    host = urlsplit(url).hostname or ""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
