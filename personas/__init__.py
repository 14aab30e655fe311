"""Who is being simulated: personas, groups, and how a model is steered to them."""

from personas.catalogue import CATALOGUE, OPEN_ATTRIBUTES, Attribute, attribute_of
from personas.checking import Problem, check
from personas.errors import PersonaError
from personas.group import ALL_GROUPS, Group, clash
from personas.loading import LoadedPersona, library_names, load_persona
from personas.persona import SCHEMA, STEERINGS, Persona, Steering, with_shots, with_steering
from personas.prompts import evaluation_prompt, steering_prompt, system_prompt

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
