"""Write the generated parts of `personas.md`: keys from the models' docstrings, groups and names from the library.

Run `python docs/write_personas.py` after a change of the persona format, the catalogue or the library.
"""

import ast
import inspect
import re
import textwrap
from collections.abc import Iterator
from pathlib import Path

from pydantic import BaseModel

from personas import CATALOGUE, Group, Persona, library_names, load_persona
from personas.persona import Ablation, Activation, FewShot, PersonaSampling, PromptOverride, Voice

PAGE = Path(__file__).with_name("personas.md")
TABLES: dict[str, type[BaseModel]] = {
    "": Persona,
    "[[groups]]": Group,
    "[voice]": Voice,
    "[prompt]": PromptOverride,
    "[sampling]": PersonaSampling,
    "[few_shot]": FewShot,
    "[activation]": Activation,
    "[ablation]": Ablation,
}


def main() -> None:
    """Bring the page up to date."""
    PAGE.write_text(updated(PAGE.read_text(encoding="utf-8")), encoding="utf-8")


def updated(page: str) -> str:
    """Return the page with its generated parts, each between `<!-- begin X -->` and `<!-- end X -->`, renewed."""
    for part, lines in {"keys": keys(), "library": library(), "groups": groups()}.items():
        begin, end = f"<!-- begin {part} -->", f"<!-- end {part} -->"
        text = "\n".join([begin, *lines, end])
        page = re.sub(f"{begin}.*{end}", lambda _, text=text: text, page, flags=re.DOTALL)  # type: ignore[misc]
    return page


def keys() -> Iterator[str]:
    """Yield a table with one row for each key of a persona file."""
    yield from ("| table | key | needed | meaning |", "| --- | --- | --- | --- |")
    for table, model in TABLES.items():
        meanings = attribute_docstrings(model)
        for name, field in model.model_fields.items():
            if name in ("groups", *(each.strip("[]") for each in TABLES)):
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


def attribute_docstrings(model: type[BaseModel]) -> dict[str, str]:
    """Return the docstring below each field of a model, in one line."""
    (body,) = ast.parse(textwrap.dedent(inspect.getsource(model))).body
    assert isinstance(body, ast.ClassDef)
    found = {}
    for statement, following in zip(body.body, body.body[1:], strict=False):
        match statement, following:
            case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(text))):
                found[name] = " ".join(text.split())
    return found


if __name__ == "__main__":
    main()
