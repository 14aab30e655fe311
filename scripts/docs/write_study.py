"""The generated part of docs/study.md: the keys of a study's table, from the docstrings of its models."""

from chat_personas.studies.outcome import StudyOutcome
from chat_personas.studies.understanding import Estimate
from scripts.docs.parts import DOCS, object_tables, renewed

PAGE = DOCS / "study.md"


def updated(page: str) -> str:
    """Return the page with the tables of keys renewed."""
    return renewed(page, "study-table", object_tables(StudyOutcome, {Estimate: "A value with its interval"}))
