"""A server's answer to a probe as a score."""

import math
from typing import Any

from chat_personas.engines.openai.label_bounds import bounds
from eval.engine import Probe, ProbeScore


def score_of(probe: Probe, answer: Any) -> ProbeScore:
    """Return the score of `probe` from a chat completion with log-probabilities, or that it holds none."""
    choice = answer.choices[0] if answer.choices else None
    content = choice.logprobs.content if choice is not None and choice.logprobs is not None else None
    if not content or not content[0].top_logprobs:
        return ProbeScore(probe.key, (), 0.0, failure="the server sent no log-probabilities for this answer")
    top = [(entry.token, entry.logprob) for entry in content[0].top_logprobs]
    labels = bounds(probe.labels, top)
    usage = answer.usage
    return ProbeScore(
        probe.key,
        labels,
        label_mass=min(1.0, sum(math.exp(label.lower) for label in labels)),
        tokens_decoded=usage.prompt_tokens if usage is not None else 0,
    )
