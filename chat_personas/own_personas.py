"""The personas that this user has, by name: those of the library, and the user's own, which are saved here.

A persona can also be composed on the spot: `POLPARTY=Democrat SEX=Female` in place of a name.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from chat_personas.paths import UnwritableError, cannot_write, make_private, personas_directory
from personas.errors import PersonaError

if TYPE_CHECKING:
    from eval.surveys.model import Survey
    from personas import LoadedPersona, Persona

BY_PROMPT = ("portray", "bio", "qa", "none")
"""The steerings under which one persona can stand beside itself."""


BUILT_IN = "civic"
"""The survey that comes with the program."""
TALK_ONLY = "talk only"
"""What is said of a persona for whose groups the built-in survey has no figures."""


class PersonaExistsError(PersonaError):
    """The user has a persona of that name already."""


def find_persona(name_or_path: str | Path) -> "LoadedPersona":
    """Return a persona of the library, one of the user's own, the one in a file, or one composed of groups.

    Raises:
        PersonaError: there is no such persona, file or group, or the file has a problem.
    """
    from personas.loading import load_persona

    if isinstance(name_or_path, str) and is_composed(name_or_path):
        from personas.composing import composed, groups_in

        return composed(groups_in(name_or_path))
    return load_persona(name_or_path, (personas_directory(),))


def with_its_file(persona: "Persona", load: Callable[[str], "LoadedPersona"]) -> "LoadedPersona":
    """Return the persona of a conversation with its file; one that has no file by now, or another one, as it is.

    `load` reads a persona by its name. Raises PersonaError where the directions of the persona may lie beside a file
    that is gone.
    """
    from personas import is_steered_inside
    from personas.composing import as_loaded

    try:
        found = load(persona.name)
    except PersonaError:
        if is_steered_inside(persona):
            raise
        return as_loaded(persona)
    return found if found.persona == persona or is_steered_inside(persona) else as_loaded(persona)


def persona_file(name_or_path: str | Path) -> Path:
    """Return the file that `find_persona` reads; it need not exist, as for a composed persona. Raises PersonaError."""
    from personas.loading import persona_path

    if isinstance(name_or_path, str) and is_composed(name_or_path):
        return find_persona(name_or_path).path
    return persona_path(name_or_path, (personas_directory(),))


def is_composed(text: str) -> bool:
    """Whether a text is groups; a file that is called so comes first."""
    from personas.composing import are_groups
    from personas.inputs.files import path_exists

    return are_groups(text) and not path_exists(text)


def all_persona_names() -> tuple[str, ...]:
    """Return the names of the personas of the library and of the user's own, in alphabetical order."""
    from personas.loading import library_names

    return library_names((personas_directory(),))


def readable_personas() -> Iterator[tuple[str, "LoadedPersona"]]:
    """Yield the personas of the library and the user's own by name, but for files with a problem.

    `personas list` and the picker name those.
    """
    for name in all_persona_names():
        with suppress(PersonaError):
            yield name, find_persona(name)


def other_steerings(persona: "LoadedPersona") -> Iterator[tuple[str, "LoadedPersona"]]:
    """Yield a persona under the prompts that it is not steered by, each with its line; nothing without a group."""
    from eval.evaluation import steered_as

    for steering in BY_PROMPT if persona.persona.groups else ():
        if steering != persona.persona.steering:
            steered = steered_as(persona, steering)
            yield f"{steered.persona.title}, steered by {steering}", steered


def other_personas(persona: "LoadedPersona") -> Iterator[tuple[str, "LoadedPersona"]]:
    """Yield the readable personas but this one, each with its line, those of the same attribute first."""
    for name, loaded in beside(persona.persona, readable_personas()):
        if loaded.persona.name != persona.persona.name:
            yield line_of(name, loaded.persona), loaded


