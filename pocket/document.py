"""What the pocket model is trained on: conversations, turn by turn, with the weight each turn has in the loss."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Turn:
    """One turn. `weight` is the loss weight of its tokens, 0 or more: a survey letter counts more than prose.

    `others` are answers that other people of the same groups gave at this very place, each a single token, with their
    loss weights. They stand for documents that are the same up to here, at the cost of one.
    """

    role: Literal["system", "user", "assistant"]
    text: str
    weight: float = 1.0
    others: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Document:
    """One conversation of a synthetic person, or of nobody in particular when it has no system turn."""

    turns: tuple[Turn, ...]
