"""The needle: how far along the persona's direction its replies lie, beside the drift of its survey answers.

A direction leads from one pole, where its negative training texts lie on average, to the other. The projection of a
reply is the mean over its tokens of the component of the hidden states, in the direction's best layer, scaled so that
the poles are 0 and 1. It is read after the reply under the interventions that were on, in a context of its own, and
recorded with the reply. So an addition in that layer moves it by itself: what counts is how it moves over the turns.
Where the direction is removed, or its component is clamped in that layer, all states have the same one: it would say
what was done to the model and nothing of it, and is not read.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from chat_personas.monitor.drift import LEAST_DRIFT
from chat_personas.steering.knob import Knob
from eval.engine import Engine, Message, RequestError
from eval.interventions import Direction, Fixed, Interventions, fixed_by, read_along
from eval.states import Opening, ReadsReplies

if TYPE_CHECKING:
    from chat_personas.corpus import Corpus, GenerationRow, MessageRow
    from chat_personas.monitor.drift import Drift

Parting = Literal["inside_only", "survey_only", "opposite"]


@dataclass(frozen=True, slots=True)
class InsidePoint:
    """The projection of the reply of one turn: 0 and 1 are the poles; it may lie outside."""

    turn: int
    projection: float


@dataclass(frozen=True, slots=True)
class Inside:
    """What the needle shows: the replies of a conversation that were made under one setting, oldest first.

    Attributes:
        direction: along what; `layer` is the one that was read.
        pole: to which pole the persona belongs, 0 or 1; None where nothing says it.
        spread: the standard deviation of held-out texts around their own pole, in units of the distance of the poles;
            None if the direction's file does not say.
        points: the turns.
        pushed: whether something was added or clamped in the layer that was read, or before it: then that is part of
            every projection.
        push: how much of every projection was added in that very layer; None where nothing was, or it was clamped.
        fixed: what the setting makes of the component; then nothing was read, and there are no points.
    """

    direction: Direction
    layer: int
    pole: int | None
    spread: float | None
    points: tuple[InsidePoint, ...]
    pushed: bool = False
    push: float | None = None
    fixed: Fixed | None = None

    @property
    def toward(self) -> int:
        """The pole toward which `change` is counted: the persona's own one, or the positive one where it has none."""
        return 1 if self.pole is None else self.pole

    @property
    def change(self) -> float | None:
        """The change from the first of these turns to the last, toward the pole `toward`; None without two."""
        if len(self.points) < 2:
            return None
        moved = self.points[-1].projection - self.points[0].projection
        return moved if self.toward == 1 else -moved

    def parting(self, drift: "Drift | None") -> Parting | None:
        """Say how the inside and the survey answers part; None where they do not, or it is not known.

        The inside has moved if it changed by more than the spread of held-out texts. The survey answers have moved if
        their drift is detectable and at least `LEAST_DRIFT`. They part if only one of them has moved, or if one has
        moved toward the persona's side and the other one away from it, which nobody can tell of a persona without one.
        """
        change = self.change
        if change is None or self.spread is None or drift is None or not drift.difference.bounded:
            return None
        if drift.turn != self.points[-1].turn:
            return None
        moved, by = abs(change) > self.spread, drift.difference.mean
        if moved != (drift.detectable and abs(by) >= LEAST_DRIFT):
            return "inside_only" if moved else "survey_only"
        return "opposite" if moved and self.pole is not None and (change > 0) != (by > 0) else None


def projection(states: NDArray[np.float32], direction: Direction) -> float:
    """Return the mean component of a reply's states (tokens, width) in the best layer, the poles being 0 and 1.

    Raises:
        ValueError: the direction has no poles, or both are the same.
    """
    place = direction.in_layer(direction.best)
    if direction.poles is None or direction.poles[place][0] == direction.poles[place][1]:
        raise ValueError(f"{direction.name} has no two poles")
    negative, positive = map(float, direction.poles[place])
    component = float((states.astype(np.float64) @ direction.vectors[place].astype(np.float64)).mean())
    return (component - negative) / (positive - negative)


def push_of(interventions: Interventions, direction: Direction) -> float | None:
    """Return what is added to every projection in the layer that is read; None where nothing is, or it is clamped."""
    distance, place = _distance(direction), direction.in_layer(direction.best)
    here = [each for each in interventions if direction.best in each.layers and each.kind != "ablate"]
    if distance is None or not here or any(each.kind == "clamp" for each in here):
        return None
    along = direction.vectors[place].astype(np.float64)
    component = 0.0
    for each in here:
        its = each.direction.in_layer(direction.best)
        component += each.strength * float(each.direction.norms[its]) * float(each.direction.vectors[its] @ along)
    return component / distance


