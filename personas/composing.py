"""Composing a persona on the spot from groups and a steering, and writing it as a persona file."""

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from personas.errors import PersonaError
from personas.group import Group, clash
from personas.inputs.suggestions import suggestion
from personas.loading import LoadedPersona
from personas.persona import OWN_NAME, OWN_PROMPT, SCHEMA, STEERINGS, Persona

DEFAULT_STEERING = "portray"
"""How a composed persona is steered where nobody says, as those of the library are."""

_LONGEST_NAME = 64
_BETWEEN = re.compile(r"(?:\s+and\s+|[,\s]+)(?=[A-Za-z][A-Za-z0-9_]*=)")
"""What stands between two groups. A value may hold a comma or a blank, but no `KEY=` follows one within it."""


def are_groups(text: str) -> bool:
    """Return whether a text is meant as groups, such as `POLPARTY=Democrat SEX=Female`, and not as a name or a path."""
    return re.match(r"[A-Za-z][A-Za-z0-9_]*=", text.strip()) is not None


def groups_in(text: str) -> tuple[Group, ...]:
    """Return the groups that are written one after the other, with a blank, a comma or `and` between them.

    Raises:
        PersonaError: one of them does not exist (the message names the nearest), or two exclude each other.
    """
    groups = tuple(Group.parse(part.strip()) for part in _BETWEEN.split(text.strip().rstrip(",")))
    if (found := clash(groups)) is not None:
        raise PersonaError(f"{found.problem}; leave one of them out")
    return groups


def composed(groups: Sequence[Group], steering: str = DEFAULT_STEERING) -> LoadedPersona:
    """Return the persona that stands for `groups` combined, as if it had been loaded from its file.

    `path` is the name that the file would have, and `sha256` is of the bytes that it would hold.

    Raises:
        PersonaError: no group is given, two exclude each other, or there is no such steering.
    """
    if not groups:
        raise PersonaError("a persona is composed of groups; give one, such as POLPARTY=Democrat")
    if steering not in STEERINGS:
        raise PersonaError(f"there is no steering {steering!r}; {suggestion(steering, STEERINGS)}")
    document = {
        "schema": SCHEMA,
        "name": composed_name(groups),
        "title": _listed([group.label for group in groups]),
        "steering": steering,
        "groups": [{"attribute": group.attribute, "value": group.value} for group in groups],
    }
    try:
        return as_loaded(Persona.model_validate(document))
    except ValidationError as error:
        raise PersonaError(error.errors()[0]["msg"]) from error


def composed_name(groups: Sequence[Group]) -> str:
    """Return a name for groups combined: their labels in small letters, joined by dashes."""
    words = re.sub(r"[^a-z0-9]+", "-", " ".join(group.label for group in groups).lower())
    return words[:_LONGEST_NAME].strip("-") or "composed"


def as_loaded(persona: Persona) -> LoadedPersona:
    """Return a persona that has no file yet as if it had been loaded from one."""
    content = as_toml(persona).encode()
    return LoadedPersona(persona, Path(f"{persona.name}.toml"), hashlib.sha256(content).hexdigest())


def with_own_prompt(loaded: LoadedPersona, text: str) -> LoadedPersona:
    """Return a persona like this one whose prompt in a conversation is `text`, word for word and nothing else.

    It has the same groups, directions and sampling, and a name and a title of its own. Its `[voice]` is left out:
    `text` stands in place of that, too. Directions in files are looked for where those of `loaded` are.

    Raises:
        PersonaError: there is nothing in `text`, or it cannot stand in a persona file.
    """
    before = loaded.persona
    if not text.strip():
        raise PersonaError('a prompt of your own needs text; for none at all choose the steering "none"')
    if before.prompt is not None and before.name.endswith(OWN_NAME):
        name, title = before.name, before.title
    else:
        name = before.name[: _LONGEST_NAME - len(OWN_NAME)].rstrip("-") + OWN_NAME
        title = f"{before.title} ({OWN_PROMPT})"
    own = {"name": name, "title": title, "voice": None, "prompt": {"system": text}}
    try:
        found = as_loaded(Persona.model_validate(before.model_dump(by_alias=True) | own))
    except ValidationError as error:
        raise PersonaError(f"your prompt: {error.errors()[0]['msg']}") from error
    return replace(found, path=loaded.path.with_name(found.path.name))


def as_toml(persona: Persona) -> str:
    """Return the persona file of a persona: it reads back as an equal one. Keys that are not set are left out."""
    document = persona.model_dump(mode="json", by_alias=True, exclude_none=True)
    tables = {key: value for key, value in document.items() if isinstance(value, dict | list) and value}
    parts = [_lines({key: value for key, value in document.items() if not isinstance(value, dict | list)})]
    for key, value in tables.items():
        header = f"[[{key}]]" if isinstance(value, list) else f"[{key}]"
        parts += [f"{header}\n{_lines(table)}" for table in (value if isinstance(value, list) else [value])]
    return "\n".join(parts)


def _lines(table: Mapping[str, Any]) -> str:
    # Each of these values is written in TOML as in JSON, but for DEL, which TOML wants escaped.
    values = {key: json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f") for key, value in table.items()}
    return "".join(f"{key} = {value}\n" for key, value in values.items())


def _listed(labels: Sequence[str]) -> str:
    *others, last = labels
    return f"{', '.join(others)} and {last}" if others else last
