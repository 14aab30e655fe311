"""The embedded engine under measurement, with the conversation of the benchmarks decoded."""

import asyncio
import time
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from benchmarks.figure import Timing
from benchmarks.round_of_probes import QUESTIONS, RoundOfProbes, round_of_probes
from chat_personas.engines.llama import LlamaEngine
from chat_personas.engines.llama.tree import common_length
from eval.engine import Message, Piece, Probe, Sampling

if TYPE_CHECKING:
    from chat_personas.engines.llama.runtime import Runtime

CONTEXT = 2048
T = TypeVar("T")


class Embedded:
    """A `LlamaEngine` with an event loop of its own, used from plain code. A context manager."""

    def __init__(self, model: Path, questions: int = QUESTIONS) -> None:
        """Open `model` with a context of 2,048 tokens and everything else as it is by default."""
        self._runner = asyncio.Runner()
        self.engine = self.run(LlamaEngine.open(model, context_length=CONTEXT))
        self.round: RoundOfProbes = self.call(lambda runtime: round_of_probes(_counter(runtime), questions))
        self.tokens = self.call(self._conversation_tokens)
        self.paths = self.call(self._paths)

    def __enter__(self) -> "Embedded":
        return self

    def __exit__(self, *_: object) -> None:
        self.run(self.engine.close())
        self._runner.close()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine to its end."""
        return self._runner.run(work)

    def call(self, function: "Callable[[Runtime], T]") -> T:
        """Call `function` in the model's thread."""
        return self.run(self.engine.call(function))

    def settings(self) -> dict[str, Any]:
        """Describe how the model is run."""
        info = self.engine.info
        return {
            "model": info.name,
            "weights": info.quantization,
            "threads": info.details["threads"],
            "batch": info.details["batch"],
            "context": info.context_length,
            "flash attention": "on" if info.flash_attention else "off",
            "conversation tokens": len(self.tokens),
            "probes": len(self.round.probes),
        }

    def restore(self) -> None:
        """Have the conversation in the cache, as after a turn, and nothing else."""

        def conversation_only(runtime: "Runtime") -> None:
            runtime.memory.drop_spine()
            if runtime.memory.conversation != self.tokens:
                runtime.memory.set_conversation(self.tokens)

        self.call(conversation_only)

    def score(self) -> Timing:
        """Put all probes to the model; the seconds from the request to the last result."""
        self.restore()
        return self.run(self._score(self.round.probes))

    async def _score(self, probes: Sequence[Probe]) -> Timing:
        decoded, began = 0, time.perf_counter()
        async for score in self.engine.score(self.round.conversation, probes):
            if score.failure is not None:
                raise RuntimeError(f"{score.key}: {score.failure}")
            decoded += score.tokens_decoded
        return Timing(time.perf_counter() - began, decoded)

    def _conversation_tokens(self, runtime: "Runtime") -> list[int]:
        """Return the tokens of the conversation that every probe begins with."""
        whole = runtime.prompter.tokens(self.round.conversation)
        first = next(iter(runtime.prompter.probes(self.round.conversation, [self.round.probes[0].prompt])))
        return list(whole[: common_length(whole, first)])

    def _paths(self, runtime: "Runtime") -> list[tuple[int, ...]]:
        """Return the tokens of the whole prompts, probe by probe."""
        return list(runtime.prompter.probes(self.round.conversation, [probe.prompt for probe in self.round.probes]))


async def first_piece(engine: LlamaEngine, messages: Sequence[Message], sampling: Sampling) -> tuple[float, Piece]:
    """Ask for a reply; return the seconds until its first piece, and its last, which says what it cost."""
    began, seconds = time.perf_counter(), 0.0
    async for piece in engine.stream(messages, sampling):
        seconds = seconds or time.perf_counter() - began
        last = piece
    return seconds, last


def _counter(runtime: "Runtime") -> Callable[[tuple[Message, ...]], int]:
    return lambda messages: len(runtime.prompter.tokens(messages))
