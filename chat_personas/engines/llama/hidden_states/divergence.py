"""What steering costs: how far the model's next words move from those without it, on texts that are given."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from chat_personas.engines.llama.context import Batch, Context
from chat_personas.engines.llama.worker import InterruptFlag, Job, Priority
from eval.interventions import Interventions

if TYPE_CHECKING:
    from chat_personas.engines.llama.runtime import Runtime

Doubles = NDArray[np.float64]


class DivergenceJob(Job[float]):
    """For each text, the mean over its tokens of the divergence of the next token's distribution, in nats.

    It is that of Kullback and Leibler, KL(p‖q) with p without and q under the interventions: 0 where nothing changes.
    Interrupted, it goes on with the next text.
    """

    priority = Priority.MEASUREMENT

    def __init__(self, texts: Sequence[str], interventions: Interventions) -> None:
        super().__init__()
        self._waiting = list(texts)
        self._interventions = interventions

    def run(self, runtime: "Runtime", flag: InterruptFlag) -> None:
        """Compare what is not compared yet; see `Job.run`."""
        plain = runtime.steered.opened(())
        try:
            under = runtime.steered.opened(self._interventions)
            try:
                while self._waiting:
                    tokens = runtime.vocabulary.tokenise(self._waiting[0], special=False)
                    before, after = (_log_probabilities(context, tokens) for context in (plain, under))
                    self.results.put(float((np.exp(before) * (before - after)).sum(axis=1).mean()))
                    del self._waiting[0]
            finally:
                under.close()
        finally:
            plain.close()


def _log_probabilities(context: Context, tokens: Sequence[int]) -> Doubles:
    """Return the log-probabilities of the next token after each token (tokens, vocabulary)."""
    context.cut(0, 0)
    found = []
    size = min(context.size.batch, context.size.sequences)  # llama.cpp gives at most so many outputs at once
    for start in range(0, len(tokens), size):
        part = tokens[start : start + size]
        positions = range(start, start + len(part))
        context.decode(Batch(part, positions, [(0,)] * len(part), [True] * len(part)))
        logits = np.stack([context.logits(row) for row in range(len(part))]).astype(np.float64)
        found.append(logits - np.logaddexp.reduce(logits, axis=1, keepdims=True))
    return np.concatenate(found)
