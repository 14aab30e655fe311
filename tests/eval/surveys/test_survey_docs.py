"""The page about surveys says what the program does."""

import re
from pathlib import Path

from eval.importers.respondent_spec import read_spec
from eval.surveys.human_figures import groups_with_figures
from eval.surveys.loading import load_survey
from scripts.docs import write_surveys

PAGE = write_surveys.PAGE.read_text(encoding="utf-8")


def test_the_example_is_a_survey_that_loads(tmp_path: Path) -> None:
    blocks = re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)
    assert len(blocks) == 1
    path = tmp_path / "example.json"
    path.write_text(blocks[0], encoding="utf-8")
    assert len(groups_with_figures(load_survey(str(path)).survey)) == 3


def test_the_example_of_a_description_is_read(tmp_path: Path) -> None:
    (block,) = (each for each in re.findall(r"```\n(.*?)```", PAGE, re.DOTALL) if each.startswith("schema ="))
    (tmp_path / "works.toml").write_text(block, encoding="utf-8")
    spec = read_spec(tmp_path / "works.toml")
    assert [column.attribute for column in spec.attributes] == ["UNION", "AGE"]


def test_generated_parts_are_up_to_date() -> None:
    """If this fails, run `make docs`."""
    assert write_surveys.updated(PAGE) == PAGE
