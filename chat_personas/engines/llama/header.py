"""The metadata at the head of a GGUF file, read without llama.cpp: what kind of file it is, and whether it can be run.

Files that llama.cpp would take for a model and then end the process over, or that are GGUF and not a language model,
are refused here with their reason.
"""

import re
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import BinaryIO

from eval.engine import EngineError

Scalar = str | int | float | bool

_START = struct.Struct("<4sIQQ")  # magic, version, number of tensors, number of metadata entries
_NUMBERS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}
_STRING, _ARRAY = 8, 9
_LONGEST_KEY = 2**16  # bytes, as in llama.cpp
_LONGEST_TEXT = 2**26
_MOST_LAYERS = 512  # LLAMA_MAX_LAYERS
_RANKING = 4  # LLAMA_POOLING_TYPE_RANK
_EMBEDDING = re.compile(r"bert|embed|t5encoder")
_PART = re.compile(r"(?P<name>.+)-(?P<part>\d{5})-of-(?P<count>\d{5})\.gguf")
_SIDE_FILES = {
    "adapter": "is an adapter (LoRA), which changes another model; give the model itself",
    "controlvector": "is a control vector, which steers another model; give the model itself",
    "imatrix": "is an importance matrix, which helps to quantise a model; give the model itself",
    "mmproj": "is a projector (mmproj) for images or sound; give the language model that it belongs to",
    "clip": "is a projector (mmproj) for images or sound; give the language model that it belongs to",
    "wavtokenizer-dec": "is a decoder of sound; give a language model",
}


def refuse_unusable(path: Path) -> None:
    """Look at the metadata of a GGUF file, which takes no time.

    Raises:
        EngineError: it is not a language model that continues text, or a part of a split model that is not the first;
            or its figures are such that llama.cpp would end the process.
    """
    part = _PART.fullmatch(path.name)
    if part is not None and int(part["part"]) > 1:
        first = f"{part['name']}-00001-of-{part['count']}.gguf"
        raise EngineError(f"{path.name} is part {int(part['part'])} of a split model; give its first part, {first}")
    found = read_metadata(path)
    if (why := _not_a_language_model(found) or _damage(found)) is not None:
        raise EngineError(f"{path.name} {why}")


def read_metadata(path: Path) -> dict[str, Scalar]:
    """Return the texts and numbers in the metadata of a GGUF file by key; lists are passed over.

    What follows the first entry that cannot be read is missing: llama.cpp says what is wrong with a damaged file.
    """
    found: dict[str, Scalar] = {}
    try:
        with path.open("rb") as file:
            _, _, _, entries = _START.unpack(file.read(_START.size))
            for _ in range(entries):
                key = _text(file, _LONGEST_KEY)
                value = _value(file, int(_number(file, "I")))
                if value is not None:
                    found[key] = value
    except (OSError, struct.error, ValueError, OverflowError):
        pass
    return found


def _not_a_language_model(found: Mapping[str, Scalar]) -> str | None:
    """Return what the file is instead of a model that continues text, as the rest of a sentence; else None."""
    architecture = found.get("general.architecture")
    for name in (found.get("general.type"), architecture, "adapter" if "adapter.type" in found else None):
        if name in _SIDE_FILES:
            return _SIDE_FILES[str(name)]
    if any(key.startswith("imatrix.") for key in found):
        return _SIDE_FILES["imatrix"]
    pooling = found.get(f"{architecture}.pooling_type", 0)
    if pooling == _RANKING:
        return "is a model that ranks texts and writes none; give a model that generates text"
    if pooling or (_EMBEDDING.search(str(architecture)) and architecture != "pangu-embedded"):
        return "is an embedding model, which turns texts into numbers and writes none; give a model that generates text"
    if found.get(f"{architecture}.attention.causal", True) is False:
        return "reads a text from both sides and cannot continue it; give a model that generates text"
    return None


def _damage(found: Mapping[str, Scalar]) -> str | None:
    """Return which figure llama.cpp would end the process over, as the rest of a sentence; else None."""
    architecture = found.get("general.architecture")

    def figure(key: str, default: float) -> float:
        value = found.get(f"{architecture}.{key}", default)
        return default if isinstance(value, str) else value

    if not 0 < figure("block_count", 1) <= _MOST_LAYERS:
        return f"is damaged: it says that it has {figure('block_count', 1)} layers; download it again"
    epsilons = (figure("attention.layer_norm_rms_epsilon", 0), figure("attention.layer_norm_epsilon", 0))
    if not all(0 <= each < 1 for each in epsilons):
        return "is damaged: a constant of its normalisation is not between 0 and 1; download it again"
    if figure("expert_used_count", 0) > figure("expert_count", 0):
        return "is damaged: it says that it uses more experts than it has; download it again"
    return None


def _value(file: BinaryIO, kind: int) -> Scalar | None:
    """Read one value; None for a list."""
    if kind == _STRING:
        return _text(file, _LONGEST_TEXT)
    if kind != _ARRAY:
        return _number(file, _NUMBERS.get(kind, ""))
    of, length = int(_number(file, "I")), int(_number(file, "Q"))
    if of == _STRING:
        for _ in range(length):
            _skip(file, int(_number(file, "Q")))
    else:
        _skip(file, length * struct.calcsize("<" + _code(of)))
    return None


def _number(file: BinaryIO, code: str) -> int | float | bool:
    if not code:
        raise ValueError("an entry of unknown type")
    (value,) = struct.unpack("<" + code, file.read(struct.calcsize("<" + code)))
    return value  # type: ignore[no-any-return]


def _code(kind: int) -> str:
    if kind not in _NUMBERS:
        raise ValueError("a list of unknown type")
    return _NUMBERS[kind]


def _text(file: BinaryIO, longest: int) -> str:
    length = int(_number(file, "Q"))
    if length > longest:
        raise ValueError("a text that is too long")
    data = file.read(length)
    if len(data) < length:
        raise ValueError("a text that is cut off")
    return data.decode("utf-8", "replace")


def _skip(file: BinaryIO, length: int) -> None:
    # A seek would drop the buffer, which costs more than reading where a list has many short texts.
    if length > 4096:
        file.seek(length, 1)
    elif len(file.read(length)) < length:
        raise ValueError("a list that is cut off")
