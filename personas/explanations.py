"""What a validation error of a persona file means for the person who wrote the file."""

import inspect
from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from typing import Any, get_args

from pydantic import BaseModel
from pydantic_core import ErrorDetails

from personas.nearest import one_of, shown, suggestion
from personas.persona import SCHEMA, STEERINGS, Persona
from personas.sections import FewShot
from personas.toml_lines import KeyPath

_WANTED = {
    "string_type": "write text in double quotes",
    "int_type": "write a whole number, without quotes",
    "float_type": "write a number, without quotes",
    "finite_number": "write a finite number",
    "greater_than_equal": "write {ge} or more",
    "greater_than": "write a number above {gt}",
    "less_than_equal": "write {le} or less",
    "string_too_long": "write at most {max_length} characters",
    "too_short": "name at least one, or leave the key out",
    "string_pattern_mismatch": "use only letters, digits and dashes, and no dash at the beginning",
}


def key_path(error: ErrorDetails) -> KeyPath:
    """Return the path of the key that is to be changed."""
    return error.get("ctx", {}).get("key") or error["loc"]


def without_mistyped(errors: Sequence[ErrorDetails]) -> list[ErrorDetails]:
    """Return the errors less the missing keys that are there in another spelling, which is an error of its own."""
    unknown = [error["loc"] for error in errors if error["type"] == "extra_forbidden"]
    return [
        error for error in errors if error["type"] != "missing" or not any(_alike(error["loc"], loc) for loc in unknown)
    ]


def _alike(missing: KeyPath, unknown: KeyPath) -> bool:
    return missing[:-1] == unknown[:-1] and bool(get_close_matches(str(unknown[-1]), [str(missing[-1])]))


def explain(error: ErrorDetails) -> str:
    """Return one line: what is wrong and, after a semicolon, what to do."""
    *tables, key = error["loc"]
    match error["type"]:
        case "persona_rule":
            return error["msg"] if error["ctx"]["key"] else f"{_dotted(error['loc'])} {error['msg']}"
        case "unknown_group":
            return error["msg"]
        case "missing":
            return _missing(tables, str(key))
        case "extra_forbidden":
            return _unknown_key(tables, str(key))
        case "literal_error" if key == "steering":
            return f"there is no steering {shown(error['input'])}; {suggestion(str(error['input']), STEERINGS)}"
        case "literal_error" if tables == ["few_shot"]:
            prompts = get_args(FewShot.model_fields["prompt"].annotation)
            return f"{_dotted(error['loc'])} is {shown(error['input'])}; write {one_of(prompts)}"
        case "literal_error":
            return f"{_dotted(error['loc'])} is {shown(error['input'])}; write {shown(SCHEMA)}"
        case "tuple_type" | "model_type" | "dict_type":
            return _wrong_shape(error)
    limits = {name: _plain(limit) for name, limit in error.get("ctx", {}).items()}
    wanted = _WANTED.get(error["type"], error["msg"]).format_map(limits)
    return f"{_dotted(error['loc'])} is {shown(error['input'])}; {wanted}"


def _missing(tables: Sequence[int | str], key: str) -> str:
    place = f"{_header(tables)} has no {key}" if tables else f"{key} is missing"
    example = SCHEMA if key == "schema" else "..."
    return f'{place}; add {key} = "{example}"'


def _unknown_key(tables: Sequence[int | str], key: str) -> str:
    known = [field.alias or name for name, field in _table(tables).model_fields.items()]
    where = f" in {_header(tables)}" if tables else ""
    return f"there is no key {shown(key)}{where}; {suggestion(key, known)}"


def _wrong_shape(error: ErrorDetails) -> str:
    loc, given = error["loc"], error["input"]
    if loc[0] == "groups":
        fix = "write each group as a table [[groups]], with two brackets, that has an attribute and a value"
    elif error["type"] == "tuple_type":
        fix = "write a list in brackets, such as [10, 11, 12]"
    else:
        fix = f"write it as one table [{loc[0]}]"
    return f"{_dotted(loc)} is {shown(given)}; {fix}"


def _header(tables: Sequence[int | str]) -> str:
    """Return a table as it is written in the file."""
    return "[[groups]]" if tables[0] == "groups" else f"[{_dotted(tuple(tables))}]"


def _dotted(loc: KeyPath) -> str:
    return ".".join(part for part in loc if isinstance(part, str))


def _plain(limit: object) -> object:
    return int(limit) if isinstance(limit, float) and limit.is_integer() else limit


def _table(tables: Sequence[int | str]) -> type[BaseModel]:
    """Return the model of the table at this path of keys."""
    model: type[BaseModel] = Persona
    for key in tables:
        if isinstance(key, str):
            model = next(_models(model.model_fields[key].annotation))
    return model


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    if inspect.isclass(annotation) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in get_args(annotation):
        yield from _models(argument)
