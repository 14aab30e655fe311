"""What can be said about a model file before llama.cpp is asked: is it one, and which one."""

import hashlib
import json
import logging
import os
import struct
from pathlib import Path

from eval.engine import EngineError

logger = logging.getLogger(__name__)

_MAGIC = b"GGUF"
_HEADER = struct.Struct("<4sIQQ")  # magic, version, number of tensors, number of metadata entries
_NEWEST_VERSION = 3
_WORTH_REMEMBERING = 64 * 2**20  # bytes; less is read in a few hundredths of a second
_OTHERS = {
    b"vers": "a Git LFS pointer; fetch the file itself with `git lfs pull`",
    b"PK\x03\x04": "a PyTorch or zip file; convert it to GGUF first",
    b"ggml": "a GGML file of the time before GGUF; get a newer one",
    b"ggjt": "a GGML file of the time before GGUF; get a newer one",
    b"<!DO": "a web page; the download did not give the file itself",
    b"<htm": "a web page; the download did not give the file itself",
}


def check_model_file(path: Path) -> None:
    """Make sure that `path` begins like a GGUF file.

    Raises:
        EngineError: it is missing, not readable, not a GGUF file, or cut off within its header.
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
        raise EngineError(f"{name} is no GGUF model file: {what}")
    if len(start) < _HEADER.size:
        raise cut_off(name)
    _, version, tensors, _ = _HEADER.unpack(start)
    if not 2 <= version <= _NEWEST_VERSION:
        raise EngineError(f"{name} is a GGUF file of version {version}; versions 2 and 3 can be read")
    if not tensors:
        raise EngineError(f"{name} holds no weights (a vocabulary only?); give a complete model file")


def cut_off(name: str) -> EngineError:
    """The error for a file that ends too early."""
    return EngineError(f"the model file {name} is cut off or damaged; download it again")


def file_sha256(path: Path, cache: Path | None = None) -> str:
    """Return the SHA-256 of a file, in hexadecimal.

    `cache`: a small JSON file that remembers the hashes of large files, since reading gigabytes takes seconds. It knows
    them by device, inode, size and time of change; no path is written to it.
    """
    status = path.stat()
    if cache is None or status.st_size < _WORTH_REMEMBERING:
        return _digest(path)
    key = f"{status.st_dev}-{status.st_ino}-{status.st_size}-{status.st_mtime_ns}"
    known = _read_cache(cache)
    if key not in known:
        known[key] = _digest(path)
        try:
            _write_cache(cache, known)
        except OSError as error:  # such as a full disk: the model can be used all the same
            logger.warning("the hash of %s could not be remembered: %s", path.name, error.strerror)
    return known[key]


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _read_cache(cache: Path) -> dict[str, str]:
    """Return what is remembered; nothing if the file is missing or damaged."""
    try:
        known = json.loads(cache.read_text())
    except (OSError, ValueError):
        return {}
    return known if isinstance(known, dict) else {}


def _write_cache(cache: Path, known: dict[str, str]) -> None:
    cache.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    fresh = cache.with_suffix(f".{os.getpid()}")
    try:
        fresh.touch(mode=0o600)
        fresh.write_text(json.dumps(known))
        fresh.replace(cache)
    finally:
        fresh.unlink(missing_ok=True)
