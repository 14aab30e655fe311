"""The generated part of docs/answers.md: the keys of an answer, from the docstring of its model."""

from eval.answer_files import AnswerLine
from scripts.docs.parts import DOCS, key_table, renewed

PAGE = DOCS / "answers.md"


def updated(page: str) -> str:
    """Return the page with its table of keys renewed."""
    return renewed(page, "keys", key_table(AnswerLine))
