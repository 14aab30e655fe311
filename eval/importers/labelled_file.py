"""Files of SPSS and Stata: codes with their labels, and which codes the file itself calls missing.

They are read with pyreadstat, an extra. Columns are read when they are asked for: such files can have thousands, of
which a survey needs a few. Over some damaged files pyreadstat ends the whole process: so it runs in one of its own.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from math import isnan
from pathlib import Path
from typing import Any

from eval.errors import SurveyError
from eval.importers.building import collapsed
from eval.importers.reading import number_of
from eval.importers.respondent_spec import code_of
from personas.inputs.files import display_name, non_file_kind
from personas.inputs.suggestions import quoted, suggestion

KINDS = {"spss": "an SPSS file (.sav or .zsav)", "stata": "a Stata file (.dta)"}
"""What each kind of import wants to be given."""
_INSTALL = "pip install 'chat-personas[export]'"
_AT_ONCE = 100
"""How many columns are in memory together while all are gone through."""
_SECONDS, _BYTES_PER_SECOND = 120, 1_000_000
"""How long reading may take, and how slow it may be on top of that."""

Range = tuple[float | str, float | str]
"""The least and the largest code of a range of user-missing codes, both included."""


@dataclass(frozen=True, slots=True)
class Variable:
    """A column of a file: its label, and the labels of its codes.

    `missing` are the ranges that the file declares as missing; a single code is a range of its own.
    """

    name: str
    label: str
    value_labels: Mapping[str, str]
    missing: tuple[Range, ...] = ()

    def is_missing(self, code: str) -> bool:
        """Return whether the file calls this code missing: a user-missing code of SPSS, .a to .z of Stata."""
        return is_stata_missing(code) or any(_within(code, least, most) for least, most in self.missing)


def is_stata_missing(code: str) -> bool:
    """Return whether a code is one of Stata's extended missing values, as `.a` is."""
    return len(code) == 2 and code[0] == "." and "a" <= code[1] <= "z"


def _within(code: str, least: float | str, most: float | str) -> bool:
    if isinstance(least, str) or isinstance(most, str):
        return code == code_of(str(least))
    return least <= number_of(code) <= most


@dataclass(frozen=True, slots=True)
class LabelledFile:
    """An SPSS or Stata file: its variables by name, in the order of the file, and how many people it has."""

    path: Path
    kind: str
    label: str
    people: int
    variables: Mapping[str, Variable]

    def variable(self, name: str, what: str) -> Variable:
        """Return a variable; `what` says what it is for.

        Raises:
            SurveyError: there is none of that name; the message names the nearest.
        """
        if name not in self.variables:
            known = suggestion(name, self.variables, "write its name as the file has it")
            raise SurveyError(f"{display_name(self.path)} has no variable {quoted(name)} for {what}; {known}")
        return self.variables[name]

    def codes(self, names: Sequence[str]) -> dict[str, tuple[str, ...]]:
        """Return the codes of variables, one for each person; "" where the file has nothing, `.a` as Stata shows it.

        Raises:
            SurveyError: the data cannot be read.
        """
        if not names:
            return {}
        columns = _read(self.path, self.kind, names)["columns"]
        return {name: tuple(columns[name]) for name in names}

    def all_codes(self, names: Sequence[str]) -> Iterator[tuple[Variable, tuple[str, ...]]]:
        """Yield variables with their codes, reading a few columns at a time."""
        for start in range(0, len(names), _AT_ONCE):
            for name, codes in self.codes(names[start : start + _AT_ONCE]).items():
                yield self.variables[name], codes


def _code(cell: object, *, text: bool) -> str:
    """Return a cell as codes are written: 1 for 1.0, in full precision otherwise, `.a` for a missing value of Stata."""
    if cell is None or (isinstance(cell, float) and isnan(cell)):
        return ""
    if isinstance(cell, str):
        return cell.strip() if text else f".{cell}"
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell)


