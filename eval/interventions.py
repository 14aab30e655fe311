"""Directions in the hidden states of a model, and interventions along them.

A direction separates two sets of texts within a model: in every layer a vector of length 1 in the residual stream,
which points from the states of the one set to those of the other. An intervention changes the states along it while
the model computes: in every token of the prompt, of probes and of replies alike.
"""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol, runtime_checkable

from personas.errors import ReportedError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from eval.engine import Engine

InterventionKind = Literal["add", "clamp", "ablate"]
_QUANTISED = re.compile(r"[-._](gguf|(i?q|tq)\d\w*|bf16|f16|f32)$", re.IGNORECASE)
"""How the name of a model file ends that says how its weights are stored."""


class InterventionError(ReportedError):
    """A model cannot be changed in this way: the direction is not its own, or the kind of change is out of reach."""


@dataclass(frozen=True, slots=True, eq=False)
class Direction:
    """A direction of one model. Two are equal if they come from the same file.

    Attributes:
        name: by which people call it.
        sha256: that of its file.
        model_sha256: that of the model whose states it separates; None if the file does not say.
        architecture: that of the model, by llama.cpp's name, such as `llama`.
        layers: the numbers of its layers, ascending. Layer 0 is the first of the model; no file has a vector for it.
        vectors: of length 1 (layers, width).
        norms: the typical norm of a state in each layer, the unit of a strength; for files made elsewhere the length of
            their own vectors, as llama.cpp takes it (layers,).
        poles: the mean component of the states of either set along the vector, that of the negative set first
            (layers, 2); None if the file does not say.
        best: the layer in which the training texts lie farthest apart, against how they scatter; for files made
            elsewhere the middle one.
        spreads: the standard deviation of held-out texts around the mean of their own set, along the vector (layers,);
            None if the file does not say.
        pole_names: what the negative and the positive texts are, such as the names of two personas; None if the file
            does not say.
        model_name: what the model is called whose states it separates; None if the file does not say.
    """

    name: str
    sha256: str
    model_sha256: str | None
    architecture: str
    layers: tuple[int, ...]
    vectors: "NDArray[np.float32]"
    norms: "NDArray[np.float32]"
    poles: "NDArray[np.float32] | None"
    best: int
    spreads: "NDArray[np.float32] | None" = None
    pole_names: tuple[str, str] | None = None
    model_name: str | None = None

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Direction) and other.sha256 == self.sha256

    def __hash__(self) -> int:
        return hash(self.sha256)

    @property
    def width(self) -> int:
        """How many numbers a state has."""
        return int(self.vectors.shape[1])

    def in_layer(self, layer: int) -> int:
        """Return the place of a layer in `vectors`, `norms` and `poles`. Raises ValueError if it has none."""
        return self.layers.index(layer)


@dataclass(frozen=True, slots=True)
class Intervention:
    """A change of the states h along the vector r of a direction, in some layers.

    - `add`: h + strength · n · r, with n the typical norm of the layer.
    - `clamp`: h + (c - h·r) · r, with c at `strength` between the poles: 0 the negative one, 1 the positive one.
    - `ablate`: h - (h·r) · r in every layer, with the one r of the layer that is named: then no layer reads anything
      along it.

    Attributes:
        kind: what is done.
        direction: along what.
        layers: in which layers; for `ablate` the one layer whose vector is removed everywhere.
        strength: see above; 0 for `ablate`.
    """

    kind: InterventionKind
    direction: Direction
    layers: tuple[int, ...]
    strength: float = 0.0

    @property
    def key(self) -> str:
        """What tells this intervention from another, in cached answers and in reports.

        It says "layers" for one layer, too: answers, conversations and reports that are stored are found by it.
        """
        layers = ",".join(map(str, self.layers))
        strength = "" if self.kind == "ablate" else f", strength {self.strength!r}"
        return f"{self.kind} {self.direction.name} (sha256 {self.direction.sha256}), layers {layers}{strength}"


Interventions = Sequence[Intervention]


def layers_said(layers: Sequence[int]) -> str:
    """Write ascending numbers of layers in short: `3, 5 to 40`."""
    runs: list[list[int]] = []
    for layer in layers:
        if runs and layer == runs[-1][-1] + 1:
            runs[-1].append(layer)
        else:
            runs.append([layer])
    return ", ".join(f"{run[0]} to {run[-1]}" if len(run) > 1 else str(run[0]) for run in runs)


def layers_named(layers: Sequence[int]) -> str:
    """Write them with the word before, in the number that it has: `layer 3`, `layers 5 to 40`."""
    return f"{'layer' if len(layers) == 1 else 'layers'} {layers_said(layers)}"


@dataclass(frozen=True, slots=True)
class Fixed:
    """The component along a direction in a layer that interventions leave no state to differ in: nothing to read.

    Attributes:
        at: where between the poles it was set; None where it was removed.
    """

    at: float | None


