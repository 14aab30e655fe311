"""The pages about reports and measures say what the program does."""

from eval.report import Scores
from scripts.docs import write_report
from scripts.docs.parts import DOCS


def test_the_tables_of_the_report_are_those_of_its_models() -> None:
    """If this fails, run `make docs`."""
    page = write_report.PAGE.read_text(encoding="utf-8")
    assert write_report.updated(page) == page
    assert "| `` |" not in page
    assert "|  |" not in page


def test_every_score_of_a_report_is_defined_on_the_page_about_measures() -> None:
    page = (DOCS / "measures.md").read_text(encoding="utf-8")
    assert [name for name in Scores.model_fields if f"| `{name}` |" not in page] == []
