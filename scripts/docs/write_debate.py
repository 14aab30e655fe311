"""The generated part of docs/debate.md: the keys of the document, from its models' docstrings."""

from chat_personas.reporting.debate import DebateReport
from scripts.docs.parts import DOCS, object_tables, renewed

PAGE = DOCS / "debate.md"


def updated(page: str) -> str:
    """Return the page with the tables of keys renewed."""
    return renewed(page, "document", object_tables(DebateReport, elsewhere="eval"))
