"""`OpenAIEngine`: the engine protocol over an OpenAI-compatible server."""

import asyncio
import importlib
import math
import secrets
import time
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

from chat_personas.engines.openai.address import is_loopback, key_for, shown
from chat_personas.engines.openai.client import make_client
from chat_personas.engines.openai.dialect import Dialect
from chat_personas.engines.openai.discovery import Capabilities, discover
from chat_personas.engines.openai.failures import explain
from chat_personas.engines.openai.fitting import is_too_long, without_oldest_turns
from chat_personas.engines.openai.label_bounds import bounds
from chat_personas.engines.openai.pace import Pace
from chat_personas.engines.openai.patience import paced
from eval.engine import EngineError, EngineInfo, FinishReason, Message, Piece, Probe, ProbeScore, Sampling, Usage

if TYPE_CHECKING:
    from openai import AsyncOpenAI
    from openai.types.chat import ChatCompletion

DISCOVERY_RETRIES = 1
RETRIES = 6
NO_LOG_PROBABILITIES = "the server gives no log-probabilities; choose another server or an embedded model"
FINISH_REASONS: dict[str, FinishReason] = {"stop": "stop", "length": "length"}


class OpenAIEngine:
    """A model behind an OpenAI-compatible server. Make one with `OpenAIEngine.open`."""

    def __init__(
        self, client: "AsyncOpenAI", url: str, key_env: str | None, capabilities: Capabilities, concurrency: int
    ) -> None:
        self._client = client
        self._client_of_one_try = client.with_options(max_retries=0)
        self._url = url
        self._key_env = key_env
        self._model = capabilities.model
        self._dialect: Dialect = capabilities.dialect
        self._pace = Pace(concurrency)
        self._info = EngineInfo(
            name=f"{shown(url)}#{_without_directories(capabilities.model)}",
            engine="openai",
            log_probabilities="top_k" if self._dialect.top_k else "none",
            top_k=self._dialect.top_k or None,
            local=is_loopback(url),
        )

    @classmethod
    async def open(
        cls,
        url: str,
        model: str | None = None,
        *,
        key_env: str | None = None,
        concurrency: int = 64,
        timeout: float = 120.0,
    ) -> "OpenAIEngine":
        """Reach the server and find out what it can do; this asks it for one token.

        Args:
            url: where the API is, usually ending in /v1.
            model: its name on the server; None where the server serves just one.
            key_env: the environment variable that holds this server's key.
            concurrency: requests under way at once, at most; how many there are follows what the server bears.
            timeout: seconds to wait for an answer.

        Raises:
            EngineError: it cannot be reached, refuses the key, or has no such model.
        """
        await asyncio.to_thread(importlib.import_module, "openai")  # half a second in which the person may be typing
        import openai

        key = key_for(url, key_env)
        async with make_client(url, key, timeout=timeout, retries=DISCOVERY_RETRIES) as client:
            try:
                capabilities = await discover(client, url, model)
            except openai.OpenAIError as error:
                raise explain(error, url, key_env) from error
        return cls(make_client(url, key, timeout=timeout, retries=RETRIES), url, key_env, capabilities, concurrency)

    @property
    def info(self) -> EngineInfo:
        """What the server is and can do."""
        return self._info

    async def stream(self, messages: Sequence[Message], sampling: Sampling) -> AsyncIterator[Piece]:
        """See `eval.engine.Engine.stream`. A server that says the context is too long is asked again with less."""
        import openai

        began = time.monotonic()
        seed = secrets.randbits(31) if sampling.seed is None else sampling.seed
        kept, dropped = list(messages), 0
        while True:
            try:
                request = await self._create(kept, sampling, seed, stream=True)
            except openai.BadRequestError as error:
                if not is_too_long(error) or (shorter := without_oldest_turns(kept)) is None:
                    raise explain(error, self._url, self._key_env) from error
                dropped += len(kept) - len(shorter)
                kept = shorter
                continue
            except openai.OpenAIError as error:
                raise explain(error, self._url, self._key_env) from error
            break
        async with aclosing(self._pieces(request, began, seed, dropped)) as pieces:
            async for piece in pieces:
                yield piece

    async def _pieces(self, request: Any, began: float, seed: int, dropped: int) -> AsyncGenerator[Piece, None]:
        import httpx2
        import openai

        first: float | None = None
        count = 0
        try:
            async with request as chunks:
                async for chunk in chunks:
                    if not chunk.choices:
                        continue
                    choice = chunk.choices[0]
                    text = (choice.delta.content if choice.delta else None) or ""
                    if text:
                        count += 1
                        first = first if first is not None else time.monotonic() - began
                    finish = FINISH_REASONS.get(choice.finish_reason, "stop") if choice.finish_reason else None
                    usage = Usage(None, None, count, time.monotonic() - began, first, seed) if finish else None
                    if text or finish:
                        yield Piece(text, finish, dropped, usage)
                        dropped = 0
        except (openai.OpenAIError, httpx2.HTTPError) as error:
            raise explain(error, self._url, self._key_env) from error

    async def _create(self, messages: Sequence[Message], sampling: Sampling, seed: int, *, stream: bool) -> Any:
        import openai

        return await self._client.chat.completions.create(
            model=self._model,
            messages=_as_wire(messages),
            stream=stream,
            seed=seed if self._dialect.seed else openai.omit,
            extra_body=self._dialect.extra(),
            **self._dialect.limit(sampling.max_tokens),
            **self._dialect.drawing(sampling.temperature, sampling.top_p),
        )

    async def complete(self, messages: Sequence[Message], sampling: Sampling, n: int = 1) -> list[str]:
        """See `eval.engine.Engine.complete`; the replies are asked for concurrently."""
        import openai

        seed = secrets.randbits(31) if sampling.seed is None else sampling.seed

        async def one(offset: int) -> str:
            async with self._pace.place():
                answer = await self._create(messages, sampling, seed + offset, stream=False)
            if not answer.choices:
                raise EngineError(f"{shown(self._url)} sent an answer without a reply in it")
            return answer.choices[0].message.content or ""

        try:
            return list(await asyncio.gather(*(one(offset) for offset in range(n))))
        except openai.OpenAIError as error:
            raise explain(error, self._url, self._key_env) from error

    async def score(self, prefix: Sequence[Message], probes: Sequence[Probe]) -> AsyncIterator[ProbeScore]:
        """See `eval.engine.Engine.score`: one request per probe, as many at once as the server bears, as they come."""
        self._pace.begin_round()
        tasks = [asyncio.create_task(self._score_one(prefix, probe)) for probe in probes]
        try:
            for finished in asyncio.as_completed(tasks):
                yield await finished
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _score_one(self, prefix: Sequence[Message], probe: Probe) -> ProbeScore:
        import openai

        if not self._dialect.top_k:
            return ProbeScore(probe.key, (), 0.0, failure=NO_LOG_PROBABILITIES)
        body = {
            "model": self._model,
            "messages": _as_wire([*prefix, Message("user", probe.prompt)]),
            "logprobs": True,
            "top_logprobs": self._dialect.top_k,
            **self._dialect.extra(),
            **self._dialect.limit(1),
            **self._dialect.drawing(1.0, 1.0),
        }
        try:
            answer = await paced(self._pace, lambda: self._post(body))
        except (openai.APIConnectionError, openai.AuthenticationError, openai.PermissionDeniedError) as error:
            raise explain(error, self._url, self._key_env) from error
        except openai.OpenAIError as error:
            return ProbeScore(probe.key, (), 0.0, failure=str(explain(error, self._url, self._key_env)))
        return _as_score(probe, answer)

    async def _post(self, body: dict[str, Any]) -> "ChatCompletion":
        """Send a request as it stands, once. `completions.create` walks through all messages first, each time."""
        from openai.types.chat import ChatCompletion

        return await self._client_of_one_try.post("/chat/completions", cast_to=ChatCompletion, body=body)

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()


def _as_wire(messages: Sequence[Message]) -> Any:
    return [{"role": message.role, "content": message.content} for message in messages]


def _as_score(probe: Probe, answer: Any) -> ProbeScore:
    choice = answer.choices[0] if answer.choices else None
    content = choice.logprobs.content if choice is not None and choice.logprobs is not None else None
    if not content or not content[0].top_logprobs:
        return ProbeScore(probe.key, (), 0.0, failure="the server sent no log-probabilities for this answer")
    top = [(entry.token, entry.logprob) for entry in content[0].top_logprobs]
    labels = bounds(probe.labels, top)
    usage = answer.usage
    return ProbeScore(
        probe.key,
        labels,
        label_mass=min(1.0, sum(_mass_of(label.lower) for label in labels)),
        tokens_decoded=usage.prompt_tokens if usage is not None else 0,
    )


def _mass_of(log_probability: float) -> float:
    return math.exp(log_probability)


def _without_directories(model: str) -> str:
    """A server may name its model by a path on its disk; `organisation/model` is no path and stays."""
    is_path = model.startswith(("/", "~", ".")) or "\\" in model or model.count("/") > 1
    return model.replace("\\", "/").rpartition("/")[2] if is_path else model
