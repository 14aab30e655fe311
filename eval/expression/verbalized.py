"""The distribution as the percentages that the model gives in words, as a JSON object.

The `verbalized` of Meister et al. (2024): what the model knows of the group, not what it simulates. Decoded greedily,
as one estimate is asked for. Kept to the form by the engine where it can.
"""

import json
from collections.abc import AsyncGenerator, Iterable, Sequence
from dataclasses import replace
from typing import Any

from eval.answers import Answer, Failure
from eval.engine import ORDERS, Engine, Message, Order, Percentages, Sampling
from eval.expression.rendering import VERBALIZED_INSTRUCTION, QuestionLike, Rendered, render
from eval.expression.requests import OneReply, ask_for_one_reply, quoted

LEAST, GREATEST = 95, 105
"""What the percentages may sum to."""
SAMPLING = Sampling(temperature=0.0, top_p=1.0, max_tokens=320)


def ask(
    engine: Engine,
    prefix: Sequence[Message],
    questions: Iterable[QuestionLike],
    orders: Sequence[Order] = ORDERS,
    *,
    seed: int = 0,
) -> AsyncGenerator[Answer | Failure, None]:
    """Put `questions` to the model after `prefix`, one reply for each order; yield each answer as soon as it is known.

    Raises:
        EngineError: the engine failed as a whole.
    """
    return ask_for_one_reply(OneReply(rendering, _sampling, read), engine, prefix, questions, orders, seed)


def rendering(question: QuestionLike, order: Order) -> Rendered:
    """Return the prompt for one order."""
    return render(question, order, VERBALIZED_INSTRUCTION)


def _sampling(rendered: Rendered) -> Sampling:
    return replace(SAMPLING, constraint=Percentages(rendered.probe.labels))


def read(reply: str, labels: Sequence[str]) -> dict[str, float] | str:
    """Return the percentage of each label, or say why the reply cannot be read.

    The reply is one JSON object, perhaps inside a fenced code block, with every label once and nothing else, and
    numbers from 0 to 100 that sum to 95 to 105.
    """
    try:
        pairs = json.loads(_without_fence(reply.strip()), object_pairs_hook=_Pairs, parse_constant=_no_number)
    except (ValueError, RecursionError):
        return f"the reply is not a JSON object: {quoted(reply)}"
    if not isinstance(pairs, _Pairs):
        return f"the reply is not a JSON object: {quoted(reply)}"
    return _checked(pairs, labels)


class _Pairs(list[tuple[str, Any]]):
    """The keys and values of a JSON object, as often as they are there."""


def _checked(pairs: _Pairs, labels: Sequence[str]) -> dict[str, float] | str:
    keys = [key for key, _ in pairs]
    given = dict(pairs)
    if len(given) < len(keys):
        return f"the reply names an answer twice: {quoted(next(key for key in keys if keys.count(key) > 1))}"
    if unknown := [key for key in keys if key not in labels]:
        return f"the reply names an answer that there is not: {quoted(unknown[0])}"
    if missing := [label for label in labels if label not in given]:
        return f"the reply leaves out an answer: {missing[0]}"
    for label, value in given.items():
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 100:
            return f"the reply gives something that is no percentage: {label} {quoted(str(value))}"
    if not LEAST <= sum(given.values()) <= GREATEST:
        return f"the percentages do not sum to 100: {sum(given.values()):g}"
    return given


def _no_number(text: str) -> float:
    raise ValueError(f"{text} is no number")


def _without_fence(text: str) -> str:
    """Return what a fenced code block holds, if the text is one."""
    if not (text.startswith("```") and text.endswith("```") and len(text) > 6):
        return text
    return text[3:-3].removeprefix("json")
