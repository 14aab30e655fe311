"""The interventions that a persona's file asks for, on the model that is in use."""

import json
import logging
from collections.abc import Iterator
from pathlib import Path

from chat_personas.paths import make_private, persona_folders_path
from chat_personas.steering.direction_file import DirectionFile, find_direction, read_direction
from chat_personas.steering.errors import SteeringError
from chat_personas.storage.files import atomic_write
from eval.engine import Engine
from eval.interventions import Direction, Intervention, InterventionKind, steered
from personas import LoadedPersona, Persona

logger = logging.getLogger(__name__)


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


def remember_folder(persona: LoadedPersona) -> None:
    """Remember where a persona's file is, if it names directions by files beside it; see `folder_of`.

    The corpus keeps the persona and not where it was, since that may be in somebody's home.
    """
    inside = persona.persona
    named = [*(each.direction for each in inside.activation), *(each.direction for each in inside.ablation)]
    if not any(name.endswith(".gguf") for name in named):
        return
    path = persona_folders_path()
    known = _folders() | {persona.sha256: str(persona.path.parent.absolute())}
    try:
        make_private(path.parent)
        with atomic_write(path) as file:
            file.write(f"{json.dumps(known, indent=2)}\n".encode())
    except OSError as error:
        logger.warning("where a persona's file is could not be stored: %s", error.strerror or error)


def folder_of(persona_sha256: str) -> Path:
    """Return where the file of this persona was when a conversation last began with it.

    The current directory where that is not known, or not there any more.
    """
    folder = Path(_folders().get(persona_sha256, ""))
    return folder if folder.is_dir() else Path()


def _folders() -> dict[str, str]:
    try:
        found = json.loads(persona_folders_path().read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    known = found if isinstance(found, dict) else {}
    return {persona: folder for persona, folder in known.items() if isinstance(folder, str)}
