"""From what a server sent to a score: whatever it sent, an answer or in a few words why it is none."""

import math
from collections.abc import Awaitable
from json import JSONDecodeError
from typing import Any

from chat_personas.engines.openai.label_bounds import bounds
from chat_personas.engines.openai.retrying import UnreadableAnswerError
from eval.engine import Probe, ProbeScore


async def readable(answer: Awaitable[Any]) -> Any:
    """Return a server's answer if it is one: the `openai` package hands on whatever came with the right status.

    Raises:
        UnreadableAnswerError: it is no JSON, or no completion.
    """
    try:
        found = await answer
    except JSONDecodeError as error:
        raise UnreadableAnswerError("an answer that is no JSON, or breaks off") from error
    except UnicodeDecodeError as error:
        raise UnreadableAnswerError("an answer that is no text") from error
    if not isinstance(getattr(found, "choices", None), list):
        raise UnreadableAnswerError("an answer that is no chat completion")
    return found


def as_score(probe: Probe, answer: Any) -> ProbeScore:
    """Return the score that an answer holds, or the failure that it is."""
    first = _first_token(answer)
    if first is None:
        return failed(probe, "the server sent no log-probabilities for this answer")
    top = [(entry.token, entry.logprob) for entry in first]
    if not all(isinstance(token, str) and _is_log_probability(value) for token, value in top):
        return failed(probe, "the server sent log-probabilities that cannot be read")
    labels = bounds(probe.labels, top)
    tokens = getattr(answer.usage, "prompt_tokens", None)
    return ProbeScore(
        probe.key,
        labels,
        label_mass=min(1.0, sum(math.exp(label.lower) for label in labels)),
        tokens_decoded=tokens if isinstance(tokens, int) else 0,
    )


def failed(probe: Probe, why: str) -> ProbeScore:
    """Return the score of a probe without an answer."""
    return ProbeScore(probe.key, (), 0.0, failure=why)


def reply(answer: Any) -> str | None:
    """Return the text of a whole reply, "" for one without text; None where there is no reply in the answer."""
    message = getattr(answer.choices[0], "message", None) if answer.choices else None
    if message is None:
        return None
    text = getattr(message, "content", None)
    return text if isinstance(text, str) else ""


def _first_token(answer: Any) -> list[Any] | None:
    """Return the likeliest first tokens, or None where the server sent none."""
    choice = answer.choices[0] if answer.choices else None
    content = getattr(getattr(choice, "logprobs", None), "content", None)
    top = getattr(content[0], "top_logprobs", None) if isinstance(content, list) and content else None
    return top if isinstance(top, list) and top else None


def _is_log_probability(value: object) -> bool:
    """Say whether this is the logarithm of a probability; rounding may take it a little above 0."""
    return isinstance(value, int | float) and not isinstance(value, bool) and value <= 0.01
