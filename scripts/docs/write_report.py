"""The generated part of docs/report.md: the keys of a report, from the docstrings of its models."""

from collections.abc import Iterator

from pydantic import BaseModel

from eval.report import (
    CalibratedScores,
    CalibrationFold,
    Difference,
    GroupName,
    PairedScore,
    Reference,
    Report,
    Score,
)
from scripts.docs.parts import DOCS, objects_in, renewed

PAGE = DOCS / "report.md"
TITLES: dict[type[BaseModel], str] = {
    Report: "The document",
    Score: "A score",
    GroupName: "A group",
    Difference: "A difference",
    PairedScore: "A paired difference",
    Reference: "A reference",
    CalibrationFold: "`calibration.folds`",
    CalibratedScores: "`calibration.scores`",
}


def updated(page: str) -> str:
    """Return the page with the tables of all keys renewed."""
    return renewed(page, "keys", sections())


def sections() -> Iterator[str]:
    """Yield a section with a table for the document and for every object in it, each once."""
    for title, model in objects_in(Report):
        yield from (f"## {TITLES.get(model, title)}", "", model.__doc__ or "", "", "| key | meaning |", "| --- | --- |")
        for name, field in model.model_fields.items():
            yield f"| `{field.alias or name}` | {' '.join((field.description or inherited(name)).split())} |"
        yield ""


def inherited(name: str) -> str:
    """Return what a key of every group means."""
    return GroupName.model_fields[name].description or ""
