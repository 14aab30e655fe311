"""What a validation error of a persona file means for the person who wrote the file.

Everything that is wrong with a persona file: the line, what it is, and the fix.
"""

import inspect
import re
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from personas.errors import PersonaError
from personas.inputs.files import FileKind, FileText, read_text
from personas.inputs.suggestions import one_of, quoted, suggestion
from personas.persona import SCHEMA, STEERINGS, FewShot, Persona
from personas.toml_positions import KeyPath, key_lines, line_of

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
            return f"there is no steering {quoted(error['input'])}; {suggestion(str(error['input']), STEERINGS)}"
        case "literal_error" if tables == ["few_shot"]:
            prompts = get_args(FewShot.model_fields["prompt"].annotation)
            return f"{_dotted(error['loc'])} is {quoted(error['input'])}; write {one_of(prompts)}"
        case "literal_error":
            return f"{_dotted(error['loc'])} is {quoted(error['input'])}; write {quoted(SCHEMA)}"
        case "tuple_type" | "model_type" | "dict_type":
            return _wrong_shape(error)
    limits = {name: _plain(limit) for name, limit in error.get("ctx", {}).items()}
    wanted = _WANTED.get(error["type"], error["msg"]).format_map(limits)
    return f"{_dotted(error['loc'])} is {quoted(error['input'])}; {wanted}"


def _missing(tables: Sequence[int | str], key: str) -> str:
    place = f"{_header(tables)} has no {key}" if tables else f"{key} is missing"
    example = SCHEMA if key == "schema" else "..."
    return f'{place}; add {key} = "{example}"'


def _unknown_key(tables: Sequence[int | str], key: str) -> str:
    known = [field.alias or name for name, field in _table(tables).model_fields.items()]
    where = f" in {_header(tables)}" if tables else ""
    return f"there is no key {quoted(key)}{where}; {suggestion(key, known)}"


def _wrong_shape(error: ErrorDetails) -> str:
    loc, given = error["loc"], error["input"]
    if loc[0] == "groups":
        fix = "write each group as a table [[groups]], with two brackets, that has an attribute and a value"
    elif error["type"] == "tuple_type":
        fix = "write a list in brackets, such as [10, 11, 12]"
    else:
        fix = f"write it as one table [{loc[0]}]"
    return f"{_dotted(loc)} is {quoted(given)}; {fix}"


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


_PLACE = re.compile(r"(?P<what>.*) \(at (line (?P<line>\d+), column \d+|end of document)\)", re.DOTALL)
_TOML_FIXES = {
    "too long": "write fewer digits",
    "Invalid value": "put text in double quotes",
    "Expected '=' after a key": "write key = value",
    "Unterminated string": "end the text with the quotes it begins with",
    "Illegal character '\\n'": "end the text with the quotes it begins with",
    "Unescaped '\\'": "write two backslashes for one",
    "Cannot overwrite a value": "the key is there twice: remove one",
    "twice": "write the table once, with all its keys",
    "Expected newline or end of document": "begin a new line for each key, and put text in double quotes",
    "Unclosed array": "end the list with ]",
    "Expected ']": "end the name of the table with the brackets it begins with",
    "Invalid statement": "write key = value, or a table such as [voice]",
}


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong with a persona file.

    `line` counts from 1; `message` is one line: what is wrong and, after a semicolon, what to do.
    """

    line: int
    message: str

    def __str__(self) -> str:
        """Return `line N: message`."""
        return f"line {self.line}: {self.message}"


def check(path: Path) -> list[Problem]:
    """Return every problem of a persona file, in the order of its lines; none if it can be used.

    A text that is no TOML has one: the first place where it cannot be read.

    Raises:
        PersonaError: the file is missing or cannot be read as text.
    """
    found = examine(read_file(path).text)
    return found if isinstance(found, list) else []


def read_file(path: Path) -> FileText:
    """Return the text of a persona file, and its hash. Raises PersonaError: it is missing or cannot be read as text."""
    return read_text(path, _PERSONA_FILE)


_PERSONA_FILE = FileKind("a persona file (TOML)", 1_000_000, PersonaError)


def examine(text: str) -> Persona | list[Problem]:
    """Return the persona that a TOML text describes, or else all that is wrong with the text."""
    try:
        document = tomllib.loads(text)
    except RecursionError:
        return [Problem(1, "lists or tables are nested too deeply; a persona needs two levels at most")]
    except ValueError as error:
        return [_not_toml(error, text)]
    try:
        return Persona.model_validate(document)
    except ValidationError as error:
        lines = key_lines(text)
        errors = without_mistyped(error.errors(include_url=False))
        problems = [Problem(line_of(key_path(each), lines), explain(each)) for each in errors]
        return sorted(problems, key=lambda problem: problem.line)


def _not_toml(error: ValueError, text: str) -> Problem:
    place = _PLACE.fullmatch(str(error))
    what = place["what"] if place else "A number is too long"
    line = int(place["line"]) if place and place["line"] else text.rstrip().count("\n") + 1
    fix = next((fix for part, fix in _TOML_FIXES.items() if part in what), "compare it with a persona of the library")
    return Problem(line, f"this is not TOML ({what[:1].lower()}{what[1:]}); {fix}")
