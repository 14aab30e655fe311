"""Who is being simulated: personas, groups, and how a model is steered to them.

The names below are the public Python API; docs/python.md shows how they are used. Each is imported when it is first
used: some need pydantic, which takes longer to import than the program takes to its first frame.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from personas.catalogue import CATALOGUE, OPEN_ATTRIBUTES, Attribute, attribute_of
    from personas.checking import Problem, check
    from personas.errors import PersonaError, ReportedError
    from personas.group import ALL_GROUPS, Group, clash
    from personas.loading import LoadedPersona, library_names, load_persona
    from personas.persona import (
        SCHEMA,
        STEERINGS,
        Persona,
        Steering,
        is_steered_inside,
        with_shots,
        with_steering,
    )
    from personas.prompts import evaluation_prompt, prompt_alone, steering_prompt, system_prompt
else:
    _MODULES = {
        "personas.catalogue": ("CATALOGUE", "OPEN_ATTRIBUTES", "Attribute", "attribute_of"),
        "personas.checking": ("Problem", "check"),
        "personas.errors": ("PersonaError", "ReportedError"),
        "personas.group": ("ALL_GROUPS", "Group", "clash"),
        "personas.loading": ("LoadedPersona", "library_names", "load_persona"),
        "personas.persona": (
            "SCHEMA",
            "STEERINGS",
            "Persona",
            "Steering",
            "is_steered_inside",
            "with_shots",
            "with_steering",
        ),
        "personas.prompts": ("evaluation_prompt", "prompt_alone", "steering_prompt", "system_prompt"),
    }
    _MODULE_OF = {name: module for module, names in _MODULES.items() for name in names}

    def __getattr__(name: str) -> object:
        """Import a public name when it is first used (PEP 562)."""
        if name not in _MODULE_OF:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        globals()[name] = found = getattr(import_module(_MODULE_OF[name]), name)
        return found


__all__ = [
    "ALL_GROUPS",
    "CATALOGUE",
    "OPEN_ATTRIBUTES",
    "SCHEMA",
    "STEERINGS",
    "Attribute",
    "Group",
    "LoadedPersona",
    "Persona",
    "PersonaError",
    "Problem",
    "ReportedError",
    "Steering",
    "attribute_of",
    "check",
    "clash",
    "evaluation_prompt",
    "is_steered_inside",
    "library_names",
    "load_persona",
    "prompt_alone",
    "steering_prompt",
    "system_prompt",
    "with_shots",
    "with_steering",
]


def __dir__() -> list[str]:
    """Return the public names, imported or not, for completion in a notebook."""
    return sorted({*globals(), *__all__})
