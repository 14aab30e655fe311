"""Everything that is wrong with a persona file: the line, what it is, and the fix."""

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from personas.errors import PersonaError
from personas.inputs.documents import JSON, json_document
from personas.inputs.files import FileKind, FileText, read_text
from personas.inputs.models import faults, fix, unknown_key
from personas.inputs.suggestions import quoted, suggestion
from personas.inputs.toml_positions import KeyPath, key_lines, line_of
from personas.inputs.toml_text import toml_advice
from personas.persona import SCHEMA, STEERINGS, Persona

_PERSONA_FILE = FileKind("a persona file (TOML)", 1_000_000, PersonaError)


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

    A text that is not valid TOML has one problem: the first place where it cannot be read.

    Raises:
        PersonaError: the file is missing or cannot be read as text.
    """
    found = examine(read_file(path).text)
    return found if isinstance(found, list) else []


def read_file(path: Path) -> FileText:
    """Return the text of a persona file, and its hash. Raises PersonaError: it is missing or cannot be read as text."""
    return read_text(path, _PERSONA_FILE)


def examine(text: str) -> Persona | list[Problem]:
    """Return the persona that a TOML text describes, or else all that is wrong with the text."""
    try:
        document = tomllib.loads(text)
    except RecursionError:
        return [Problem(1, "lists or tables are nested too deeply; a persona needs two levels at most")]
    except ValueError as error:
        return [_not_toml(error, text) if text.lstrip()[:1] != "{" else _json(text)]
    try:
        return Persona.model_validate(document)
    except ValidationError as error:
        lines = key_lines(text)
        problems = [Problem(line_of(_written(_key_path(each), lines), lines), _explain(each)) for each in faults(error)]
        return sorted(problems, key=lambda problem: problem.line)


def _written(path: KeyPath, lines: Mapping[KeyPath, int]) -> KeyPath:
    """Return a path as the file has it, where a table of which there may be several is there once, in one bracket."""
    single = (path[0], *path[2:]) if len(path) > 1 and isinstance(path[1], int) else path
    return single if path not in lines and single in lines else path


def _json(text: str) -> Problem:
    """Return the problem of a text in braces: it is JSON, or meant to be, and no TOML begins so."""
    kind = json_document(text) or JSON
    return Problem(1, f"this is {kind}, not a persona; name a persona of the library, or a persona file (TOML)")


# Keys and values

_FIXES = {
    "too_short": "name at least one, or leave the key out",
    "tuple_type": "write a list in brackets, such as [10, 11, 12]",
}


def _key_path(error: ErrorDetails) -> KeyPath:
    """Return the path of the key that is to be changed."""
    return error.get("ctx", {}).get("key") or error["loc"]


def _explain(error: ErrorDetails) -> str:
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
            return unknown_key(error, Persona, f" in {_header(tables)}" if tables else "")
        case "literal_error" if key == "steering":
            return f"there is no steering {quoted(error['input'])}; {suggestion(str(error['input']), STEERINGS)}"
    advice = _table_fix(error) or fix(error, Persona, _FIXES) or error["msg"]
    return f"{_dotted(error['loc'])} is {quoted(error['input'])}; {advice}"


def _missing(tables: Sequence[int | str], key: str) -> str:
    place = f"{_header(tables)} has no {key}" if tables else f"{key} is missing"
    example = SCHEMA if key == "schema" else "..."
    return f'{place}; add {key} = "{example}"'


def _table_fix(error: ErrorDetails) -> str | None:
    """Return what to write where a table is written as something else."""
    if error["type"] not in ("tuple_type", "model_type", "dict_type"):
        return None
    name = error["loc"][0]
    if name == "groups":
        return "write each group as a table [[groups]], with two brackets, that has an attribute and a value"
    return None if error["type"] == "tuple_type" else f"write it as one table [{name}]"


def _header(tables: Sequence[int | str]) -> str:
    """Return a table as it is written in the file."""
    return "[[groups]]" if tables[0] == "groups" else f"[{_dotted(tables)}]"


def _dotted(path: Sequence[int | str]) -> str:
    return ".".join(part for part in path if isinstance(part, str))


# The syntax of TOML

_PLACE = re.compile(r"(?P<what>.*) \(at (line (?P<line>\d+), column \d+|end of document)\)", re.DOTALL)


def _not_toml(error: ValueError, text: str) -> Problem:
    place = _PLACE.fullmatch(str(error))
    what = place["what"] if place else "A number is too long"
    line = int(place["line"]) if place and place["line"] else text.rstrip().count("\n") + 1
    advice = toml_advice(what) or "compare it with one in the library"
    return Problem(line, f"this is not valid TOML ({what[:1].lower()}{what[1:]}); {advice}")
