"""The pages about studies show what their code prints, and the keys of what is written."""

import re
from pathlib import Path

import pytest

from scripts.docs import write_study
from tests.python_page import run

PAGE = Path(__file__).parents[2] / "docs" / "understanding.md"


def test_the_code_on_the_page_prints_what_the_page_says(capsys: pytest.CaptureFixture[str]) -> None:
    run(PAGE)
    shown = re.findall(r"^```text\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    assert shown
    assert capsys.readouterr().out == "".join(shown)


def test_the_keys_of_a_table_are_those_of_the_code() -> None:
    page = write_study.PAGE.read_text(encoding="utf-8")
    assert write_study.updated(page) == page
