"""The page about the command line says what the program does."""

import re

from chat_personas.cli import errors
from scripts.docs import write_commands

PAGE = write_commands.PAGE.read_text(encoding="utf-8")


def test_generated_parts_are_up_to_date() -> None:
    """If this fails, run `make docs`."""
    assert write_commands.updated(PAGE) == PAGE


def test_every_exit_code_is_explained() -> None:
    explained = {int(code) for code in re.findall(r"^\| (\d+) \|", PAGE, re.MULTILINE)}
    assert explained == {value for name, value in vars(errors).items() if name.isupper()}
