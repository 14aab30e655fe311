"""The catalogue holds OpinionQA's groups, and groups outside it do not exist."""

import pytest
from pydantic import ValidationError

from personas import ALL_GROUPS, CATALOGUE, Group, PersonaError

ATTRIBUTES_WITH_NUMBER_OF_VALUES = {
    "CREGION": 4,
    "AGE": 4,
    "SEX": 2,
    "EDUCATION": 6,
    "CITIZEN": 2,
    "MARITAL": 5,
    "RELIG": 12,
    "RELIGATTEND": 6,
    "POLPARTY": 4,
    "INCOME": 5,
    "POLIDEOLOGY": 5,
    "RACE": 5,
}


def test_the_catalogue_has_the_12_attributes_in_the_order_of_opinionqa() -> None:
    found = {key: len(attribute.values) for key, attribute in CATALOGUE.items()}
    assert list(found.items()) == list(ATTRIBUTES_WITH_NUMBER_OF_VALUES.items())


def test_the_60_groups_differ_and_follow_the_catalogue() -> None:
    assert len(set(ALL_GROUPS)) == 60
    assert str(ALL_GROUPS[0]) == "CREGION=Northeast"
    assert str(ALL_GROUPS[-1]) == "RACE=Other"


def test_every_group_has_a_label_that_no_other_group_has() -> None:
    assert len({group.label for group in ALL_GROUPS}) == 60


@pytest.mark.parametrize(
    ("group", "label"),
    [("POLPARTY=Democrat", "Democrat"), ("CITIZEN=No", "Not a U.S. citizen"), ("AGE=65+", "Age 65+")],
)
def test_a_label_is_clear_without_its_attribute(group: str, label: str) -> None:
    assert Group.parse(group).label == label


@pytest.mark.parametrize("group", ALL_GROUPS, ids=str)
def test_a_group_is_read_back_from_the_form_it_is_written_in(group: Group) -> None:
    assert Group.parse(str(group)) == group


@pytest.mark.parametrize(
    ("text", "suggestion"),
    [
        ("POLPARTY=Democratt", "POLPARTY=Democrat"),
        ("polparty=republican", "POLPARTY=Republican"),
        ("SEX:Female", "SEX=Female"),
    ],
)
def test_a_mistyped_group_is_answered_with_the_nearest(text: str, suggestion: str) -> None:
    with pytest.raises(PersonaError, match=f'there is no group "{text}"; did you mean "{suggestion}"'):
        Group.parse(text)


def test_a_group_outside_the_catalogue_cannot_be_made() -> None:
    with pytest.raises(ValidationError, match='RACE has no value "Mixed Race"; write "White", "Black", "Asian"'):
        Group(attribute="RACE", value="Mixed Race")
    with pytest.raises(ValidationError, match='there is no attribute "PARTY"; did you mean "POLPARTY"'):
        Group(attribute="PARTY", value="Democrat")


def test_a_country_is_a_group_beside_the_60() -> None:
    japan = Group.parse("COUNTRY=Japan")
    assert (str(japan), japan.label) == ("COUNTRY=Japan", "Japan")
    assert japan not in ALL_GROUPS
    assert "COUNTRY" not in CATALOGUE


@pytest.mark.parametrize(
    "text",
    ["UNION=Member", "REGION_DE=Bavaria", "REGION=Bavaria", "PARTY=Labour", "Wohnort (neu)=Köln", "AGE_BAND=18-29"],
)
def test_an_attribute_of_ones_own_takes_any_name_and_value(text: str) -> None:
    group = Group.parse(text)
    attribute, _, value = text.partition("=")
    assert (str(group), group.label) == (text, f"{value} ({attribute})")  # "Member" or "Yes" alone would not be clear
    assert Group.model_validate_json(group.model_dump_json()) == group


@pytest.mark.parametrize(
    ("attribute", "value", "meant"),
    [
        ("POLPARTI", "Green", "POLPARTY"),
        ("polparty", "Green", "POLPARTY"),
        ("SEXX", "Male", "SEX"),
        ("COUNTRI", "Japan", "COUNTRY"),
        ("PARTY", "Democrats", "POLPARTY"),
        ("REGION", "South", "CREGION"),
    ],
)
def test_a_slip_of_a_known_attribute_is_not_taken_for_ones_own(attribute: str, value: str, meant: str) -> None:
    wanted = f'there is no attribute "{attribute}"; did you mean "{meant}"'
    with pytest.raises(ValidationError, match=wanted):
        Group(attribute=attribute, value=value)


@pytest.mark.parametrize(
    ("attribute", "value"),
    [("", "x"), (" UNION", "x"), ("A=B", "x"), ("UNION x SEX", "x"), ("A\nB", "x"), ("UNION", "a x b"), ("UNION", " ")],
)
def test_a_name_that_could_not_be_read_back_is_refused(attribute: str, value: str) -> None:
    with pytest.raises(ValidationError):
        Group(attribute=attribute, value=value)


@pytest.mark.parametrize("text", ["COUNTRY=", "COUNTRY= ", "COUNTRY=a\x1bb", "COUNTY=Japan"])
def test_a_country_is_printable_text(text: str) -> None:
    with pytest.raises(PersonaError, match="there is no group"):
        Group.parse(text)
