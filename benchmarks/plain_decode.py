"""Bare llama.cpp in the context of the engine under measurement, with nothing of ours in between."""

import ctypes
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from chat_personas.engines.llama.runtime import Runtime

CONVERSATION = 0


class PlainDecode:
    """Decodes tokens at the end of the conversation's sequence, and takes them away again."""

    def __init__(self, runtime: "Runtime") -> None:
        """Prepare `runtime`: its cache then holds the conversation only."""
        from chat_personas.engines.llama.bindings import native

        runtime.memory.drop_spine()
        self._library = native()
        self._runtime = runtime
        self._context = runtime.context.pointer

    def decode(self, tokens: Sequence[int]) -> None:
        """Decode `tokens` in one call, with the logits after the last."""
        buffer = (ctypes.c_int32 * len(tokens))(*tokens)
        code = self._library.llama_decode(self._context, self._library.llama_batch_get_one(buffer, len(tokens)))
        if code:
            raise RuntimeError(f"llama_decode returned {code}")

    def cut(self, length: int) -> None:
        """Take all but the first `length` tokens out of the cache."""
        self._runtime.context.cut(CONVERSATION, length)

    def seconds_for(self, tokens: Sequence[int], batch: int) -> float:
        """Return the seconds that decoding `tokens` takes, `batch` at a time, each right after the conversation."""
        length, spent = len(self._runtime.memory.conversation), 0.0
        for start in range(0, len(tokens), batch):
            began = time.perf_counter()
            self.decode(tokens[start : start + batch])
            self._synchronise()
            spent += time.perf_counter() - began
            self.cut(length)
        return spent

    def seconds_to_reply(self, prompt: Sequence[int], reply: Sequence[int], sampler: Any) -> float:
        """Decode `prompt`, then draw and decode as often as `reply` has tokens, but decode those of `reply`.

        Returns the seconds from the first draw to the last, that is with one decode less than there are tokens.
        """
        self.decode(prompt)
        self._synchronise()
        sampler.draw(self._context, -1)
        began = time.perf_counter()
        for token in reply[:-1]:
            self.decode([token])
            sampler.draw(self._context, -1)
        return time.perf_counter() - began

    def _synchronise(self) -> None:
        self._library.llama_synchronize(self._context)
