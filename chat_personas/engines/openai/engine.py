"""`OpenAIEngine`: the engine protocol over an OpenAI-compatible server."""

import asyncio
import importlib
import secrets
import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import replace
from functools import partial
from json import JSONDecodeError
from typing import TYPE_CHECKING, Any

from chat_personas.engines.openai.capabilities import (
    Capabilities,
    Dialect,
    Form,
    details,
    discover,
    find_form,
    response_format,
    without_directories,
)
from chat_personas.engines.openai.connection import account_of, is_loopback, key_for, make_client, redact_url
from chat_personas.engines.openai.errors import explain, is_redirect, is_too_long
from chat_personas.engines.openai.responses import as_score, failed, readable, reply_of, stream_pieces
from chat_personas.engines.openai.retrying import (
    RETRIES,
    Retrying,
    UnreadableAnswerError,
    is_unreachable,
    through_limits,
)
from chat_personas.engines.openai.scheduling import ConcurrencyWindow, in_waves
from chat_personas.engines.shortening import Prefix
from eval.engine import (
    EngineError,
    EngineInfo,
    Message,
    Percentages,
    Piece,
    Probe,
    ProbeScore,
    RequestError,
    Sampling,
    TooLongError,
)

if TYPE_CHECKING:
    from openai import AsyncOpenAI

_CONCURRENCY = 32
_DISCOVERY_RETRIES = 1
_DISCOVERY_LIMITED_RETRIES = 5
_NO_TEXTS = "a server does not score whole texts; use an embedded model (a GGUF file)"
_NO_LOG_PROBABILITIES = "the server gives no log-probabilities; choose another server or an embedded model"


