"""The page about the understanding gap shows what its code prints."""

import re
from pathlib import Path

import pytest

from tests.python_page import run

PAGE = Path(__file__).parents[2] / "docs" / "understanding.md"


def test_the_code_on_the_page_prints_what_the_page_says(capsys: pytest.CaptureFixture[str]) -> None:
    run(PAGE)
    shown = re.findall(r"^```text\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    assert shown
    assert capsys.readouterr().out == "".join(shown)
