"""`OpenAIEngine`: the engine protocol over an OpenAI-compatible server."""

import asyncio
import importlib
import secrets
import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import AsyncExitStack, aclosing, suppress
from copy import copy
from dataclasses import replace
from functools import partial
from typing import Any

from chat_personas.engines.exact_prompt import ExactProbe, ExactPrompt, of_messages
from chat_personas.engines.openai.capabilities import (
    Asking,
    Capabilities,
    Dialect,
    Form,
    contradicted,
    details,
    discover,
    find_form,
    response_format,
    shown_count,
    without_directories,
)
from chat_personas.engines.openai.connection import Connection, Incoming, is_loopback
from chat_personas.engines.openai.errors import explain, is_broken_off, is_redirect, not_opened
from chat_personas.engines.openai.events import UnreadableAnswerError
from chat_personas.engines.openai.keys import ServerKey, account_of, find_key
from chat_personas.engines.openai.label_tokens import WITH_TEMPLATE, LabelTokens, Prompt, with_label_way, without_bias
from chat_personas.engines.openai.overflow import refusal_in
from chat_personas.engines.openai.responses import as_score, failed, looseness, most_bytes, of_labels, stream_pieces
from chat_personas.engines.openai.retrying import (
    RETRIES,
    Retrying,
    is_overloaded,
    is_unreachable,
    longest_opening,
    through_hiccups,
    through_limits,
)
from chat_personas.engines.openai.scheduling import ConcurrencyWindow, in_waves
from chat_personas.engines.openai.steering import VectorTrials, check_addable, with_vectors
from chat_personas.engines.openai.wire import Completion, completion, likeliest
from chat_personas.engines.reply_limit import within_limit
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
from eval.interventions import InterventionError, Interventions, added_by_layer
from personas.inputs.redaction import shown_address

_CONCURRENCY = 32
_DISCOVERY_RETRIES = 1
_DISCOVERY_LIMITED_RETRIES = 5
_PATIENCE = 5
"""A reply of which nothing comes while the server sends something else is given up after so many timeouts."""
_FEWEST_ALTERNATIVES = 5
"""No failure in the middle of a run makes the engine ask for fewer alternatives than that."""
_LOOSE = 0.02
"""If the bounds of a score are further apart, it is asked for again with more alternatives, where a server has them."""
_CHAT = "/chat/completions"
_UNKNOWN_FIELD = frozenset({400, 422, 501})
"""With these a server refuses a request that has a field which it does not know."""
_NO_TEXTS = "a server does not score whole texts; use an embedded model (a GGUF file)"
_NO_LOG_PROBABILITIES = "the server gives no log-probabilities; choose another server or an embedded model"


