"""Where the built-in model lies: a demonstration that works offline and says nothing about real people."""

from pathlib import Path

POCKET = "pocket"


def pocket_path() -> Path:
    """Return the file of the built-in model, which is opened like any other GGUF file."""
    return Path(__file__).parent / "pocket.gguf"
