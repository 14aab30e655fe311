"""Everything that is wrong with a persona file: the line, what it is, and the fix."""

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from personas.explanations import explain, key_path, without_mistyped
from personas.persona import Persona
from personas.reading import read_text
from personas.toml_lines import key_lines, line_of

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
    found = examine(read_text(path).text)
    return found if isinstance(found, list) else []


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
