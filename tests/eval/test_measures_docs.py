"""The pages about reports and measures say what the program does."""

import importlib.util
from pathlib import Path

from eval.report import Scores

DOCS = Path(__file__).parents[2] / "docs"


def test_the_tables_of_the_report_are_those_of_its_models() -> None:
    """If this fails, run `python docs/write_report.py`."""
    spec = importlib.util.spec_from_file_location("write_report", DOCS / "write_report.py")
    assert spec is not None
    assert spec.loader is not None
    writer = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(writer)
    page = (DOCS / "report.md").read_text(encoding="utf-8")
    assert writer.updated(page) == page
    assert "| `` |" not in page
    assert "|  |" not in page


def test_every_score_of_a_report_is_defined_on_the_page_about_measures() -> None:
    page = (DOCS / "measures.md").read_text(encoding="utf-8")
    assert [name for name in Scores.model_fields if f"| `{name}` |" not in page] == []
