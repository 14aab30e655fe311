"""The embedded engine: a GGUF file behind the `Engine` protocol.

What needs numpy or llama.cpp is imported inside functions, when an engine is opened or used: this module is imported
before the first frame of the screen.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing, suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from chat_personas.engines.exact_prompt import ExactProbe, ExactPrompt
from chat_personas.engines.llama.worker import CallJob, InterruptFlag, Job, Worker
from eval.engine import EngineError, EngineInfo, Message, Piece, Probe, ProbeScore, Sampling
from eval.interventions import Interventions
from eval.states import Opening

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from chat_personas.engines.llama.generation import ReadAheadJob
    from chat_personas.engines.llama.model import ModelShape
    from chat_personas.engines.llama.runtime import Runtime

T = TypeVar("T")


class LlamaEngine:
    """A language model in this process. `open` it, and `close` it when done.

    All of llama.cpp runs in one thread of its own. There, a call to `stream` goes before `score` and `complete`: they
    stop at once, keep the results they have, and go on afterwards.
    """

    def __init__(
        self,
        worker: Worker,
        info: EngineInfo,
        shape: "ModelShape",
        interventions: Interventions = (),
        *,
        owns_model: bool = True,
    ) -> None:
        """For `open` and `steered`; only one that `owns_model` frees it."""
        self._worker = worker
        self._info = info
        self.shape = shape
        self._interventions = tuple(interventions)
        self._owns_model = owns_model
        self._ahead: ReadAheadJob | None = None

    @classmethod
    async def open(
        cls,
        path: Path,
        *,
        name: str | None = None,
        context_length: int | None = None,
        threads: int | None = None,
        flash_attention: bool = False,
        batch: int = 256,
        sequences: int = 64,
        hash_cache: Path | None = None,
        tried: bool = False,
        template: str | None = None,
        template_name: str | None = None,
    ) -> "LlamaEngine":
        """Load the model file `path` in a thread of its own; cancelling the call stops the loading.

        Args:
            path: a GGUF file.
            name: the model's name in reports, by default the file's name without its ending.
            hash_cache: see `model_sha256`.
            tried: whether the file is known to run, and needs no trial (`try_model`).
            template_name: what `template` is called in reports, None without one.
            context_length, threads, flash_attention, batch, sequences, template: see `Options`.

        Raises:
            EngineError: the file is missing, cut off, not a GGUF file, or not a model that can be run here; or memory
            is short.
        """

        def load(flag: InterruptFlag) -> "Runtime":
            # In the worker's thread, so that the screen goes on; and the file is checked before anything slow is
            # imported, so that a wrong path is reported at once.
            from chat_personas.engines.llama.model import check_model_file

            check_model_file(path)
            if not tried:
                from chat_personas.engines.llama.trial import try_model

                try_model(path, flag, hash_cache)
            from chat_personas.engines.llama.runtime import Options, load_runtime

            return load_runtime(
                path, Options(context_length, threads, flash_attention, batch, sequences, template), flag
            )

        loading: asyncio.Future[Runtime] = asyncio.get_running_loop().create_future()
        worker = Worker(load, _settler(loading))
        try:
            runtime = await loading
            info = await asyncio.to_thread(runtime.describe, path, name, hash_cache)
        except BaseException:
            worker.begin_close()
            raise
        return cls(worker, replace(info, template=template_name), runtime.model.shape)

    @property
    def info(self) -> EngineInfo:
        """What the engine is and can do."""
        return self._info

    async def stream(self, messages: Sequence[Message], sampling: Sampling) -> AsyncGenerator[Piece, None]:
        """Reply to `messages` as the next turn of the conversation that the engine holds; see `Engine.stream`.

        Only tokens that are new since the last turn are decoded. Closing the generator stops the model between two
        operations.
        """
        from chat_personas.engines.llama.generation import ReplyJob

        job = ReplyJob(messages, sampling, self._interventions)
        self._stop_reading_ahead()
        async with aclosing(self._results(job)) as pieces:
            async for piece in pieces:
                yield piece

    async def score(self, prefix: Sequence[Message], probes: Sequence[Probe]) -> AsyncGenerator[ProbeScore, None]:
        """Ask each probe on a branch after `prefix`; see `Engine.score`. Exact, each distinct token decoded once.

        A prefix that is too long for the context is shortened as a conversation is: by its oldest turns.
        """
        from chat_personas.engines.llama.scoring import ScoreJob

        scored = 0
        async with aclosing(self._results(ScoreJob(prefix, probes, self._interventions))) as scores:
            async for score in scores:
                scored += 1
                yield score
        if scored < len(probes):
            raise EngineError("the model was closed while it was being measured")

    async def complete(self, messages: Sequence[Message], sampling: Sampling, n: int = 1) -> list[str]:
        """Return `n` whole replies, drawn out of band; see `Engine.complete`."""
        from chat_personas.engines.llama.generation import CompleteJob

        async with aclosing(self._results(CompleteJob(messages, sampling, n, self._interventions))) as results:
            replies = [reply async for reply in results]
        if len(replies) < n:
            raise EngineError("the model was closed before it had answered")
        return replies

    async def states(self, openings: Sequence[Opening]) -> "AsyncGenerator[NDArray[np.float32], None]":
        """Yield the hidden states at the end of each opening; see `ReadsStates.states`."""
        from chat_personas.engines.llama.hidden_states.reading import StatesJob

        read = 0
        async with aclosing(self._results(StatesJob(openings))) as found:
            async for each in found:
                read += 1
                yield each
        if read < len(openings):
            raise EngineError("the model was closed while its states were read")

    async def reply_states(self, opening: Opening, layer: int) -> "NDArray[np.float32]":
        """Return the hidden states along a reply; see `ReadsReplies.reply_states`."""
        from chat_personas.engines.llama.hidden_states.reading import ReplyStatesJob

        async with aclosing(self._results(ReplyStatesJob(opening, layer, self._interventions))) as found:
            async for states in found:
                return states
        raise EngineError("the model was closed while its states were read")

    async def divergence(self, without: Sequence[Opening], under: Sequence[Opening]) -> list[float]:
        """Return for each text how far the next words move (nats a token); see `MeasuresDivergence.divergence`."""
        from chat_personas.engines.llama.hidden_states.divergence import DivergenceJob

        async with aclosing(self._results(DivergenceJob(without, under, self._interventions))) as found:
            moved = [each async for each in found]
        if len(moved) < len(without):
            raise EngineError("the model was closed while it was being measured")
        return moved

    async def read_ahead(self, messages: Sequence[Message], sampling: Sampling) -> None:
        """Decode a conversation ahead of its next reply; see `ReadsAhead.read_ahead`. Only the newest call counts."""
        from chat_personas.engines.llama.generation import ReadAheadJob

        job = ReadAheadJob(messages, sampling, self._interventions)
        self._stop_reading_ahead()
        self._ahead = job
        try:
            async with aclosing(self._results(job)) as results:
                async for _ in results:
                    pass
        finally:
            if self._ahead is job:
                self._ahead = None

    async def exact_prompt(self, messages: Sequence[Message], sampling: Sampling) -> ExactPrompt:
        """Return the prompt of a reply part by part; see `ShowsPrompts.exact_prompt`."""
        from chat_personas.engines.llama.generation import PromptJob

        async with aclosing(self._results(PromptJob(messages, sampling))) as results:
            async for prompt in results:
                return prompt
        raise EngineError("the model was closed")

    async def exact_probes(self, prefix: Sequence[Message], probes: Sequence[Probe]) -> list[ExactProbe]:
        """Return what `score` puts to the model; see `ShowsPrompts.exact_probes`."""
        from chat_personas.engines.llama.scoring import ProbesJob

        async with aclosing(self._results(ProbesJob(prefix, probes, self._interventions))) as results:
            async for shown in results:
                return shown
        raise EngineError("the model was closed")

    def _stop_reading_ahead(self) -> None:
        """Cancel what is read ahead: decoded after a newer reply, it would take that reply out of the cache again."""
        if self._ahead is not None:
            self._worker.cancel(self._ahead)
            self._ahead = None

    async def call(self, function: "Callable[[Runtime], T]") -> T:
        """Run `function` in the model's thread with all that it owns, and return its result; for tests and steering."""
        async with aclosing(self._results(CallJob(function))) as results:
            async for result in results:
                return result
        raise EngineError("the model was closed")

    async def _results(self, job: Job[T]) -> AsyncGenerator[T, None]:
        """Submit a job and yield its results; closing the generator cancels the job."""
        self._worker.submit(job)
        try:
            async with aclosing(job.results.items()) as results:
                async for result in results:
                    yield result
        finally:
            self._worker.cancel(job)

    def steered(self, interventions: Interventions) -> "LlamaEngine":
        """Return the same model under these interventions; see `Steerable.steered`. Nothing is computed yet."""
        from chat_personas.engines.llama.hidden_states.steered_contexts import check_interventions

        check_interventions(interventions, self.shape, self._info.sha256)
        info = replace(self._info, interventions=tuple(each.key for each in interventions))
        return LlamaEngine(self._worker, info, self.shape, interventions, owns_model=False)

    async def close(self) -> None:
        """Stop the running job, free the model and wait for its thread to end. Closing twice is allowed.

        One that `steered` gave leaves the model to the engine that was opened.
        """
        if self._owns_model:
            await asyncio.to_thread(self._worker.close)


def _settler(loading: "asyncio.Future[Runtime]") -> "Callable[[Runtime | BaseException], None]":
    """Return a function that settles `loading` from another thread, unless nobody waits for it any more."""
    loop = asyncio.get_running_loop()

    def settle(outcome: "Runtime | BaseException") -> None:
        if loading.done():
            return
        if isinstance(outcome, BaseException):
            loading.set_exception(outcome)
        else:
            loading.set_result(outcome)

    def settle_from_thread(outcome: "Runtime | BaseException") -> None:
        with suppress(RuntimeError):  # the loop is closed: nobody waits
            loop.call_soon_threadsafe(settle, outcome)

    return settle_from_thread
