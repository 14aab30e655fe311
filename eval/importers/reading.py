"""Reading the files of other formats, with one clear line for everything that may stand in the way."""

import csv
import io
import json
import re
import sys
from ast import literal_eval
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from eval.errors import SurveyError
from personas.nearest import shown
from personas.reading import display_name

_MOST_BYTES = 2_000_000_000
_DEFAULTDICT = re.compile(r"defaultdict\(\s*<class '\w+'>\s*,\s*(.*)\)", re.DOTALL)
_NOT_A_NUMBER = re.compile(r"(?<![\w'\"])nan(?![\w'\"])")


def read_text(path: Path) -> str:
    """Return the text of a file in UTF-8, with or without a byte order mark.

    Raises:
        SurveyError: it is missing, may not be read, is larger than 2 GB, or is not UTF-8.
    """
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise SurveyError(f"{display_name(path)} is larger than 2 GB; name a file of the survey")
        return path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError as error:
        raise SurveyError(f"there is no file {display_name(path)}; check the path") from error
    except UnicodeDecodeError as error:
        raise SurveyError(f"{display_name(path)}: this is not UTF-8; save the file as UTF-8") from error
    except (OSError, ValueError) as error:
        why = (getattr(error, "strerror", None) or "no valid path").lower()
        raise SurveyError(f"{display_name(path)} cannot be read ({why}); name one that you may read") from error


def read_json_object(path: Path) -> dict[str, Any]:
    """Return the object in a JSON file. Raises SurveyError as `read_text`, and if it is no JSON, or no object."""
    try:
        found = json.loads(read_text(path))
    except (ValueError, RecursionError) as error:
        line = getattr(error, "lineno", 1)
        raise SurveyError(f"{display_name(path)}: line {line}: this is not JSON; download the file again") from error
    if not isinstance(found, dict):
        raise SurveyError(f"{display_name(path)}: this is a list or a value; name a file with an object of questions")
    return found


def read_rows(path: Path, needed: frozenset[str]) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield the line number and the cells by column of each row of a comma-separated file, empty rows left out.

    Raises:
        SurveyError: as `read_text`; the header lacks a column of `needed` or has one twice, a row has more cells.
    """
    csv.field_size_limit(min(sys.maxsize, 2**31 - 1))
    reader = csv.reader(io.StringIO(read_text(path), newline=""), strict=True)
    try:
        header = [name.strip() for name in next(reader, [])]
        _check_header(path, header, needed)
        for cells in reader:
            if len(cells) > len(header):
                raise SurveyError(
                    f"{display_name(path)}: line {reader.line_num}: {len(cells)} cells for {len(header)} columns; "
                    "put text that has a comma in double quotes"
                )
            if any(cells):
                yield reader.line_num, dict(zip(header, cells, strict=False))
    except csv.Error as error:
        fix = "put text in double quotes, and write a quote in it twice"
        raise SurveyError(f"{display_name(path)}: line {reader.line_num}: {error}; {fix}") from error


def _check_header(path: Path, header: list[str], needed: frozenset[str]) -> None:
    missing = sorted(needed - set(header))
    if missing:
        separated = "separate the columns with commas" if any(c in ";\t" for c in "".join(header)) else "add it"
        raise SurveyError(f"{display_name(path)}: the first line lacks the column {shown(missing[0])}; {separated}")
    repeated = next((name for name in header if name and header.count(name) > 1), None)
    if repeated is not None:
        raise SurveyError(f"{display_name(path)}: the column {shown(repeated)} is there twice; keep one of them")


def read_literal(text: str) -> Any:
    """Return the Python literal that a cell holds, as `str()` writes a list or a dictionary; nothing is run.

    A `defaultdict(<class 'list'>, {...})` is the dictionary in it, `nan` is None.

    Raises:
        ValueError: it is none.
    """
    inner = _DEFAULTDICT.fullmatch(text.strip())
    try:
        return literal_eval(_NOT_A_NUMBER.sub("None", inner.group(1) if inner else text.strip()))
    except (ValueError, SyntaxError, TypeError, RecursionError, MemoryError) as error:
        raise ValueError("this is no list or dictionary as Python writes them") from error
