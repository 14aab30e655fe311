"""Reading hidden states: the state of every layer at the last token of a context."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from chat_personas.engines.llama.context import Batch, Context, ContextSize
from chat_personas.engines.llama.hidden_states.residual_stream import AFTER, ResidualStream
from chat_personas.engines.llama.worker import InterruptFlag, Job, Priority
from eval.engine import RequestError
from eval.states import Opening

if TYPE_CHECKING:
    from chat_personas.engines.llama.runtime import Runtime

_CONVERSATION = 0


class StatesJob(Job[NDArray[np.float32]]):
    """Reads each opening in a context of its own, from its first token: what was read before has no influence.

    The results are states (layers, width), in the order of the openings. Interrupted, it goes on with the next one.
    """

    priority = Priority.MEASUREMENT

    def __init__(self, openings: Sequence[Opening]) -> None:
        super().__init__()
        self._waiting = list(openings)

    def run(self, runtime: "Runtime", flag: InterruptFlag) -> None:
        """Read the openings that are not read yet; see `Job.run`."""
        layers = runtime.model.shape.layers
        stream = ResidualStream(runtime.model.shape.width, wanted={f"{AFTER}-{layer}" for layer in range(layers)})
        context = _context(runtime, flag, stream)
        try:
            while self._waiting:
                self.results.put(_read(context, stream, opening_tokens(runtime, self._waiting[0]), layers))
                del self._waiting[0]
        finally:
            context.close()


def opening_tokens(runtime: "Runtime", opening: Opening) -> tuple[int, ...]:
    """Return the tokens of a conversation and of the words that begin its reply.

    Raises:
        RequestError: they are too long for the context.
    """
    prompter = runtime.prompter
    tokens = prompter.tokens(opening.messages)
    if opening.reply:
        tokens += prompter.reply_tokens(opening.reply)
    if len(tokens) > runtime.context_length:
        raise RequestError(f"a text of {len(tokens)} tokens is too long for the context; {runtime.longer_context}")
    return tokens


def _context(runtime: "Runtime", flag: InterruptFlag, stream: ResidualStream) -> Context:
    return Context(
        runtime.model.pointer,
        ContextSize(runtime.context_length, min(runtime.context.size.batch, runtime.context_length), 1),
        vocabulary=runtime.vocabulary.size,
        threads=runtime.threads,
        flash_attention=runtime.flash_attention,
        full_precision=runtime.model.full_precision,
        flag=flag,
        residual=stream,
    )


def _read(context: Context, stream: ResidualStream, tokens: Sequence[int], layers: int) -> NDArray[np.float32]:
    context.cut(_CONVERSATION, 0)
    size = context.size.batch
    for start in range(0, len(tokens), size):
        part = tokens[start : start + size]
        outputs = [False] * (len(part) - 1) + [True]
        positions = range(start, start + len(part))
        context.decode(Batch(part, positions, [(_CONVERSATION,)] * len(part), outputs))
    return np.stack([stream.states[f"{AFTER}-{layer}"][-1] for layer in range(layers)])
