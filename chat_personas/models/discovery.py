"""The GGUF files on this machine, in the places where programs for language models keep them."""

import json
import os
import re
import shlex
import stat
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from chat_personas.models import SMOLLM2, smollm2_path
from chat_personas.models.gguf import GgufError, Header, read_header
from chat_personas.paths import in_shell, path_named
from chat_personas.storage.files import document_in

_OLLAMA_SERVICE = Path("/usr/share/ollama/.ollama/models")
"""Where Ollama keeps its models on Linux if it runs as a service."""
_DEEPEST = 8
_UNFINISHED = re.compile(r".+\.gguf.*\.(part|partial|incomplete|downloadInProgress|tmp|crdownload)", re.IGNORECASE)
_SPLIT = re.compile(r"(?P<name>.+)-(?P<part>(?!00000)\d{5})-of-(?P<count>\d{5})\.gguf", re.IGNORECASE)
_MODEL_LAYER = "application/vnd.ollama.image.model"


@dataclass(frozen=True, slots=True)
class FoundFile:
    """A model in one or several GGUF files.

    Attributes:
        name: what people call it.
        place: the program or the folder that keeps it.
        path: its file, of a split model the first.
        model: what to write after `--model`.
        size: bytes of all its files.
        parts: how many files those are.
    """

    name: str
    place: str
    path: Path
    model: str
    size: int
    parts: int
    header: Header


@dataclass(frozen=True, slots=True)
class Damaged:
    """A file that is not a whole model; `why` completes a sentence that begins with its path."""

    path: Path
    why: str


@dataclass(frozen=True, slots=True)
class Candidate:
    """A file that may be a model: where it was found, and under which name; None: its own."""

    path: Path
    place: str
    name: str | None = None
    why_damaged: str | None = None


def find_files(own: Path, further: Path | None = None) -> tuple[list[FoundFile], list[Damaged]]:
    """Return the models in GGUF files on this machine, each once, and the files that are damaged or not complete.

    `own` is the models directory, whose files are called by name; `further` a folder of the settings. Links that lead
    to the same file count once.
    """
    found, damaged = list[FoundFile](), list[Damaged]()
    seen = set[tuple[int, int]]()
    for candidate in _candidates(own, further, os.environ, path_named("~")):
        if candidate.why_damaged is not None:
            damaged.append(Damaged(candidate.path, candidate.why_damaged))
            continue
        try:
            status = candidate.path.stat()
            if not stat.S_ISREG(status.st_mode):  # opening a pipe would wait for somebody to write to it
                raise GgufError("is not a file")
            if (status.st_dev, status.st_ino) in seen:
                continue
            seen.add((status.st_dev, status.st_ino))
            found.append(_examined(candidate, own))
        except GgufError as error:
            damaged.append(Damaged(candidate.path, str(error)))
        except OSError as error:
            damaged.append(Damaged(candidate.path, f"cannot be read: {error.strerror or error}"))
    return found, damaged


def argument(path: Path) -> str:
    """Return a path as one writes it after `--model` in a shell."""
    return in_shell(path)


def _examined(candidate: Candidate, own: Path) -> FoundFile:
    """Read a file's header, and those of the other parts of a split model. Raises GgufError, OSError."""
    path = candidate.path
    header = read_header(path)
    files = [path]
    if split := _SPLIT.fullmatch(path.name):
        count = int(split["count"])
        files = [path, *(_part(path, split, part) for part in range(2, count + 1))]
        for part, file in enumerate(files[1:], start=2):
            if not file.is_file():
                raise GgufError(f"lacks part {part} of {count}; download it, too")
            header = Header(header.metadata, header.parameters + read_header(file).parameters)
    if not header.parameters:
        raise GgufError("has no weights (only a vocabulary?); give a complete model file")
    name = candidate.name or (split["name"] if split else path.stem)
    if candidate.place == _PACKAGE:
        model = SMOLLM2
    elif path.parent == own and path.suffix == ".gguf":
        model = shlex.quote(path.stem)
    else:
        model = argument(path)
    size = sum(file.stat().st_size for file in files)
    return FoundFile(name, candidate.place, path, model, size, len(files), header)


_PACKAGE = "Python package"


def _candidates(own: Path, further: Path | None, environment: Mapping[str, str], home: Path) -> Iterator[Candidate]:
    if (packaged := smollm2_path()) is not None:
        yield Candidate(packaged, _PACKAGE)
    yield from _in_folder(own, "models directory")
    if further is not None:
        yield from _in_folder(further, "models_folder of the settings")
    yield from _in_folder(_hub_cache(environment, home), "Hugging Face cache")
    for folder in _lm_studio(home):
        yield from _in_folder(folder, "LM Studio")
    for folder in _ollama(environment, home):
        yield from _in_ollama(folder)
    yield from _in_folder(_llama_cache(environment, home), "llama.cpp cache")


