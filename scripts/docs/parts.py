"""What the writers share: where the pages are, their generated parts, and the docstrings of a model's fields."""

import ast
import inspect
import textwrap
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import get_args

from pydantic import BaseModel

DOCS = Path(__file__).parents[2] / "docs"


def renewed(page: str, part: str, lines: Iterable[str]) -> str:
    """Return `page` with `lines` in place of what is between `<!-- begin PART -->` and `<!-- end PART -->`.

    Raises:
        ValueError: The page does not have the part exactly once.
    """
    begin, end = f"<!-- begin {part} -->\n", f"<!-- end {part} -->"
    before, rest = page.split(begin)
    _, after = rest.split(end)
    return "".join([before, begin, *(f"{line}\n" for line in lines), end, after])


def key_table(model: type[BaseModel]) -> Iterator[str]:
    """Yield a Markdown table of the keys of an object in a file: name, whether it is needed, and meaning."""
    yield from ("| key | needed | meaning |", "| --- | --- | --- |")
    meanings = attribute_docstrings(model)
    for name, field in model.model_fields.items():
        needed = "yes" if field.is_required() else ""
        yield f"| `{field.alias or name}` | {needed} | {meanings[name]} |"


def objects_in(document: type[BaseModel]) -> Iterator[tuple[str, type[BaseModel]]]:
    """Yield a document and every object in it, each once, with the key under which it is found first.

    Objects of other packages, as of a report within, have a page of their own.
    """
    waiting: list[tuple[str, type[BaseModel]]] = [("", document)]
    done: set[type[BaseModel]] = set()
    package = document.__module__.partition(".")[0]
    while waiting:
        key, model = waiting.pop(0)
        if model in done or model.__module__.partition(".")[0] != package:
            continue
        done.add(model)
        yield key, model
        for name, field in model.model_fields.items():
            waiting += [(f"`{field.alias or name}`", part) for part in models_in(field.annotation)]


def object_tables(
    document: type[BaseModel], titles: Mapping[type[BaseModel], str] | None = None, elsewhere: str = ""
) -> Iterator[str]:
    """Yield a Markdown table of the keys of a document that is written, and of every object in it.

    An object is called by its key, unless `titles` has a name for it. Those of the package `elsewhere` are on another
    page, and left out.
    """
    for key, model in objects_in(document):
        if elsewhere and model.__module__.startswith(f"{elsewhere}."):
            continue
        title = (titles or {}).get(model, key or "The document")
        yield from (f"{title}:", "", "| key | meaning |", "| --- | --- |")
        meanings = attribute_docstrings(model)
        for name, field in model.model_fields.items():
            yield f"| `{field.alias or name}` | {meanings[name]} |"
        yield ""


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


def models_in(annotation: object) -> Iterator[type[BaseModel]]:
    """Yield the models that a field's type mentions."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in get_args(annotation):
        yield from models_in(part)
