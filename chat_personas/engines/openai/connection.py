"""The connection to a server, and which servers count as this machine.

Bytes go out and come in here only, with an end to everything: to the time that an answer may take and to its length.
The `openai` package makes the requests (`client`); what the bytes of an answer mean, `events` and `wire` say.
"""

import asyncio
import ipaddress
import json
import os
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit, urlunsplit

from chat_personas.engines.openai.events import NotJsonError, UnreadableAnswerError, as_json
from chat_personas.engines.openai.wire import words_of
from eval.engine import EngineError
from personas.inputs.redaction import shown_address

if TYPE_CHECKING:
    import httpx2
    import openai

_LIST_SECONDS = 30.0
"""For a list of models, which no server has to compute."""
_TIMEOUTS = 5
"""An answer of which something keeps coming, but not the answer, is given up after this many times the timeout."""
_LONGEST_FAILURE = 1 << 20
"""Bytes of an answer that reports a failure that are read."""
_LONGEST_LIST = 16 << 20
"""Bytes of a list of models; the longest that are known have some hundred kilobytes."""


class InvalidAddressError(EngineError):
    """The address of a server cannot be one: wrong input."""

    exit_code = 2


@dataclass(frozen=True, slots=True)
class Incoming:
    """An answer that is on its way: its type, and its bytes as they come."""

    content_type: str
    pieces: AsyncGenerator[bytes, None]
    request: "httpx2.Request"


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

        from chat_personas.engines.openai.client import make_client

        self._key = key
        self._timeout = timeout
        self._base = _without_user(url).rstrip("/")
        self.here = is_loopback(url)
        try:
            self._client = make_client(self._base, key, here=self.here, timeout=timeout, checked=self._check)
        except (httpx2.InvalidURL, ValueError) as error:
            raise InvalidAddressError(f"{shown_address(url)} is not the address of a server ({error})") from error

    async def get(self, path: str) -> Any:
        """Return the JSON document at `path`, which the server has at hand. Raises UnreadableAnswerError: not JSON."""
        seconds = min(self._timeout, _LIST_SECONDS)
        async with self._open("GET", path, None, seconds) as incoming:
            return as_json(await self._whole(incoming, _LONGEST_LIST, seconds))

    async def post(self, path: str, body: Mapping[str, Any], *, most: int, at_root: bool = False) -> Any:
        """Return the JSON document that answers `body`.

        `at_root`: the path is beside the API that is compatible with OpenAI's, not below it, as a server's own API is.

        Raises:
            UnreadableAnswerError: it is not JSON, or longer than `most` bytes.
        """
        async with self._open("POST", path, body, at_root=at_root) as incoming:
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
        await self._client.close()

    async def _whole(self, incoming: Incoming, most: int, seconds: float) -> bytes:
        """Return the bytes of a whole answer. Raises UnreadableAnswerError: there are more than `most`."""
        found = bytearray()
        try:
            async with asyncio.timeout(seconds), aclosing(incoming.pieces) as pieces:
                async for piece in pieces:
                    found += piece
                    if len(found) > most:
                        raise UnreadableAnswerError(f"an answer without an end (more than {most:,} bytes)")
        except TimeoutError as error:
            raise _too_late(incoming.request.method, str(incoming.request.url), seconds) from error
        return bytes(found)

    @asynccontextmanager
    async def _open(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None,
        seconds: float | None = None,
        *,
        at_root: bool = False,
    ) -> AsyncGenerator[Incoming, None]:
        """Yield the answer once its head has come, within `seconds` (None: the timeout)."""
        import httpx2
        import openai

        seconds = self._timeout if seconds is None else seconds
        url = f"{self._base.removesuffix('/v1') if at_root else self._base}{path}"
        try:
            async with asyncio.timeout(seconds):  # a head that drips is never late for httpx, which counts each byte
                response = await self._sent(method, url, body)
        except TimeoutError as error:
            raise _too_late(method, url, seconds) from error
        try:
            yield Incoming(response.headers.get("content-type", ""), response.aiter_bytes(), response.request)
        except httpx2.TimeoutException as error:
            raise openai.APITimeoutError(response.request) from error
        except (httpx2.HTTPError, httpx2.StreamError) as error:
            raise openai.APIConnectionError(request=response.request) from error
        finally:
            await response.aclose()

    async def _sent(self, method: str, url: str, body: Mapping[str, Any] | None) -> "httpx2.Response":
        """Send a request; return its answer, of which only the head has been read."""
        import httpx2
        import openai

        unsaid = {"x-stainless-retry-count": openai.Omit(), "x-stainless-read-timeout": openai.Omit()}
        streamed: Any = {
            "cast_to": httpx2.Response,
            "stream": True,
            "stream_cls": openai.AsyncStream,
            "options": {"headers": unsaid},
        }
        if method == "GET":
            return cast(httpx2.Response, await self._client.get(url, **streamed))
        content = json.dumps(body).encode()  # in ASCII: half a character of a message has no form in UTF-8
        return cast(httpx2.Response, await self._client.post(url, content=content, **streamed))

    async def _check(self, response: "httpx2.Response") -> None:
        """Raise the error for an answer that reports a failure."""
        if not response.is_success:
            raise await self._refused(response)

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


def _too_late(method: str, url: str, seconds: float) -> "openai.APITimeoutError":
    """Return the error for an answer that was waited for so long."""
    import httpx2
    import openai

    waiting = httpx2.Timeout(seconds).as_dict()
    return openai.APITimeoutError(httpx2.Request(method, url, extensions={"timeout": waiting}))


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


def is_loopback(url: str) -> bool:
    """Whether the server is on this machine (127.0.0.0/8, ::1 or localhost)."""
    host = urlsplit(url).hostname or ""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
