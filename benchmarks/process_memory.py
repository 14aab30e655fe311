"""How much memory a process takes, and how much the embedded model needs by llama.cpp's own account."""

import logging
import re
import subprocess
from pathlib import Path

MEBIBYTE = 2**20
_BUFFER = re.compile(r"\s(?P<kind>KV|compute|output) buffer size =\s+(?P<size>[\d.]+) MiB")


def resident(pid: int) -> float:
    """Return the MiB that process `pid` holds: its proportional share (PSS) on Linux, else what is resident (RSS)."""
    rollup = Path(f"/proc/{pid}/smaps_rollup")
    if rollup.exists():
        found = re.search(r"^Pss:\s+(\d+) kB", rollup.read_text(encoding="ascii"), re.MULTILINE)
        assert found is not None
        return int(found[1]) / 1024
    said = subprocess.run(["ps", "-o", "rss=", "-p", str(pid)], capture_output=True, text=True, check=True)
    return int(said.stdout) / 1024


def peak(pid: int) -> float:
    """Return the most MiB that process `pid` has ever held resident; Linux only, where the kernel keeps it."""
    found = re.search(r"^VmHWM:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text(encoding="ascii"), re.MULTILINE)
    assert found is not None
    return int(found[1]) / 1024


class _Sizes(logging.Handler):
    def __init__(self) -> None:
        super().__init__()
        self.found: dict[str, float] = {}

    def emit(self, record: logging.LogRecord) -> None:
        if match := _BUFFER.search(record.getMessage()):
            self.found[match["kind"]] = float(match["size"])


def model_needs(model: Path) -> dict[str, float]:
    """Return the MiB of the model file, and of cache, compute and output buffers as llama.cpp logs them."""
    from chat_personas.engines.llama.bindings import logger
    from chat_personas.engines.llama.runtime import Options, load_runtime
    from chat_personas.engines.llama.worker import InterruptFlag

    sizes, level = _Sizes(), logger.level
    logger.addHandler(sizes)
    logger.setLevel(logging.INFO)
    try:
        load_runtime(model, Options(), InterruptFlag()).close()
    finally:
        logger.removeHandler(sizes)
        logger.setLevel(level)
    if sizes.found.keys() != {"KV", "compute", "output"}:
        raise RuntimeError(f"llama.cpp said how large {', '.join(sizes.found) or 'nothing'} is, not all that is needed")
    return {"file": model.stat().st_size / MEBIBYTE, **sizes.found}