def beside(persona: "Persona", found: Iterable[tuple[str, "LoadedPersona"]]) -> list[tuple[str, "LoadedPersona"]]:
    """Return personas in the order in which they are offered beside another one.

    First come those of its attribute, then the other attributes in the order of the catalogue, each with its values in
    theirs; then those of several groups, or of none.
    """
    from personas.catalogue import CATALOGUE

    attributes = list(CATALOGUE)
    own = {group.attribute for group in persona.groups}

    def place(one: tuple[str, "LoadedPersona"]) -> tuple[bool, int, int, str]:
        groups = one[1].persona.groups
        if len(groups) != 1 or groups[0].attribute not in CATALOGUE:
            return True, len(attributes) + (not groups), 0, one[0]
        (group,) = groups
        values = CATALOGUE[group.attribute].values
        at = values.index(group.value) if group.value in values else len(values)
        return group.attribute not in own, attributes.index(group.attribute), at, one[0]

    return sorted(found, key=place)


def line_of(name: str, persona: "Persona") -> str:
    """Return the line of a list for a persona: `A Republican (republican) · party`.

    It says, too, where the built-in survey has no figures for its groups.
    """
    from eval.surveys.human_figures import has_figures
    from personas.catalogue import CATALOGUE

    titles = [CATALOGUE[group.attribute].title.casefold() for group in persona.groups if group.attribute in CATALOGUE]
    talk_only = [] if has_figures(built_in_survey(), persona.groups) else [TALK_ONLY]
    return " · ".join([f"{persona.title} ({name})", *filter(None, [" and ".join(titles)]), *talk_only])


@cache
def built_in_survey() -> "Survey":
    """Return the survey that comes with the program, read once: lists ask for it with every line and every key."""
    from eval.surveys.loading import load_survey

    return load_survey(BUILT_IN).survey


def own_persona_names() -> tuple[str, ...]:
    """Return the names of the user's own personas, without those that the library has, too."""
    from personas.loading import library_names

    return tuple(name for name in all_persona_names() if name not in library_names())


def save_persona(persona: "Persona", name: str, *, replace: bool = False) -> "LoadedPersona":
    """Write a persona into the user's data directory under `name`, for its owner only (0600), and return it read back.

    Raises:
        PersonaExistsError: the user has one of that name, and `replace` is false.
        PersonaError: no persona can be called so, the library has one of that name, or this one names a direction by a
            file, which lies beside the persona's own file.
        UnwritableError: the disk is full or cannot be written.
    """
    from chat_personas.storage.files import atomic_write
    from personas.checking import examine
    from personas.composing import as_toml
    from personas.inputs.suggestions import quoted

    renamed = _called(persona, name)
    content = as_toml(renamed)
    if examine(content) != renamed:
        raise PersonaError(f"{persona.name} cannot be written as a persona file; copy its own file")
    directory = personas_directory()
    file = directory / f"{name}.toml"
    if file.exists() and not replace:
        raise PersonaExistsError(f"you have a persona {quoted(name)} already; choose another name, or replace it")
    try:
        make_private(directory)
        with atomic_write(file) as stream:
            stream.write(content.encode())
    except OSError as error:
        raise UnwritableError(cannot_write(directory, error.strerror)) from error
    return find_persona(file)


def _called(persona: "Persona", name: str) -> "Persona":
    """Return a persona under another name. Raises PersonaError where it cannot be saved under it."""
    from pydantic import ValidationError

    from personas.inputs.suggestions import quoted
    from personas.loading import library_names
    from personas.persona import Persona

    if name in library_names():
        raise PersonaError(f"{quoted(name)} is a persona of the library; choose another name")
    directions = [one.direction for one in persona.activation] + [one.direction for one in persona.ablation]
    if any("/" in direction or direction.endswith(".gguf") for direction in directions):
        raise PersonaError(f"{persona.name} names a direction by a file; copy the persona file and leave it beside it")
    try:
        return Persona.model_validate(persona.model_dump(by_alias=True) | {"name": name})
    except ValidationError as error:
        raise PersonaError(
            f"no persona can be called {quoted(name)}; use letters, digits and dashes, at most 64"
        ) from error
