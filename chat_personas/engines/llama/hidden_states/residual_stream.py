"""The residual stream of a context: the hidden states between the layers, read and written while it decodes.

llama.cpp calls back for each tensor of its computation. Between the computing of one and the next its values can be
read, and written. A write is exact for every token of a decode and for weights of any kind: no weight is touched.
"""

import ctypes
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chat_personas.engines.llama.bindings import native
from eval.engine import EngineError

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class StateNames:
    """How llama.cpp names the states of the residual stream of one architecture.

    Attributes:
        embedded: the state that the first layer reads.
        between: the state between attention and feed-forward network of a layer; None where both read the same state
            and their results are added together.
    """

    embedded: str
    between: str | None


AFTER = "l_out"
"""The state after a layer, in every architecture that llama.cpp can steer."""

_SEQUENTIAL = StateNames("embd", "ffn_inp")
_NORMED_AFTER = StateNames("inp_scaled", "sa_out")
STATE_NAMES: Mapping[str, StateNames] = {
    "llama": _SEQUENTIAL,
    "qwen2": _SEQUENTIAL,
    "qwen3": _SEQUENTIAL,
    "gemma2": _NORMED_AFTER,
    "gemma3": _NORMED_AFTER,
    "phi2": StateNames("embd", None),
}
"""The architectures whose states are all known by name, from llama.cpp's graphs (src/models). Mistral's is `llama`.

Where one state has no name, such as that between attention and feed-forward network of `phi3`, a direction could be
taken out of the others only, and would come back through that one.
"""


def state_names(architecture: str) -> StateNames:
    """Return the names of all states of an architecture.

    Raises:
        EngineError: they are not all known, so that a direction could be removed by halves only.
    """
    found = STATE_NAMES.get(architecture)
    if found is None:
        known = ", ".join(STATE_NAMES)
        raise EngineError(
            f'a direction cannot be removed from a model of the architecture "{architecture}", because llama.cpp does '
            f"not name all of its hidden states; use a model of one of these: {known}"
        )
    return found


@dataclass(frozen=True, slots=True)
class Setting:
    """The component of a state along a unit vector, set to a value: h becomes h + (value - h·r)·r.

    Attributes:
        vector: r, of length 1 (width,).
        value: the component afterwards; 0 removes the direction.
    """

    vector: Doubles
    value: float

    def apply(self, states: Doubles) -> None:
        """Set the component of each of `states` (tokens, width), in place."""
        states += (self.value - states @ self.vector)[:, None] * self.vector


@dataclass(slots=True)
class ResidualStream:
    """The states of one context by name, such as `l_out-3` for the state after layer 3, counted from 0.

    Give `callback` to the context when it is made, and keep this object as long as the context lives. After each decode
    call `check`: what went wrong in between could not be raised through C.

    Attributes:
        width: numbers in a state.
        settings: what is written, by the name of the state, in this order. Both are fixed from the beginning.
        wanted: the names of the states to keep from each decode.
        states: what the last decode left of them (tokens, width). After the last layer llama.cpp computes only the
            tokens whose logits are asked for.
    """

    width: int
    settings: Mapping[str, Sequence[Setting]] = field(default_factory=dict)
    wanted: Collection[str] = ()
    states: dict[str, Floats] = field(default_factory=dict)
    callback: Any = field(init=False)
    _error: BaseException | None = field(init=False, default=None)
    _buffer: Floats = field(init=False)
    _doubles: Doubles = field(init=False)
    _address: int = field(init=False)

    def __post_init__(self) -> None:
        self._allocate(1)
        self.callback = native().ggml_backend_sched_eval_callback(self._listener())

    def check(self) -> None:
        """Raise what went wrong during the last decode; then its logits mean nothing."""
        error, self._error = self._error, None
        if error is not None:
            raise error

    def _listener(self) -> Callable[[int, bool, object], bool]:
        """Return what llama.cpp calls: it says whether a tensor is wanted; when that is computed, it visits it.

        It is called about a thousand times a token, so names stay bytes, and nothing is looked up that can be at hand.
        It must not raise: C is waiting.
        """
        name_of = _library().ggml_get_name
        written = {name.encode(): settings for name, settings in self.settings.items()}
        kept = {name.encode(): name for name in self.wanted}
        visited = written.keys() | kept.keys()

        def listen(tensor: int, asking: bool, _data: object) -> bool:
            try:
                name = name_of(tensor)
                if asking:
                    return name in visited
                self._visit(tensor, written.get(name, ()), kept.get(name))
            except BaseException as error:
                self._error = self._error or error
                return False
            return True

        return listen

    def _visit(self, tensor: int, settings: Sequence[Setting], kept: str | None) -> None:
        """Write `settings` to a computed tensor, in double precision; keep its states under the name `kept`."""
        library = _library()
        size = library.ggml_nbytes(tensor)
        if size != self._buffer.nbytes:
            self._allocate(size // (self._buffer.itemsize * self.width))
        library.ggml_backend_tensor_get(tensor, self._address, 0, size)
        if settings:
            np.copyto(self._doubles, self._buffer)
            for setting in settings:
                setting.apply(self._doubles)
            np.copyto(self._buffer, self._doubles, casting="same_kind")
            library.ggml_backend_tensor_set(tensor, self._address, 0, size)
        if kept is not None:
            self.states[kept] = self._buffer.copy()

    def _allocate(self, tokens: int) -> None:
        """Make room for the states of so many tokens, at an address that is asked for once: asking takes time."""
        self._buffer = np.empty((tokens, self.width), dtype=np.float32)
        self._doubles = np.empty((tokens, self.width), dtype=np.float64)
        self._address = self._buffer.ctypes.data


@cache
def _library() -> Any:
    """Return ggml's own library, of which llama-cpp-python binds only a part."""
    folder = Path(native().__file__).parent / "lib"
    found = next((path for path in sorted(folder.iterdir()) if "ggml-base" in path.name), None)
    if found is None:
        raise EngineError(
            "this build of llama-cpp-python has no ggml of its own, so that hidden states cannot be read; reinstall it"
        )
    # A CDLL would give Python's lock away in each of these short calls, and where the thread of the screen is busy the
    # decode would wait for it every time.
    library = ctypes.PyDLL(str(found))
    pointer, size = ctypes.c_void_p, ctypes.c_size_t
    library.ggml_get_name.restype, library.ggml_get_name.argtypes = ctypes.c_char_p, [pointer]
    library.ggml_nbytes.restype, library.ggml_nbytes.argtypes = size, [pointer]
    for function in (library.ggml_backend_tensor_get, library.ggml_backend_tensor_set):
        function.restype, function.argtypes = None, [pointer, pointer, size, size]
    return library
