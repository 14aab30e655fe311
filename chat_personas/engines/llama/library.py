"""The one door to llama.cpp's C interface."""

from functools import cache
from typing import Any

from chat_personas.engines.llama.native_log import route_native_log


@cache
def native() -> Any:
    """Return llama-cpp-python's low-level module, loaded on first use and with its log routed.

    Untyped on purpose: it is C behind ctypes, and every call is wrapped by a typed method of this package that checks
    sizes and ids first, since what C does not check ends the process.
    """
    import llama_cpp.llama_cpp as library

    route_native_log(library)
    library.llama_backend_init()
    return library
