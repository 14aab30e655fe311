"""The one door to llama.cpp's C interface: loading the library, hearing its log, and counting cores for its threads.

Nothing that llama.cpp logs reaches the terminal, which belongs to the screen: it goes to `logging`.
"""

import ctypes
import logging
import math
import os
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

from chat_personas.paths import path_named
from eval.engine import EnvironmentVariableError

logger = logging.getLogger("chat_personas.llama_cpp")
logger.addHandler(logging.NullHandler())  # without any other handler, logging would write warnings to the terminal

_CONTINUED = 5
_LEVELS = {1: logging.DEBUG, 2: logging.INFO, 3: logging.WARNING, 4: logging.ERROR}  # ggml.h; the binding lists others
_LIBRARY_PATH = "LLAMA_CPP_LIB_PATH"  # llama-cpp-python loads the library from there instead of its own
_SPINS = 300
"""How often a thread that waits looks again before it sleeps: some millionths of a second."""
_heard = threading.local()
_callback: Any = None


@cache
def native() -> Any:
    """Return llama-cpp-python's low-level module, loaded on first use, with its log routed to `logging`.

    It is untyped on purpose. This is C behind ctypes: an id or a size out of range ends the process. So every call goes
    through a typed method of this package that checks them first.

    Raises:
        EnvironmentVariableError: the environment names another library, which cannot be used.
    """
    # OpenMP's threads wait for each other at every operation. Spinning for long burns the very time they wait for where
    # another program wants the core; sleeping at once costs a waking each time, which an idle machine need not pay. So
    # they spin for a moment. Only GNU's OpenMP knows the count; others sleep.
    if not any(name in os.environ for name in ("GOMP_SPINCOUNT", "OMP_WAIT_POLICY")):
        os.environ |= {"GOMP_SPINCOUNT": str(_SPINS), "OMP_WAIT_POLICY": "passive"}
    with _without_diskcache():
        try:
            import llama_cpp.llama_cpp as library
        except (OSError, RuntimeError, AttributeError) as error:  # not there, not loaded, or without a function
            if _LIBRARY_PATH not in os.environ:
                raise
            raise EnvironmentVariableError(
                f"{_LIBRARY_PATH} in the environment names a directory without a usable llama.cpp; unset or correct it"
            ) from error

    _route_log(library)
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


def _route_log(library: Any) -> None:
    """Send the library's log lines to `logging`, from now until the process ends."""
    global _callback
    if _callback is None:  # keep a reference: ctypes would free the callback while the library still calls it
        _callback = library.llama_log_callback(_receive)
        library.llama_log_set(_callback, ctypes.c_void_p(0))


def _receive(level: int, text: bytes | None, _data: object) -> None:
    """Log one message, home paths shortened to `~`. An exception must not get out: C could not pass it on.

    What llama.cpp calls an error while this thread was asked to stop is no error, and is logged as information.
    """
    if level == _CONTINUED or text is None:
        return
    severity = _LEVELS.get(level, logging.DEBUG)
    if severity > logging.INFO and _stop_was_asked():
        severity = logging.INFO
    errors = getattr(_heard, "errors", None)
    if errors is None and not logger.isEnabledFor(severity):
        return
    line = text.decode("utf-8", "replace").rstrip().replace(str(path_named("~")), "~")
    if errors is not None and severity >= logging.ERROR:
        errors.append(line)
    logger.log(severity, "%s", line)


def stops_when(stop_asked: Callable[[], bool]) -> None:
    """Note what stops native calls of this thread from now on: one that ends while `stop_asked` has not failed."""
    _heard.stop_asked = stop_asked


def _stop_was_asked() -> bool:
    stop_asked: Callable[[], bool] | None = getattr(_heard, "stop_asked", None)
    return stop_asked is not None and stop_asked()


@contextmanager
def native_errors() -> Iterator[list[str]]:
    """Collect the error lines that native calls of this thread log, to say why one of them failed."""
    errors: list[str] = []
    _heard.errors = errors
    try:
        yield errors
    finally:
        _heard.errors = None


def physical_cores() -> int:
    """Return how many cores this process may use, at least 1.

    Hyper-threads count once, and a container's quota is respected. llama.cpp's threads wait for each other at every
    operation, so one more than there are cores slows all of them down.
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
    """Return the cores that a control group (version 2) grants, rounded up; all there are without a limit."""
    try:
        granted, period = Path("/sys/fs/cgroup/cpu.max").read_text().split()
    except (OSError, ValueError):
        return os.cpu_count() or 1
    return os.cpu_count() or 1 if granted == "max" else math.ceil(int(granted) / int(period))


def processor_features() -> str:
    """Return the features of the processor that llama.cpp's kernels use, such as "SSE3 AVX AVX2 FMA".

    Kernels for other features add in another order, so that a quantised model answers a little differently.
    """
    system = native().llama_print_system_info().decode("utf-8", "replace")
    on = (entry.rpartition(":")[2].partition("=")[0].strip() for entry in system.split("|") if entry.endswith("= 1 "))
    return " ".join(on) or "unknown"
