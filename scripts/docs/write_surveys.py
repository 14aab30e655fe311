"""The generated parts of docs/surveys.md: keys from the models' docstrings, groups and questions from `civic`."""

from collections.abc import Iterator

from eval.importers.csv_table import Row
from eval.importers.respondent_spec import (
    AskedColumn,
    GroupColumn,
    GroupValue,
    RespondentsSpec,
    Scale,
    ScaleOption,
    ScaleRefusal,
)
from eval.importers.survey_mapping import MappedGroups, MappedOption, MappedQuestion, SurveyMapping
from eval.surveys.human_figures import groups_with_figures
from eval.surveys.loading import Option, Population, Question, Responses, Survey, load_survey
from scripts.docs.parts import DOCS, key_table, renewed

PAGE = DOCS / "surveys.md"
CIVIC = load_survey("civic").survey


def updated(page: str) -> str:
    """Return the page with the keys of a survey, and the groups and questions of the built-in one, renewed."""
    of_people = (RespondentsSpec, AskedColumn, Scale, ScaleOption, ScaleRefusal, GroupColumn, GroupValue)
    of_files = (SurveyMapping, MappedQuestion, MappedOption, MappedGroups)
    for model in (Survey, Population, Question, Option, Responses, Row, *of_people, *of_files):
        page = renewed(page, model.__name__, key_table(model))
    for part, lines in {"groups": groups(), "questions": questions()}.items():
        page = renewed(page, part, lines)
    return page


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
