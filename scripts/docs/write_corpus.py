"""The generated parts of docs/corpus.md: the keys of margins and of a description, from their models' docstrings."""

from collections.abc import Iterator

from pydantic import BaseModel

from chat_personas.studies.description import Description
from chat_personas.studies.sample import Margins
from scripts.docs.parts import DOCS, attribute_docstrings, key_table, models_in, renewed

PAGE = DOCS / "corpus.md"


def updated(page: str) -> str:
    """Return the page with the tables of keys renewed."""
    return renewed(renewed(page, "margins", key_table(Margins)), "description", _objects())


def _objects() -> Iterator[str]:
    """Yield a table for the document and for every object in it, each once."""
    waiting: list[tuple[str, type[BaseModel]]] = [("The document", Description)]
    done: set[type[BaseModel]] = set()
    while waiting:
        title, model = waiting.pop(0)
        if model in done:
            continue
        done.add(model)
        yield from (f"{title}:", "", "| key | meaning |", "| --- | --- |")
        meanings = attribute_docstrings(model)
        for name, field in model.model_fields.items():
            key = field.alias or name
            yield f"| `{key}` | {meanings[name]} |"
            waiting += [(f"`{key}`", part) for part in models_in(field.annotation)]
        yield ""
