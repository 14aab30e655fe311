"""What the figures were measured on."""

import importlib.metadata
import os
import platform
from pathlib import Path

from chat_personas.engines.llama.bindings import physical_cores

PACKAGES = ("llama-cpp-python", "textual", "openai", "numpy")


def describe_machine() -> dict[str, str]:
    """Return processor, cores, memory, system, Python and the packages that matter, and how busy the machine was."""
    versions = [f"{package} {importlib.metadata.version(package)}" for package in PACKAGES]
    return {
        "processor": _listed("/proc/cpuinfo", "model name") or platform.processor() or platform.machine(),
        "cores": str(physical_cores()),
        "memory": _memory(),
        "system": f"{platform.system()} {platform.release().split('-')[0]}",
        "python": platform.python_version(),
        "packages": ", ".join(versions),
        "load": f"{os.getloadavg()[0]:.1f} at the start",
    }


def _memory() -> str:
    kibibytes = _listed("/proc/meminfo", "MemTotal").partition(" ")[0]
    return f"{int(kibibytes) / 2**20:.0f} GiB" if kibibytes else "unknown"


def _listed(file: str, key: str) -> str:
    """Return what stands behind `key` in one of Linux's tables; empty elsewhere."""
    try:
        lines = Path(file).read_text(encoding="utf-8").splitlines()
    except OSError:
        return ""
    found = (line.partition(":")[2].strip() for line in lines if line.startswith(key))
    return next(found, "")
