"""Models of what people write, and one line about what is wrong with it: the place, the value found, and the fix.

Documents are pydantic models. What pydantic says about a fault is for programmers; `explain` says it to whoever wrote
the file, in the words of JSON. Persona files are TOML and have words of their own, see `personas.checking`.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Annotated, Any, Literal, get_args, get_origin

from pydantic import AfterValidator, BaseModel, ConfigDict, ValidationError
from pydantic_core import ErrorDetails, PydanticCustomError

from personas.inputs.suggestions import nearest, one_of, quoted, suggestion

Place = tuple[str | int, ...]
"""Keys and positions in lists from the top of a document: `("groups", 1, "value")`."""


class StrictModel(BaseModel):
    """A part of a document. Unknown keys and values of another type are errors.

    The docstring of a field is its documentation for users.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


def broken_rule(problem: str, *key: str | int) -> PydanticCustomError:
    """Return the validation error for a rule of our own; `problem` says what is wrong and what to do.

    `key` is the path of the key to change, where that is another than the validated one: from the object that is
    validated, in a persona file from the top.
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


# Faults

_FIXES = {
    "string_type": "write text in double quotes",
    "bool_type": "write true or false",
    "bool_parsing": "write true or false",
    "int_type": "write a whole number, without quotes",
    "int_parsing": "write a whole number, without quotes",
    "int_from_float": "write a whole number, without quotes",
    "float_type": "write a number, without quotes",
    "float_parsing": "write a number, without quotes",
    "finite_number": "write a finite number",
    "greater_than_equal": "write {ge} or more",
    "greater_than": "write a number above {gt}",
    "less_than_equal": "write {le} or less",
    "string_too_long": "write at most {max_length} characters",
    "string_pattern_mismatch": "use only letters, digits and dashes, and no dash at the beginning",
    "too_short": "name at least {min_length}",
    "tuple_type": "write a list in square brackets",
    "list_type": "write a list in square brackets",
    "dict_type": "write an object in braces",
    "model_type": "write an object in braces",
}


def faults(error: ValidationError) -> list[ErrorDetails]:
    """Return the faults of a document in pydantic's order, without those that only follow from others.

    These are missing keys that are there in another spelling, which is a fault of its own, and lists that are too short
    only because pydantic left their faulty items out.
    """
    errors = error.errors(include_url=False)
    unknown = [each["loc"] for each in errors if each["type"] == "extra_forbidden"]
    around = {each["loc"][:depth] for each in errors for depth in range(len(each["loc"]))}
    return [each for each in errors if not _follows(each, unknown, around)]


def _follows(error: ErrorDetails, unknown: Sequence[Place], around: set[Place]) -> bool:
    if error["type"] == "missing":
        *parents, key = error["loc"]
        return any(list(loc[:-1]) == parents and nearest(str(loc[-1]), [str(key)]) for loc in unknown)
    return error["type"] == "too_short" and error["loc"] in around


def explain(
    error: ErrorDetails,
    model: type[BaseModel],
    *,
    place: Callable[[Place], str] | None = None,
    fixes: Mapping[str, str] | None = None,
) -> str:
    """Return one line about a fault of a JSON document of `model`: where it is, what is wrong and what to do.

    `place` names a place in the document, by default as `place_in` does. `fixes` replace the usual ones, by the type of
    error.
    """
    where = place or (lambda place: place_in(place, model))
    *parents, key = error["loc"] or ("",)
    if error["type"] == "missing":
        return f'{_before(where(tuple(parents)))}"{key}" is missing; add it'
    if error["type"] == "extra_forbidden":
        return f"{_before(where(tuple(parents)))}{unknown_key(error, model)}"
    if error["type"] == "json_invalid" and error["ctx"]["error"].startswith("number out of range"):
        return "a number has too many digits; write it shorter"
    if error["type"] == "json_invalid":  # and yet Python reads it
        return f"this is not JSON ({error['ctx']['error']}); write characters themselves, not halves of \\u escapes"
    known = fix(error, model, fixes)
    at = where(error["loc"])
    if known is None:
        problem = error["msg"].replace("Input should", "it should")
        return f"{at or 'this'} {problem}" if problem.startswith(("is ", "has ")) else f"{_before(at)}{problem}"
    return f"{at or 'this'} is {_found(error['input'])}; {known}"


def fix(error: ErrorDetails, model: type[BaseModel], fixes: Mapping[str, str] | None = None) -> str | None:
    """Return what to write in place of a wrong value; None for a rule of our own, whose message says it."""
    kind = error["type"]
    if fixes is not None and kind in fixes:
        return fixes[kind]
    if kind == "literal_error":
        choices = choices_at(model, error["loc"])
        if not choices:  # a choice that the types of fields do not tell; pydantic has it in its own words
            return f"write {error['ctx']['expected']}"
        return suggestion(str(error["input"]), choices) if len(choices) > 1 else f"write {one_of(choices)}"
    limits = {name: _plain(limit) for name, limit in error.get("ctx", {}).items()}
    return _FIXES[kind].format_map(limits) if kind in _FIXES else None


def unknown_key(error: ErrorDetails, model: type[BaseModel], where: str = "") -> str:
    """Return one line about a key that `model` does not have, with the nearest that it has."""
    *parents, key = error["loc"]
    return f"there is no key {quoted(key)}{where}; {suggestion(str(key), keys_at(model, parents))}"


def place_in(place: Sequence[str | int], model: type[BaseModel], document: str = "") -> str:
    """Return a place in a document of `model` as people name it, counting from 1: `questions 1, options 2, text`.

    Keys that people choose, such as names of options, are in quotes. `document` is the name of what the place is in; ""
    is the place of a document without a name.
    """
    said = document
    for part in place:
        found, model = _step(model, part)
        said += f" {part + 1}" if isinstance(part, int) else f", {quoted(part) if found is None else part}"
    return said.removeprefix(", ")


def keys_at(model: type[BaseModel], place: Sequence[str | int]) -> list[str]:
    """Return the keys that an object at a place of a document of `model` may have."""
    for key in place:
        _, model = _step(model, key)
    return [field.alias or name for name, field in model.model_fields.items()]


def choices_at(model: type[BaseModel], place: Sequence[str | int]) -> list[str]:
    """Return the words of which one must be at a place of a document of `model`."""
    annotation: Any = None
    for key in place:
        annotation, model = _step(model, key)
    return [str(word) for word in _words(annotation)]


def _step(model: type[BaseModel], key: str | int) -> tuple[Any, type[BaseModel]]:
    """Return the type of a field by its key in the document, and the model that it leads to.

    The type is None for a position in a list and for a key that people chose: the model stays the same.
    """
    named = (field.annotation for name, field in model.model_fields.items() if key in (name, field.alias))
    found = next(named, None)
    return found, next(_models(found), model)


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    """Yield the models that a field's type mentions."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in get_args(annotation):
        yield from _models(argument)


def _words(annotation: Any) -> Iterator[object]:
    if get_origin(annotation) is Literal:
        yield from get_args(annotation)
        return
    for argument in get_args(annotation):
        yield from _words(argument)


def _before(place: str) -> str:
    return f"{place}: " if place else ""


def _found(value: object) -> str:
    """Return a value as a JSON file would have it, fit for an error."""
    return "null" if value is None else "an object" if isinstance(value, dict) else quoted(value)


def _plain(limit: object) -> object:
    return int(limit) if isinstance(limit, float) and limit.is_integer() else limit