def open_labelled(path: Path, kind: str) -> LabelledFile:
    """Read what a file says about itself; the data are read later.

    Raises:
        SurveyError: there is no such file, it is of another kind, or pyreadstat is not installed.
    """
    about = _read(path, kind)
    variables = {
        each["name"]: Variable(
            name=each["name"],
            label=collapsed(each["label"]),
            value_labels={code: collapsed(words) for code, words in each["value_labels"].items()},
            missing=tuple((least, most) for least, most in each["missing"]),
        )
        for each in about["variables"]
    }
    return LabelledFile(path, kind, collapsed(about["label"]), about["people"], variables)


def _read(path: Path, kind: str, columns: Sequence[str] | None = None) -> dict[str, Any]:
    """Return what the child process reads: all about a file, or the codes in some columns.

    Raises:
        SurveyError: see `open_labelled`; or the child did not survive, or did not end in time.
    """
    name = display_name(path)
    if (what := non_file_kind(path)) is not None:
        raise SurveyError(f"{name} is {what}; name {KINDS[kind]}")
    if not path.exists():
        raise SurveyError(f"there is no file {name}; check the path")
    if find_spec("pyreadstat") is None:
        raise SurveyError(f"reading {KINDS[kind]} needs pyreadstat; install it: {_INSTALL}")
    # -P: a folder of the person's own that is called `eval` must not be taken for ours.
    command = [sys.executable, "-P", "-c", f"from {__name__} import main; main()", str(path), kind]
    try:
        child = subprocess.run(  # noqa: S603 - our own interpreter, no shell
            command,
            input=json.dumps(columns).encode(),
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
            timeout=_SECONDS + path.stat().st_size / _BYTES_PER_SECOND,
            check=False,
        )
        found: dict[str, Any] = json.loads(child.stdout)
    except (subprocess.TimeoutExpired, OSError, ValueError) as error:
        raise SurveyError(f"{name} cannot be read as {KINDS[kind]}: it is damaged; use another copy") from error
    if "error" in found:
        raise SurveyError(f"{name} cannot be read as {KINDS[kind]} ({found['error']}); check the file and KIND")
    return found


def main() -> None:
    """Read the file that the command line names, and write what was found as JSON; for the child process."""
    import pyreadstat

    path, kind, columns = sys.argv[1], sys.argv[2], json.loads(sys.stdin.buffer.read())
    reader = pyreadstat.read_sav if kind == "spss" else pyreadstat.read_dta
    chosen = {"metadataonly": True} if columns is None else {"usecols": columns}
    try:
        found, about = reader(path, user_missing=True, disable_datetime_conversion=True, output_format="dict", **chosen)
    except Exception as error:  # whatever it raises, the file cannot be read
        why = " ".join(str(error).split()).rstrip(".").lower()
        document: dict[str, Any] = {"error": why or type(error).__name__}
    else:
        document = _about(about) if columns is None else {"columns": _columns(found, about)}
    sys.stdout.buffer.write(json.dumps(document).encode())


def _about(about: Any) -> dict[str, Any]:
    """Return all about a file that is used, in types of JSON."""
    return {
        "label": about.file_label or "",
        "people": about.number_rows,
        "variables": [
            {
                "name": name,
                "label": label or "",
                "value_labels": {
                    _code(code, text=_is_text(about, name)): str(words)
                    for code, words in about.variable_value_labels.get(name, {}).items()
                },
                "missing": [(each["lo"], each["hi"]) for each in about.missing_ranges.get(name, ())],
            }
            for name, label in about.column_names_to_labels.items()
        ],
    }


def _columns(found: Mapping[str, Sequence[object]], about: Any) -> dict[str, list[str]]:
    return {name: [_code(cell, text=_is_text(about, name)) for cell in cells] for name, cells in found.items()}


def _is_text(about: Any, name: str) -> bool:
    return bool(about.readstat_variable_types.get(name) == "string")
