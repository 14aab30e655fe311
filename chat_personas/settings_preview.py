"""A preview of the settings for the first frame of the screen, before they are validated.

Validation needs pydantic, which takes longer than the frame may. A value of the wrong type is left out here, and
reported when `chat_personas.settings.load_settings` reads the file right after. Keys, theme and measure of the
validated settings then take the place of these.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from chat_personas.paths import settings_path

DEFAULTS: Mapping[str, Any] = {
    "persona": "democrat",
    "model": "pocket",
    "theme": None,
    "measure": True,
    "accessible": False,
    "keys": {},
}
_FALSE = frozenset({"0", "false", "f", "no", "n", "off"})


def glance() -> dict[str, Any]:
    """Return the settings of `DEFAULTS` as set by the environment or the file, or their defaults."""
    found = _read(settings_path())
    found |= {key: value for key in DEFAULTS if (value := _set_by_environment(key)) is not None}
    return {key: found[key] if _fits(found.get(key), default) else default for key, default in DEFAULTS.items()}


def is_accessible() -> bool:
    """Whether the person wants plain lines in place of screens, bars and spinners, as for a screen reader."""
    return bool(glance()["accessible"])


def _read(file: Path) -> dict[str, Any]:
    if not file.is_file():
        return {}
    import tomllib

    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}


def _set_by_environment(key: str) -> object:
    """Return the value of a variable; None for keys, whose JSON is left to the validated settings."""
    value = os.environ.get(f"CHAT_PERSONAS_{key.upper()}")
    if value is None or key == "keys":
        return None
    return value.lower() not in _FALSE if isinstance(DEFAULTS[key], bool) else value


def _fits(value: object, default: object) -> bool:
    """Whether a value has the type that its setting must have: text where the default is None."""
    if isinstance(default, dict):
        return isinstance(value, dict) and all(isinstance(bound, str) for bound in value.values())
    return isinstance(value, str if default is None else type(default))
