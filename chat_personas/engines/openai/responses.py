"""What a server's answers hold: the pieces of a reply, a whole reply, or the score of a probe.

A server may send anything, so every answer is checked, and may turn out to be a failure.
"""

import math
import time
from collections.abc import AsyncGenerator, Awaitable, Sequence
from json import JSONDecodeError
from typing import Any

from chat_personas.engines.openai.retrying import UnreadableAnswerError
from eval.engine import FinishReason, LabelScore, Piece, Probe, ProbeScore, Usage

_FINISH_REASONS: dict[str, FinishReason] = {"stop": "stop", "length": "length"}


async def stream_pieces(request: Any, began: float, seed: int, dropped: int) -> AsyncGenerator[Piece, None]:
    """Yield the pieces of a streamed reply.

    Args:
        request: the answer of the `openai` package to a request for a stream.
        began: when the reply was asked for, on the monotonic clock.
        seed: the seed that was asked for.
        dropped: how many messages were left out of the request.

    Raises:
        openai.OpenAIError: the server failed.
        httpx2.HTTPError: the connection broke.
    """
    first: float | None = None
    count = 0
    async with request as chunks:
        async for chunk in chunks:
            if not chunk.choices:
                continue
            choice = chunk.choices[0]
            text = (choice.delta.content if choice.delta else None) or ""
            if text:
                count += 1
                first = first if first is not None else time.monotonic() - began
            finish = _FINISH_REASONS.get(choice.finish_reason, "stop") if choice.finish_reason else None
            usage = Usage(None, None, count, time.monotonic() - began, first, seed) if finish else None
            if text or finish:
                yield Piece(text, finish, dropped, usage)
                dropped = 0


async def readable(answer: Awaitable[Any]) -> Any:
    """Return a server's answer if it is a chat completion: the `openai` package accepts whatever has the right status.

    Raises:
        UnreadableAnswerError: it is not JSON, or not a chat completion.
    """
    try:
        found = await answer
    except JSONDecodeError as error:
        raise UnreadableAnswerError("an answer that is not JSON, or is cut off") from error
    except UnicodeDecodeError as error:
        raise UnreadableAnswerError("an answer that is not text") from error
    if not isinstance(getattr(found, "choices", None), list):
        raise UnreadableAnswerError("an answer that is not a chat completion")
    return found


def reply_of(answer: Any) -> str | None:
    """Return the text of a whole reply, "" for one without text; None where there is no reply in the answer."""
    message = getattr(answer.choices[0], "message", None) if answer.choices else None
    if message is None:
        return None
    text = getattr(message, "content", None)
    return text if isinstance(text, str) else ""


def as_score(probe: Probe, answer: Any) -> ProbeScore:
    """Return the score of `probe` from an answer of one token; a failure if the answer does not show one."""
    first = _first_token(answer)
    if first is None:
        return failed(probe, "the server sent no log-probabilities for this answer")
    top = [(entry.token, entry.logprob) for entry in first]
    if not all(isinstance(token, str) and _is_log_probability(value) for token, value in top):
        return failed(probe, "the server sent log-probabilities that cannot be read")
    labels = label_bounds(probe.labels, top)
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


def _first_token(answer: Any) -> list[Any] | None:
    """Return the likeliest first tokens, or None where the server sent none."""
    choice = answer.choices[0] if answer.choices else None
    content = getattr(getattr(choice, "logprobs", None), "content", None)
    top = getattr(content[0], "top_logprobs", None) if isinstance(content, list) and content else None
    return top if isinstance(top, list) and top else None


def _is_log_probability(value: object) -> bool:
    """Whether this is the logarithm of a probability; rounding may take it a little above 0."""
    return isinstance(value, int | float) and not isinstance(value, bool) and value <= 0.01


def label_bounds(labels: Sequence[str], top: Sequence[tuple[str, float]]) -> tuple[LabelScore, ...]:
    """Return bounds on the log-probability of each label.

    Lower bound: the sum over all tokens shown whose text without surrounding white space is the label, also where two
    tokens have the same text. Upper bound: that, and for each of "A" and " A" that is not shown the probability of the
    least likely token shown; but no more than is left of 1 after all tokens shown.

    Args:
        labels: the answer labels.
        top: the likeliest first tokens that the server shows, each with its natural log-probability.
    """
    total = sum(math.exp(log_probability) for _, log_probability in top)
    rest = max(0.0, 1.0 - total)
    least = math.exp(min((log_probability for _, log_probability in top), default=0.0))
    return tuple(_bound(label, top, rest, least) for label in labels)


def _bound(label: str, top: Sequence[tuple[str, float]], rest: float, least: float) -> LabelScore:
    found = [(token, math.exp(log_probability)) for token, log_probability in top if token.strip() == label]
    lower = sum(probability for _, probability in found)
    unseen = len({label, f" {label}"}.difference(token for token, _ in found))
    upper = min(1.0, lower + min(rest, unseen * least))
    return LabelScore(label, _log(lower), _log(upper))


def _log(probability: float) -> float:
    return math.log(probability) if probability > 0 else -math.inf
