"""The generated parts of docs/corpus.md: the keys of margins and of a description, from their models' docstrings."""

from chat_personas.studies.description import Description
from chat_personas.studies.sample import Margins
from scripts.docs.parts import DOCS, key_table, object_tables, renewed

PAGE = DOCS / "corpus.md"


def updated(page: str) -> str:
    """Return the page with the tables of keys renewed."""
    return renewed(renewed(page, "margins", key_table(Margins)), "description", object_tables(Description))
