"""The knowledge-to-simulation gap: simulation minus verbalized, within each question, for each persona by itself."""

import numpy as np
import pytest

from eval.compare.knowledge_gap import gaps
from eval.report import Report
from eval.scoring.intervals import Bootstrap
from tests.eval.reports import judged_as, report, row


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


def test_beside_it_stands_the_gap_of_the_benchmark_the_ratio_of_the_means_minus_1() -> None:
    """As its code has it: gpt-4 with means of 0.1213 and 0.1 has a gap of 0.213."""
    (gap,) = gaps([KNOWN, asked("sequence", {"Q0": 0.12, "Q1": 0.3, "Q2": 0.36})])
    assert gap.relative is not None
    assert gap.relative.mean == pytest.approx(0.26 / 0.2 - 1)
    (zero,) = gaps([asked("verbalized", {"Q0": 0.0}), asked("sequence", {"Q0": 0.4})])
    assert (zero.relative, zero.total_variation is None) == (None, False)


def test_the_interval_of_the_ratio_is_that_of_the_ratio_of_means_less_1() -> None:
    rng = np.random.default_rng(1)
    known, drawn = rng.uniform(0.05, 0.3, 30), rng.uniform(0.1, 0.4, 30)
    reports = [
        asked(name, {f"Q{n}": float(value) for n, value in enumerate(values)})
        for name, values in (("verbalized", known), ("sequence", drawn))
    ]
    (gap,) = gaps(reports)
    ratio = Bootstrap(reports[0].seed).ratio(drawn, known)
    assert gap.relative is not None
    assert ratio is not None
    assert ratio.low is not None
    assert ratio.high is not None
    assert (gap.relative.mean, gap.relative.low, gap.relative.high) == pytest.approx(
        (ratio.mean - 1, ratio.low - 1, ratio.high - 1)
    )


def test_a_gap_is_sound_only_if_both_measurements_are() -> None:
    drawn = asked("sampled", {"Q0": 0.4})
    assert gaps([KNOWN, drawn])[0].sound
    assert not gaps([KNOWN, judged_as(drawn, "follows_letters")])[0].sound
    assert not gaps([judged_as(KNOWN, "does_not_answer"), drawn])[0].sound
