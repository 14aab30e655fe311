"""The built-in model: a demonstration that makes the program work at once, offline; evidence about nobody."""

from pathlib import Path

POCKET = "pocket"


def pocket_path() -> Path:
    """Return where the built-in model lies: a GGUF file of the package, run like any other."""
    return Path(__file__).parent / "pocket.gguf"
