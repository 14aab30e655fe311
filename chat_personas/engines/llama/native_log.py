"""What llama.cpp has to say goes to `logging`; nothing of it reaches the terminal, which belongs to the screen."""

import ctypes
import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
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
