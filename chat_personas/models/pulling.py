"""Fetching a model from the hub: size and memory first, resumed after an interruption, checked by the hub's hash.

`huggingface_hub` finds the file and its hash. The bytes are written by our own code: since its version 2 that package
begins a download again after an interruption.
"""

import fcntl
import hashlib
import os
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import urlsplit

from chat_personas.models.catalogue import HUB, Entry
from chat_personas.models.gguf import GgufError, read_start
from chat_personas.paths import display_path, make_private
from personas.errors import ReportedError

INSTALL_HUB = "python -m pip install 'huggingface_hub>=2.0'"
_SHA256 = re.compile(r"[0-9a-f]{64}")
_START = 64 * 1024
"""Bytes from which a model's memory can be told: the figures of the architecture stand before the vocabulary."""
_CHUNK = 2**20
_SPARE = 200 * 2**20
"""Bytes of the disk that stay free: conversations are written to it, too."""
_PATIENCE = 30.0
"""Seconds without a byte after which the hub counts as gone."""
_PARTIAL_CONTENT, _NOT_THERE = 206, (401, 404)
"""The hub answers 401 where there is no such repository, or only for its owner."""
_HEADERS = {"User-Agent": "chat-personas", "Accept-Encoding": "identity"}
"""Without a token. Compressed, a range would count other bytes than those of the file."""

Advance = Callable[[int, int], None]
"""Is told the bytes that are there, and all bytes."""


class PullError(ReportedError):
    """The hub does not give the model as it should."""

    exit_code = 3


class NoHubError(ReportedError):
    """The hub cannot be asked: the package for it is not installed, or `HF_ENDPOINT` is not an address."""


class NoSpaceError(ReportedError):
    """The disk has too little room."""

    exit_code = 4


@dataclass(frozen=True, slots=True)
class Offer:
    """What the hub offers for an entry of the catalogue.

    Attributes:
        url: the file at one revision, so that what is fetched is what was offered.
        size: bytes.
        sha256: in hexadecimal.
        memory: about how many bytes the model needs to run here; None if its header does not tell.
    """

    entry: Entry
    url: str
    size: int
    sha256: str
    memory: int | None

    def target(self, directory: Path) -> Path:
        """Return the file under which it is found by name."""
        return directory / f"{self.entry.name}.gguf"

    def part(self, directory: Path) -> Path:
        """Return the file of an unfinished download; another version of the model has another one."""
        return directory / f".{self.entry.name}.gguf.{self.sha256[:12]}.part"

    def there(self, directory: Path) -> int:
        """Return how many bytes an earlier, interrupted download left."""
        part = self.part(directory)
        return part.stat().st_size if part.exists() else 0


def ask_hub(entry: Entry, context_length: int | None = None) -> Offer:
    """Ask the hub, or the one that `HF_ENDPOINT` names, for size and hash of a model.

    No token is sent: every model of the catalogue is free to fetch.

    Raises:
        NoHubError: `huggingface_hub` is not installed, or `HF_ENDPOINT` is not an address.
        PullError: the hub does not answer, has no such file, or gives no hash for it.
    """
    hub = _hub()
    with _hub_errors(hub, entry):
        from huggingface_hub import get_hf_file_metadata, hf_hub_url

        url = hf_hub_url(entry.repository, entry.file, endpoint=hub)
        about = get_hf_file_metadata(url, token=False, endpoint=hub, library_name="chat-personas")
        digest = (about.etag or "").removeprefix("sha256:").lower()
        if not _SHA256.fullmatch(digest) or not about.size:
            raise PullError(
                f"{shown(hub)} gives no size and hash for {entry.repository}/{entry.file}; fetch it by hand"
            )
        if about.commit_hash:
            url = hf_hub_url(entry.repository, entry.file, revision=about.commit_hash, endpoint=hub)
        return Offer(entry, url, about.size, digest, _memory(url, about.size, context_length))


def _hub() -> str:
    """Return the address of the hub. Raises NoHubError."""
    hub = os.environ.get("HF_ENDPOINT", "").rstrip("/") or HUB
    try:
        parts = urlsplit(hub)
        valid = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        valid = False
    if not valid:
        raise NoHubError("HF_ENDPOINT is not the address of a hub; write it as https://hub.example.org, or unset it")
    return hub


def shown(address: str) -> str:
    """Return an address for the screen: without user and password."""
    parts = urlsplit(address)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()


def _memory(url: str, size: int, context_length: int | None) -> int | None:
    from huggingface_hub import get_session

    headers = _HEADERS | {"Range": f"bytes=0-{_START - 1}"}
    start = bytearray()
    with get_session().stream("GET", url, headers=headers, timeout=_PATIENCE) as answer:
        answer.raise_for_status()
        for piece in answer.iter_bytes():
            start += piece
            if len(start) >= _START:
                break
    try:
        return read_start(bytes(start)).memory(size, context_length)
    except GgufError:
        return None  # what it is, the hash will tell


