"""Doing something as a user whom the modes of files bind, also where the tests run as root."""

import ctypes
import os
import sys
from collections.abc import Callable

import pytest

_CAPABILITIES_VERSION = 0x20080522  # linux/capability.h: _LINUX_CAPABILITY_VERSION_3


def without_privileges(action: Callable[[], object]) -> str:
    """Run `action` in a child process that is bound by the modes of files; return its result or error as text.

    The child keeps its user, so that it can still import what it needs from a checkout that is closed to others: root
    gives up only its capabilities, among them the right to pass over permissions.
    """
    if os.geteuid() == 0 and sys.platform != "linux":
        pytest.skip("root can be bound by the modes of files on Linux only; run the tests as another user")
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            if os.geteuid() == 0:
                _give_up_capabilities()
            said = str(action())
        except BaseException as error:
            said = f"{type(error).__name__}: {error}"
        os.write(writing, said.encode())
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as stream:
        said = stream.read()
    os.waitpid(child, 0)
    return said


def _give_up_capabilities() -> None:
    header = (ctypes.c_uint32 * 2)(_CAPABILITIES_VERSION, 0)
    none_of_them = (ctypes.c_uint32 * 6)()
    if ctypes.CDLL(None, use_errno=True).capset(header, none_of_them) != 0:
        raise OSError(ctypes.get_errno(), "capset failed")
