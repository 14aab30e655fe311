"""Two reports are compared within each question, over the questions that both answered."""

import numpy as np
import pytest
from scipy.stats import bootstrap

from eval.compare.models import PairedDifference, PairedReport
from eval.compare.paired import NamedReport, is_worse, pair_reports, paired
from eval.errors import ReportError
from eval.report import Report
from tests.eval.reports import MODEL, report, row, rows
from tests.eval.towns import REPUBLICAN


def compared(a: Report, b: Report, seed: int = 0) -> PairedReport:
    return paired(NamedReport("a.json", a), NamedReport("b.json", b), seed)


def alignment(found: PairedReport) -> PairedDifference:
    assert found.difference.alignment is not None
    return found.difference.alignment


def test_the_difference_is_the_mean_of_b_minus_a() -> None:
    found = alignment(compared(report(rows([0.5, 0.6, 0.9])), report(rows([0.6, 0.9, 0.8]))))
    assert found.mean == pytest.approx(0.1)
    assert found.p == 0.75  # the sums of ±1 ±3 ±1 are at least 3 away from 0 in 6 of 8 patterns
    assert (found.low, found.high, found.questions) == (None, None, 3)


def test_questions_are_paired_by_id_and_not_by_place() -> None:
    found = compared(report([row("X", 0.2), row("Y", 0.8)]), report([row("Y", 0.7), row("X", 0.4)]))
    assert found.paired == ("X", "Y")
    assert alignment(found).mean == pytest.approx((0.2 - 0.1) / 2)


def test_from_20_questions_on_there_is_an_interval_as_wide_as_that_of_another_program() -> None:
    rng = np.random.default_rng(3)
    a = rng.uniform(0.3, 0.9, 40)
    b = a + rng.normal(0.03, 0.05, 40)
    found = alignment(compared(report(rows(a.tolist())), report(rows(b.tolist()))))
    theirs = bootstrap((b - a,), np.mean, method="BCa", rng=np.random.default_rng(0)).confidence_interval
    assert found.mean == pytest.approx(np.mean(b - a))
    assert (found.low, found.high) == (pytest.approx(theirs.low, abs=0.003), pytest.approx(theirs.high, abs=0.003))


def test_a_shift_far_smaller_than_the_spread_of_questions_is_seen() -> None:
    spread = np.linspace(0.1, 0.9, 30)
    found = alignment(compared(report(rows(spread.tolist())), report(rows((spread + 0.01).tolist()))))
    assert (found.mean, found.low, found.high) == (pytest.approx(0.01),) * 3
    assert found.p == 1 / 10_001


def test_swapping_the_reports_turns_the_sign() -> None:
    one, other = report(rows([0.5, 0.6, 0.9])), report(rows([0.6, 0.9, 0.8]))
    there, back = alignment(compared(one, other)), alignment(compared(other, one))
    assert (there.mean, there.p) == (pytest.approx(-back.mean), back.p)


def test_questions_in_one_report_only_are_left_out_with_the_reason() -> None:
    a = report(rows([0.5, 0.5, 0.5, 0.5]))
    b = report([row("Q0", 0.6), row("Q9", 0.1)], failures=[{"id": "Q2", "why": "too long"}])
    found = compared(a, b)
    assert found.paired == ("Q0",)
    assert [(left.id, left.why) for left in found.left_out] == [
        ("Q1", "not put in B"),
        ("Q2", "failed in B: too long"),
        ("Q3", "not put in B"),
        ("Q9", "not put in A"),
    ]


def test_options_without_order_count_in_total_variation_only() -> None:
    a = report([row("Q0", None, total_variation=0.2), row("Q1", 0.5, total_variation=0.2)])
    b = report([row("Q0", None, total_variation=0.4), row("Q1", 0.5, total_variation=0.3)])
    found = compared(a, b)
    assert alignment(found).questions == 1
    assert found.difference.total_variation is not None
    assert found.difference.total_variation.questions == 2
    assert found.difference.total_variation.mean == pytest.approx(0.15)


def test_only_questions_that_are_valid_in_both_are_paired_and_the_others_named() -> None:
    a = report([row("Q0", 0.5), row("Q1", 0.5, valid=False), row("Q2", 0.5), row("Q3", 0.5, valid=False)])
    b = report([row("Q0", 0.6), row("Q1", 0.1), row("Q2", 0.1, valid=False), row("Q3", 0.1, valid=False)])
    found = compared(a, b)
    assert found.paired == ("Q0",)
    assert alignment(found).mean == pytest.approx(0.1)
    assert [(left.id, left.why) for left in found.left_out] == [
        ("Q1", "not valid in A"),
        ("Q2", "not valid in B"),
        ("Q3", "not valid in A and B"),
    ]
    assert found.difference_valid_only == found.difference
    assert (found.a.not_valid, found.b.not_valid) == (2, 2)


