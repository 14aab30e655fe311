"""Expression `verbalized`: the model gives the percentages of the answers, as a JSON object.

This is the `verbalized` of Meister et al. (2024): what the model knows of the group, not what it simulates. Decoding is
greedy, because one estimate is asked for. Engines that can are asked to keep the reply to the form.
"""

import json
from collections.abc import Sequence
from typing import Any

from eval.answers import is_whole
from eval.engine import Sampling
from eval.expression.asking import OneReply, excerpt
from eval.expression.rendering import VERBALIZED_INSTRUCTION


def read(reply: str, labels: Sequence[str]) -> dict[str, float] | str:
    """Return the percentage of each label, or why the reply cannot be read.

    The reply must be one JSON object, which may be inside a fenced code block. It must have every label once and no
    other key, and numbers from 0 to 100 whose sum is a whole (`eval.answers.is_whole`: 95 to 105).
    """
    try:
        pairs = json.loads(_without_fence(reply.strip()), object_pairs_hook=_Pairs, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        return f"the reply is not a JSON object: {excerpt(reply)}"
    if not isinstance(pairs, _Pairs):
        return f"the reply is not a JSON object: {excerpt(reply)}"
    return _checked(pairs, labels)


class _Pairs(list[tuple[str, Any]]):
    """The keys and values of a JSON object, duplicates included."""


def _no_constant(name: str) -> float:
    """Refuse NaN and Infinity, which Python reads and JSON does not have."""
    raise ValueError(f"{name} is not a number")


def _without_fence(text: str) -> str:
    """Return the content of a fenced code block; text that is not one as it is."""
    if not (text.startswith("```") and text.endswith("```") and len(text) > 6):
        return text
    return text[3:-3].removeprefix("json")


def _checked(pairs: _Pairs, labels: Sequence[str]) -> dict[str, float] | str:
    keys = [key for key, _ in pairs]
    percentages = dict(pairs)
    if len(percentages) < len(keys):
        return f"the reply names an answer twice: {excerpt(next(key for key in keys if keys.count(key) > 1))}"
    if unknown := [key for key in keys if key not in labels]:
        return f"the reply names an unknown answer: {excerpt(unknown[0])}"
    if missing := [label for label in labels if label not in percentages]:
        return f"the reply leaves out an answer: {missing[0]}"
    for label, value in percentages.items():
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 100:
            return f"the reply gives a value that is not a percentage: {label} {excerpt(str(value))}"
    if not is_whole(sum(percentages.values()) / 100):
        return f"the percentages do not sum to 100: {sum(percentages.values()):g}"
    return percentages


VERBALIZED = OneReply(
    VERBALIZED_INSTRUCTION, Sampling(temperature=0.0, top_p=1.0, max_tokens=320), read, constrained=True
)
