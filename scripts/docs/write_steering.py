"""The generated part of docs/steering.md: the keys of a steering table, from the docstrings of its models."""

from collections.abc import Iterator

from pydantic import BaseModel

from chat_personas.steering.side_by_side import DirectionInfo, SteeringRow, SteeringTable
from chat_personas.steering.sweep import Cost
from scripts.docs.parts import DOCS, attribute_docstrings, renewed

PAGE = DOCS / "steering.md"
OBJECTS: dict[str, type[BaseModel]] = {
    "The document": SteeringTable,
    "A row": SteeringRow,
    "`cost`": Cost,
    "`direction`": DirectionInfo,
}


def updated(page: str) -> str:
    """Return the page with the tables of keys renewed."""
    return renewed(page, "table", _tables())


def _tables() -> Iterator[str]:
    yield "`persona`, `model`, `survey`, `verdict`, `scores` and differences are as in a [report](report.md)."
    yield ""
    for title, model in OBJECTS.items():
        yield from (f"{title}:", "", "| key | meaning |", "| --- | --- |")
        meanings = attribute_docstrings(model)
        for name, field in model.model_fields.items():
            yield f"| `{field.alias or name}` | {meanings[name]} |"
        yield ""
