"""Who is being simulated: personas, groups, and how a model is steered to them."""

from personas.catalogue import CATALOGUE, Attribute
from personas.errors import PersonaError
from personas.group import ALL_GROUPS, Group
from personas.library import library_names
from personas.persona import SCHEMA, STEERINGS, Persona, Steering, with_steering
from personas.prompts import steering_prompt, system_prompt

__all__ = [
    "ALL_GROUPS",
    "CATALOGUE",
    "SCHEMA",
    "STEERINGS",
    "Attribute",
    "Group",
    "Persona",
    "PersonaError",
    "Steering",
    "library_names",
    "steering_prompt",
    "system_prompt",
    "with_steering",
]
