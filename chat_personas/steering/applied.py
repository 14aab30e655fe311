"""The interventions that a persona's file asks for, on the model that is in use."""

from collections.abc import Iterator
from pathlib import Path

from chat_personas.steering.direction_file import DirectionFile, find_direction, read_direction
from chat_personas.steering.errors import SteeringError
from eval.engine import Engine
from eval.interventions import Direction, Intervention, InterventionKind, steered
from personas import LoadedPersona, Persona


def steered_for(engine: Engine, persona: LoadedPersona) -> Engine:
    """Return `engine` as a persona's steering changes it; as it is, if that is a prompt or none.

    Raises:
        SteeringError: a direction is missing, damaged, or was trained on another model.
        InterventionError: the model cannot be changed so.
    """
    return steered(engine, list(interventions_of(persona.persona, persona.path.parent, engine.info.sha256)))


def interventions_of(persona: Persona, folder: Path, model_sha256: str | None) -> Iterator[Intervention]:
    """Yield what a persona's steering changes in the model of this hash.

    Directions are found by their names, or are files relative to `folder`.

    Raises:
        SteeringError: a direction is missing, damaged, or was trained on another model.
    """
    if persona.steering == "activation":
        for each in persona.activation:
            direction = direction_meant(each.direction, folder, model_sha256).direction
            if each.clamp is None:
                yield intervention(direction, "add", 1.0 if each.strength is None else each.strength, each.layers)
            else:
                yield intervention(direction, "clamp", each.clamp, each.layers)
    if persona.steering == "ablation":
        for removed in persona.ablation:
            direction = direction_meant(removed.direction, folder, model_sha256).direction
            yield intervention(direction, "ablate", 0.0, removed.layers)


def direction_meant(name_or_path: str, folder: Path, model_sha256: str | None) -> DirectionFile:
    """Return the direction of this name for the model of this hash, or that in a file relative to `folder`.

    Raises:
        SteeringError: it is missing, damaged, or was trained on another model.
    """
    if name_or_path.endswith(".gguf"):
        return read_direction(folder / Path(name_or_path).expanduser())
    if model_sha256 is None:
        raise SteeringError(
            f"the direction {name_or_path} is kept for a model file, and a server does not show its own; name the "
            f"direction's file instead, which `chat-personas steer show {name_or_path}` tells"
        )
    (path,) = find_direction(name_or_path, model_sha256)
    return read_direction(path)


def intervention(
    direction: Direction, kind: InterventionKind, strength: float, layers: tuple[int, ...] | None = None
) -> Intervention:
    """Return an intervention along a direction, by default in its best layer."""
    return Intervention(kind, direction, layers or (direction.best,), strength)
