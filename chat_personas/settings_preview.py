"""A first look at the settings for the first frame of the screen, before they are validated.

Validation needs pydantic, which costs more than the frame may. What is glanced at here is only shown; what acts is
read by `chat_personas.settings.load_settings` right after, and a wrong file is reported there.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from chat_personas.paths import settings_path

DEFAULTS: Mapping[str, Any] = {"persona": "democrat", "model": "pocket", "theme": None, "measure": True, "keys": {}}
NO = frozenset({"0", "false", "f", "no", "n", "off"})


def glance() -> dict[str, Any]:
    """Return persona, model, theme, measure and keys as set by the environment or the file, or their defaults."""
    found = _read(settings_path())
    found |= {key: value for key in DEFAULTS if (value := _set_by_environment(key)) is not None}
    return {key: found[key] if _fits(found.get(key), default) else default for key, default in DEFAULTS.items()}


def _read(file: Path) -> dict[str, Any]:
    if not file.is_file():
        return {}
    import tomllib

    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}


def _set_by_environment(key: str) -> object:
    value = os.environ.get(f"CHAT_PERSONAS_{key.upper()}")
    return value.lower() not in NO if value is not None and isinstance(DEFAULTS[key], bool) else value


def _fits(value: object, default: object) -> bool:
    return isinstance(value, str if default is None else type(default))