class OpenAIEngine:
    """A model behind an OpenAI-compatible server. Create it with `OpenAIEngine.open`."""

    def __init__(
        self,
        client: "AsyncOpenAI",
        url: str,
        key_env: str | None,
        capabilities: Capabilities,
        window: ConcurrencyWindow,
        account: str | None = None,
    ) -> None:
        self._client = client
        self._asked_once = client.with_options(max_retries=0)
        self._url = url
        self._key_env = key_env
        self._model = capabilities.model
        self._dialect: Dialect = capabilities.dialect
        self._window = window
        self._retrying = Retrying(window, withdraws=is_loopback(url))
        self._form: Form | None = None
        self._finding_form = asyncio.Lock()
        self._info = EngineInfo(
            name=f"{redact_url(url)}#{without_directories(capabilities.model)}",
            engine="openai",
            log_probabilities="top_k" if self._dialect.top_k else "none",
            top_k=self._dialect.top_k or None,
            requests_at_once=window.most,
            local=is_loopback(url),
            details=details(capabilities, account),
        )

    @classmethod
    async def open(
        cls,
        url: str,
        model: str | None = None,
        *,
        key_env: str | None = None,
        concurrency: int = _CONCURRENCY,
        timeout: float = 120.0,
    ) -> "OpenAIEngine":
        """Connect to the server and find out what it can do; this asks it for one token.

        Args:
            url: the address of the API, usually ending in /v1.
            model: its name on the server; None if the server has just one.
            key_env: the environment variable that holds this server's key.
            concurrency: the most requests at once; see `ConcurrencyWindow` for when there are fewer.
            timeout: seconds to wait for an answer.

        Raises:
            EngineError: it cannot be reached, refuses the key, or has no such model.
        """
        await asyncio.to_thread(importlib.import_module, "openai")  # not on the loop: it takes half a second
        import openai

        key = key_for(url, key_env)
        async with make_client(url, key, timeout=timeout, retries=_DISCOVERY_RETRIES) as client:
            try:
                capabilities = await through_limits(lambda: discover(client, url, model), _DISCOVERY_LIMITED_RETRIES)
            except JSONDecodeError as error:
                raise EngineError(
                    f"{redact_url(url)} sent no JSON; the address of an API usually ends in /v1"
                ) from error
            except openai.OpenAIError as error:
                raise explain(error, url, key_env) from error
        window = ConcurrencyWindow(concurrency, seconds=capabilities.seconds, timeout=timeout)
        client = make_client(url, key, timeout=timeout, retries=RETRIES)
        return cls(client, url, key_env, capabilities, window, account_of(url, key))

    @property
    def info(self) -> EngineInfo:
        """What the server is and can do; `constraints` is "unknown" until a reply first needs a form."""
        return replace(self._info, constraints=self._form or "unknown")

    async def stream(self, messages: Sequence[Message], sampling: Sampling) -> AsyncGenerator[Piece, None]:
        """See `eval.engine.Engine.stream`. No probe is sent before the reply has ended, so that none delays it.

        A server on this machine often takes one request at a time: there, probes under way are withdrawn, too.
        """
        with self._retrying.giving_way():
            async with aclosing(self._reply(messages, sampling)) as pieces:
                async for piece in pieces:
                    yield piece

    async def _reply(self, messages: Sequence[Message], sampling: Sampling) -> AsyncGenerator[Piece, None]:
        """Yield a reply. If the server says that the context is too long, it is asked again with less.

        Some servers begin to answer before they look at the request, and can then only break off. So if nothing came,
        the server is asked for one token without streaming, and then says what is wrong, if anything is.
        """
        import httpx2
        import openai

        began = time.monotonic()
        seed = secrets.randbits(31) if sampling.seed is None else sampling.seed
        prefix = Prefix(messages[:-1])
        while True:
            sent = prefix.messages
            asked = [*sent, *messages[-1:]]
            try:
                request = await self._create(self._client, asked, sampling, seed, stream=True)
                silent = True
                async with aclosing(stream_pieces(request, began, seed, prefix.dropped)) as pieces:
                    async for piece in pieces:
                        silent = False
                        yield piece
                if silent:
                    await self._create(self._client, asked, replace(sampling, max_tokens=1), seed, stream=False)
                return
            except openai.BadRequestError as error:
                explained = explain(error, self._url, self._key_env)
                if not is_too_long(error):
                    raise explained from error
                if not prefix.shorten(sent):
                    raise TooLongError(f"{explained}; shorten the message") from error
            except (openai.OpenAIError, httpx2.HTTPError) as error:
                raise explain(error, self._url, self._key_env) from error

    async def _create(
        self, client: "AsyncOpenAI", messages: Sequence[Message], sampling: Sampling, seed: int, *, stream: bool
    ) -> Any:
        import openai

        return await client.chat.completions.create(
            model=self._model,
            messages=_as_wire(messages),
            stream=stream,
            seed=seed if self._dialect.seed else openai.omit,
            response_format=await self._response_format(sampling.constraint),
            extra_body=self._dialect.extra(),
            **self._dialect.limit(sampling.max_tokens),
            **self._dialect.sampling(sampling.temperature, sampling.top_p),
        )

    async def _response_format(self, constraint: Percentages | None) -> Any:
        import openai

        if constraint is None:
            return openai.omit
        async with self._finding_form:
            if self._form is None:
                self._form = await find_form(self._client, self._model, self._dialect)
        return openai.omit if self._form == "none" else response_format(self._form, constraint)

    async def complete(self, messages: Sequence[Message], sampling: Sampling, n: int = 1) -> list[str]:
        """See `eval.engine.Engine.complete`; the requests are concurrent."""
        import openai

        seed = secrets.randbits(31) if sampling.seed is None else sampling.seed

        async def one(offset: int) -> str:
            answer = await self._retrying.ask(
                lambda: readable(self._create(self._asked_once, messages, sampling, seed + offset, stream=False))
            )
            text = reply_of(answer)
            if text is None:
                raise RequestError(f"{redact_url(self._url)} sent an answer without a reply in it")
            return text

        tasks = [asyncio.create_task(one(offset)) for offset in range(n)]
        try:
            return list(await asyncio.gather(*tasks))
        except (openai.OpenAIError, UnreadableAnswerError) as error:
            explained = explain(error, self._url, self._key_env)
            if self._is_lost(error):
                raise explained from error
            raise RequestError(str(explained)) from error
        finally:  # one that failed must not leave the others asking
            for task in tasks:
                task.cancel()

    async def score(self, prefix: Sequence[Message], probes: Sequence[Probe]) -> AsyncGenerator[ProbeScore, None]:
        """See `eval.engine.Engine.score`: one request per probe, as many at once as the server can handle.

        The oldest turns of a prefix are left out if it is too long for the server.
        """
        shared = Prefix(prefix)
        self._window.new_context()
        for wave in in_waves(prefix, probes):
            async with aclosing(self._score_all(shared, wave)) as scores:
                async for score in scores:
                    yield score

    async def _score_all(self, prefix: Prefix, probes: Sequence[Probe]) -> AsyncGenerator[ProbeScore, None]:
        tasks = [asyncio.create_task(self._score_one(prefix, probe)) for probe in probes]
        try:
            for finished in asyncio.as_completed(tasks):
                yield await finished
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _score_one(self, prefix: Prefix, probe: Probe) -> ProbeScore:
        """Return the score. Raises EngineError for a failure that every other probe would meet, too."""
        import openai

        if probe.texts:
            return failed(probe, _NO_TEXTS)
        if not self._dialect.top_k:
            return failed(probe, _NO_LOG_PROBABILITIES)
        while True:
            sent, dropped = prefix.messages, prefix.dropped
            try:
                answer = await self._retrying.ask(partial(self._readable_first_token, sent, probe), alike=True)
            except (openai.OpenAIError, UnreadableAnswerError) as error:
                if isinstance(error, openai.BadRequestError) and is_too_long(error) and prefix.shorten(sent):
                    continue
                explained = explain(error, self._url, self._key_env)
                if self._is_lost(error):
                    raise explained from error
                return failed(probe, str(explained))
            return replace(as_score(probe, answer), dropped_messages=dropped)

    def _is_lost(self, error: Exception) -> bool:
        """Whether every other request would meet this error, too."""
        import openai

        refused = isinstance(error, openai.AuthenticationError | openai.PermissionDeniedError)
        return refused or is_redirect(error) or is_unreachable(error) or self._retrying.hopeless

    async def _readable_first_token(self, prefix: Sequence[Message], probe: Probe) -> Any:
        return await readable(self._first_token(prefix, probe))

    async def _first_token(self, prefix: Sequence[Message], probe: Probe) -> Any:
        # `chat.completions.create` would do the same, but walks over the types of all parameters, a third of its time.
        from openai.types.chat import ChatCompletion

        body = {
            "model": self._model,
            "messages": _as_wire([*prefix, Message("user", probe.prompt)]),
            "logprobs": True,
            "top_logprobs": self._dialect.top_k,
            **self._dialect.extra(),
            **self._dialect.limit(1),
            **self._dialect.sampling(1.0, 1.0),
        }
        return await self._asked_once.post("/chat/completions", cast_to=ChatCompletion, body=body)

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()


def _as_wire(messages: Sequence[Message]) -> Any:
    return [{"role": message.role, "content": message.content} for message in messages]
