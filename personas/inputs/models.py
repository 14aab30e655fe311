"""What all tables of a persona file have in common: nothing unknown, nothing converted, nothing unprintable."""

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict
from pydantic_core import PydanticCustomError


class StrictModel(BaseModel):
    """A table of a persona file. Unknown keys and values of another type are errors.

    The docstring of a field is its documentation for users.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


def broken_rule(problem: str, *key: str | int) -> PydanticCustomError:
    """Return the validation error for a rule of our own; `problem` says what is wrong and what to do.

    `key` is the path of the key to change, where that is another than the validated one.
    """
    return PydanticCustomError("persona_rule", "{problem}", {"problem": problem, "key": key})


def _is_line(text: str) -> str:
    if not text.strip():
        raise broken_rule("is empty; write at least one word")
    if not text.isprintable():
        raise broken_rule("has a line break or a control character; write it on one line of plain text")
    return text


def _is_prose(text: str) -> str:
    if not text.strip():
        raise broken_rule("is empty; write at least one word")
    if not text.replace("\n", "").replace("\t", "").isprintable():
        raise broken_rule("has a control character; write plain text")
    return text


Line = Annotated[str, AfterValidator(_is_line)]
"""Printable text on one line."""
Prose = Annotated[str, AfterValidator(_is_prose)]
"""Printable text that may have several lines."""
