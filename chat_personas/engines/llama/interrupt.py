"""A flag that stops a running decode from another thread."""

import ctypes
import sys
from typing import Any


class Interrupted(Exception):  # noqa: N818 - a request to stop, not an error
    """The interrupt flag went up: whoever runs must leave the cache in order and give way."""


class InterruptFlag:
    """One byte that llama.cpp looks at between two operations of a decode.

    llama.cpp asks an abort callback a thousand times per decode. A callback in Python would have to wait for the
    interpreter lock each time, behind whatever the screen is doing. C's own `strlen` answers the same question
    without it: the length of a string of one byte is 0 while that byte is 0, and 1 (true) once it is not.
    """

    def __init__(self) -> None:
        self._byte = ctypes.create_string_buffer(2)

    def set(self) -> None:
        """Ask for a stop; safe from any thread."""
        self._byte[0] = b"\x01"

    def clear(self) -> None:
        """Take the request back."""
        self._byte[0] = b"\x00"

    def is_set(self) -> bool:
        """Whether a stop was asked for."""
        return self._byte[0] != b"\x00"

    def check(self) -> None:
        """Raise `Interrupted` if a stop was asked for."""
        if self.is_set():
            raise Interrupted

    def install(self, library: Any, context: Any) -> Any:
        """Make `context` obey this flag. The caller keeps the returned callback as long as the context lives."""
        if sys.platform == "win32":
            callback = library.ggml_abort_callback(lambda _data: self.is_set())
        else:
            callback = ctypes.cast(ctypes.CDLL(None).strlen, library.ggml_abort_callback)
        library.llama_set_abort_callback(context, callback, ctypes.c_void_p(ctypes.addressof(self._byte)))
        return callback
