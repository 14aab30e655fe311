"""The page about expression methods says what the program does."""

import re

import pytest

from eval.expression.methods import EXPRESSIONS, METHODS, Expression
from scripts.docs.parts import DOCS
from tests.eval.towns import question

PAGE = (DOCS / "expression.md").read_text(encoding="utf-8")


def test_every_method_has_a_line_in_the_table_of_methods() -> None:
    table = PAGE.split("| method | what is asked |")[1].split("\n\n")[0]
    assert re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE) == list(EXPRESSIONS)


def test_the_texts_of_options_are_replies_to_the_question_alone() -> None:
    asked = question("buses", {}, overall=(3, 1))
    assert METHODS["option_texts"].prompts(asked) == [asked.stem]
    assert "with `option_texts` the question alone" in PAGE


@pytest.mark.parametrize("expression", [each for each in EXPRESSIONS if each != "option_texts"])
def test_the_instruction_on_the_page_is_the_one_in_the_prompt(expression: Expression) -> None:
    table = PAGE.split("| method | instruction |")[1].split("\n\n")[0]
    (instruction,) = re.findall(rf"^\| .*`{expression}`.* \| `(.*)` \|$", table, re.MULTILINE)
    asked = question("buses", {}, overall=(3, 1))
    assert [prompt for prompt in METHODS[expression].prompts(asked) if not prompt.endswith(instruction)] == []


def test_the_reasons_why_a_reply_fails_are_those_of_the_program() -> None:
    quoted = re.findall(r"`((?:the reply|the percentages|most replies)\s[^`]*)`", PAGE)
    code = "\n".join(file.read_text(encoding="utf-8") for file in (DOCS.parent / "eval" / "expression").glob("*.py"))
    assert len(quoted) == 9
    assert [reason for reason in quoted if " ".join(reason.split()).removesuffix("few answers") not in code] == []
