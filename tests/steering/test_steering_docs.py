"""docs/steering.md agrees with the program."""

import re
from pathlib import Path

from chat_personas.steering.contrast import LEAST_PAIRS, from_file
from scripts.docs import write_steering

PAGE = write_steering.PAGE.read_text(encoding="utf-8")


def test_the_keys_of_the_table_are_those_of_its_models() -> None:
    assert write_steering.updated(PAGE) == PAGE, "run make docs"


def test_the_pairs_of_the_page_can_be_trained_on_as_they_stand(tmp_path: Path) -> None:
    (example,) = re.findall(r'```json\n(\{"positive".*?)```', PAGE, re.DOTALL)
    path = tmp_path / "formal.jsonl"
    path.write_text(example, encoding="utf-8")
    contrast = from_file(path)
    assert len(contrast.training) == len(contrast.held_out) == LEAST_PAIRS / 2
    assert f"at least {LEAST_PAIRS} pairs" in PAGE


def test_every_picture_of_the_page_is_there() -> None:
    pictures = re.findall(r"\]\((pictures/[\w-]+\.svg)\)", PAGE)
    assert pictures
    assert all((write_steering.DOCS / picture).is_file() for picture in pictures if picture)