_KEY = re.compile(
    r"(?P<kind>\w+) .* \(sha256 (?P<sha256>\w+)\), layers (?P<layers>[\d,]+)(, strength (?P<strength>\S+))?"
)


def read_along(direction: Direction) -> str:
    """Name a direction and the layer in which states are read along it, as it is stored with what was read."""
    return f"{direction.name} (sha256 {direction.sha256}), layer {direction.best}"


def fixed_by(keys: Sequence[str], along: str) -> Fixed | None:
    """Return what interventions, by their keys, make of the component that is read `along` a direction (`read_along`).

    An ablation of that very vector leaves none. A clamp of it sets it, unless another one comes after it in that layer.
    None where neither is so: then there is something to read.
    """
    read = re.fullmatch(r".* \(sha256 (\w+)\), layer (\d+)", along)
    if read is None:
        return None
    sha256, layer = read.groups()
    here = [each for key in keys if (each := _KEY.fullmatch(key)) is not None and layer in each["layers"].split(",")]
    if any(each["kind"] == "ablate" and each["sha256"] == sha256 for each in here):
        return Fixed(None)
    clamps = [each for each in here if each["kind"] == "clamp"]
    return Fixed(float(clamps[-1]["strength"])) if clamps and clamps[-1]["sha256"] == sha256 else None


def check_intervention(intervention: Intervention) -> None:
    """Make sure that a direction has vectors where they are asked for, and that its strength is a number.

    Raises:
        InterventionError: it has none for a layer, or the strength is not finite.
    """
    direction, layers = intervention.direction, intervention.layers
    missing = sorted(set(layers) - set(direction.layers))
    if missing or not layers:
        raise InterventionError(
            f"the direction {direction.name} has no vector for {layers_named(missing)}; "
            f"it has {layers_named(direction.layers)}"
        )
    if not math.isfinite(intervention.strength):
        raise InterventionError(f"the strength of {direction.name} is not a number; write one such as 1.5")


def bare_name(model: str) -> str:
    """Return a model's name without organisation, directories and kind of quantisation, in small letters and digits.

    So a file and a server's model can be told to be of one name: `SmolLM2-135M-Instruct.Q4_1.gguf` and
    `HuggingFaceTB/SmolLM2-135M-Instruct` are both `smollm2135minstruct`.
    """
    name = re.sub(r"\.gguf$", "", model.replace("\\", "/").rpartition("/")[2], flags=re.IGNORECASE)
    while (shorter := _QUANTISED.sub("", name)) != name:
        name = shorter
    return re.sub(r"[^a-z0-9]", "", name.lower())


def added_by_layer(interventions: Interventions) -> "dict[int, NDArray[np.float64]]":
    """Return what is added to the state after each layer (width), by its number: Σ strength · n · r."""
    import numpy as np

    total: dict[int, NDArray[np.float64]] = {}
    for each in interventions:
        if each.kind == "add":
            for layer in each.layers:
                place = each.direction.in_layer(layer)
                scale = each.strength * float(each.direction.norms[place])
                total[layer] = total.get(layer, 0.0) + scale * each.direction.vectors[place].astype(np.float64)
    return total


def steered(engine: "Engine", interventions: Interventions) -> "Engine":
    """Return `engine` under interventions; without any it is returned as it is.

    Raises:
        InterventionError: it cannot be steered from inside, or see `Steerable.steered`.
    """
    if not interventions:
        return engine
    if not isinstance(engine, Steerable):
        raise InterventionError(
            f"{engine.info.name} cannot be steered from inside: its hidden states are out of reach; use a model file"
        )
    return engine.steered(interventions)


def unsteered(engine: "Engine") -> "Engine":
    """Return the same model without any intervention: `engine` itself if it is under none."""
    if not engine.info.interventions or not isinstance(engine, Steerable):
        return engine
    return engine.steered(())


@runtime_checkable
class Steerable(Protocol):
    """An engine that can be steered from inside."""

    def steered(self, interventions: Interventions) -> "Engine":
        """Return the same model under these interventions and no others. Closing it leaves this engine open.

        Its `info` names them, so that whatever is recorded or cached is told apart from what came without them.

        Raises:
            InterventionError: a direction does not belong to this model, has no vector for a layer or no poles to be
                clamped between, or a strength is not a number.
        """
        ...


@runtime_checkable
class TriedOut(Protocol):
    """A steerable engine that does not compute the states itself, and so has to try whether interventions act."""

    async def try_out(self) -> None:
        """Make sure that the interventions act, before anything is asked under them; what is known is not tried again.

        Raises:
            InterventionError: they do not.
            EngineError: it cannot be found out, because the model or the server failed.
        """
        ...


async def tried_out(engine: "Engine") -> "Engine":
    """Return `engine` once it is certain that its interventions act.

    Raises:
        InterventionError: they do not.
        EngineError: it cannot be found out, because the model or the server failed.
    """
    if engine.info.interventions and isinstance(engine, TriedOut):
        await engine.try_out()
    return engine
