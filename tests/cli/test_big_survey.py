"""A survey of 1,498 questions and 60 groups is imported, listed and compared with within 500 MB of memory."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from eval.matrix.models import MatrixReport
from personas import ALL_GROUPS
from tests.cli.big_survey import QUESTIONS, write_table

REPOSITORY = Path(__file__).parents[2]
MOST = 500_000
"""kB"""


def run(*arguments: str) -> int:
    """Run a command in a process of its own; return the most memory that it held, in kB."""
    ran = subprocess.run(
        [sys.executable, "-m", "tests.cli.big_survey", *arguments],
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
        capture_output=True,
        text=True,
        check=True,
    )
    return int(ran.stderr.splitlines()[-1])


@pytest.mark.long
def test_the_whole_of_such_a_survey_is_imported_and_compared_with_within_its_memory(tmp_path: Path) -> None:
    write_table(tmp_path / "big.csv")
    assert run("surveys", "import", "csv", "big.csv") < MOST
    assert run("surveys", "list") < MOST
    assert run("matrix", "democrat", "republican", "--survey", "big", "--json", "matrix.json") < MOST
    matrix = MatrixReport.model_validate_json((tmp_path / "matrix.json").read_text())
    assert len(matrix.questions) == QUESTIONS
    assert len(matrix.targets) == len(ALL_GROUPS) + 1
    assert len(matrix.rows) == 3
