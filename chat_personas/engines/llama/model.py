"""A model file: whether it is one, its hash, and its weights and metadata once llama.cpp has loaded it."""

import ctypes
import hashlib
import json
import logging
import os
import re
import struct
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from chat_personas.engines.llama.bindings import native, native_errors, stops_when
from chat_personas.engines.llama.worker import InterruptFlag
from chat_personas.models.usable import refuse_unusable
from chat_personas.storage.files import atomic_write, document_in
from eval.engine import EngineError

logger = logging.getLogger(__name__)

_MAGIC = b"GGUF"
_HEADER = struct.Struct("<4sIQQ")  # magic, version, number of tensors, number of metadata entries
_NEWEST_VERSION = 3
_WORTH_REMEMBERING = 64 * 2**20  # bytes; less is read in a few hundredths of a second
_SPLIT = re.compile(r"(?P<name>.+)-00001-of-(?P<count>\d{5})\.gguf")
_OTHERS = {
    b"vers": "a Git LFS pointer; fetch the file itself with `git lfs pull`",
    b"PK\x03\x04": "a PyTorch or zip file; convert it to GGUF first",
    b"ggml": "a GGML file, older than GGUF; get a newer one",
    b"ggjt": "a GGML file, older than GGUF; get a newer one",
    b"<!DO": "a web page; the download did not give the file itself",
    b"<htm": "a web page; the download did not give the file itself",
}


def check_model_file(path: Path) -> None:
    """Check that `path` begins like the GGUF file of a language model; this imports nothing slow.

    Raises:
        EngineError: it is missing, not readable, not a GGUF file, cut off within its header, or see `refuse_unusable`.
    """
    name = path.name
    try:
        with path.open("rb") as file:
            start = file.read(_HEADER.size)
    except FileNotFoundError as error:
        raise EngineError(f"there is no model file {name}; check the path, or use --model pocket") from error
    except IsADirectoryError as error:
        raise EngineError(f"{name} is a directory; give the .gguf file in it") from error
    except OSError as error:
        raise EngineError(f"the model file {name} cannot be read: {error.strerror}") from error
    if not start:
        raise EngineError(f"the model file {name} is empty; download it again")
    if start[:4] != _MAGIC:
        what = _OTHERS.get(start[:4], "give a file in GGUF format")
        raise EngineError(f"{name} is not a GGUF model file: {what}")
    if len(start) < _HEADER.size:
        raise _cut_off(name)
    _, version, tensors, _ = _HEADER.unpack(start)
    if not 2 <= version <= _NEWEST_VERSION:
        raise EngineError(f"{name} is a GGUF file of version {version}; versions 2 and 3 can be read")
    if not tensors and _SPLIT.fullmatch(name) is None:  # a split model may have its weights in the other parts
        raise EngineError(f"{name} has no weights (only a vocabulary?); give a complete model file")
    refuse_unusable(path)


def _cut_off(name: str) -> EngineError:
    """Return the error for a file that ends too early."""
    return EngineError(f"the model file {name} is cut off or damaged; download it again")


def model_parts(path: Path) -> tuple[Path, ...]:
    """Return the files of a model, in their order: those of a split one, `NAME-00001-of-00003.gguf`, or `path` alone.

    llama.cpp finds the other parts of a split model by these names. Only parts that are there are returned: whether one
    is missing, llama.cpp says when it loads the model.
    """
    split = _SPLIT.fullmatch(path.name)
    if split is None:
        return (path,)
    count = int(split["count"])
    named = (path.with_name(f"{split['name']}-{part:05d}-of-{count:05d}.gguf") for part in range(1, count + 1))
    return tuple(part for part in named if part == path or part.is_file())


def model_sha256(path: Path, cache: Path | None = None) -> str:
    """Return the SHA-256 of a model, in hexadecimal: of its file, or for a split one of its parts' hashes, one a line.

    So two split models that share their first part are two models. For `cache` see `file_sha256`.
    """
    hashes = [file_sha256(part, cache) for part in model_parts(path)]
    if len(hashes) == 1:
        return hashes[0]
    return hashlib.sha256("".join(f"{each}\n" for each in hashes).encode()).hexdigest()