def check_space(offer: Offer, directory: Path) -> None:
    """Make sure that what is still to come fits on the disk. Raises NoSpaceError."""
    place = next(each for each in (directory, *directory.parents) if each.exists())
    needed, free = offer.size - offer.there(directory) + _SPARE, shutil.disk_usage(place).free
    if free < needed:
        raise NoSpaceError(
            f"{offer.entry.name} needs {needed / 1e9:.1f} GB in {display_path(directory)}, and {free / 1e9:.1f} GB are "
            "free; make room, or set CHAT_PERSONAS_HOME to another disk"
        )


def fetch(offer: Offer, directory: Path, advance: Advance) -> Path:
    """Fetch the model into `directory`, going on where an earlier download stopped; return its file.

    What has arrived stays on the disk if this is interrupted. Only a file whose hash is right gets the model's name.

    Raises:
        NoSpaceError: the disk has too little room, or cannot be written.
        PullError: the hub broke off, or what it sent does not have the hash that it gave.
    """
    make_private(directory)
    part, target = offer.part(directory), offer.target(directory)
    try:
        with _locked(part, offer.entry.name) as file:
            check_space(offer, directory)
            digest = hashlib.sha256()
            while piece := file.read(_CHUNK):
                digest.update(piece)
            with _hub_errors(offer.url.split(f"/{offer.entry.repository}/")[0], offer.entry):
                digest = _receive(offer, file, digest, advance)
            file.flush()
            os.fsync(file.fileno())
            if digest.hexdigest() != offer.sha256:
                part.unlink()
                raise PullError(
                    f"what arrived of {offer.entry.name} does not have the hash that the hub gave; try again"
                )
            part.replace(target)
    except OSError as error:
        why = error.strerror or error
        raise NoSpaceError(f"cannot write to {display_path(directory)}: {why}; what has arrived is kept") from error
    return target


def _receive(offer: Offer, file: BinaryIO, digest: Any, advance: Advance) -> Any:
    """Append what is missing, and return the hash of all. A connection that breaks is resumed while bytes arrive."""
    import httpx2

    while (before := file.tell()) < offer.size:
        try:
            digest = _receive_once(offer, file, digest, advance)
        except httpx2.TransportError:
            if file.tell() <= before:
                raise
        else:
            if file.tell() <= before:
                raise PullError(f"the hub sends no more than {before:,} of {offer.size:,} bytes; run the command again")
    return digest


def _receive_once(offer: Offer, file: BinaryIO, digest: Any, advance: Advance) -> Any:
    from huggingface_hub import get_session

    there = file.tell()
    headers = _HEADERS | ({"Range": f"bytes={there}-"} if there else {})
    with get_session().stream("GET", offer.url, headers=headers, timeout=_PATIENCE) as answer:
        answer.raise_for_status()
        if there and answer.status_code != _PARTIAL_CONTENT:  # the server begins again, so we do
            file.seek(0)
            file.truncate()
            there, digest = 0, hashlib.sha256()
        advance(there, offer.size)
        for piece in answer.iter_bytes():  # as they come: of larger pieces the last would be lost
            if there + len(piece) > offer.size:
                raise PullError(f"the hub sends more than the {offer.size:,} bytes that it announced; try again later")
            file.write(piece)
            digest.update(piece)
            there += len(piece)
            advance(there, offer.size)
    return digest


@contextmanager
def _locked(part: Path, name: str) -> Iterator[BinaryIO]:
    """Lend the unfinished file, at its beginning; another process that fetches the same model must not write to it."""
    descriptor = os.open(part, os.O_RDWR | os.O_CREAT, 0o600)
    with os.fdopen(descriptor, "r+b") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise PullError(f"another program is fetching {name}; wait until it has finished") from error
        yield file


@contextmanager
def _hub_errors(hub: str, entry: Entry) -> Iterator[None]:
    """Turn what goes wrong with the hub into one line. Raises NoHubError, PullError."""
    hub = shown(hub)
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")  # read when the package is imported
    try:
        import huggingface_hub.errors as hub_errors
    except ImportError as error:
        raise NoHubError(f"fetching needs the package huggingface_hub: {INSTALL_HUB}") from error
    import httpx2

    try:
        yield
    except hub_errors.OfflineModeIsEnabled as error:
        raise PullError("HF_HUB_OFFLINE is set, so the hub is not asked; unset it to fetch a model") from error
    except hub_errors.GatedRepoError as error:
        raise PullError(f"{entry.repository} asks for an account; fetch the file by hand") from error
    except (hub_errors.HfHubHTTPError, httpx2.HTTPStatusError) as error:
        status = error.response.status_code
        if status in _NOT_THERE:
            raise PullError(f"{hub} has no {entry.repository}/{entry.file}: the catalogue is out of date") from error
        raise PullError(f"{hub} answers {status}; try again later") from error
    except (httpx2.RequestError, httpx2.InvalidURL, TimeoutError, ConnectionError) as error:
        why = " ".join(str(error).split())[:100] or type(error).__name__
        raise PullError(
            f"no connection to {hub} ({why}); run the command again, which goes on where it stopped, or set "
            "HF_ENDPOINT to a mirror"
        ) from error
