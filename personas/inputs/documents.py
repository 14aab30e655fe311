"""Which of our documents a JSON text is: for whoever gave a report where a survey is read, or a matrix for a report."""

import json
from typing import Any

_OURS = {
    "eval-report": "a report",
    "eval-reports": "a report",
    "matrix": "a matrix",
    "comparison": "a comparison",
    "survey": "a survey",
    "models-found": "a list of models",
}
"""Documents by the name of their schema, without the version."""
JSON = "a JSON document"


def known_document(document: Any) -> str | None:
    """Return what a document is by its schema: "a survey"; None if it is none of ours."""
    schema = document.get("schema") if isinstance(document, dict) else None
    if not isinstance(schema, str):
        return None
    program, _, rest = schema.partition("/")
    return _OURS.get(rest.partition("@")[0]) if program == "chat-personas" else None


def json_document(text: str) -> str | None:
    """Return what a text is if it is one JSON object or list: one of our documents, or JSON; None if it is not JSON."""
    if not text.lstrip().startswith(("{", "[")):
        return None
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return known_document(document) or JSON
