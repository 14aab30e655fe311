"""The format of one line in a file of answers: what somebody or something answered to one survey question."""

import json
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import (
    BeforeValidator,
    Field,
    FiniteFloat,
    SerializerFunctionWrapHandler,
    ValidationError,
    WrapSerializer,
    field_validator,
)
from pydantic_core import ErrorDetails

from eval.errors import AnswerError
from personas import Group, clash
from personas.inputs.models import StrictModel, broken_rule
from personas.inputs.suggestions import shown, suggestion

_WANTED = {
    "missing": "is lacking; add it",
    "string_type": "must be text in double quotes",
    "float_type": "must be a number",
    "finite_number": "must be a finite number",
    "greater_than_equal": "must be 0 or more",
    "dict_type": "must be an object in braces",
    "model_type": "must be an object in braces",
    "tuple_type": 'must be {"attribute": ..., "value": ...} or a list of them',
    "json_invalid": "this is not JSON; write characters themselves, not halves of \\u escapes",
}


def _as_tuple(value: Any) -> Any:
    return (value,) if isinstance(value, dict) else tuple(value) if isinstance(value, list) else value


def _without_list(groups: Any, handler: SerializerFunctionWrapHandler) -> Any:
    written = handler(groups)
    return written[0] if len(written) == 1 else written


Mass = Annotated[FiniteFloat, Field(ge=0)]
Groups = Annotated[tuple[Group, ...], BeforeValidator(_as_tuple), WrapSerializer(_without_list)]


class AnswerLine(StrictModel):
    """One answer: the distribution over the options of one question, as one group would answer it.

    Raises:
        pydantic.ValidationError: a key is unknown or lacking, a mass is no probability, or groups cannot go together.
    """

    question: str
    """The question's id in the survey."""
    group: Groups
    """For whom: `{"attribute": A, "value": V}`, or a list of them for those who belong to all; `[]` is everyone."""
    distribution: dict[str, Mass]
    """The probability of each option, by its text as the survey has it; one left out has 0. Refusals may be here."""
    refusal: Mass = 0.0
    """The probability of refusing, as far as it does not stand in `distribution`; 0 when left out."""

    @field_validator("group")
    @classmethod
    def _hold_of_one_person(cls, groups: tuple[Group, ...]) -> tuple[Group, ...]:
        found = clash(groups)
        if found is not None:
            raise broken_rule(f"{found.problem}; keep one of them")
        return groups


def read_line(text: str) -> AnswerLine:
    """Return the answer that one line of JSON describes.

    Raises:
        AnswerError: it is no JSON, a key is there twice, or it is no answer; the message names the first fault.
    """
    _parse(text)
    try:
        return AnswerLine.model_validate_json(text)
    except ValidationError as error:
        errors = sorted(error.errors(include_url=False), key=lambda fault: fault["type"] != "extra_forbidden")
        raise AnswerError(_explain(errors[0])) from error  # an unknown key first: it is a known one, mistyped


def written(line: AnswerLine) -> str:
    """Return the line of a file that `read_line` reads as `line`, without its end."""
    return json.dumps(line.model_dump(), ensure_ascii=False)


def _explain(error: ErrorDetails) -> str:
    place = ", ".join(f"{part + 1}" if isinstance(part, int) else shown(part)[1:-1] for part in error["loc"])
    if error["type"] == "extra_forbidden":
        *parents, key = error["loc"]
        known = Group.model_fields if parents else AnswerLine.model_fields
        return f"there is no key {shown(key)}; {suggestion(str(key), known)}"
    if error["type"] == "model_type" and not error["loc"]:
        return 'this is no object in braces; write {"question": ..., "group": ..., "distribution": ...}'
    said = _WANTED.get(error["type"], error["msg"])
    return f"{place}: {said}" if place else said


def _parse(text: str) -> None:
    """Find what JSON itself forbids, or allows and must not be: the same key twice, and numbers that are none."""
    try:
        json.loads(text, object_pairs_hook=_object, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        problem = f"column {error.colno}: this is not JSON ({error.msg})"
        raise AnswerError(f"{problem}; write one object on each line") from error
    except RecursionError as error:
        raise AnswerError("objects are nested too deeply; an answer needs two levels") from error
    except ValueError as error:
        raise AnswerError("a number has too many digits; write it shorter") from error


def _object(pairs: list[tuple[str, Any]]) -> Mapping[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise AnswerError(f"the key {shown(key)} is there twice; keep one of them")
        found[key] = value
    return found


def _no_constant(name: str) -> Any:
    raise AnswerError(f"{name} is no number that JSON knows; write a finite one")
