"""Reading the files of other formats: text, JSON, comma-separated tables, and cells with a Python literal in them.

Whatever is wrong is one line that names the file and the place; nothing in a file is run.
"""

import ast
import csv
import io
import json
import re
import sys
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import Any

from eval.errors import SurveyError
from personas.inputs.files import FileKind, decode, display_name, read_bytes
from personas.inputs.suggestions import quoted

_SOURCE_FILE = FileKind("a file of the survey", 2_000_000_000, SurveyError)
_MOST_COLUMNS = 12
_UTF_16 = ("text in UTF-16", "save the file as UTF-8")
_OTHER_FORMATS = (
    (b"PK\x03\x04", "a workbook (.xlsx, .ods) or another ZIP file", None),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "a workbook of an older Excel (.xls)", None),
    (b"$FL", "a file of SPSS", None),
    (b"<stata_dta>", "a file of Stata", None),
    (b"PAR1", "a Parquet file", None),
    (b"\x1f\x8b", "compressed (gzip)", "unpack it and name the file in it"),
    (b"\xff\xfe", *_UTF_16),
    (b"\xfe\xff", *_UTF_16),
)
"""What files begin with that are handed in for text in UTF-8; for some, what to do whatever is wanted."""
_SEPARATORS = {";": "semicolons", "\t": "tabs", "|": "vertical bars"}
_EXCEL_LINE = re.compile(r'"?sep=(.?)"?[,;\t]*', re.IGNORECASE)


def read_text(path: Path) -> str:
    """Return the text of a file in UTF-8, with or without a byte order mark.

    Raises:
        SurveyError: it is missing, is a directory or a pipe, may not be read, is larger than 2 GB, is a workbook or
            another file that is not text, or is not UTF-8.
    """
    content = read_bytes(path, _SOURCE_FILE)
    problem = other_format(content, 'save the table as "CSV UTF-8 (comma delimited)" and name that file')
    if problem is not None:
        raise SurveyError(f"{display_name(path)} is {problem}")
    return decode(content, path, _SOURCE_FILE).lstrip("\ufeff")  # a file that was saved twice has two of them


def other_format(content: bytes, instead: str) -> str | None:
    """Return what a file is that is not text in UTF-8, and what to do; None if it may be text.

    `instead` is what to do about a file of another program, such as a workbook.
    """
    found = next(((what, fix) for beginning, what, fix in _OTHER_FORMATS if content.startswith(beginning)), None)
    return None if found is None else f"{found[0]}; {found[1] or instead}"


def read_json_object(path: Path) -> dict[str, Any]:
    """Return the object in a JSON file.

    It is as its publisher wrote it, so that a key twice or NaN is no error here.

    Raises:
        SurveyError: as `read_text`; it is not JSON, or not an object.
    """
    try:
        found = json.loads(read_text(path))
    except (ValueError, RecursionError) as error:
        line = getattr(error, "lineno", 1)
        raise SurveyError(f"{display_name(path)}: line {line}: this is not JSON; download the file again") from error
    if not isinstance(found, dict):
        raise SurveyError(f"{display_name(path)}: this is a list or a value; name a file with an object of questions")
    return found