class OpenAIEngine:
    """A model behind an OpenAI-compatible server. Create it with `OpenAIEngine.open`."""

    def __init__(
        self,
        connection: Connection,
        url: str,
        key_env: str | None,
        capabilities: Capabilities,
        window: ConcurrencyWindow,
        *,
        timeout: float,
        account: str | None = None,
    ) -> None:
        self._connection = connection
        self._url = url
        self._key_env = key_env
        self._timeout = timeout
        self._model = capabilities.model
        self._dialect: Dialect = capabilities.dialect
        self._shown = capabilities.shown
        self._label_tokens = LabelTokens(connection, self._model, self._dialect.tokenizer)
        self._window = window
        self._retrying = Retrying(window, withdraws=is_loopback(url))
        self._form: Form | None = None
        self._finding_form = asyncio.Lock()
        self._overflows: dict[str, bool] = {}
        name = f"{shown_address(url)}#{without_directories(capabilities.model)}"
        self._interventions: Interventions = ()
        self._vectors = VectorTrials(Asking(connection, _DISCOVERY_RETRIES), capabilities.model, name)
        self._trying = asyncio.Lock()
        self._unsteered = self
        self._info = EngineInfo(
            name=name,
            engine="openai",
            log_probabilities="top_k" if self._dialect.top_k else "none",
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
        key: ServerKey | None = None,
        concurrency: int = _CONCURRENCY,
        timeout: float = 120.0,
    ) -> "OpenAIEngine":
        """Connect to the server and find out what it can do; this asks it for one token.

        Args:
            url: the address of the API, usually ending in /v1.
            model: its name on the server; None if the server has just one.
            key_env: the environment variable that holds this server's key.
            key: its key, if that has been found already; None looks for it.
            concurrency: the most requests at once; see `ConcurrencyWindow` for when there are fewer.
            timeout: seconds to wait for an answer.

        Raises:
            EngineError: it cannot be reached, refuses the key, has no such model, or takes longer than
                `longest_opening`.
        """
        await asyncio.to_thread(importlib.import_module, "openai")  # not on the loop: it takes half a second
        import openai

        found = await asyncio.to_thread(find_key, url, key_env) if key is None else key
        connection = Connection(url, found.value, timeout=timeout)
        asking = Asking(connection, _DISCOVERY_RETRIES)
        try:
            async with asyncio.timeout(longest_opening(timeout)):
                capabilities = await through_limits(lambda: discover(asking, url, model), _DISCOVERY_LIMITED_RETRIES)
                capabilities = await with_label_way(asking, capabilities)
        except BaseException as error:
            await connection.close()
            if isinstance(error, TimeoutError):
                raise not_opened(url, longest_opening(timeout)) from error
            if isinstance(error, openai.OpenAIError | UnreadableAnswerError):
                raise explain(error, url, key_env, opening=True) from error
            raise
        window = ConcurrencyWindow(concurrency, seconds=capabilities.seconds, timeout=timeout)
        account = account_of(url, found.value)
        return cls(connection, url, key_env, capabilities, window, timeout=timeout, account=account)

    @property
    def info(self) -> EngineInfo:
        """What the server is and can do.

        `constraints` is "unknown" until a reply first needs a form. `top_k` is the most that it has shown so far.
        """
        shown = min(self._shown, self._dialect.top_k)  # some show the token that they chose besides
        extension = self._vectors.extension
        by = {"vectors": extension} if self._dialect.vectors and extension is not None else {}
        return replace(
            self._info,
            constraints=self._form or "unknown",
            top_k=shown or None,
            intervention_kinds=() if extension is None else ("add",),
            details={**self._info.details, **by},
        )

    def steered(self, interventions: Interventions) -> "OpenAIEngine":
        """Return the same model under these interventions; see `Steerable.steered`. Whether they act is not tried yet.

        Raises:
            InterventionError: they are not additions, or a direction is not of a model of this name.
        """
        if not interventions:
            return self._unsteered
        check_addable(interventions, self._model)
        engine = copy(self._unsteered)
        engine._interventions = tuple(interventions)
        engine._trying = asyncio.Lock()
        engine._info = replace(self._info, interventions=tuple(each.key for each in interventions))
        return engine

    async def try_out(self) -> None:
        """See `TriedOut.try_out`; from then on every request brings the vectors."""
        import openai

        async with self._trying:
            if not self._interventions or self._dialect.vectors:
                return
            try:
                extension = await self._vectors.extension_for(self._interventions, self._dialect)
            except (openai.OpenAIError, UnreadableAnswerError) as error:
                raise explain(error, self._url, self._key_env) from error
            vectors = with_vectors(extension, added_by_layer(self._interventions))
            way = self._dialect.label_way
            bare = way == "token_ids_logprob"  # that request is not a chat, and would not bring the vectors
            self._dialect = replace(self._dialect, vectors=vectors, label_way=None if bare else way)

    async def _with_vectors(self) -> None:
        """Make sure that what is asked now comes from the model as it is meant to be changed."""
        try:
            await self.try_out()
        except InterventionError as error:
            raise EngineError(str(error)) from error

    async def stream(self, messages: Sequence[Message], sampling: Sampling) -> AsyncGenerator[Piece, None]:
        """See `eval.engine.Engine.stream`. No probe is sent before the reply has ended, so that none delays it.

        A server on this machine often takes one request at a time: there, probes under way are withdrawn, too.
        """
        await self._with_vectors()
        with self._retrying.giving_way():
            async with aclosing(self._reply(messages, sampling)) as pieces:
                async for piece in pieces:
                    yield piece

    async def _reply(self, messages: Sequence[Message], sampling: Sampling) -> AsyncGenerator[Piece, None]:
        """Yield a reply. If the server says that the context is too long, it is asked again with less.

        Some servers begin to answer before they look at the request, and can then only break off. So if nothing came,
        the server is asked for one token without streaming, and then says what is wrong, if anything is.
        """
        import openai

        began = time.monotonic()
        seed = secrets.randbits(31) if sampling.seed is None else sampling.seed
        prefix = Prefix(messages[:-1])
        while True:
            sent, silent = prefix.messages, True
            asked = [*sent, *messages[-1:]]
            used = self._dialect
            try:
                body = await self._body(asked, sampling, seed)
                async with AsyncExitStack() as stack:
                    incoming = await self._opened(used.streamed(body), stack)
                    pieces = stream_pieces(
                        incoming,
                        began,
                        seed,
                        prefix.dropped,
                        tokens=sampling.max_tokens,
                        patience=_PATIENCE * self._timeout,
                        counted=used.usage,
                    )
                    async for piece in await stack.enter_async_context(aclosing(pieces)):
                        silent = False
                        yield piece
                if silent:
                    await self._one_token(asked, sampling, seed)
                return
            except (openai.OpenAIError, UnreadableAnswerError) as failure:
                error: Exception = failure
                if not silent:
                    raise explain(error, self._url, self._key_env) from error
                if is_broken_off(error):
                    error = await self._reason(asked, sampling, seed) or error
                explained = explain(error, self._url, self._key_env)
                if await self._is_overflow(error, asked):
                    if not prefix.shorten(sent):
                        raise TooLongError(f"{explained}; shorten the message") from error
                elif not (self._is_relearnt(error, used) or self._may_refuse_counting(error, used)):
                    raise explained from error

    def _may_refuse_counting(self, error: Exception, used: Dialect) -> bool:
        """Whether a streamed reply is worth asking for again without the count of its tokens.

        Servers refuse a field that they do not know in many words. Without it nothing but the count is lost.
        """
        refusal = refusal_in(error)
        if not used.usage or refusal is None or refusal.status not in _UNKNOWN_FIELD:
            return False
        if refusal.is_about_money or refusal.may_be_overflow:
            return False
        self._dialect = replace(self._dialect, usage=False)
        return True

    async def _opened(self, body: dict[str, Any], stack: AsyncExitStack) -> Incoming:
        """Return the streamed answer to `body` once it begins; `stack` ends it."""

        async def begin() -> Incoming:
            return await stack.enter_async_context(self._connection.stream(_CHAT, body))

        return await through_hiccups(begin, RETRIES, here=self._connection.here)

    async def _whole(self, body: dict[str, Any], tokens: int) -> Completion:
        return completion(await self._connection.post(_CHAT, body, most=most_bytes(tokens)))

    async def _body(self, messages: Sequence[Message], sampling: Sampling, seed: int) -> dict[str, Any]:
        body = self._dialect.request(
            self._model,
            _as_wire(messages),
            tokens=sampling.max_tokens,
            temperature=sampling.temperature,
            top_p=sampling.top_p,
            seed=seed,
        )
        form = await self._response_format(sampling.constraint)
        return body if form is None else {**body, "response_format": form}

    async def _response_format(self, constraint: Percentages | None) -> Any:
        if constraint is None:
            return None
        async with self._finding_form:
            if self._form is None:
                self._form = await find_form(Asking(self._connection, _DISCOVERY_RETRIES), self._model, self._dialect)
        return None if self._form == "none" else response_format(self._form, constraint)

    async def _is_overflow(self, error: Exception, asked: Sequence[Message]) -> bool:
        """Whether the server refused `asked` because it is longer than the context.

        If its words are not known, it is asked once without the turns before the last message, for one token. If it
        answers that, the words meant the length. Each wording is looked into once.
        """
        refusal = refusal_in(error)
        if refusal is None:
            return False
        if refusal.is_overflow:
            return True
        short = [message for message in asked[:-1] if message.role == "system"] + list(asked[-1:])
        if not refusal.may_be_overflow or len(short) == len(asked):
            return False
        if refusal.wording not in self._overflows:
            self._overflows[refusal.wording] = await self._answers(short)
        return self._overflows[refusal.wording]

    async def _answers(self, messages: Sequence[Message]) -> bool:
        import openai

        try:
            await self._one_token(messages, Sampling(), 0)
        except (openai.OpenAIError, UnreadableAnswerError):
            return False
        return True

    async def _reason(self, asked: Sequence[Message], sampling: Sampling, seed: int) -> Exception | None:
        """Return what the server says against `asked` when it may answer in full; None if it has nothing against it."""
        import openai

        try:
            await self._one_token(asked, sampling, seed)
        except (openai.OpenAIError, UnreadableAnswerError) as said:
            return said
        return None

    async def _one_token(self, messages: Sequence[Message], sampling: Sampling, seed: int) -> None:
        """Ask for one token without streaming. Raises what the server says against it."""
        body = await self._body(messages, replace(sampling, max_tokens=1), seed)
        await through_hiccups(lambda: self._whole(body, 1), RETRIES, here=self._connection.here)

    def _is_relearnt(self, error: Exception, used: Dialect, *, probing: bool = False) -> bool:
        """Whether a request in the dialect `used` is worth making again in another one.

        What a server accepts may change while it runs, for instance if another model is loaded; then a refusal names a
        parameter that it accepted before. Some break off where they are asked for many alternatives.
        """
        if used != self._dialect:
            return True  # another request has found it out
        simpler = contradicted(used, error, probing=probing)
        if simpler is None or simpler.top_k < min(used.top_k, _FEWEST_ALTERNATIVES):
            return False
        self._dialect = simpler
        return True

    async def complete(self, messages: Sequence[Message], sampling: Sampling, n: int = 1) -> list[str]:
        """See `eval.engine.Engine.complete`; the requests are concurrent."""
        import openai

        await self._with_vectors()
        seed = secrets.randbits(31) if sampling.seed is None else sampling.seed

        async def one(offset: int) -> str:
            async def once() -> Completion:
                return await self._whole(await self._body(messages, sampling, seed + offset), sampling.max_tokens)

            while True:
                used = self._dialect
                try:
                    return within_limit((await self._retrying.ask(once)).text, sampling.max_tokens)
                except (openai.OpenAIError, UnreadableAnswerError) as error:
                    if not self._is_relearnt(error, used):
                        raise

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
        await self._with_vectors()
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
            sent, dropped, used = prefix.messages, prefix.dropped, self._dialect
            asked = [*sent, Message("user", probe.prompt)]
            ask = partial(self._score_after, asked, probe, used)
            try:
                score = await self._retrying.ask(ask, alike=not used.many)
            except (openai.OpenAIError, UnreadableAnswerError) as error:
                if await self._is_overflow(error, asked) and prefix.shorten(sent):
                    continue
                if self._is_relearnt(error, used, probing=True):
                    continue
                explained = explain(error, self._url, self._key_env)
                if self._is_lost(error):
                    raise explained from error
                return failed(probe, str(explained))
            return replace(score, dropped_messages=dropped)

    async def _score_after(self, asked: Sequence[Message], probe: Probe, dialect: Dialect) -> ProbeScore:
        """Ask for the score of `probe`, which `asked` ends with; again, in another way, if too little is shown.

        The second request follows at once, since the server has just read this prompt.
        """
        import openai

        answer = await self._first_token(asked, dialect)
        if self._shown < dialect.top_k:
            self._shown = max(self._shown, shown_count(answer))
        score = as_score(probe, answer)
        if not (dialect.many or dialect.label_way) or looseness(score) <= _LOOSE:
            return score
        try:
            closer = await self._closer_score(asked, probe, dialect, answer)
        except (openai.OpenAIError, UnreadableAnswerError) as error:
            if is_overloaded(error):
                raise
            self._dialect = replace(self._dialect, many=0, label_way=None)
            return score
        return score if closer.failure or looseness(closer) > looseness(score) else closer

    async def _closer_score(
        self, asked: Sequence[Message], probe: Probe, dialect: Dialect, answer: Completion
    ) -> ProbeScore:
        """Return the score with tighter bounds than `answer` alone gives; in the way that this server can be asked."""
        if dialect.many:
            return as_score(probe, await self._first_token(asked, dialect, many=True))
        prompt = Prompt(self._connection, dialect, self._model, _as_wire(asked))
        ids = await self._label_tokens.of(probe.labels)
        if dialect.label_way != "logit_bias":
            return of_labels(probe, await prompt.exact(ids), answer)
        shown = likeliest(answer.log_probabilities) or []
        unbiased = without_bias(probe.labels, shown, await prompt.biased(ids))
        return as_score(probe, answer) if unbiased is None else of_labels(probe, unbiased, answer)

    def _is_lost(self, error: Exception) -> bool:
        """Whether every other request would meet this error, too."""
        import openai

        refused = isinstance(error, openai.AuthenticationError | openai.PermissionDeniedError)
        return refused or is_redirect(error) or is_unreachable(error) or self._retrying.hopeless

    async def _first_token(self, messages: Sequence[Message], dialect: Dialect, *, many: bool = False) -> Completion:
        return await self._whole(dialect.first_token(self._model, _as_wire(messages), many=many), 1)

    async def exact_prompt(self, messages: Sequence[Message], sampling: Sampling) -> ExactPrompt:
        """See `ShowsPrompts.exact_prompt`. Tokens are counted by a server of which it is known that it can do this."""
        import openai

        tokens: int | None = None
        if self._dialect.tokenizer == WITH_TEMPLATE:
            prompt = Prompt(self._connection, self._dialect, self._model, _as_wire(messages))
            with suppress(openai.OpenAIError, UnreadableAnswerError):
                tokens = len(await prompt.tokens())
        return of_messages(messages, tokens)

    async def exact_probes(self, prefix: Sequence[Message], probes: Sequence[Probe]) -> list[ExactProbe]:
        """See `ShowsPrompts.exact_probes`; a server applies the chat template itself."""
        return [ExactProbe(probe.key, probe.prompt, tuple(prefix)) for probe in probes]

    async def close(self) -> None:
        """Close the connections; a steered engine leaves them to the one that it came from."""
        if self is self._unsteered:
            await self._connection.close()


def _as_wire(messages: Sequence[Message]) -> list[dict[str, str]]:
    return [{"role": message.role, "content": message.content} for message in messages]
