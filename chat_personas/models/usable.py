"""Which GGUF files can be run here: those of language models that continue a text.

Files that llama.cpp would take for a model and then end the process over, or that are GGUF and not a language model,
are named with their reason: when models are looked for, and before one is opened.
"""

import re
from pathlib import Path

from chat_personas.models.gguf import GgufError, Header, read_metadata
from eval.engine import EngineError

_MOST_LAYERS = 512  # LLAMA_MAX_LAYERS
_RANKING = 4  # LLAMA_POOLING_TYPE_RANK
_EMBEDDING = re.compile(r"bert|embed|t5encoder")
_DIFFUSION = ("dream", "llada", "llada-moe", "rnd1")
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
        EngineError: it cannot be run (see `why_unusable`), or is a part of a split model that is not the first.
    """
    part = _PART.fullmatch(path.name)
    if part is not None and int(part["part"]) > 1:
        first = f"{part['name']}-00001-of-{part['count']}.gguf"
        raise EngineError(f"{path.name} is part {int(part['part'])} of a split model; give its first part, {first}")
    try:
        header = read_metadata(path)
    except (GgufError, OSError):
        return  # llama.cpp says what is wrong with a damaged file
    if (why := why_unusable(header)) is not None:
        raise EngineError(f"{path.name} {why}")


def why_unusable(header: Header) -> str | None:
    """Return why the embedded engine cannot run a file, as the rest of a sentence that begins with its name.

    None if nothing in its header speaks against it.
    """
    return _not_a_language_model(header) or _damage(header)


def _not_a_language_model(header: Header) -> str | None:
    """Return what the file is instead of a model that continues text one token after the other; else None."""
    found, architecture = header.metadata, header.architecture
    for name in (found.get("general.type"), architecture, "adapter" if "adapter.type" in found else None):
        if isinstance(name, str) and name in _SIDE_FILES:
            return _SIDE_FILES[name]
    if any(key.startswith("imatrix.") for key in found):
        return _SIDE_FILES["imatrix"]
    pooling = header.own("pooling_type") or 0
    if pooling == _RANKING:
        return "is a model that ranks texts and writes none; give a model that generates text"
    if pooling or (_EMBEDDING.search(architecture) and architecture != "pangu-embedded"):
        return "is an embedding model, which turns texts into numbers and writes none; give a model that generates text"
    if architecture.startswith("t5"):
        return "has an encoder, which the embedded engine does not run; use a server"
    if architecture in _DIFFUSION:
        return "is a diffusion model, which the embedded engine does not run; use a server"
    if header.own("attention.causal") is False:
        return "reads a text from both sides and cannot continue it; give a model that generates text"
    return None


def _damage(header: Header) -> str | None:
    """Return which figure llama.cpp would end the process over, as the rest of a sentence; else None."""

    def figure(key: str, default: float) -> float:
        value = header.own(key)
        return value if isinstance(value, int | float) else default

    if not 0 < figure("block_count", 1) <= _MOST_LAYERS:
        return f"is damaged: it says that it has {figure('block_count', 1)} layers; download it again"
    epsilons = (figure("attention.layer_norm_rms_epsilon", 0), figure("attention.layer_norm_epsilon", 0))
    if not all(0 <= each < 1 for each in epsilons):
        return "is damaged: a constant of its normalisation is not between 0 and 1; download it again"
    if figure("expert_used_count", 0) > figure("expert_count", 0):
        return "is damaged: it says that it uses more experts than it has; download it again"
    return None
