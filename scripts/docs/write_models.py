"""The generated parts of docs/models.md: the catalogue, and the keys of what `models discover` writes."""

from collections.abc import Iterator

from pydantic import BaseModel

from chat_personas.models.catalogue import HUB, catalogue
from chat_personas.models.found import Found, ModelInFiles, Problem
from chat_personas.models.servers import ModelOnServer
from chat_personas.reporting.models_found import in_bytes
from scripts.docs.parts import DOCS, attribute_docstrings, renewed

PAGE = DOCS / "models.md"
OBJECTS: dict[str, type[BaseModel]] = {
    "The document": Found,
    "`files`": ModelInFiles,
    "`servers`": ModelOnServer,
    "`problems`": Problem,
}


def updated(page: str) -> str:
    """Return the page with its generated parts renewed."""
    return renewed(renewed(page, "catalogue", _catalogue()), "found", _found())


def _catalogue() -> Iterator[str]:
    yield from ("| NAME | model | quantisation | size | licence | from |", "| --- | --- | --- | --- | --- | --- |")
    for entry in catalogue():
        kind = "" if entry.kind == "instruct" else ", base model"
        source = f"[{entry.repository}]({HUB}/{entry.repository})"
        about = f"{entry.title}{kind} | {entry.quantization} | {in_bytes(entry.size)} | {entry.licence} | {source}"
        yield f"| `{entry.name}` | {about} |"


def _found() -> Iterator[str]:
    for title, model in OBJECTS.items():
        yield from (f"{title}:", "")
        yield from _keys(model)
        yield ""


def _keys(model: type[BaseModel]) -> Iterator[str]:
    yield from ("| key | meaning |", "| --- | --- |")
    meanings = attribute_docstrings(model)
    for name, field in model.model_fields.items():
        yield f"| `{field.alias or name}` | {meanings[name]} |"
