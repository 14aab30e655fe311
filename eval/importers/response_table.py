"""The `responses.csv` of an OpinionQA wave: a row for each respondent, a column for each question and attribute."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from eval.importers.reading import read_cells, wrong_length
from eval.surveys.respondents import NOT_ASKED, Codes


@dataclass(frozen=True, slots=True)
class ResponseTable:
    """The cells of the file at `path`; `columns` has the place of each column, `lines` the line of each row."""

    path: Path
    columns: Mapping[str, int]
    rows: Sequence[Sequence[str]]
    lines: Sequence[int]

    def codes(self, column: str, code_of: Mapping[str, int]) -> tuple[Codes, set[str]]:
        """Return the code of each cell of a column, -1 for one that has none, and the texts that have none."""
        place = self.columns[column]
        cells = [row[place].strip() for row in self.rows]
        codes = np.fromiter((code_of.get(cell, NOT_ASKED) for cell in cells), dtype=np.int8, count=len(cells))
        return codes, {cell for cell in set(cells) - code_of.keys() if cell and cell.casefold() != "nan"}

    def numbers(self, column: str) -> NDArray[np.float64]:
        """Return the number in each cell of a column, NaN where it holds none."""
        place = self.columns[column]
        return np.array([_number(row[place]) for row in self.rows], dtype=np.float64)


def read_responses(path: Path) -> ResponseTable:
    """Read the file at `path`.

    Raises:
        SurveyError: it cannot be read, a column is there twice, or a row has more or fewer cells than there are
            columns, so that they may stand for another question; the message names the line.
    """
    header, numbered = read_cells(path, frozenset())
    rows, lines = [], []
    for line, cells in numbered:
        if len(cells) < len(header):
            raise wrong_length(path, line, len(cells), len(header))
        rows.append(cells)
        lines.append(line)
    return ResponseTable(path, {name: place for place, name in enumerate(header)}, rows, lines)


def _number(cell: str) -> float:
    try:
        return float(cell) if "_" not in cell else float("nan")  # Python takes 1_000 for a number
    except ValueError:
        return float("nan")
