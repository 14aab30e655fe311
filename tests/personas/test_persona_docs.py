"""The page for users says what the program does."""

import re
from pathlib import Path

import pytest

from personas import Group, check, steering_prompt
from scripts.docs import write_personas

PAGE = write_personas.PAGE.read_text(encoding="utf-8")


def test_the_tables_are_those_of_the_models_and_the_library() -> None:
    """If this fails, run `make docs`."""
    assert write_personas.updated(PAGE) == PAGE


def test_the_example_is_a_good_persona_file(tmp_path: Path) -> None:
    (example,) = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
    file = tmp_path / "ruth.toml"
    file.write_text(example, encoding="utf-8")
    assert check(file) == []


@pytest.mark.parametrize("steering", ["portray", "bio"])
def test_the_prompts_are_quoted_exactly(steering: str) -> None:
    prompt = steering_prompt(steering, [Group.parse("POLPARTY=Democrat"), Group.parse("SEX=Female")])
    assert prompt in PAGE.replace("\n> ", " ")


def test_every_key_is_explained() -> None:
    assert not re.search(r"\| *\|$", PAGE, re.MULTILINE)


def test_keys_that_are_called_like_a_table_are_not_left_out() -> None:
    assert "| `[few_shot]` | `prompt` |" in PAGE
