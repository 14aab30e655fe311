"""Files of directions: GGUF in llama.cpp's control-vector format, with what the program has to know in its metadata.

The tensor `direction.N` is added by llama.cpp's own tools to the state after layer N, times the strength. We store the
unit vector times the typical norm of that layer, so that a strength means the same there and here. A file made by
another tool has no metadata of ours: its vectors are taken as they are, and it has no poles.
"""

import hashlib
import re
import struct
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Literal

import numpy as np
from pydantic import Field, ValidationError

from chat_personas.paths import directions_directory, display_path, make_private, path_named
from chat_personas.steering.errors import SteeringError
from chat_personas.steering.separation import Separation
from chat_personas.steering.training import Method, Trained
from chat_personas.storage.files import OutputError, atomic_write
from eval.interventions import Direction
from personas.inputs.files import FileKind, read_bytes
from personas.inputs.models import StrictModel
from personas.inputs.suggestions import quoted, suggestion

AGAIN = "train the direction again (--replace)"
SCHEMA: Literal["chat-personas/direction@1"] = "chat-personas/direction@1"
STATES = ".states"
"""How the name of a file ends in which a training keeps the states that it has read (`kept_states`)."""
_KEY = "chat_personas.direction"
_ARCHITECTURE = "controlvector"
_TENSOR = re.compile(r"direction\.([1-9]\d{0,4})")
_KIND = FileKind("a file of a direction", 512 * 2**20, SteeringError)
_BROKEN = (ValueError, KeyError, IndexError, TypeError, OverflowError, OSError, struct.error)
"""What the `gguf` package raises for files that are not whole."""


class LayerFacts(StrictModel):
    """What is known of a direction in one layer."""

    layer: Annotated[int, Field(ge=1)]
    """The number of the layer, from 0; layer 0 has no vector."""
    negative_pole: float
    """The mean component of the negative training texts along the vector."""
    positive_pole: float
    """The mean component of the positive training texts."""
    effect: float
    """The distance of the poles, in standard deviations of the training texts around their own pole."""
    area: tuple[float, float, float]
    """Area under the ROC curve of the held-out texts, with the ends of its 95% interval."""
    in_order: tuple[int, int]
    """In how many held-out pairs the positive text lies farther along, and how many there are."""
    agreement: float
    """Mean cosine between the differences of two training pairs."""
    spread: float | None = None
    """The standard deviation of the held-out texts around the mean of their own set; null in older files."""


class DirectionFacts(StrictModel):
    """What is stored with a direction that was trained here (schema `chat-personas/direction@1`)."""

    schema_: Literal["chat-personas/direction@1"] = Field(default=SCHEMA, alias="schema")
    """The format of this description."""
    name: str
    """By which people call it."""
    model_name: str
    """The model that it was trained on."""
    model_sha256: str
    """The hash of that model."""
    architecture: str
    """The model's architecture, by llama.cpp's name."""
    method: Method
    """How it was found: `mean-difference` or `pca`."""
    positive: str
    """The persona, or the file of pairs, that strengths above 0 lead to."""
    negative: str
    """The persona, or the file of pairs, that strengths below 0 lead to."""
    seed: int
    """The seed of the split into a training half and a held-out half."""
    survey_sha256: str | None
    """The hash of the survey whose questions are among the texts."""
    pairs_sha256: str
    """The hash of all texts."""
    training_pairs: int
    """How many pairs it was trained on."""
    held_out_pairs: int
    """How many pairs judge it."""
    created: str
    """When, in UTC (ISO 8601)."""
    version: str
    """The version of this program."""
    layers: tuple[LayerFacts, ...]
    """What is known of each layer that has a vector."""


@dataclass(frozen=True, slots=True)
class DirectionFile:
    """A direction with what its file says about it; `facts` are None for a file made by another tool."""

    direction: Direction
    facts: DirectionFacts | None


def write_direction(path: Path, trained: Trained, facts: DirectionFacts) -> None:
    """Write the vectors of the layers that `facts` name, and the facts, for their owner only.

    Raises:
        OutputError: the disk is full or cannot be written.
    """
    with TemporaryDirectory() as folder:
        made = Path(folder, path.name)
        _write(made, trained, facts)
        content = made.read_bytes()
    try:
        with atomic_write(path) as file:
            file.write(content)
    except OSError as error:
        raise OutputError(f"{display_path(path)} cannot be written: {error.strerror}") from error