def file_sha256(path: Path, cache: Path | None = None) -> str:
    """Return the SHA-256 of a file, in hexadecimal.

    `cache`: a small JSON file that remembers the hashes of large files, since reading gigabytes takes seconds. Its keys
    are device, inode, size, and the times of the last change of content and of status; no path is written to it. The
    time of content can be set back after a change in place, that of status cannot.
    """
    status = path.stat()
    if cache is None or status.st_size < _WORTH_REMEMBERING:
        return _digest(path)
    key = file_identity(status)
    known = read_cache(cache)
    if key in known:
        return known[key]
    digest = _digest(path)
    if file_identity(path.stat()) == key:  # else it changed while it was read
        try:
            write_cache(cache, known | {key: digest})
        except OSError as error:  # such as a full disk: the model can be used all the same
            logger.warning("the hash of %s could not be remembered: %s", path.name, error.strerror)
    return digest


def file_identity(status: os.stat_result) -> str:
    """Return what changes when a file is written or replaced, as a text without its path."""
    return f"{status.st_dev}-{status.st_ino}-{status.st_size}-{status.st_mtime_ns}-{status.st_ctime_ns}"


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def read_cache(cache: Path) -> dict[str, str]:
    """Return what is remembered of files, by key; nothing if the cache is missing, damaged, or no regular file."""
    try:
        known = document_in(cache)
    except OSError:
        return {}
    return {key: value for key, value in known.items() if isinstance(value, str)} if isinstance(known, dict) else {}


def write_cache(cache: Path, known: dict[str, str]) -> None:
    """Remember `known`, by key. Raises OSError."""
    cache.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with atomic_write(cache) as file:
        file.write(json.dumps(known).encode())


_SIGNS_OF_DAMAGE = (
    "file bounds",
    "corrupt",
    "incomplete",
    "truncated",
    "failed to read",
    "unexpectedly reached",
    "read error",
)


_NAMED_TEMPLATE = "tokenizer.chat_template."
_SHORTEST_CONTEXT = 16


@dataclass(frozen=True, slots=True)
class ModelShape:
    """What a direction must fit: the architecture by llama.cpp's name, the layers, and the numbers in a state."""

    architecture: str
    layers: int
    width: int


def safe_parameters(library: Any) -> Any:
    """Return llama.cpp's own parameters of loading a model, without what would end the process on this machine."""
    parameters = library.llama_model_default_params()
    # llama.cpp's AMX kernels crash the process on quantised weights (its issue 20824; seen here with 0.3.36).
    parameters.use_extra_bufts = b"AMX_INT8 = 1" not in library.llama_print_system_info()
    return parameters


