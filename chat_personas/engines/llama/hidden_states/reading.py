"""Reading hidden states: that of every layer at the last token of a text, and that of one layer along a reply."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from chat_personas.engines.llama.context import Batch, Context, ContextSize
from chat_personas.engines.llama.hidden_states.residual_stream import AFTER, ResidualStream
from chat_personas.engines.llama.hidden_states.steered_contexts import added, settings
from chat_personas.engines.llama.worker import InterruptFlag, Job, Priority
from eval.engine import RequestError
from eval.interventions import Interventions
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
        context = _context(runtime, flag, stream, runtime.context_length)
        try:
            while self._waiting:
                self.results.put(_read(context, stream, opening_tokens(runtime, self._waiting[0]), layers))
                del self._waiting[0]
        finally:
            context.close()


class ReplyStatesJob(Job[NDArray[np.float32]]):
    """Reads the state after one layer at every token of a reply (tokens, width), under interventions.

    It has a context of its own, so that the conversation's cache stays bit for bit as it is. The states could be read
    while the reply is generated, with the same logits bit for bit; but a call back for every tensor slows each token of
    a small model down, and a person would wait for it. Interrupted, it begins again.
    """

    priority = Priority.MEASUREMENT

    def __init__(self, opening: Opening, layer: int, interventions: Interventions) -> None:
        super().__init__()
        self._opening = opening
        self._layer = layer
        self._interventions = interventions

    def run(self, runtime: "Runtime", flag: InterruptFlag) -> None:
        """Read the reply; see `Job.run`."""
        shape, name = runtime.model.shape, f"{AFTER}-{self._layer}"
        tokens = opening_tokens(runtime, self._opening)
        reply = len(tokens) - len(runtime.prompter.tokens(self._opening.messages))
        if not reply:
            raise RequestError("an empty reply has no states")
        stream = ResidualStream(shape.width, settings(self._interventions, shape), wanted={name})
        context = _context(runtime, flag, stream, len(tokens))
        try:
            context.add(added(self._interventions, shape))
            for _ in _decoded(context, tokens[:-reply], 0, context.size.batch):
                pass
            # Of the last layer llama.cpp computes only the tokens whose logits are asked for: one in each decode here.
            size = 1 if self._layer == shape.layers - 1 else context.size.batch
            found = [stream.states[name] for _ in _decoded(context, tokens[-reply:], len(tokens) - reply, size)]
            self.results.put(np.concatenate(found))
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
        raise RequestError(f"a text of {len(tokens):,} tokens is too long for the context; {runtime.longer_context}")
    return tokens


def _context(runtime: "Runtime", flag: InterruptFlag, stream: ResidualStream, length: int) -> Context:
    return Context(
        runtime.model.pointer,
        ContextSize(length, min(runtime.context.size.batch, length), 1),
        vocabulary=runtime.vocabulary.size,
        threads=runtime.threads,
        flash_attention=runtime.flash_attention,
        full_precision=runtime.model.full_precision,
        flag=flag,
        residual=stream,
    )


def _read(context: Context, stream: ResidualStream, tokens: Sequence[int], layers: int) -> NDArray[np.float32]:
    context.cut(_CONVERSATION, 0)
    for _ in _decoded(context, tokens, 0, context.size.batch):
        pass
    return np.stack([stream.states[f"{AFTER}-{layer}"][-1] for layer in range(layers)])


def _decoded(context: Context, tokens: Sequence[int], begin: int, size: int) -> Iterator[None]:
    """Decode `tokens`, of which the first has the position `begin`, in parts; yield after each of them."""
    for start in range(0, len(tokens), size):
        part = tokens[start : start + size]
        outputs = [False] * (len(part) - 1) + [True]
        positions = range(begin + start, begin + start + len(part))
        context.decode(Batch(part, positions, [(_CONVERSATION,)] * len(part), outputs))
        yield
