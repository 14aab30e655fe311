"""A number is written alike wherever it is shown."""

from dataclasses import dataclass

import pytest

from chat_personas.reporting.numbers import (
    COMPACT,
    below,
    mean_of,
    p_value,
    percent,
    plain,
    signed,
    signed_number,
    strength_written,
    with_interval,
)


@dataclass(frozen=True)
class Score:
    """A score with bounds that are easy to follow."""

    mean: float
    low: float | None = None
    high: float | None = None


CLEAR = Score(0.8124, 0.7896, 0.8333)
SMALL = Score(-0.0004, -0.0126, 0.0114)


def test_a_score_stands_with_its_interval() -> None:
    assert with_interval(CLEAR) == "0.812 [0.790, 0.833]"
    assert with_interval(CLEAR, decimals=COMPACT) == "0.81 [0.79, 0.83]"
    assert mean_of(CLEAR) == "0.812"


def test_a_difference_has_a_sign_in_every_number() -> None:
    assert signed(CLEAR) == "+0.812 [+0.790, +0.833]"
    assert signed(Score(-0.2)) == "-0.200"


def test_a_bound_that_rounds_to_zero_still_says_on_which_side_of_it_it_lies() -> None:
    assert signed(Score(0.012, -0.0004, 0.024)) == "+0.012 [-0.000, +0.024]"
    assert signed(Score(0.012, 0.0004, 0.024)) == "+0.012 [+0.000, +0.024]"
    assert with_interval(Score(0.012, -0.0004, 0.024)) == "0.012 [-0.000, 0.024]"


def test_a_difference_that_rounds_to_zero_has_no_sign() -> None:
    assert signed(SMALL) == "0.000 [-0.013, +0.011]"
    assert signed(Score(-0.0004)) == signed(Score(0.0004)) == "0.000"
    assert signed(Score(-0.0004), decimals=4) == "-0.0004"
    assert [signed_number(value, decimals=COMPACT) for value in (-0.004, 0.004, -0.006)] == ["0.00", "0.00", "-0.01"]


@pytest.mark.parametrize("score", [Score(0.8), Score(0.8, 0.7, None)])
def test_without_an_interval_there_are_no_brackets(score: Score) -> None:
    assert with_interval(score) == "0.800"


def test_nothing_is_a_dash() -> None:
    assert {with_interval(None), signed(None), mean_of(None), plain(None), p_value(None)} == {"—"}


def test_p_values_have_four_decimals_and_shares_are_percentages() -> None:
    assert (p_value(0.03125), percent(0.256)) == ("0.0312", "25.6%")


@pytest.mark.parametrize(("value", "written"), [(0.5, "0.500"), (0.79996, "0.79996"), (0.7999999, "0.7999999")])
def test_a_value_below_a_limit_reads_as_below_it(value: float, written: str) -> None:
    assert below(0.8, value) == written


@pytest.mark.parametrize(
    ("value", "written"), [(0.0, "0"), (-0.0, "0"), (0.5, "+0.5"), (-1.0, "-1"), (1e-05, "+1e-05")]
)
def test_a_strength_of_zero_has_no_sign(value: float, written: str) -> None:
    assert strength_written(value) == written


def test_a_mean_without_an_interval_that_rounds_to_zero_has_no_sign() -> None:
    assert plain(-0.0004) == mean_of(SMALL) == "0.000"
    assert plain(-0.0006) == "-0.001"
