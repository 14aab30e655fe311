"""Hidden states on the disk while a direction is trained, so that an interrupted training goes on where it stopped.

The file has a line of JSON that says what it is for, and then the states of one text after the other, as numbers. It
is only ever added to. What a killed program left of a text is cut off, and that text is read again.
"""

import fcntl
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from chat_personas.steering.errors import SteeringError
from chat_personas.storage.files import close_to_others

Floats = NDArray[np.float32]
_LONGEST_LINE = 1000


@dataclass(frozen=True, slots=True)
class Purpose:
    """What states are for; others are of no use."""

    pairs_sha256: str
    model_sha256: str
    build: str
    layers: int
    width: int


class KeptStates:
    """The states of the first `count` texts, and a place for those of the next ones."""

    def __init__(self, stream: BinaryIO, purpose: Purpose) -> None:
        """Take up what `stream` has for this purpose, or begin it anew."""
        self._stream = stream
        self._shape = (purpose.layers, purpose.width)
        line = json.dumps(asdict(purpose)).encode() + b"\n"
        stream.seek(0)
        if stream.readline(_LONGEST_LINE) != line:
            stream.seek(0)
            stream.truncate()
            stream.write(line)
        self._start = len(line)
        size = stream.seek(0, 2) - self._start
        self.count = size // self._bytes
        stream.truncate(self._start + self.count * self._bytes)
        stream.seek(0, 2)

    @property
    def _bytes(self) -> int:
        layers, width = self._shape
        return layers * width * np.dtype(np.float32).itemsize

    def add(self, states: Floats) -> None:
        """Keep the states of the next text (layers, width)."""
        self._stream.write(np.ascontiguousarray(states, dtype=np.float32).tobytes())
        self._stream.flush()
        self.count += 1

    def all(self) -> Floats:
        """Return what is kept (texts, layers, width)."""
        self._stream.seek(self._start)
        found = np.frombuffer(self._stream.read(self.count * self._bytes), dtype=np.float32)
        return found.reshape(self.count, *self._shape)


@contextmanager
def kept_states(path: Path, purpose: Purpose) -> Iterator[KeptStates]:
    """Lend the states in a file, which is created for its owner only; it is removed if the block ends without an error.

    Raises:
        SteeringError: another program has them: what two of them add to one file would be mixed.
        OSError: it cannot be written.
    """
    path.touch(mode=0o600)
    close_to_others(path)
    with path.open("r+b") as stream:
        if not _locked(stream):
            raise SteeringError(
                f"another program is training {path.parent.name}; wait until it has finished, or choose another name"
            )
        yield KeptStates(stream, purpose)
        path.unlink(missing_ok=True)


def is_being_trained(path: Path) -> bool:
    """Whether another program is adding states to this file just now."""
    try:
        with path.open("rb") as stream:
            return not _locked(stream)
    except OSError:
        return False


def _locked(stream: BinaryIO) -> bool:
    """Lock a file until it is closed; return False if another program has locked it."""
    try:
        fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return True  # a file system without locks
    return True
