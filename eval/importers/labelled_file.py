"""Files of SPSS and Stata: codes with their labels, and which codes the file itself calls missing.

They are read with pyreadstat, an extra, which is imported when a file is opened. Columns are read when they are asked
for: such files can have thousands, of which a survey needs a few.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
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
_AT_ONCE = 40
"""How many columns are in memory together while all are gone through."""

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
    _texts: frozenset[str] = field(default=frozenset(), repr=False)

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
        columns, _ = _read(self.path, self.kind, usecols=list(names))
        return {name: tuple(_code(cell, text=name in self._texts) for cell in columns[name]) for name in names}

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
    _, about = _read(path, kind, metadataonly=True)
    texts = frozenset(name for name, type_ in about.readstat_variable_types.items() if type_ == "string")
    variables = {
        name: Variable(
            name=name,
            label=collapsed(label or ""),
            value_labels={
                _code(code, text=name in texts): collapsed(str(words))
                for code, words in about.variable_value_labels.get(name, {}).items()
            },
            missing=tuple((each["lo"], each["hi"]) for each in about.missing_ranges.get(name, ())),
        )
        for name, label in about.column_names_to_labels.items()
    }
    return LabelledFile(path, kind, collapsed(about.file_label or ""), about.number_rows, variables, texts)


def _read(path: Path, kind: str, **how: Any) -> tuple[Mapping[str, Sequence[object]], Any]:
    """Return the columns of a file and what it says about itself, as pyreadstat gives them."""
    try:
        import pyreadstat
    except ImportError as error:
        raise SurveyError(f"reading {KINDS[kind]} needs pyreadstat; install it: {_INSTALL}") from error
    name = display_name(path)
    if (what := non_file_kind(path)) is not None:
        raise SurveyError(f"{name} is {what}; name {KINDS[kind]}")
    if not path.exists():
        raise SurveyError(f"there is no file {name}; check the path")
    reader = pyreadstat.read_sav if kind == "spss" else pyreadstat.read_dta
    try:
        columns, about = reader(path, user_missing=True, disable_datetime_conversion=True, output_format="dict", **how)
    except (pyreadstat.ReadstatError, pyreadstat.PyreadstatError, OSError, UnicodeDecodeError) as error:
        why = " ".join(str(error).split()).rstrip(".").lower()
        raise SurveyError(f"{name} cannot be read as {KINDS[kind]} ({why}); check the file and KIND") from error
    return columns, about
