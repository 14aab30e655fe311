"""The generated parts of docs/steering.md: the keys of a sweep, of a steering table and of an ablation."""

from collections.abc import Iterator

from pydantic import BaseModel

from chat_personas.steering.ablation import AblationReport, AblationSide
from chat_personas.steering.side_by_side import DirectionInfo, SteeringRow, SteeringTable
from chat_personas.steering.sweep import AntiSteerable, Cost, Step, Sweep, SweptDirection, SweptSurvey
from scripts.docs.parts import DOCS, attribute_docstrings, renewed

PAGE = DOCS / "steering.md"
OBJECTS: dict[str, dict[str, type[BaseModel]]] = {
    "sweep": {
        "The document": Sweep,
        "A step": Step,
        "`cost` and `unsteered_cost`": Cost,
        "`anti_steerable`": AntiSteerable,
        "`direction`": SweptDirection,
        "`survey`": SweptSurvey,
    },
    "table": {
        "The document": SteeringTable,
        "A row": SteeringRow,
        "`direction`": DirectionInfo,
    },
    "ablation": {"The document": AblationReport, "A side": AblationSide},
}


def updated(page: str) -> str:
    """Return the page with the tables of keys renewed."""
    for part, objects in OBJECTS.items():
        page = renewed(page, part, _tables(objects))
    return page


def _tables(objects: dict[str, type[BaseModel]]) -> Iterator[str]:
    for title, model in objects.items():
        yield from (f"{title}:", "", "| key | meaning |", "| --- | --- |")
        meanings = attribute_docstrings(model)
        for name, field in model.model_fields.items():
            yield f"| `{field.alias or name}` | {meanings[name]} |"
        yield ""
