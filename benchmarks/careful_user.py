"""What a user would otherwise run: llama-cpp-python's `create_chat_completion` with log-probabilities, in a loop."""

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast
from unittest.mock import patch

from benchmarks.figure import Timing
from chat_personas.engines.llama.bindings import native, physical_cores
from chat_personas.engines.llama.model import safe_parameters
from eval.engine import Message, Probe

TOP = 20


class CarefulUser:
    """A `llama_cpp.Llama` on the same file with the same threads and context; its batch size is its own default.

    The weights are stored in memory as ours are: where that avoids a crash of llama.cpp, both need it.

    `logits_all` is what it asks for before it gives log-probabilities. Its decoded tokens are counted.
    """

    def __init__(self, model: Path, context: int) -> None:
        library = native()  # the same settings of the threads library as ours, and its log out of the way
        from llama_cpp import Llama

        cores, loading, made = physical_cores(), safe_parameters(library), cast(Any, Llama)
        with patch.object(library, "llama_model_default_params", lambda: loading):
            llama = made(
                str(model), n_ctx=context, n_threads=cores, n_threads_batch=cores, logits_all=True, verbose=False
            )
        self._decoded = 0
        evaluate = llama.eval

        def counted(tokens: Sequence[int]) -> None:
            self._decoded += len(tokens)
            evaluate(tokens)

        llama.eval = counted
        self._llama = llama

    def close(self) -> None:
        """Free it."""
        self._llama.close()

    def ask(self, conversation: Sequence[Message], probes: Sequence[Probe], *, whole: bool) -> Timing:
        """Ask the probes one by one: each prompt `whole`, or reusing what the cache still has of the one before."""
        self._decoded, began = 0, time.perf_counter()
        for probe in probes:
            if whole:
                self._llama.reset()
            self._ask(conversation, probe)
        return Timing(time.perf_counter() - began, self._decoded)

    def _ask(self, conversation: Sequence[Message], probe: Probe) -> None:
        messages = [
            {"role": said.role, "content": said.content} for said in (*conversation, Message("user", probe.prompt))
        ]
        answer = self._llama.create_chat_completion(
            messages=messages, logprobs=True, top_logprobs=TOP, max_tokens=1, temperature=0.0
        )
        if not answer["choices"][0]["logprobs"]["content"]:
            raise RuntimeError("no log-probabilities came back")
