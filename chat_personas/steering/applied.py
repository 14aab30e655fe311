"""The interventions that a persona's file asks for, on the model that is in use."""

import json
import logging
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from chat_personas.own_personas import find_persona
from chat_personas.paths import make_private, path_named, persona_folders_path
from chat_personas.steering.direction_file import (
    DirectionFile,
    direction_path,
    find_direction,
    kept_directions,
    read_direction,
)
from chat_personas.steering.errors import SteeringError
from chat_personas.storage.files import atomic_write, document_in
from chat_personas.text import printable
from eval.engine import Engine, EngineInfo
from eval.interventions import Direction, Intervention, InterventionKind, bare_name, steered
from personas import Group, LoadedPersona, Persona, PersonaError

logger = logging.getLogger(__name__)


def steered_for(engine: Engine, persona: LoadedPersona) -> Engine:
    """Return `engine` as a persona's steering changes it; as it is, if that is a prompt or none.

    Raises:
        SteeringError: a direction is missing, damaged, or was trained on another model.
        InterventionError: the model cannot be changed so.
    """
    return steered(engine, list(interventions_of(persona.persona, persona.path.parent, engine.info)))


def interventions_of(persona: Persona, folder: Path, model: EngineInfo) -> Iterator[Intervention]:
    """Yield what a persona's steering changes in this model.

    Directions are found by their names, or are files relative to `folder`.

    Raises:
        SteeringError: a direction is missing, damaged, or was trained on another model.
    """
    if persona.steering == "activation":
        for each in persona.activation:
            direction = direction_meant(each.direction, folder, model).direction
            if each.clamp is None:
                yield intervention(direction, "add", 1.0 if each.strength is None else each.strength, each.layers)
            else:
                yield intervention(direction, "clamp", each.clamp, each.layers)
    if persona.steering == "ablation":
        for removed in persona.ablation:
            direction = direction_meant(removed.direction, folder, model).direction
            yield intervention(direction, "ablate", 0.0, removed.layers)


def direction_meant(name_or_path: str, folder: Path, model: EngineInfo) -> DirectionFile:
    """Return the direction of this name for this model, or that in a file relative to `folder`.

    A server does not show the hash of its model. There the direction is one that was trained on a model of that name,
    or one in a file whose vectors can be told to have its width.

    Raises:
        SteeringError: it is missing, damaged, or was trained on another model.
    """
    served = model.name.rpartition("#")[2] if model.sha256 is None else None
    if name_or_path.endswith(".gguf"):
        one = read_direction(folder / path_named(name_or_path))
        if served is not None and one.facts is None:
            _check_made_elsewhere(one.direction, served)
        return one
    found = [read_direction(path) for path in find_direction(name_or_path, model.sha256)]
    return found[0] if served is None else _of_served(found, name_or_path, served)


def _check_made_elsewhere(direction: Direction, served: str) -> None:
    """Make sure that the vectors of a file made by another tool have the width of a server's model, as it can be known.

    A server does not tell the width. Vectors of another one are not always refused: they are filled up with zeros, and
    so act on the first numbers of a state, or end the server, which others may be using. The width is known where a
    direction was trained here on a model of that name. Else the person has to say that the file is of this model: its
    name begins with the model's.

    Raises:
        SteeringError: they have another width or are of another architecture, or nothing tells.
    """
    name, model = direction.name, printable(served.replace("\\", "/").rpartition("/")[2])
    known = _kept_of(served)
    shapes = {(each.architecture, each.width) for each in known}
    own = direction.architecture
    if known and not any(direction.width == width and own in ("unknown", named) for named, width in shapes):
        raise SteeringError(
            f"{name}.gguf has vectors of the width {direction.width}{'' if own == 'unknown' else f' ({own})'}, and "
            f"{model} has states of {known[0].width} ({known[0].architecture}), as {known[0].name}, a direction that "
            "was trained on it, says; a direction means nothing in another model"
        )
    if known:
        return
    if not any(bare_name(name[: cut.start()]) == bare_name(served) for cut in re.finditer(r"[-._ ]|$", name)):
        raise SteeringError(
            f"{name}.gguf does not say of which model it is, and vectors of a wrong width can end a server (these have "
            f"{direction.width}); if it is of {model}, let its name begin so: {model}-{name}.gguf"
        )


def _kept_of(served: str) -> list[Direction]:
    """Return the directions that were trained here on a model that is called as the `served` one."""
    found = []
    for path in kept_directions():
        with suppress(SteeringError):  # `steer list` says which file is damaged
            found.append(read_direction(path).direction)
    return [each for each in found if bare_name(each.model_name or "") == bare_name(served)]


def _of_served(found: Sequence[DirectionFile], name: str, served: str) -> DirectionFile:
    """Return the one of these directions that was trained on a model that is called as the `served` one."""
    fitting = [each for each in found if bare_name(each.direction.model_name or "") == bare_name(served)]
    if len(fitting) == 1:
        return fitting[0]
    models = ", ".join(printable(each.direction.model_name or "an unknown model") for each in fitting or found)
    if fitting:
        raise SteeringError(
            f"several directions {name} may be meant, trained on {models}; name the file of one, which `chat-personas "
            f"steer show {name}` tells"
        )
    raise SteeringError(
        f"the direction {name} was trained on {models}, and the server calls its model {printable(served)}; train it "
        "on a GGUF file of that model"
    )


def intervention(
    direction: Direction, kind: InterventionKind, strength: float, layers: tuple[int, ...] | None = None
) -> Intervention:
    """Return an intervention along a direction, by default in its best layer."""
    return Intervention(kind, direction, layers or (direction.best,), strength)


def trained_with(persona_name: str, model_sha256: str | None) -> DirectionFile | None:
    """Return the first direction for a model that has a persona of this name as a pole; None without one."""
    for path in kept_directions() if model_sha256 is not None else ():
        if path == direction_path(path.parent.name, model_sha256 or ""):
            with suppress(SteeringError):  # `steer list` says which file is damaged
                found = read_direction(path)
                if persona_name in (found.direction.pole_names or ()):
                    return found
    return None


def pole_of(persona: Persona, direction: Direction) -> int | None:
    """Return which pole of a direction a persona is, 1 the positive one, 0 the negative one; None if neither.

    A pole stands for the persona if it has its name, or else for its groups if it was trained on some of these only.
    """
    if direction.pole_names is None:
        return None
    named = [pole for pole, name in enumerate(direction.pole_names) if name == persona.name]
    groups = [] if named else [set(groups_of_pole(name)) for name in direction.pole_names]
    found = named or [pole for pole, its in enumerate(groups) if its and its <= set(persona.groups)]
    return found[0] if len(found) == 1 else None


def groups_of_pole(name: str | None) -> tuple[Group, ...]:
    """Return the groups of the persona that a direction was trained on; none where no persona is known by this name."""
    try:
        return find_persona(name).persona.groups if name else ()
    except PersonaError:
        return ()


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
        found = document_in(persona_folders_path())
    except OSError:
        return {}
    known = found if isinstance(found, dict) else {}
    return {persona: folder for persona, folder in known.items() if isinstance(folder, str)}
