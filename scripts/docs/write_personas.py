"""The generated parts of docs/personas.md: keys from the models' docstrings, groups and names from the library."""

from collections.abc import Iterator

from pydantic import BaseModel

from personas import CATALOGUE, Group, Persona, library_names, load_persona
from personas.persona import Ablation, Activation, FewShot, PersonaSampling, PromptOverride, Voice
from scripts.docs.parts import DOCS, attribute_docstrings, renewed

PAGE = DOCS / "personas.md"
TABLES: dict[str, type[BaseModel]] = {
    "": Persona,
    "[[groups]]": Group,
    "[voice]": Voice,
    "[prompt]": PromptOverride,
    "[sampling]": PersonaSampling,
    "[few_shot]": FewShot,
    "[[activation]]": Activation,
    "[[ablation]]": Ablation,
}


def updated(page: str) -> str:
    """Return the page with its keys, the names of the library and the catalogue of groups renewed."""
    for part, lines in {"keys": keys(), "library": library(), "groups": groups()}.items():
        page = renewed(page, part, lines)
    return page


def keys() -> Iterator[str]:
    """Yield a table with one row for each key of a persona file."""
    yield from ("| table | key | needed | meaning |", "| --- | --- | --- | --- |")
    tables = {table.strip("[]") for table in TABLES}
    for table, model in TABLES.items():
        meanings = attribute_docstrings(model)
        for name, field in model.model_fields.items():
            if model is Persona and name in tables:
                continue
            needed = "yes" if field.is_required() else ""
            yield f"| {f'`{table}`' if table else ''} | `{field.alias or name}` | {needed} | {meanings[name]} |"


def library() -> Iterator[str]:
    """Yield a table with the names in the library, by attribute."""
    yield from ("| attribute | personas |", "| --- | --- |")
    by_attribute: dict[str, list[str]] = {attribute.title: [] for attribute in CATALOGUE.values()}
    for name in library_names():
        titles = " and ".join(CATALOGUE[group.attribute].title for group in load_persona(name).persona.groups)
        by_attribute.setdefault(titles or "none", []).append(name)
    for titles, names in by_attribute.items():
        yield f"| {titles} | {', '.join(f'`{name}`' for name in names)} |"


def groups() -> Iterator[str]:
    """Yield a table with the attributes and values of the catalogue."""
    yield from ("| attribute | values |", "| --- | --- |")
    for attribute in CATALOGUE.values():
        yield f"| `{attribute.key}` | {', '.join(f'`{value}`' for value in attribute.values)} |"
