"""An engine around that of a server whose address or key is secret: neither is in its name, an error or a failure.

A gateway may take its key in the path of the address, and a server may repeat what it was sent in its errors. Names,
errors and failures go into the corpus, the answer cache, reports and onto the screen, so they are cleaned here, once.
"""

from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator, Sequence
from contextlib import aclosing, contextmanager
from dataclasses import replace

from chat_personas.engines.exact_prompt import ExactProbe, ExactPrompt, exact_probes, exact_prompt
from eval.engine import Engine, EngineError, EngineInfo, Message, Piece, Probe, ProbeScore, Sampling
from eval.interventions import InterventionError, Interventions, steered, tried_out
from personas.inputs.redaction import without, without_secrets


@contextmanager
def discreet_errors(secrets: frozenset[str]) -> Iterator[None]:
    """Take these secrets, and what looks like one in an address, out of the message of every error of an engine."""
    try:
        yield
    except (EngineError, InterventionError) as error:
        error.args = (_clean(str(error), secrets), *error.args[1:])
        raise


class DiscreetEngine:
    """Another engine, of whose words each goes out without these secrets; what the model says is left as it is."""

    def __init__(self, inner: Engine, secrets: frozenset[str]) -> None:
        self._inner = inner
        self._secrets = secrets

    @property
    def info(self) -> EngineInfo:
        """See `eval.engine.Engine.info`; a key in the address is masked."""
        info = self._inner.info
        return replace(info, name=_clean(info.name, self._secrets))

    async def stream(self, messages: Sequence[Message], sampling: Sampling) -> AsyncGenerator[Piece, None]:
        """See `eval.engine.Engine.stream`."""
        with discreet_errors(self._secrets):
            async with aclosing(self._inner.stream(messages, sampling)) as pieces:
                async for piece in pieces:
                    yield piece

    async def complete(self, messages: Sequence[Message], sampling: Sampling, n: int = 1) -> list[str]:
        """See `eval.engine.Engine.complete`."""
        with discreet_errors(self._secrets):
            return await self._inner.complete(messages, sampling, n)

    async def score(self, prefix: Sequence[Message], probes: Sequence[Probe]) -> AsyncGenerator[ProbeScore, None]:
        """See `eval.engine.Engine.score`."""
        with discreet_errors(self._secrets):
            async with aclosing(self._inner.score(prefix, probes)) as scores:
                async for score in scores:
                    failure = score.failure
                    yield score if failure is None else replace(score, failure=_clean(failure, self._secrets))

    async def exact_prompt(self, messages: Sequence[Message], sampling: Sampling) -> ExactPrompt:
        """See `ShowsPrompts.exact_prompt`."""
        with discreet_errors(self._secrets):
            return await exact_prompt(self._inner, messages, sampling)

    async def exact_probes(self, prefix: Sequence[Message], probes: Sequence[Probe]) -> list[ExactProbe]:
        """See `ShowsPrompts.exact_probes`."""
        with discreet_errors(self._secrets):
            return await exact_probes(self._inner, prefix, probes)

    def steered(self, interventions: Interventions) -> "DiscreetEngine":
        """See `eval.interventions.Steerable.steered`."""
        return DiscreetEngine(steered(self._inner, interventions), self._secrets)

    async def try_out(self) -> None:
        """See `eval.interventions.TriedOut.try_out`."""
        with discreet_errors(self._secrets):
            await tried_out(self._inner)

    async def close(self) -> None:
        """See `eval.engine.Engine.close`."""
        await self._inner.close()


async def opened_discreetly(opening: Callable[[], Awaitable[Engine]], secrets: frozenset[str]) -> Engine:
    """Open an engine and put a `DiscreetEngine` around it; without secrets it is returned as it is.

    Raises:
        EngineError: it cannot be opened; the message has none of the secrets.
    """
    with discreet_errors(secrets):
        engine = await opening()
    return DiscreetEngine(engine, secrets) if secrets else engine


def _clean(text: str, secrets: frozenset[str]) -> str:
    return without(without_secrets(text, words=False), secrets)
