"""Write the generated part of `report.md`: the keys of a report, from the docstrings of its models.

Run `python docs/write_report.py` after a change of the report.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

from pydantic import BaseModel

from eval.report import CalibratedScores, CalibrationFold, Difference, GroupName, Reference, Report, Score

PAGE = Path(__file__).with_name("report.md")
TITLES: dict[type[BaseModel], str] = {
    Report: "The document",
    Score: "A score",
    GroupName: "A group",
    Difference: "A difference",
    Reference: "A reference",
    CalibrationFold: "`calibration.folds`",
    CalibratedScores: "`calibration.scores`",
}


def main() -> None:
    """Bring the page up to date."""
    PAGE.write_text(updated(PAGE.read_text(encoding="utf-8")), encoding="utf-8")


def updated(page: str) -> str:
    """Return the page with the tables between `<!-- begin keys -->` and `<!-- end keys -->` renewed."""
    tables = "\n".join(["<!-- begin keys -->", *sections(), "<!-- end keys -->"])
    return re.sub("<!-- begin keys -->.*<!-- end keys -->", lambda _: tables, page, flags=re.DOTALL)


def sections() -> Iterator[str]:
    """Yield a section with a table for the document and for every object in it, each once."""
    waiting: list[tuple[str, type[BaseModel]]] = [("", Report)]
    done: set[type[BaseModel]] = set()
    while waiting:
        title, model = waiting.pop(0)
        if model in done:
            continue
        done.add(model)
        yield from (f"## {TITLES.get(model, title)}", "", model.__doc__ or "", "", "| key | meaning |", "| --- | --- |")
        for name, field in model.model_fields.items():
            key = field.alias or name
            yield f"| `{key}` | {' '.join((field.description or inherited(name)).split())} |"
            waiting += [(f"`{key}`", part) for part in objects_in(field.annotation)]
        yield ""


def inherited(name: str) -> str:
    """Return what a key of every group means."""
    return GroupName.model_fields[name].description or ""


def objects_in(annotation: object) -> Iterator[type[BaseModel]]:
    """Yield the models that a field's type mentions."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in get_args(annotation):
        yield from objects_in(part)


if __name__ == "__main__":
    main()
