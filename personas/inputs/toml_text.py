"""TOML that people wrote: parsed into a model, with one clear line about the first fault.

Persona files and the settings have words of their own, see `personas.checking` and `chat_personas.settings`.
"""

import tomllib
from collections.abc import Callable, Mapping
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from personas.inputs.models import explain, faults
from personas.inputs.toml_positions import key_lines, line_of

Document = TypeVar("Document", bound=BaseModel)


def parse_toml(
    text: str,
    model: type[Document],
    error: Callable[[str], Exception],
    *,
    name: str,
    fixes: Mapping[str, str] | None = None,
) -> Document:
    """Return the document of `model` that a TOML text describes.

    `error` is the class of the errors, `name` what the text is called in them, as `display_name` gives it for a file.
    `fixes` replace what is usually said to do, by pydantic's type of error.

    Raises:
        Exception: an `error`: the text is not TOML, or has a fault; the message names the line of the first.
    """
    try:
        return model.model_validate(tomllib.loads(text))
    except ValidationError as fault:
        lines = key_lines(text)
        found = [(line_of((*each["loc"], *each.get("ctx", {}).get("key", ())), lines), each) for each in faults(fault)]
        (line, first), *others = sorted(found, key=lambda each: each[0])
        more = f" ({len(others)} more fault{'s' if len(others) > 1 else ''} in the file)" if others else ""
        raise error(f"{name}: line {line}: {explain(first, model, fixes=fixes)}{more}") from fault
    except (ValueError, RecursionError) as fault:
        advice = toml_advice(str(fault)) or "correct it"
        raise error(f"{name}: this is not valid TOML ({fault}); {advice}") from fault


UNCLOSED_TEXT = "end the text with the quotes it begins with"
"""What to do where a quotation mark is missing."""
_TOML_FIXES = {
    "too long": "write fewer digits",
    "Invalid value": "put text in double quotes",
    "Expected '=' after a key": "write key = value",
    "Unterminated string": UNCLOSED_TEXT,
    "Illegal character '\\n'": UNCLOSED_TEXT,
    'Expected "\'"': UNCLOSED_TEXT,
    "Unescaped '\\'": "write two backslashes for one",
    "Cannot overwrite a value": "remove one of the two lines with this key",
    "twice": "write the table once, with all its keys",
    "Expected newline or end of document": "begin a new line for each key, and put text in double quotes",
    "Unclosed array": "end the list with ]",
    "Expected ']": "end the name of the table with the brackets it begins with",
    "Invalid statement": "write key = value, or a table such as [voice]",
}


def toml_advice(fault: str) -> str | None:
    """Return what to do about what `tomllib` says, None where that is not known. It repeats nothing of the text."""
    return next((advice for part, advice in _TOML_FIXES.items() if part in fault), None)
