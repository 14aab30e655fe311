"""The page about answers says what the program does."""

import re
from pathlib import Path

import pytest

from eval.answer_files import load_answers
from eval.evaluation import evaluate_answers
from eval.surveys.loading import load_survey
from scripts.docs import write_answers

PAGE = write_answers.PAGE.read_text(encoding="utf-8")


def test_the_example_is_a_file_of_answers_to_the_built_in_survey(tmp_path: Path) -> None:
    (block,) = re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)
    path = tmp_path / "example.jsonl"
    path.write_text(block, encoding="utf-8")
    civic = load_survey("civic")
    democrat, everyone = evaluate_answers(load_answers(str(path), civic), civic)
    assert [question.refusal for question in democrat.questions] == [pytest.approx(0.05)]
    assert [question.refusal for question in everyone.questions] == [pytest.approx(0.1)]
    assert not democrat.failures + everyone.failures


def test_generated_parts_are_up_to_date() -> None:
    """If this fails, run `make docs`."""
    assert write_answers.updated(PAGE) == PAGE
