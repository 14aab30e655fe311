"""Who is being simulated: personas, groups, and how a model is steered to them.

A name is imported when it is first used: `personas.errors` is needed before the first frame, pydantic is not.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from personas.catalogue import CATALOGUE, OPEN_ATTRIBUTES, Attribute, attribute_of
    from personas.checking import Problem, check
    from personas.errors import PersonaError, ReportedError
    from personas.group import ALL_GROUPS, Group, clash
    from personas.loading import LoadedPersona, library_names, load_persona
    from personas.persona import SCHEMA, STEERINGS, Persona, Steering, with_shots, with_steering
    from personas.prompts import evaluation_prompt, steering_prompt, system_prompt

_NAMES = {
    "catalogue": ("CATALOGUE", "OPEN_ATTRIBUTES", "Attribute", "attribute_of"),
    "checking": ("Problem", "check"),
    "errors": ("PersonaError", "ReportedError"),
    "group": ("ALL_GROUPS", "Group", "clash"),
    "loading": ("LoadedPersona", "library_names", "load_persona"),
    "persona": ("SCHEMA", "STEERINGS", "Persona", "Steering", "with_shots", "with_steering"),
    "prompts": ("evaluation_prompt", "steering_prompt", "system_prompt"),
}
_MODULE_OF = {name: module for module, names in _NAMES.items() for name in names}

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
    "library_names",
    "load_persona",
    "steering_prompt",
    "system_prompt",
    "with_shots",
    "with_steering",
]

if not TYPE_CHECKING:  # mypy would take every name for one of ours

    def __getattr__(name: str) -> object:
        if name not in _MODULE_OF:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        found = globals()[name] = getattr(import_module(f"{__name__}.{_MODULE_OF[name]}"), name)
        return found
