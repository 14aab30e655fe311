"""The embedded engine: a GGUF file behind the `Engine` protocol."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing, suppress
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from chat_personas.engines.llama.worker import Worker
from eval.engine import EngineError, EngineInfo, Message, Piece, Probe, ProbeScore, Sampling

if TYPE_CHECKING:
    from chat_personas.engines.llama.generation import ReadAheadJob
    from chat_personas.engines.llama.runtime import Options, Runtime
    from chat_personas.engines.llama.worker import InterruptFlag

T = TypeVar("T")


class LlamaEngine:
    """A language model in this process. `open` it, and `close` it when done.

    All of llama.cpp runs in one thread of its own. A call to `stream` there goes before `score` and `complete`, which
    stop at once, keep what they have, and go on afterwards.
    """

    def __init__(self, worker: Worker, info: EngineInfo) -> None:
        """For `open`."""
        self._worker = worker
        self._info = info
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
    ) -> "LlamaEngine":
        """Load the model file `path` in a thread of its own; cancelling the call stops the loading.

        `name`: what the model is called in reports, by default the file's name without its ending. `hash_cache`: see
        `file_sha256`. The others: see `Options`.

        Raises:
            EngineError: the file is missing, cut off, no GGUF file, or no model that can be run here; or memory is
            short.
        """
        from chat_personas.engines.llama.runtime import Options

        options = Options(context_length, threads, flash_attention, batch, sequences)
        loading: asyncio.Future[Runtime] = asyncio.get_running_loop().create_future()
        worker = Worker(lambda flag: _load(path, options, flag), _settler(loading))
        try:
            runtime = await loading
            info = await asyncio.to_thread(_describe, runtime, path, name, options, hash_cache)
        except BaseException:
            worker.begin_close()
            raise
        return cls(worker, info)

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

        job = ReplyJob(messages, sampling)
        self._end_reading_ahead()
        self._worker.submit(job)
        try:
            async with aclosing(job.results.items()) as pieces:
                async for piece in pieces:
                    yield piece
        finally:
            self._worker.cancel(job)

    async def read_ahead(self, messages: Sequence[Message], sampling: Sampling) -> None:
        """Decode a conversation ahead of its next reply; see `ReadsAhead.read_ahead`. Only the newest wish counts."""
        from chat_personas.engines.llama.generation import ReadAheadJob

        job = ReadAheadJob(messages, sampling)
        self._end_reading_ahead()
        self._ahead = job
        self._worker.submit(job)
        try:
            async for _ in job.results.items():
                pass
        finally:
            self._worker.cancel(job)
            if self._ahead is job:
                self._ahead = None

    def _end_reading_ahead(self) -> None:
        """Read nothing more ahead: done after a reply, it would take that out of the cache again."""
        if self._ahead is not None:
            self._worker.cancel(self._ahead)
            self._ahead = None

    async def complete(self, messages: Sequence[Message], sampling: Sampling, n: int = 1) -> list[str]:
        """Return `n` whole replies, drawn out of band; see `Engine.complete`."""
        from chat_personas.engines.llama.generation import CompleteJob

        job = CompleteJob(messages, sampling, n)
        self._worker.submit(job)
        try:
            replies = [reply async for reply in job.results.items()]
        finally:
            self._worker.cancel(job)
        if len(replies) < n:
            raise EngineError("the model was closed before it had answered")
        return replies

    async def score(self, prefix: Sequence[Message], probes: Sequence[Probe]) -> AsyncGenerator[ProbeScore, None]:
        """Ask each probe on a branch after `prefix`; see `Engine.score`. Exact, each distinct token decoded once.

        A prefix that is too long for the context is shortened as a conversation is: by its oldest turns.
        """
        from chat_personas.engines.llama.scoring import ScoreJob

        job = ScoreJob(prefix, probes)
        self._worker.submit(job)
        done = 0
        try:
            async with aclosing(job.results.items()) as scores:
                async for score in scores:
                    done += 1
                    yield score
        finally:
            self._worker.cancel(job)
        if done < len(probes):
            raise EngineError("the model was closed while it was being measured")

    async def call(self, function: "Callable[[Runtime], T]") -> T:
        """Run `function` in the model's thread with all that it owns, and return its result; for tests and steering."""
        from chat_personas.engines.llama.worker import CallJob

        job = CallJob(function)
        self._worker.submit(job)
        async with aclosing(job.results.items()) as results:
            async for result in results:
                return result
        raise EngineError("the model was closed")

    async def close(self) -> None:
        """Stop what runs, free the model and wait for its thread to end. Closing twice is allowed."""
        await asyncio.to_thread(self._worker.close)


def _load(path: Path, options: "Options", flag: "InterruptFlag") -> "Runtime":
    """Check the file before anything slow is imported, then load it; in the worker's thread."""
    from chat_personas.engines.llama.model import check_model_file

    check_model_file(path)
    from chat_personas.engines.llama.runtime import load_runtime

    return load_runtime(path, options, flag)


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


def _describe(
    runtime: "Runtime", path: Path, name: str | None, options: "Options", hash_cache: Path | None
) -> EngineInfo:
    from chat_personas.engines.llama.runtime import describe

    return describe(runtime, path, name, options, hash_cache)
