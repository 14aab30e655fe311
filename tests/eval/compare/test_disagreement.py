"""How far the expressions of a persona disagree: by hand on two options."""

from typing import Any

import pytest

from eval.compare.disagreement import disagreements
from eval.report import Report
from tests.eval.reports import document, row


def asked(expression: str, shares: dict[str, float], **changed: Any) -> Report:
    """Return a report in this expression; `shares` are those of the first of two options, by question."""
    rows = [{**row(name, 0.5), "model": [share, 1 - share]} for name, share in shares.items()]
    return Report.model_validate(document(rows, **changed) | {"expression": expression})


def test_it_is_the_distance_between_the_answers_over_what_both_answered() -> None:
    one = asked("log_probability", {"Q0": 0.9, "Q1": 0.2, "Q2": 0.5})
    (found,) = disagreements([one, asked("verbalized", {"Q0": 0.5, "Q1": 0.4, "Q3": 0.1})])
    assert found.expressions == ("log_probability", "verbalized")
    assert found.total_variation.mean == pytest.approx((0.4 + 0.2) / 2)
    assert (found.questions, found.sound) == (2, True)


def test_every_two_expressions_of_one_persona_are_compared_and_no_two_personas() -> None:
    names = ("log_probability", "sequence", "verbalized")
    reports = [asked(name, {"Q0": 0.5}) for name in names] + [asked("sampled", {"Q0": 0.5}, name="other")]
    found = [each.expressions for each in disagreements(reports)]
    assert found == [("log_probability", "sequence"), ("log_probability", "verbalized"), ("sequence", "verbalized")]


def test_without_a_common_question_there_is_none() -> None:
    assert disagreements([asked("sequence", {"Q0": 0.5}), asked("sampled", {"Q1": 0.5})]) == ()
