"""The page about the command line says what the program does."""

import importlib
import re
from pathlib import Path

import pytest

from chat_personas.cli import errors

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "commands.md").read_text(encoding="utf-8")


def test_generated_parts_are_up_to_date(monkeypatch: pytest.MonkeyPatch) -> None:
    """If this fails, run `python docs/write_commands.py`."""
    monkeypatch.syspath_prepend(str(DOCS))
    assert importlib.import_module("write_commands").updated(PAGE) == PAGE


def test_every_exit_code_is_explained() -> None:
    explained = {int(code) for code in re.findall(r"^\| (\d+) \|", PAGE, re.MULTILINE)}
    assert explained == {value for name, value in vars(errors).items() if name.isupper()}
