"""How many threads a decode should use."""

import math
import os
from pathlib import Path


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