class Needle:
    """Reads the replies of one conversation under one setting, each once, and records what it found."""

    def __init__(
        self,
        corpus: "Corpus",
        engine: Engine,
        direction: Direction,
        pole: int | None,
        interventions: Interventions = (),
    ) -> None:
        """Read along `direction`, of which `pole` is the persona's own if any is, in the states of `engine`.

        `interventions` are those of `engine`.
        """
        self._corpus = corpus
        self._engine = engine
        self._direction = direction
        self._pole = pole
        self._pushed = any(each.kind != "ablate" and min(each.layers) <= direction.best for each in interventions)
        self._interventions = interventions

    @property
    def possible(self) -> bool:
        """Whether the engine shows its states, and the direction has poles to compare them with."""
        return isinstance(self._engine, ReadsReplies) and _distance(self._direction) is not None

    async def read(self, context: Sequence[Message], path: Sequence["MessageRow"]) -> Inside | None:
        """Read the reply that ends `context`, if it is not read yet; return all turns of `path` under this setting.

        Where the setting fixes what would be read, nothing is read or recorded, and what it makes of it is returned.

        `context` is the conversation as the model is given it, `path` its messages as they are kept. A reply that was
        made under another setting is not read. None where no reply of the path is known.

        Raises:
            EngineError: the model failed.
            CorpusError: the corpus cannot be read or written.
        """
        fixed = fixed_by([each.key for each in self._interventions], self._on)
        if fixed is not None:
            direction = self._direction
            return Inside(direction, direction.best, self._pole, _spread(direction), (), fixed=fixed)
        last = path[-1] if path else None
        if last is not None and await asyncio.to_thread(self._is_unread, last):
            found = await self._projection(context)
            if found is not None:
                await asyncio.to_thread(self._corpus.record_projection, last.id, found, self._on)
        points = await asyncio.to_thread(self._points, path)
        if not points:
            return None
        direction = self._direction
        return Inside(
            direction,
            direction.best,
            self._pole,
            _spread(direction),
            points,
            self._pushed,
            push_of(self._interventions, direction),
        )

    async def _projection(self, context: Sequence[Message]) -> float | None:
        assert isinstance(self._engine, ReadsReplies)
        opening = Opening(tuple(context[:-1]), context[-1].content)
        try:
            states = await self._engine.reply_states(opening, self._direction.best)
        except RequestError:
            return None  # the conversation has become too long to be read whole
        return projection(states, self._direction)

    @property
    def _on(self) -> str:
        return read_along(self._direction)

    def _is_unread(self, message: "MessageRow") -> bool:
        """Whether a message is a reply that was made under the present setting and is not read yet."""
        made = self._corpus.generation(message.id) if message.text else None
        return made is not None and self._is_of_this_setting(made) and made.projection is None

    def _is_of_this_setting(self, made: "GenerationRow") -> bool:
        """Whether a reply was made by this model under the present interventions."""
        info = self._engine.info
        return (made.model, made.model_sha256, made.interventions) == (info.name, info.sha256, info.interventions)

    def _points(self, path: Sequence["MessageRow"]) -> tuple[InsidePoint, ...]:
        from chat_personas.corpus.messages import turns_of

        points, turns = [], turns_of(path)
        for message in path:
            made = self._corpus.generation(message.id) if message.role == "assistant" else None
            if made is None or made.projection is None or made.projected_on != self._on:
                continue
            if self._is_of_this_setting(made):
                points.append(InsidePoint(turns[message.id], made.projection))
        return tuple(points)


def needle_of(knob: Knob, corpus: "Corpus") -> Needle | None:
    """Return what reads replies under the present setting of a knob. Waits for the disk.

    None where the persona has no direction for this model with poles, or the model does not show its hidden states.
    """
    direction = knob.find()
    needle = None if direction is None else Needle(corpus, knob.engine, direction, knob.pole, knob.interventions)
    return needle if needle is not None and needle.possible else None


def _distance(direction: Direction) -> float | None:
    """Return how far it is from the negative pole to the positive one in the best layer; None where that is not known.

    It is None as well where they are the same. Below 0 the positive pole lies on the side that the vector leads from.
    """
    if direction.poles is None:
        return None
    negative, positive = direction.poles[direction.in_layer(direction.best)]
    return float(positive) - float(negative) or None


def _spread(direction: Direction) -> float | None:
    distance = _distance(direction)
    if direction.spreads is None or distance is None:
        return None
    return float(direction.spreads[direction.in_layer(direction.best)]) / abs(distance)
