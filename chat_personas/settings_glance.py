"""A first look at the settings for the first frame of the screen, before they are validated.

Validation needs pydantic, which costs more than the frame may. What is glanced at here is only shown; what acts is
read by `chat_personas.config.load_settings` right after, and a wrong file is reported there.
"""

import os
import tomllib
from collections.abc import Mapping
from typing import Any

from chat_personas.paths import settings_path

DEFAULTS: Mapping[str, Any] = {"persona": "democrat", "model": "pocket", "theme": None, "keys": {}}


def glance() -> dict[str, Any]:
    """Return persona, model, theme and keys as set by the environment or the file, or their defaults."""
    try:
        found = tomllib.loads(settings_path().read_text(encoding="utf-8"))
    except (OSError, ValueError):
        found = {}
    environment = {key: os.environ.get(f"CHAT_PERSONAS_{key.upper()}") for key in ("persona", "model", "theme")}
    seen = {key: environment.get(key) or found.get(key, default) for key, default in DEFAULTS.items()}
    return {
        key: value if isinstance(value, type(DEFAULTS[key]) | str) else DEFAULTS[key] for key, value in seen.items()
    }
