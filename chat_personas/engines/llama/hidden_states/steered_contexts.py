"""Contexts whose hidden states are changed: what interventions mean for one, and which of them are kept.

What was decoded under one setting is of no use under another. So each setting has a context of its own, beside the one
without interventions. Two are kept: whoever turns back to the setting before finds its conversation still decoded.
"""

from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from chat_personas.engines.llama.context import Context
from chat_personas.engines.llama.hidden_states.residual_stream import (
    AFTER,
    STATE_NAMES,
    ResidualStream,
    Setting,
    state_names,
)
from chat_personas.engines.llama.model import ModelShape
from chat_personas.engines.llama.token_cache import Memory
from eval.interventions import (
    Direction,
    Intervention,
    InterventionError,
    InterventionKind,
    Interventions,
    added_by_layer,
    check_intervention,
)

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]
MOST_SETTINGS = 2
_SAME = 1e-6
"""How far a vector of length 1 lies from the others where single precision does not tell it from them."""


def intervention_kinds(architecture: str) -> tuple[InterventionKind, ...]:
    """Return what can be done along a direction in a model of this architecture."""
    return ("add", "clamp", "ablate") if architecture in STATE_NAMES else ("add", "clamp")


def check_interventions(interventions: Interventions, shape: ModelShape, sha256: str | None) -> None:
    """Make sure that a model can be changed so.

    Raises:
        InterventionError: see `Steerable.steered`.
        EngineError: a direction cannot be removed from a model of this architecture.
    """
    for each in interventions:
        check_direction(each.direction, shape, sha256)
        check_intervention(each)
        if each.kind == "clamp" and each.direction.poles is None:
            raise InterventionError(
                f"the direction {each.direction.name} was made by another tool and has no poles to be set between; "
                "add it instead, or train it here"
            )
        if each.kind == "ablate":
            state_names(shape.architecture)


def check_direction(direction: Direction, shape: ModelShape, sha256: str | None) -> None:
    """Make sure that a direction is one of this model.

    Raises:
        InterventionError: it was trained on another one, or its vectors do not fit.
    """
    name = direction.name
    if direction.model_sha256 is not None and direction.model_sha256 != sha256:
        raise InterventionError(
            f"the direction {name} was trained on another model and means nothing in this one; train it on this one "
            "with `chat-personas steer train`"
        )
    if direction.architecture not in ("unknown", shape.architecture):
        raise InterventionError(
            f'the direction {name} is for models of the architecture "{direction.architecture}", and this one is '
            f'"{shape.architecture}"'
        )
    if direction.width != shape.width:
        raise InterventionError(
            f"the direction {name} has vectors of {direction.width} numbers, and a state of this model has "
            f"{shape.width}; train it on this model"
        )
    if direction.layers[-1] >= shape.layers:
        raise InterventionError(
            f"the direction {name} has a vector for layer {direction.layers[-1]}, and the last layer of this model is "
            f"{shape.layers - 1}; train it on this model"
        )


def added(interventions: Interventions, shape: ModelShape) -> Floats | None:
    """Return what is added to the state after each layer from the second on (layers - 1, width); None for nothing.

    This is the form in which llama.cpp takes a control vector.
    """
    found = added_by_layer(interventions)
    if not found:
        return None
    total = np.zeros((shape.layers - 1, shape.width), dtype=np.float64)
    for layer, vector in found.items():
        total[layer - 1] = vector
    with np.errstate(over="ignore"):  # beyond f32 the output is not a number, which is told
        result: Floats = total.astype(np.float32)
    return result


def settings(interventions: Interventions, shape: ModelShape) -> Mapping[str, list[Setting]]:
    """Return what is written to the states by their names; removals come last, so that nothing is left of them."""
    found: dict[str, list[Setting]] = {}
    for each in interventions:
        if each.kind == "clamp":
            for layer in each.layers:
                found.setdefault(f"{AFTER}-{layer}", []).append(_clamped(each, layer))
    removed = [each for each in interventions if each.kind == "ablate"]
    for vector in _spanning([each.direction.vectors[each.direction.in_layer(each.layers[0])] for each in removed]):
        for name in _every_state(shape):
            found.setdefault(name, []).append(Setting(vector, 0.0))
    return found


def _spanning(vectors: Sequence[Floats]) -> list[Doubles]:
    """Return vectors at right angles to each other and of length 1 that span the same states as the given ones.

    One taken out after the other, vectors that are not at right angles would each bring back a part of those before.
    """
    found: list[Doubles] = []
    for vector in vectors:
        rest = vector.astype(np.float64)
        for _ in range(2):  # the second time takes out what rounding left
            for one in found:
                rest = rest - (rest @ one) * one
        length = float(np.linalg.norm(rest))
        if length > _SAME:
            found.append(rest / length if found else rest)
    return found


def _clamped(intervention: Intervention, layer: int) -> Setting:
    direction = intervention.direction
    place = direction.in_layer(layer)
    assert direction.poles is not None
    negative, positive = map(float, direction.poles[place])
    vector = direction.vectors[place].astype(np.float64)
    return Setting(vector, negative + intervention.strength * (positive - negative))


def _every_state(shape: ModelShape) -> list[str]:
    names = state_names(shape.architecture)
    between = [] if names.between is None else [f"{names.between}-{layer}" for layer in range(shape.layers)]
    return [names.embedded, *between, *(f"{AFTER}-{layer}" for layer in range(shape.layers))]


@dataclass(slots=True)
class SteeredContexts:
    """The contexts of the settings that were used last, each with what it holds in its cache.

    `make` allocates a context that hears of its hidden states, or does not (None); `remember` keeps the books of its
    cache.
    """

    shape: ModelShape
    make: Callable[[ResidualStream | None], Context]
    remember: Callable[[Context], Memory]
    _kept: OrderedDict[tuple[str, ...], tuple[Context, Memory]] = field(default_factory=OrderedDict)

    def under(self, interventions: Interventions) -> tuple[Context, Memory]:
        """Return the context of this setting, with what it holds; an empty one if it is new, or was given up."""
        key = tuple(each.key for each in interventions)
        if key in self._kept:
            self._kept.move_to_end(key)
            return self._kept[key]
        while len(self._kept) >= MOST_SETTINGS:
            _, (oldest, _) = self._kept.popitem(last=False)
            oldest.close()
        context = self.opened(interventions)
        self._kept[key] = context, self.remember(context)
        return self._kept[key]

    def opened(self, interventions: Interventions) -> Context:
        """Return an empty context of this setting, which the caller closes."""
        written = settings(interventions, self.shape)
        # Where nothing is written it does not hear of them: a call back for every tensor would slow each token down.
        context = self.make(ResidualStream(self.shape.width, written) if written else None)
        context.add(added(interventions, self.shape))
        return context

    def close(self) -> None:
        """Free all of them."""
        for context, _ in self._kept.values():
            context.close()
        self._kept.clear()
