"""What the pocket model is trained on: conversations, turn by turn, with the weight each turn has in the loss."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Turn:
    """One turn. `weight` is the loss weight of its tokens, 0 or more: a survey letter counts more than prose."""

    role: Literal["system", "user", "assistant"]
    text: str
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class Document:
    """One conversation of a synthetic person, or of nobody in particular when it has no system turn."""

    turns: tuple[Turn, ...]
