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
        raise error(f"{name}: this is not valid TOML ({fault}); correct it") from fault
