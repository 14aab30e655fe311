"""What steering costs: how far the model's next words move from those without it, on texts that are given."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from chat_personas.engines.llama.context import Batch, Context
from chat_personas.engines.llama.hidden_states.reading import opening_tokens
from chat_personas.engines.llama.worker import InterruptFlag, Job, Priority
from eval.interventions import Interventions
from eval.states import Opening

if TYPE_CHECKING:
    from chat_personas.engines.llama.runtime import Runtime

Doubles = NDArray[np.float64]


class DivergenceJob(Job[float]):
    """For each text, the mean over its tokens of the divergence of the next token's distribution, in nats.

    It is that of Kullback and Leibler, KL(p‖q): p after the opening in `without`, without interventions; q after the
    opening in `under`, with them. 0 where nothing changes. Both openings end in the same text, the beginning of a
    reply; what is said before it may differ, such as a prompt. Only the distributions after the tokens of that text
    count. Interrupted, it goes on with the next text.
    """

    priority = Priority.MEASUREMENT

    def __init__(self, without: Sequence[Opening], under: Sequence[Opening], interventions: Interventions) -> None:
        super().__init__()
        self._waiting = list(zip(without, under, strict=True))
        self._interventions = interventions

    def run(self, runtime: "Runtime", flag: InterruptFlag) -> None:
        """Compare what is not compared yet; see `Job.run`."""
        plain = runtime.steered.opened(())
        try:
            changed = runtime.steered.opened(self._interventions)
            try:
                while self._waiting:
                    without, under = self._waiting[0]
                    before = _log_probabilities(runtime, plain, without)
                    after = _log_probabilities(runtime, changed, under)
                    self.results.put(float((np.exp(before) * (before - after)).sum(axis=1).mean()))
                    del self._waiting[0]
            finally:
                changed.close()
        finally:
            plain.close()


def _log_probabilities(runtime: "Runtime", context: Context, opening: Opening) -> Doubles:
    """Return the log-probabilities of the next token after each token of the reply (tokens, vocabulary)."""
    tokens = opening_tokens(runtime, opening)
    first = len(tokens) - len(runtime.prompter.reply_tokens(opening.reply))
    context.cut(0, 0)
    found = []
    size = min(context.size.batch, context.size.sequences)  # llama.cpp gives at most so many outputs at once
    for start in range(0, len(tokens), size):
        part = tokens[start : start + size]
        wanted = [start + place >= first for place in range(len(part))]
        context.decode(Batch(part, range(start, start + len(part)), [(0,)] * len(part), wanted))
        for row in np.flatnonzero(wanted).tolist():
            logits = context.logits(row).astype(np.float64)
            found.append(logits - np.logaddexp.reduce(logits))
    return np.stack(found)
