"""The one door to llama.cpp's C interface.

What llama.cpp has to say goes to `logging`; nothing of it reaches the terminal, which belongs to the screen.

How many threads a decode should use.
"""

import ctypes
import logging
import math
import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

logger = logging.getLogger("chat_personas.llama_cpp")
logger.addHandler(logging.NullHandler())  # without any other handler, logging would write warnings to the terminal

_CONTINUED = 5
_LEVELS = {1: logging.DEBUG, 2: logging.INFO, 3: logging.WARNING, 4: logging.ERROR}  # ggml.h; the binding lists others
_heard = threading.local()
_callback: Any = None


def route_native_log(library: Any) -> None:
    """Send the library's log lines to `logging`, from now until the process ends. Home paths are shortened to `~`."""
    global _callback
    if _callback is None:
        _callback = library.llama_log_callback(_receive)
        library.llama_log_set(_callback, ctypes.c_void_p(0))


@contextmanager
def heard_errors() -> Iterator[list[str]]:
    """Collect the error lines that native calls of this thread log, to say why one of them failed."""
    errors: list[str] = []
    _heard.errors = errors
    try:
        yield errors
    finally:
        _heard.errors = None


def _receive(level: int, text: bytes | None, _data: object) -> None:
    """Take one message; an exception must not travel into the library, which could not pass it on."""
    if level == _CONTINUED or text is None:
        return
    severity = _LEVELS.get(level, logging.DEBUG)
    errors = getattr(_heard, "errors", None)
    if errors is None and not logger.isEnabledFor(severity):
        return
    line = text.decode("utf-8", "replace").rstrip().replace(str(Path.home()), "~")
    if errors is not None and severity >= logging.ERROR:
        errors.append(line)
    logger.log(severity, "%s", line)


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
    with _without_diskcache():
        import llama_cpp.llama_cpp as library

    route_native_log(library)
    library.llama_backend_init()
    return library


@contextmanager
def _without_diskcache() -> Iterator[None]:
    """Let `import diskcache` find an empty module within the block, unless the program has loaded the real one.

    llama-cpp-python imports diskcache for a cache that is not used here, and diskcache unpickles whatever it finds in
    its files, which runs any code that somebody put there (CVE-2025-69872). So it is never loaded.
    """
    if "diskcache" in sys.modules:
        yield
        return
    placeholder = sys.modules["diskcache"] = ModuleType("diskcache")
    try:
        yield
    finally:
        if sys.modules.get("diskcache") is placeholder:
            del sys.modules["diskcache"]


def physical_cores() -> int:
    """Return the cores this process may use, hyper-threads counted once and a container's quota respected; at least 1.

    llama.cpp's threads wait for each other at every operation, so one more than there are cores slows all of them down.
    """
    allowed = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else set(range(os.cpu_count() or 1))
    cores = {_siblings(number) for number in allowed}
    return max(1, min(len(cores), _quota()))


def _siblings(number: int) -> str:
    """Name the physical core of a logical one: Linux lists those that share it; elsewhere each counts for itself."""
    path = Path(f"/sys/devices/system/cpu/cpu{number}/topology/thread_siblings_list")
    try:
        return path.read_text().strip()
    except OSError:
        return str(number)


def _quota() -> int:
    """Return the cores that a control group grants (its version 2), rounded up."""
    try:
        granted, period = Path("/sys/fs/cgroup/cpu.max").read_text().split()
    except (OSError, ValueError):
        return os.cpu_count() or 1
    return os.cpu_count() or 1 if granted == "max" else math.ceil(int(granted) / int(period))