def _write(path: Path, trained: Trained, facts: DirectionFacts) -> None:
    import gguf

    writer = gguf.GGUFWriter(path, _ARCHITECTURE)
    writer.add_string(f"{_ARCHITECTURE}.model_hint", facts.architecture)
    writer.add_uint32(f"{_ARCHITECTURE}.layer_count", len(facts.layers))
    writer.add_string(_KEY, facts.model_dump_json(by_alias=True))
    for each in facts.layers:
        vector = trained.vectors[each.layer] * trained.norms[each.layer]
        writer.add_tensor(f"direction.{each.layer}", vector.astype(np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def read_direction(path: Path) -> DirectionFile:
    """Return the direction in a GGUF file, made here or by another tool.

    Raises:
        SteeringError: there is no such file, it is damaged, or it is something else, such as a model.
    """
    name = display_path(path)
    content = read_bytes(path, _KIND)
    try:
        description, hint, tensors = _parse(path)
    except _BROKEN as error:
        raise SteeringError(f"{name} is not a whole GGUF file; {AGAIN}, or fetch it again") from error
    if not tensors:
        raise SteeringError(
            f"{name} holds no direction; name a control vector, whose tensors are called direction.1, …"
        )
    layers = tuple(sorted(tensors))
    widths = {len(tensors[layer]) for layer in layers}
    scaled = np.stack([tensors[layer] for layer in layers]) if len(widths) == 1 else np.zeros((1, 1))
    if len(widths) > 1 or not np.isfinite(scaled).all() or not scaled.any(axis=1).all():
        raise SteeringError(f"{name} is damaged: its vectors differ in length, are empty, or are not numbers")
    facts = _facts(description, name)
    norms = np.linalg.norm(scaled, axis=1)
    known = {} if facts is None else {each.layer: each for each in facts.layers}
    if facts is not None and tuple(known) != layers:
        raise SteeringError(f"{name} is damaged: it describes other layers than it has; {AGAIN}")
    poles = [(each.negative_pole, each.positive_pole) for each in known.values()]
    direction = Direction(
        name=path.stem if facts is None else facts.name,
        sha256=hashlib.sha256(content).hexdigest(),
        model_sha256=None if facts is None else facts.model_sha256,
        architecture=hint if facts is None else facts.architecture,
        layers=layers,
        vectors=(scaled / norms[:, None]).astype(np.float32),
        norms=norms.astype(np.float32),
        poles=np.array(poles, dtype=np.float32) if poles else None,
        spreads=_spreads(known.values()),
        pole_names=None if facts is None else (facts.negative, facts.positive),
        model_name=None if facts is None else facts.model_name,
        best=max(known.values(), key=lambda each: each.effect).layer if known else layers[len(layers) // 2],
    )
    return DirectionFile(direction, facts)


def _spreads(layers: Iterable[LayerFacts]) -> np.ndarray | None:
    found = [each.spread for each in layers]
    return None if None in found or not found else np.array(found, dtype=np.float32)


def _parse(path: Path) -> tuple[str | None, str, dict[int, np.ndarray]]:
    """Return the description, the architecture that the file names, and the vectors by layer."""
    import gguf
    import gguf.quants

    reader = gguf.GGUFReader(path)
    texts = {
        key: str(field.contents())
        for key in (_KEY, f"{_ARCHITECTURE}.model_hint")
        if (field := reader.get_field(key)) is not None
    }
    tensors = {
        int(named[1]): gguf.quants.dequantize(tensor.data, tensor.tensor_type).astype(np.float64).reshape(-1)
        for tensor in reader.tensors
        if (named := _TENSOR.fullmatch(tensor.name)) is not None
    }
    return texts.get(_KEY), texts.get(f"{_ARCHITECTURE}.model_hint", "unknown"), tensors


def _facts(description: str | None, name: str) -> DirectionFacts | None:
    if description is None:
        return None
    try:
        return DirectionFacts.model_validate_json(description)
    except ValidationError as error:
        where = quoted(".".join(map(str, error.errors()[0]["loc"])))
        raise SteeringError(
            f"{name} is damaged, or made by a newer version: its description has a fault at {where}; {AGAIN}"
        ) from error


def direction_path(name: str, model_sha256: str) -> Path:
    """Return where the direction of this name for a model is kept."""
    return directions_directory() / name / f"{model_sha256[:16]}.gguf"


def keep_direction(trained: Trained, facts: DirectionFacts) -> Path:
    """Write a direction into the user's data directory and return its file; one of that name and model is replaced.

    Raises:
        OutputError, UnwritableError: the disk is full or cannot be written.
    """
    path = direction_path(facts.name, facts.model_sha256)
    make_private(path.parent)
    write_direction(path, trained, facts)
    return path


def kept_directions() -> list[Path]:
    """Return the files of all directions that are kept, by name."""
    return sorted(directions_directory().glob("*/*.gguf"))


def unfinished_trainings() -> list[Path]:
    """Return the files that interrupted trainings left, with the states they have read, by name."""
    return sorted(directions_directory().glob(f"*/*{STATES}"))


def is_direction_file(name_or_path: str) -> bool:
    """Whether a direction is given by its file, and not by the name under which it is kept."""
    return name_or_path.endswith(".gguf") or "/" in name_or_path


def find_direction(name_or_path: str, model_sha256: str | None = None) -> list[Path]:
    """Return the files of a direction: one for each model that it was trained on, or only that for one model.

    A path to a file is returned as it is.

    Raises:
        SteeringError: there is none of that name, or none for the model.
    """
    if is_direction_file(name_or_path):
        return [path_named(name_or_path)]
    kept = [path for path in kept_directions() if path.parent.name == name_or_path]
    if not kept:
        names = sorted({path.parent.name for path in kept_directions()})
        advice = suggestion(name_or_path, names, "train it with `chat-personas steer train`")
        raise SteeringError(f"there is no direction {quoted(name_or_path)}; {advice}")
    if model_sha256 is None:
        return kept
    own = direction_path(name_or_path, model_sha256)
    if own not in kept:
        raise SteeringError(
            f"the direction {name_or_path} is kept for other models and not for this one; train it on this one with "
            "`chat-personas steer train`"
        )
    return [own]


def layer_facts(separation: Separation, trained: Trained) -> LayerFacts:
    """Return what is stored of a layer."""
    area = separation.area
    negative, positive = trained.poles[separation.layer]
    return LayerFacts(
        layer=separation.layer,
        negative_pole=float(negative),
        positive_pole=float(positive),
        effect=float(trained.effects[separation.layer]),
        area=(area.value, area.low, area.high),
        in_order=(separation.in_order, separation.pairs),
        agreement=separation.agreement,
        spread=separation.spread,
    )