def _in_folder(folder: Path, place: str) -> Iterator[Candidate]:
    """Yield the GGUF files below a folder: of split models the first part, and downloads that are not finished.

    Links to folders are followed, since people keep models on another disk, but no folder is entered twice.
    """
    start, entered = len(folder.parts), set[tuple[int, int]]()
    for directory, folders, names in os.walk(folder, followlinks=True):
        here = Path(directory)
        folders[:] = [name for name in sorted(folders) if _is_new(here / name, entered)]
        if len(here.parts) - start >= _DEEPEST:
            folders.clear()
        for name in sorted(names):
            path = here / name
            if _UNFINISHED.fullmatch(name) or (name.endswith(".incomplete") and "gguf" in directory.lower()):
                yield Candidate(path, place, why_damaged="is an unfinished download; fetch it again")
            elif name.lower().endswith(".gguf"):
                yield from _first_part(path, place)


def _is_new(folder: Path, entered: set[tuple[int, int]]) -> bool:
    """Return whether a folder was not entered yet, and remember it."""
    try:
        status = folder.stat()
    except OSError:
        return False
    identity = (status.st_dev, status.st_ino)
    new = identity not in entered
    entered.add(identity)
    return new


def _first_part(path: Path, place: str) -> Iterator[Candidate]:
    """Yield the first part of a split model for its first part that is there; a model in one file for itself."""
    split = _SPLIT.fullmatch(path.name)
    if split is None:
        yield Candidate(path, place)
        return
    first, *before = (_part(path, split, part) for part in range(1, int(split["part"]) + 1))
    if first == path:
        yield Candidate(path, place)
    elif not any(part.is_file() for part in (first, *before[:-1])):
        yield Candidate(first, place, why_damaged=f"is missing, while {path.name} is there; download it, too")


def _part(path: Path, split: re.Match[str], part: int) -> Path:
    """Return the file of a part of the split model to which `path` belongs."""
    return path.with_name(f"{split['name']}-{part:05d}-of-{split['count']}.gguf")


def _in_ollama(folder: Path) -> Iterator[Candidate]:
    """Yield Ollama's models: a manifest names the blobs of each, and one of these is the GGUF file."""
    for manifest in sorted(file for file in (folder / "manifests").rglob("*") if file.is_file()):
        name = _ollama_name(manifest.relative_to(folder / "manifests").parts)
        try:
            layers = json.loads(manifest.read_bytes())["layers"]
            digests = [layer["digest"] for layer in layers if layer["mediaType"] == _MODEL_LAYER]
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            yield Candidate(manifest, "Ollama", why_damaged="is a damaged manifest; run `ollama pull` again")
            continue
        for digest in digests[:1]:
            blob = folder / "blobs" / str(digest).replace(":", "-")
            missing = None if blob.is_file() else f"is missing: the file of {name}; run `ollama pull {name}`"
            yield Candidate(blob, "Ollama", name, missing)
    for unfinished in sorted((folder / "blobs").glob("sha256-*-partial")):
        yield Candidate(unfinished, "Ollama", why_damaged="is an unfinished download; run `ollama pull` again")


def _ollama_name(parts: tuple[str, ...]) -> str:
    """Return the name that Ollama shows for a manifest `HOST/NAMESPACE/MODEL/TAG`."""
    *where, tag = parts
    where = where[1:] if where[:1] == ["registry.ollama.ai"] else where
    where = where[1:] if where[:1] == ["library"] else where
    return f"{'/'.join(where)}:{tag}"


def _hub_cache(environment: Mapping[str, str], home: Path) -> Path:
    """Return the cache of `huggingface_hub`, by the variables that it obeys, in their order."""
    for variable in ("HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE"):
        if environment.get(variable):
            return path_named(environment[variable])
    if environment.get("HF_HOME"):
        return path_named(environment["HF_HOME"]) / "hub"
    return path_named(environment.get("XDG_CACHE_HOME") or home / ".cache") / "huggingface" / "hub"


def _lm_studio(home: Path) -> Iterator[Path]:
    """Yield LM Studio's folders: its home may be elsewhere, and a setting may name another folder for downloads."""
    pointer = home / ".lmstudio-home-pointer"
    try:
        homes = [Path(pointer.read_text(encoding="utf-8").strip())] if pointer.is_file() else []
    except (OSError, ValueError):
        homes = []
    for folder in dict.fromkeys([*homes, home / ".lmstudio", home / ".cache" / "lm-studio"]):
        try:
            settings = document_in(folder / "settings.json")
        except (OSError, ValueError):
            settings = None
        elsewhere = settings.get("downloadsFolder") if isinstance(settings, dict) else None
        yield from dict.fromkeys([folder / "models", *([Path(elsewhere)] if isinstance(elsewhere, str) else [])])


def _ollama(environment: Mapping[str, str], home: Path) -> Iterator[Path]:
    if environment.get("OLLAMA_MODELS"):
        yield path_named(environment["OLLAMA_MODELS"])
    yield home / ".ollama" / "models"
    yield _OLLAMA_SERVICE


def _llama_cache(environment: Mapping[str, str], home: Path) -> Path:
    if environment.get("LLAMA_CACHE"):
        return path_named(environment["LLAMA_CACHE"])
    if sys.platform == "darwin":
        return home / "Library" / "Caches" / "llama.cpp"
    return path_named(environment.get("XDG_CACHE_HOME") or home / ".cache") / "llama.cpp"