def read_rows(path: Path, needed: frozenset[str], known: Collection[str] = ()) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield the line number and the cells by column of each row of a comma-separated file, empty rows left out.

    Columns that are `needed` or `known` may be written with capitals: "Question" is "question".

    Raises:
        SurveyError: as `read_text`; the header lacks a column of `needed` or has one twice, or a row has more cells
            than the header.
    """
    header, rows = read_cells(path, needed, known)
    for line, cells in rows:
        yield line, dict(zip(header, cells, strict=False))


def read_cells(
    path: Path, needed: frozenset[str], known: Collection[str] = ()
) -> tuple[list[str], Iterator[tuple[int, list[str]]]]:
    """Return the column names of a comma-separated file, and line number and cells of each row that is not empty.

    A first line "sep=,", which Excel wants to see, is skipped.

    Raises:
        SurveyError: as `read_rows`; for a fault in a row when that row is reached.
    """
    csv.field_size_limit(min(sys.maxsize, 2**31 - 1))
    reader = csv.reader(io.StringIO(read_text(path), newline=""), strict=True)
    try:
        first = next(reader, [])
        if first and _separator_of_excel(path, first) is not None:
            first = next(reader, [])
    except csv.Error as error:
        raise _faulty_row(path, reader.line_num, error) from error
    header = _named_as({*needed, *known}, [name.strip() for name in first])
    _check_header(path, reader.line_num or 1, header, needed)

    def rows() -> Iterator[tuple[int, list[str]]]:
        try:
            for cells in reader:
                if len(cells) > len(header):
                    raise wrong_length(path, reader.line_num, len(cells), len(header))
                if any(cells):
                    yield reader.line_num, cells
        except csv.Error as error:
            raise _faulty_row(path, reader.line_num, error) from error

    return header, rows()


def columns_found(header: Sequence[str]) -> str:
    """Name the columns that a table has; of very many, the first."""
    names = [quoted(name) for name in header[:_MOST_COLUMNS]]
    return ", ".join(names + ["…"] * (len(header) > _MOST_COLUMNS)) or "none"


def wrong_length(path: Path, line: int, cells: int, columns: int) -> SurveyError:
    """Return the error for a row with another number of cells than the header: it is unclear which cell is which."""
    problem = f"{cells} cells for {columns} columns; put text that has a comma in double quotes"
    return SurveyError(f"{display_name(path)}: line {line}: {problem}")


def _faulty_row(path: Path, line: int, error: csv.Error) -> SurveyError:
    fix = "put text in double quotes, and write a quote in it twice"
    return SurveyError(f"{display_name(path)}: line {line}: {error}; {fix}")


def _separator_of_excel(path: Path, cells: Sequence[str]) -> str | None:
    """Return the separator that a first line "sep=," tells Excel; None if the line is not one.

    Raises:
        SurveyError: it is not a comma.
    """
    found = _EXCEL_LINE.fullmatch(",".join(cells).strip())
    if found is None:
        return None
    separator = found.group(1)
    if separator not in ("", ","):
        problem = f"line 1: the columns are separated by {_SEPARATORS.get(separator, quoted(separator))}"
        raise SurveyError(f"{display_name(path)}: {problem}; remove this line, and {_commas(separator)}")
    return ","


def _commas(separator: str) -> str:
    decimals = ", and write a point for decimals" if separator == ";" else ""
    return f"separate the columns with commas{decimals}"


def _named_as(known: Collection[str], header: list[str]) -> list[str]:
    """Return the names of columns, those that are `known` but for capital letters as they are known."""
    spelled = {name.casefold(): name for name in known}
    return [name if name in known else spelled.get(name.casefold(), name) for name in header]


def _check_header(path: Path, line: int, header: list[str], needed: frozenset[str]) -> None:
    missing = sorted(needed - set(header))
    if missing:
        counts = {separator: "".join(header).count(separator) for separator in _SEPARATORS}
        separator = max(counts, key=counts.__getitem__)
        advice = "add it"
        if counts[separator]:
            advice = f"it has {_SEPARATORS[separator]}: {_commas(separator)}"
        lacks = f"line {line}: this lacks the column {quoted(missing[0])}; {advice}"
        raise SurveyError(f"{display_name(path)}: {lacks} (columns found: {columns_found(header)})")
    repeated = next((name for name in header if name and header.count(name) > 1), None)
    if repeated is not None:
        raise SurveyError(f"{display_name(path)}: duplicate column {quoted(repeated)}; keep one of them")


_DEFAULTDICT = re.compile(r"defaultdict\(\s*<class '\w+'>\s*,\s*(.*)\)", re.DOTALL)


def read_literal(text: str) -> Any:
    """Return the Python literal that a cell holds, as `str()` writes a list or a dictionary; nothing is run.

    A `defaultdict(<class 'list'>, {...})` is the dictionary in it. The name `nan` is None; the same letters in a text
    are text.

    Raises:
        ValueError: it is not one, or a dictionary has a key twice, of which Python would keep the last.
    """
    inner = _DEFAULTDICT.fullmatch(text.strip())
    try:
        tree = ast.parse(inner.group(1) if inner else text.strip(), mode="eval")
        return ast.literal_eval(_WithoutNan().visit(tree))
    except (ValueError, SyntaxError, TypeError, RecursionError, MemoryError) as error:
        raise ValueError("this is not a list or dictionary as Python writes them") from error


class _WithoutNan(ast.NodeTransformer):
    """Replaces the name `nan` by None, and refuses a dictionary with a key twice."""

    def visit_Name(self, node: ast.Name) -> ast.expr:
        return ast.copy_location(ast.Constant(None), node) if node.id == "nan" else node

    def visit_Dict(self, node: ast.Dict) -> ast.AST:
        keys = [key.value for key in node.keys if isinstance(key, ast.Constant)]
        if len(set(keys)) < len(keys):
            raise ValueError("duplicate key")
        return self.generic_visit(node)


def number_of(cell: str) -> float:
    """Return the number in a cell, NaN if there is none: "1_000", which Python would read as a number, is a text."""
    try:
        return float(cell) if "_" not in cell else float("nan")
    except ValueError:
        return float("nan")
