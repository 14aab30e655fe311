"""docs/steering.md agrees with the program."""

import re

from scripts.docs import write_steering

PAGE = write_steering.PAGE.read_text(encoding="utf-8")


def test_the_keys_of_the_table_are_those_of_its_models() -> None:
    assert write_steering.updated(PAGE) == PAGE, "run make docs"


def test_every_picture_of_the_page_is_there() -> None:
    pictures = re.findall(r"\]\((pictures/[\w-]+\.svg)\)", PAGE)
    assert pictures
    assert all((write_steering.DOCS / picture).is_file() for picture in pictures if picture)
