"""Raking: the margins hold, known tables come out, and what cannot be weighted is said in one sentence."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat_personas.studies.weighting import RakingError, effective_size, rake

AGES, SEXES = ["young"] * 4 + ["old"] * 6, ["f", "m", "m", "m", "f", "f", "m", "m", "m", "m"]
PEOPLE = {"age": AGES, "sex": SEXES}
EVEN = {"age": {"young": 0.5, "old": 0.5}, "sex": {"f": 0.5, "m": 0.5}}


def share(weights: np.ndarray, of: list[str], category: str) -> float:
    return float(weights[np.array(of) == category].sum() / weights.sum())


def test_one_margin_is_post_stratification() -> None:
    found = rake({"age": AGES}, {"age": {"young": 0.5, "old": 0.5}})
    assert found.weights == pytest.approx([1.25] * 4 + [5 / 6] * 6)
    assert found.rounds == 1


def test_the_weighted_shares_are_those_asked_for() -> None:
    found = rake(PEOPLE, EVEN)
    assert share(found.weights, AGES, "young") == pytest.approx(0.5, abs=1e-7)
    assert share(found.weights, SEXES, "f") == pytest.approx(0.5, abs=1e-7)
    assert found.weights.mean() == pytest.approx(1)
    assert found.difference <= 1e-8


def test_the_two_by_two_table_is_the_one_with_the_odds_ratio_of_the_sample() -> None:
    # young f 1, young m 3, old f 2, old m 4: odds ratio 2/3; with even margins the cell p has (p / (0.5 - p))^2 = 2/3.
    found = rake(PEOPLE, EVEN)
    cell = 0.5 * (2 / 3) ** 0.5 / (1 + (2 / 3) ** 0.5)
    assert found.weights[0] / found.weights.sum() == pytest.approx(cell, abs=1e-7)


def test_weights_to_begin_with_are_kept_where_they_meet_the_margins_already() -> None:
    start = np.array([1.0, 3.0, 2.0, 2.0])
    people = {"sex": ["f", "f", "m", "m"]}
    assert rake(people, {"sex": {"f": 0.5, "m": 0.5}}, start).weights == pytest.approx(start / 2)


def test_the_effective_size_is_that_of_kish() -> None:
    assert effective_size(np.ones(7)) == pytest.approx(7)
    assert effective_size(np.array([1.0, 0, 0])) == pytest.approx(1)
    assert rake({"age": AGES}, {"age": {"young": 0.5, "old": 0.5}}).effective == pytest.approx(
        9.6
    )  # 100 / (25/4 + 25/6)


def test_bounds_hold_and_what_they_cost_is_told() -> None:
    people, margins = {"age": ["young"] + ["old"] * 9}, {"age": {"young": 0.5, "old": 0.5}}
    free, bounded = rake(people, margins), rake(people, margins, bounds=(0.2, 3.0))
    assert free.weights[0] == pytest.approx(5)
    assert bounded.weights[0] == pytest.approx(3, rel=1e-3)
    assert bounded.difference == pytest.approx(0.2, abs=1e-3)
    assert bounded.bounded == 1
    assert bounded.effective > free.effective


def test_bounds_that_are_not_reached_change_nothing() -> None:
    assert rake(PEOPLE, EVEN, bounds=(0.01, 50)).weights == pytest.approx(rake(PEOPLE, EVEN).weights, rel=1e-6)
    assert rake(PEOPLE, EVEN, bounds=(0.01, 50)).bounded == 0


@pytest.mark.parametrize(
    ("margins", "words"),
    [
        ({"age": {"young": 0.5, "old": 0.4}}, "The shares of age must be from 0 to 1 and sum to 1; they sum to 0.9."),
        ({"age": {"young": 1.5, "old": -0.5}}, "must be from 0 to 1"),
        ({"age": {"young": 0.5, "old": 0.4, "oldest": 0.1}}, "Nobody is age oldest, which is to have a share of 0.1."),
        ({"age": {"young": 1.0}}, "The margin of age has no share for old."),
        ({"age": {"young": 1.0, "old": 0.0}}, r"age old is to have a share of 0: leave out its people \(6\)."),
        ({"race": {"any": 1.0}}, "The people have no race, for which there is a margin."),
        ({}, "there must be one attribute"),
    ],
)
def test_margins_that_cannot_be_met_are_named(margins: dict[str, dict[str, float]], words: str) -> None:
    with pytest.raises(RakingError, match=words):
        rake(PEOPLE, margins)


def test_margins_that_contradict_each_other_are_an_error_and_no_weights() -> None:
    people = {"age": ["young", "old"], "sex": ["f", "m"]}
    with pytest.raises(RakingError, match="No weights were found that meet all margins"):
        rake(people, {"age": {"young": 0.3, "old": 0.7}, "sex": {"f": 0.6, "m": 0.4}})


@pytest.mark.parametrize("start", [np.ones(9), np.zeros(10), np.full(10, np.nan)])
def test_weights_to_begin_with_must_be_positive_and_one_per_person(start: np.ndarray) -> None:
    with pytest.raises(RakingError, match="one number above 0 for each person"):
        rake(PEOPLE, EVEN, start)


def test_bounds_must_have_the_mean_between_them() -> None:
    with pytest.raises(RakingError, match=r"must have the mean weight, 1, between them; 1\.5 and 3 do not"):
        rake(PEOPLE, EVEN, bounds=(1.5, 3))


@given(st.integers(0, 10**6))
def test_the_order_of_people_and_of_margins_does_not_matter(seed: int) -> None:
    rng = np.random.default_rng(seed)
    order = rng.permutation(10)
    mixed = {"sex": [SEXES[i] for i in order], "age": [AGES[i] for i in order]}
    found = rake(mixed, {"sex": EVEN["sex"], "age": EVEN["age"]})
    assert found.weights == pytest.approx(rake(PEOPLE, EVEN).weights[order], rel=1e-6)


def test_the_weights_are_those_of_weightipy() -> None:
    weightipy = pytest.importorskip("weightipy", reason="weightipy, a package for survey weights, is missing")
    pandas = pytest.importorskip("pandas")
    rng = np.random.default_rng(5)
    people = {
        "age": rng.choice(["18-29", "30-49", "50+"], 300, p=[0.5, 0.3, 0.2]).tolist(),
        "sex": rng.choice(["f", "m"], 300, p=[0.7, 0.3]).tolist(),
    }
    margins = {"age": {"18-29": 0.2, "30-49": 0.33, "50+": 0.47}, "sex": {"f": 0.51, "m": 0.49}}
    percent = {name: {each: 100 * share for each, share in shares.items()} for name, shares in margins.items()}
    scheme = weightipy.scheme_from_dict(percent, rim_params={"convcrit": 1e-9, "max_iterations": 1000})
    theirs = weightipy.weight_dataframe(pandas.DataFrame(people), scheme)["weights"].to_numpy()
    assert rake(people, margins).weights == pytest.approx(theirs, rel=1e-5)