def test_reports_without_a_question_that_is_valid_in_both_are_refused() -> None:
    with pytest.raises(ReportError, match="no question is valid in both reports"):
        compared(report([row("X", 0.5, valid=False)]), report([row("X", 0.5)]))


def test_total_variation_is_not_compared_between_ways_of_counting_refusals() -> None:
    found = compared(report(rows([0.5])), report(rows([0.6]), refusals="as-option"))
    assert found.difference.total_variation is None
    assert alignment(found).mean == pytest.approx(0.1)


def test_what_differs_is_named_with_both_values() -> None:
    a = report(rows([0.5]))
    b = report(rows([0.5]), group=REPUBLICAN, steering="bio", model=MODEL | {"name": "big", "sha256": None})
    assert [(each.setting, each.a, each.b) for each in compared(a, b).differs] == [
        ("persona.groups", "POLPARTY=Democrat", "POLPARTY=Republican"),
        ("model.name", "toy", "big"),
        ("model.sha256", "ab" * 32, None),
        ("steering", "portray", "bio"),
    ]


def test_the_same_report_differs_in_nothing() -> None:
    same = report(rows([0.5, 0.7]))
    found = compared(same, same)
    assert (found.differs, found.left_out) == ((), ())
    assert (alignment(found).mean, alignment(found).p) == (0, 1)


def test_reports_on_different_surveys_are_refused() -> None:
    with pytest.raises(ReportError, match="different surveys"):
        compared(report(rows([0.5])), report(rows([0.5]), survey="b"))


def test_reports_without_a_common_question_are_refused() -> None:
    with pytest.raises(ReportError, match="no question in common"):
        compared(report([row("X", 0.5)]), report([row("Y", 0.5)]))


@pytest.mark.parametrize(
    ("mean", "low", "high", "p", "worse"),
    [
        (-0.1, -0.2, -0.01, 0.01, True),
        (-0.1, -0.2, -0.01, 0.5, False),
        (-0.1, -0.2, 0.01, 0.001, False),
        (0.1, 0.01, 0.2, 0.001, False),
        (-0.1, None, None, 0.04, True),
        (-0.1, None, None, 0.05, False),
        (0.1, None, None, 0.01, False),
    ],
)
def test_worse_is_an_interval_below_0_and_a_small_p_value_or_p_alone_where_there_is_no_interval(
    mean: float, low: float | None, high: float | None, p: float, worse: bool
) -> None:
    assert is_worse(PairedDifference(mean=mean, low=low, high=high, p=p, questions=25)) is worse


def test_without_a_difference_nothing_is_worse() -> None:
    assert not is_worse(None)


def test_several_reports_are_paired_by_the_name_of_the_persona() -> None:
    a = [report(rows([0.5]), name="one"), report(rows([0.6]), name="two")]
    b = [report(rows([0.8]), name="two"), report(rows([0.7]), name="one")]
    assert pair_reports(a, b) == ((a[0], b[1]), (a[1], b[0]))


def test_one_report_is_paired_with_one_whatever_their_names() -> None:
    one, other = report(rows([0.5]), name="one"), report(rows([0.5]), name="other")
    assert pair_reports([one], [other]) == ((one, other),)


@pytest.mark.parametrize(
    ("a", "b", "says"),
    [
        (("one", "two"), ("one",), 'B has no report on the persona "two"'),
        (("one",), ("one", "two"), 'A has no report on the persona "two"'),
        (("one", "one"), ("one", "two"), 'A has 2 reports on the persona "one"'),
    ],
)
def test_what_cannot_be_paired_is_refused(a: tuple[str, ...], b: tuple[str, ...], says: str) -> None:
    with pytest.raises(ReportError, match=says):
        pair_reports([report(rows([0.5]), name=name) for name in a], [report(rows([0.5]), name=name) for name in b])


def both_ways(*names: str) -> list[Report]:
    """Return reports on these personas, each in two expressions."""
    return [report(rows([0.5]), name=name, expression=way) for name in names for way in ("sequence", "sampled")]


def test_reports_in_several_expressions_are_paired_by_persona_and_expression() -> None:
    a, b = both_ways("one", "two"), both_ways("two", "one")[::-1]
    pairs = pair_reports(a, b)
    assert len(pairs) == 4
    for left, right in pairs:
        assert (left.persona.name, left.expression) == (right.persona.name, right.expression)


def test_an_expression_in_one_file_only_is_refused() -> None:
    with pytest.raises(ReportError, match="B has no report on the expression verbalized; ask both in the same"):
        pair_reports([*both_ways("one"), report(rows([0.5]), name="one", expression="verbalized")], both_ways("one"))
