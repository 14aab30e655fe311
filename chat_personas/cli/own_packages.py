"""Our packages `eval` and `personas` before any others of these names.

The names are common ones: a folder of the user's own that is on the module path, through `PYTHONPATH` or because the
program was started with `python -m`, must not be taken for them.
"""

import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from types import ModuleType

NAMES = frozenset({"eval", "personas"})
HOME = Path(__file__).parents[2]


class OwnPackages:
    """Finds the two packages beside `chat_personas`, wherever that was installed."""

    @staticmethod
    def find_spec(fullname: str, path: Sequence[str] | None, target: ModuleType | None = None) -> ModuleSpec | None:
        """Return where a package of ours is; None leaves every other module to Python."""
        return PathFinder.find_spec(fullname, [str(HOME)]) if fullname in NAMES else None


def prefer_own_packages() -> None:
    """Have the two found here, from now on. Call it before anything imports them."""
    sys.meta_path.insert(0, OwnPackages())