class Model:
    """A model file loaded by llama.cpp: the weights and the metadata. `pointer` is llama.cpp's own structure."""

    def __init__(self, path: Path, flag: InterruptFlag) -> None:
        """Load `path`, which `check_model_file` has passed; setting `flag` from another thread stops it.

        Raises:
            EngineError: the file is not a model that can be run here, or the loading was cancelled.
        """
        library = native()
        self._library = library
        # Keep a reference: ctypes would free the callback while llama.cpp still calls it.
        self._progress = library.llama_progress_callback(lambda _done, _data: not flag.is_set())
        parameters = safe_parameters(library)
        parameters.progress_callback = self._progress
        stops_when(flag.is_set)
        with native_errors() as errors:
            self.pointer: Any = library.llama_model_load_from_file(str(path).encode(), parameters)
        if not self.pointer:
            raise _failure(path.name, errors, cancelled=flag.is_set())
        self._refuse_unusable(path.name)

    def close(self) -> None:
        """Free the weights; contexts made from them must be closed before."""
        if self.pointer:
            self._library.llama_model_free(self.pointer)
            self.pointer = None

    @property
    def trained_context(self) -> int:
        """How many tokens of context the model was trained for."""
        return int(self._library.llama_model_n_ctx_train(self.pointer))

    @cached_property
    def shape(self) -> ModelShape:
        """Architecture, layers and width."""
        return ModelShape(
            self.metadata("general.architecture") or "unknown",
            int(self._library.llama_model_n_layer(self.pointer)),
            int(self._library.llama_model_n_embd(self.pointer)),
        )

    @property
    def parameters(self) -> int:
        """How many weights there are."""
        return int(self._library.llama_model_n_params(self.pointer))

    @property
    def quantization(self) -> str:
        """How the weights are stored, such as "Q4_K - Medium" or "all F32"."""
        name = self._library.llama_ftype_name(self._library.llama_model_ftype(self.pointer))
        return name.decode("utf-8", "replace") if name else "unknown"

    @property
    def full_precision(self) -> bool:
        """Whether all weights are f32."""
        return bool(self._library.llama_model_ftype(self.pointer) == self._library.LLAMA_FTYPE_ALL_F32)

    @property
    def recurrent(self) -> bool:
        """Whether some layers keep one state for all that they have read, as in Mamba, RWKV and hybrids with them."""
        library = self._library
        return bool(library.llama_model_is_recurrent(self.pointer) or library.llama_model_is_hybrid(self.pointer))

    @cached_property
    def chat_template(self) -> str | None:
        """The Jinja template in the file for conversations, if there is one."""
        text = self._library.llama_model_chat_template(self.pointer, None)
        return text.decode("utf-8", "replace") if text else self.metadata(f"{_NAMED_TEMPLATE}default") or None

    @cached_property
    def named_templates(self) -> tuple[str, ...]:
        """The names of other templates in the file, such as `tool_use`, which are not for conversations."""
        names = []
        buffer = ctypes.create_string_buffer(256)
        for index in range(self._library.llama_model_meta_count(self.pointer)):
            self._library.llama_model_meta_key_by_index(self.pointer, index, buffer, len(buffer))
            key = buffer.value.decode("utf-8", "replace")
            if key.startswith(_NAMED_TEMPLATE):
                names.append(key.removeprefix(_NAMED_TEMPLATE))
        return tuple(sorted(names))

    def metadata(self, key: str) -> str | None:
        """Return a scalar entry of the file's metadata as text, or None."""
        length = self._library.llama_model_meta_val_str(self.pointer, key.encode(), None, 0)
        if length < 0:
            return None
        buffer = ctypes.create_string_buffer(length + 1)
        self._library.llama_model_meta_val_str(self.pointer, key.encode(), buffer, length + 1)
        return buffer.value.decode("utf-8", "replace")

    def _refuse_unusable(self, name: str) -> None:
        """Raise EngineError for a model that cannot be used here."""
        library, pointer = self._library, self.pointer
        why = None
        if library.llama_model_has_encoder(pointer) or library.llama_model_is_diffusion(pointer):
            why = "is not a decoder-only model and cannot be measured in branches here; run it on a server instead"
        elif not library.llama_vocab_type(library.llama_model_get_vocab(pointer)):
            why = "has no vocabulary, so that no text can be given to it; give a complete model file"
        elif self.trained_context < _SHORTEST_CONTEXT:
            why = (
                f"was trained for a context of {self.trained_context:,} tokens, too few for a question; "
                "use another model"
            )
        if why is not None:
            self.close()
            raise EngineError(f"{name} {why}")


def _failure(name: str, errors: list[str], *, cancelled: bool) -> EngineError:
    """Return the error that says why llama.cpp gave no model."""
    if cancelled:
        return EngineError("loading the model was cancelled")
    log = " ".join(errors)
    if any(sign in log for sign in _SIGNS_OF_DAMAGE):
        return _cut_off(name)
    first = errors[0].split(": ", 1)[-1] if errors else "it gave no reason"
    return EngineError(f"llama.cpp cannot load {name}: {first[:200]}")
