"""Write the generated parts of `surveys.md`: keys from the models' docstrings, groups and questions from `civic`.

Run `python docs/write_surveys.py` after a change of the survey format or of the built-in survey.
"""

import re
from collections.abc import Iterator
from pathlib import Path

from pydantic import BaseModel
from write_personas import attribute_docstrings

from eval.importers.csv_table import Row
from eval.surveys.figures import groups_with_figures
from eval.surveys.loading import Option, Population, Question, Responses, Survey, load_survey

PAGE = Path(__file__).with_name("surveys.md")
CIVIC = load_survey("civic").survey


def main() -> None:
    """Bring the page up to date."""
    PAGE.write_text(updated(PAGE.read_text(encoding="utf-8")), encoding="utf-8")


def updated(page: str) -> str:
    """Return the page with its generated parts, each between `<!-- begin X -->` and `<!-- end X -->`, renewed."""
    parts = {model.__name__: keys(model) for model in (Survey, Population, Question, Option, Responses, Row)}
    for name, rows in {**parts, "groups": groups(), "questions": questions()}.items():
        before, rest = page.split(f"<!-- begin {name} -->\n")
        after = re.sub(f".*(?=<!-- end {name} -->)", "", rest, flags=re.DOTALL)
        page = "".join([before, f"<!-- begin {name} -->\n", *(f"{row}\n" for row in rows), after])
    return page


def keys(model: type[BaseModel]) -> Iterator[str]:
    """Yield a table with one row for each key of an object of the file."""
    yield from ("| key | needed | meaning |", "| --- | --- | --- |")
    meanings = attribute_docstrings(model)
    for name, field in model.model_fields.items():
        needed = "yes" if field.is_required() else ""
        yield f"| `{field.alias or name}` | {needed} | {meanings[name]} |"


def groups() -> Iterator[str]:
    """Yield a table with the groups that have figures, by attribute."""
    yield from ("| attribute | values |", "| --- | --- |")
    by_attribute: dict[str, list[str]] = {}
    for group in groups_with_figures(CIVIC):
        by_attribute.setdefault(group.attribute, []).append(f"`{group.value}`")
    for attribute, values in by_attribute.items():
        yield f"| `{attribute}` | {', '.join(values)} |"


def questions() -> Iterator[str]:
    """Yield a table with the questions by topic; those with figures for pairs are marked."""
    yield from ("| topic | questions |", "| --- | --- |")
    for topic in CIVIC.topics:
        about = [question for question in CIVIC.questions if topic in question.topics]
        names = (f"`{each.id}`{'*' if any(' x ' in key for key in each.responses) else ''}" for each in about)
        yield f"| {topic} | {', '.join(names)} |"


if __name__ == "__main__":
    main()
