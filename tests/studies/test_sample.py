"""Who took part: shares, weights and small cells are those that one counts by hand."""

from pathlib import Path

import pytest

from chat_personas.studies.sample import (
    DECLINED,
    NOT_ASKED,
    Demographics,
    Margins,
    MarginsError,
    find_margins,
    read_margins,
    shares_of,
    small_cells,
    weighting_of,
)

MARGINS = """\
schema = "chat-personas/margins@1"
title = "Adults of a town"
source = "Its register"
year = 2024

[margins.SEX]
Male = 0.5
Female = 0.5
"""
TEN: list[Demographics] = [{"SEX": "Male"}] * 8 + [{"SEX": "Female"}] * 2


@pytest.fixture
def margins(tmp_path: Path) -> Margins:
    (tmp_path / "margins.toml").write_text(MARGINS)
    return read_margins(tmp_path / "margins.toml")


def test_weights_give_the_shares_of_the_population_and_cost_what_kish_says(margins: Margins) -> None:
    weighting, weights = weighting_of(TEN, margins)
    assert weights == pytest.approx([0.5 / 0.8] * 8 + [0.5 / 0.2] * 2)
    assert weighting.effective == pytest.approx(10**2 / (8 * 0.625**2 + 2 * 2.5**2))  # 6.4
    assert (weighting.least, weighting.greatest) == pytest.approx((0.625, 2.5))
    (sex,) = shares_of(TEN, margins, weights)
    assert [(value.value, value.people) for value in sex.values] == [("Male", 8), ("Female", 2)]
    assert [value.share for value in sex.values] == pytest.approx([0.8, 0.2])
    assert [value.weighted for value in sex.values] == pytest.approx([0.5, 0.5])
    assert [value.margin for value in sex.values] == [0.5, 0.5]


def test_who_declined_or_was_not_asked_is_counted_apart_and_has_no_weight(margins: Margins) -> None:
    people: list[Demographics] = [*TEN, {"SEX": None}, {}]
    weighting, weights = weighting_of(people, margins)
    (sex,) = shares_of(people, margins, weights)
    assert (sex.known, sex.declined, sex.not_asked) == (10, 1, 1)
    assert (weighting.people, weighting.left_out, weights[10:]) == (10, 2, [0.0, 0.0])


def test_a_value_that_nobody_has_leaves_the_comparison_and_no_weights(margins: Margins) -> None:
    weighting, weights = weighting_of([{"SEX": "Male"}], margins)
    assert weighting.effective is None
    assert weighting.why_not == "Nobody is SEX Female, which is to have a share of 0.5."
    (sex,) = shares_of([{"SEX": "Male"}], margins, weights)
    assert [(value.people, value.weighted) for value in sex.values] == [(1, None), (0, None)]


def test_combinations_that_few_people_share_are_listed_the_smallest_first() -> None:
    people: list[Demographics] = [{"SEX": "Male", "AGE": "18-29"}] * 5 + [{"SEX": "Male", "AGE": "65+"}] * 4
    people += [{"SEX": None, "AGE": "65+"}, {"AGE": "65+"}]
    cells = small_cells(people)
    assert cells is not None
    assert (cells.smallest, cells.people, len(cells.cells)) == (1, 6, 3)
    assert cells.cells[-1].values == {"AGE": "65+", "SEX": "Male"}
    assert {cell.values["SEX"] for cell in cells.cells[:2]} == {DECLINED, NOT_ASKED}
    assert small_cells([{}, {}]) is None


def test_margins_can_be_json(tmp_path: Path) -> None:
    file = tmp_path / "margins.json"
    file.write_text(
        '{"schema": "chat-personas/margins@1", "title": "A town", "source": "Its register", "year": 2024,'
        ' "margins": {"AGE": {"18-29": 0.25, "30-49": 0.25, "50-64": 0.25, "65+": 0.25}}}'
    )
    assert read_margins(file).margins["AGE"]["65+"] == 0.25


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("Male = 0.5\nF", "Male = 0.4\nF", "has shares of SEX that sum to 0.9; correct them"),
        ("Male =", "Men =", 'SEX has no value "Men"'),
        ("margins.SEX", "margins.SEXX", 'did you mean "SEX"'),
        ('source = "Its register"\n', "", '"source" is missing; add it'),
        ("year = 2024", "yaer = 2024", 'there is no key "yaer"; did you mean "year"?'),
        ("year = 2024", "year = ", "this is not valid TOML"),
    ],
)
def test_faulty_margins_are_one_line(tmp_path: Path, old: str, new: str, message: str) -> None:
    file = tmp_path / "margins.toml"
    file.write_text(MARGINS.replace(old, new))
    with pytest.raises(MarginsError) as caught:
        read_margins(file)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


CENSUS = {
    "AGE": {"18-29": 53_728_222, "30-49": 84_488_200, "50-64": 62_925_688, "65+": 54_058_263},
    "SEX": {"Male": 124_348_656, "Female": 130_851_717},
    "CREGION": {"Northeast": 44_478_478, "Midwest": 52_980_427, "South": 97_108_254, "West": 60_633_214},
}
"""Residents of the United States of 18 years or more on July 1, 2019, from the two tables that the margins name."""


def test_the_margins_of_us_adults_are_the_counts_of_the_census_bureau() -> None:
    found = find_margins("us-adults")
    assert {sum(counts.values()) for counts in CENSUS.values()} == {255_200_373}, "each table counts the same people"
    expected = {
        attribute: {value: round(count / 255_200_373, 4) for value, count in counts.items()}
        for attribute, counts in CENSUS.items()
    }
    assert found.margins == expected
    assert found.year == 2019
