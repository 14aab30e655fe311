"""The one door to llama.cpp's C interface."""

import os
from functools import cache
from typing import Any

from chat_personas.engines.llama.native_log import route_native_log


@cache
def native() -> Any:
    """Return llama-cpp-python's low-level module, loaded on first use and with its log routed.

    Untyped on purpose: it is C behind ctypes, and every call is wrapped by a typed method of this package that checks
    sizes and ids first, since what C does not check ends the process.
    """
    # OpenMP's threads spin at every operation while they wait for each other, and on a busy machine burn the very time
    # they wait for: 3 to 11 tokens a second where sleeping threads reach 85 to 300 (built-in model, two busy cores).
    if "GOMP_SPINCOUNT" not in os.environ:
        os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    import llama_cpp.llama_cpp as library

    route_native_log(library)
    library.llama_backend_init()
    return library
