"""The knowledge-to-simulation gap: simulation minus verbalized, within each question, for each persona by itself."""

import pytest

from eval.compare.knowledge_gap import gaps
from eval.report import Report
from tests.eval.reports import report, row


def asked(expression: str, distances: dict[str, float], name: str = "democrat") -> Report:
    """Return a report with these total variations by question."""
    questions = [row(key, 0.5, total_variation=distance) for key, distance in distances.items()]
    return report(questions, name=name, expression=expression)


KNOWN = asked("verbalized", {"Q0": 0.1, "Q1": 0.2, "Q2": 0.3})


def test_the_gap_is_simulation_minus_verbalized_over_the_questions_that_both_answered() -> None:
    (gap,) = gaps([KNOWN, asked("sampled", {"Q1": 0.5, "Q2": 0.4, "Q3": 0.9})])
    assert (gap.persona, gap.simulation, gap.questions) == ("democrat", "sampled", 2)
    assert gap.total_variation is not None
    assert gap.total_variation.mean == pytest.approx(((0.5 - 0.2) + (0.4 - 0.3)) / 2)
    assert gap.total_variation.low is None
    assert gap.p is not None


def test_the_gap_has_an_interval_from_twenty_questions_on() -> None:
    known = asked("verbalized", {f"Q{n}": 0.1 + n / 100 for n in range(20)})
    (gap,) = gaps([asked("sequence", {f"Q{n}": 0.2 + n / 50 for n in range(20)}), known])
    assert gap.total_variation is not None
    assert gap.total_variation.mean == pytest.approx(0.1 + 9.5 / 100)
    assert gap.total_variation.low is not None
    assert 0.1 < gap.total_variation.low < gap.total_variation.mean


def test_every_simulation_has_its_gap_and_answers_in_words_have_none() -> None:
    others = ("log_probability", "sequence", "sampled", "open_ended")
    found = gaps([KNOWN, *(asked(name, {"Q0": 0.4}) for name in others)])
    assert [gap.simulation for gap in found] == ["log_probability", "sequence", "sampled"]


def test_personas_are_not_mixed() -> None:
    assert gaps([KNOWN, asked("sampled", {"Q0": 0.4}, name="republican")]) == ()


def test_without_a_question_in_common_there_is_no_gap() -> None:
    (gap,) = gaps([KNOWN, asked("sampled", {"Q9": 0.4})])
    assert (gap.total_variation, gap.p, gap.questions) == (None, None, 0)
