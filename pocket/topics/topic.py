"""What can be said about one civic topic: by those on the left of it, in the middle and on the right."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Side = Literal["left", "middle", "right"]
SIDES: tuple[Side, ...] = ("left", "middle", "right")


@dataclass(frozen=True, slots=True)
class Pole:
    """One way of seeing a topic, voiced as its reasonable holders would.

    Stances and reasons are clauses that stand after "I think" or "because" as well as alone: no capital, no full
    stop. Examples are whole sentences.
    """

    stances: tuple[str, ...]
    reasons: tuple[str, ...]
    examples: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Topic:
    """A civic topic: how people ask about it, what they hold, and what each answer to a survey question amounts to.

    `questions` are the survey questions that decide between the poles; `statements` has, for every trained question of
    the topic and for every option in the survey's order, clauses that a person who gives that answer would agree with.
    """

    name: str
    phrases: tuple[str, ...]
    asked: tuple[str, ...]
    questions: tuple[str, ...]
    left: Pole
    middle: Pole
    right: Pole
    statements: Mapping[str, tuple[tuple[str, ...], ...]]

    def pole(self, side: Side) -> Pole:
        """Return what people on one side of the topic say."""
        return {"left": self.left, "middle": self.middle, "right": self.right}[side]
