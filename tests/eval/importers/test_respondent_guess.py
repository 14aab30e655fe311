"""The first guess of what the columns of a table are: what it sees in them, and that it must be completed."""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from eval.errors import SurveyError
from eval.importers import KINDS, ImportOptions
from eval.importers.respondent_guess import first_guess
from eval.importers.respondent_table import PeopleTable, read_people


def written(folder: Path, table: str) -> str:
    (folder / "works.csv").write_text(table, encoding="utf-8")
    return first_guess(read_people(folder / "works.csv")).text("chat-personas ...")


def guessed(folder: Path, table: str) -> dict[str, Any]:
    return tomllib.loads(written(folder, table))


def column(folder: Path, name: str, *cells: object) -> dict[str, Any]:
    """Return the guess for a table with this column and a plain question."""
    rows = [f"{cell},{1 + place % 2}" for place, cell in enumerate(cells)]
    return guessed(folder, "\n".join([f"{name},other", *rows]) + "\n")


def codes(answers: list[dict[str, Any]]) -> list[Any]:
    return [answer.get("code", answer.get("text")) for answer in answers]


TABLE = """\
id,pspwght,sex,age,union,q1,q2,Is pay too low?
1,0.5,male,18,Member,1,3,Yes
2,1.25,female,33,Never,2,8,No
3,0.75,male,54,Member,3,9,Yes
4,1.5,female,71,Never,2,1,Don't know
5,1.0,male,44,Never,1,2,No
6,1.0,female,29,Member,3,-1,NA
7,1.0,male,19,Never,1,2,
8,1.0,female,30,Never,1,2,No
9,1.0,female,31,Never,1,2,No
10,1.0,female,32,Never,1,2,No
11,1.0,female,34,Never,1,2,No
12,1.0,female,35,Never,1,2,No
"""


def test_columns_are_told_apart_by_their_names_and_codes(tmp_path: Path) -> None:
    found = guessed(tmp_path, TABLE)
    assert found["weight"] == "pspwght"
    assert [each["column"] for each in found["questions"]] == ["q1", "q2", "Is pay too low?"]
    assert [(each["column"], each["attribute"]) for each in found["attributes"]] == [
        ("sex", "SEX"),
        ("age", "AGE"),
        ("union", "UNION"),
    ]
    assert '# "id": every value occurs once, as in an identifier of the people' in written(tmp_path, TABLE)


@pytest.mark.parametrize(
    ("name", "is_one"),
    [("id", True), ("RespId", True), ("case_id", True), ("ID-Nr", True), ("party_id", False), ("q1", False)],
)
def test_a_column_that_tells_people_apart_is_no_question_also_in_a_table_of_a_few_people(
    tmp_path: Path, name: str, is_one: bool
) -> None:
    table = f"{name},other\n" + "".join(f"{place},{1 + place % 2}\n" for place in range(1, 6))
    found = guessed(tmp_path, table)
    columns = {each["column"] for each in (*found["questions"], *found.get("attributes", []))}
    assert columns == ({"other"} if is_one else {name, "other"})
    assert ("every value occurs once" in written(tmp_path, table)) == is_one


def test_values_that_occur_twice_are_no_identifier_whatever_the_column_is_called(tmp_path: Path) -> None:
    assert column(tmp_path, "id", 1, 2, 1, 2)["questions"][0]["column"] == "id"


def test_values_of_the_catalogue_are_recognised_and_ages_put_into_its_bands(tmp_path: Path) -> None:
    sex, age, union = guessed(tmp_path, TABLE)["attributes"]
    assert sex["values"] == [{"code": "female", "value": "Female"}, {"code": "male", "value": "Male"}]
    assert age["values"][0] == {"from": 18, "to": 29, "value": "18-29"}
    assert age["values"][-1] == {"from": 65, "value": "65+"}
    assert union["values"] == [{"value": "Member"}, {"value": "Never"}]


def test_a_header_that_is_a_question_is_its_wording_and_texts_have_no_order_yet(tmp_path: Path) -> None:
    found = guessed(tmp_path, TABLE)
    question = found["questions"][2]
    assert question["stem"] == "Is pay too low?"
    scale = found["scales"][question["scale"]]
    assert (codes(scale["options"]), codes(scale["refusals"])) == (["No", "Yes"], ["Don't know"])
    assert (scale["not_asked"], scale["ordered"]) == (["NA"], False)


def test_questions_with_the_same_codes_share_a_scale(tmp_path: Path) -> None:
    found = guessed(tmp_path, TABLE)
    first, second, _ = found["questions"]
    assert first["scale"] == second["scale"]
    scale = found["scales"][first["scale"]]
    assert (codes(scale["options"]), codes(scale["refusals"]), scale["not_asked"]) == ([1, 2, 3], [8, 9], [-1])


@pytest.mark.parametrize(
    ("cells", "options", "refusals", "not_asked"),
    [
        ((1, 2, 8, 9), [1, 2], [8, 9], []),
        ((1, 2, 3, 4, 5, 6, 8), [1, 2, 3, 4, 5, 6], [8], []),
        ((1, 2, 3, 4, 5, 6, 7, 8, 9), [1, 2, 3, 4, 5, 6, 7, 8, 9], [], []),  # a scale from 1 to 9
        ((1, 2, 3, 4, 5, 7), [1, 2, 3, 4, 5, 7], [], []),  # nobody chose 6
        ((1, 2, 7, 8, 9), [1, 2], [7, 8, 9], []),
        ((0, 5, 10, 98, 99), [0, 5, 10], [98, 99], []),
        ((0, 5, 10, 77, 88, 99), [0, 5, 10], [77, 88, 99], []),
        ((1, 2, 999), [1, 2], [999], []),
        ((1, 2, -1), [1, 2], [], [-1]),
        ((1, 2, -8, -9, -1), [1, 2], [-8, -9], [-1]),
        (("1.0", "2.0", "9.0"), [1, 2], [9], []),
        (("Agree", "Disagree", "DK", "Refused", "."), ["Agree", "Disagree"], ["DK", "Refused"], ["."]),
    ],
)
def test_codes_for_no_answer_are_recognised(
    tmp_path: Path, cells: tuple[object, ...], options: list[Any], refusals: list[Any], not_asked: list[Any]
) -> None:
    scale = column(tmp_path, "q", *cells)["scales"]["scale-1"]
    assert codes(scale["options"]) == options
    assert codes(scale.get("refusals", [])) == refusals
    assert scale.get("not_asked", []) == not_asked


@pytest.mark.parametrize(
    ("cells", "order"),
    [
        (("Disagree", "Strongly agree", "Neither"), ["Strongly agree", "Neither", "Disagree"]),
        (("Disagree strongly", "Agree strongly", "Agree"), ["Agree strongly", "Agree", "Disagree strongly"]),
        (("Never", "Often", "Sometimes", "Don't know"), ["Often", "Sometimes", "Never"]),
    ],
)
def test_the_texts_of_common_scales_are_put_in_order(tmp_path: Path, cells: tuple[str, ...], order: list[str]) -> None:
    scale = column(tmp_path, "q", *cells)["scales"]["scale-1"]
    assert codes(scale["options"]) == order
    assert "ordered" not in scale


@pytest.mark.parametrize("name", ["weight", "WT", "wgt_final", "pspwght", "anweight", "w"])
def test_a_column_of_numbers_called_like_a_weight_is_one(tmp_path: Path, name: str) -> None:
    assert column(tmp_path, name, "0.5", "1.25", "2")["weight"] == name


def test_a_question_about_weight_is_none(tmp_path: Path) -> None:
    found = column(tmp_path, "overweight", 1, 2, 1, 2)
    assert "weight" not in found
    assert found["questions"][0]["column"] == "overweight"


@pytest.mark.parametrize(
    ("name", "cells", "attribute"),
    [
        ("region", ("Bavaria", "Hesse"), "REGION"),
        ("region", ("South", "West"), "CREGION"),
        ("region", ("South", "Middle"), "OWN_GROUP_REGION"),  # REGION=South would be taken for CREGION=South
        ("partyid", ("Labour", "Green"), "PARTYID"),
        ("party", (1, 2), "POLPARTY"),
        ("country", ("Japan", "Ghana"), "COUNTRY"),
        ("employment status", ("Full", "None"), "EMPLOYMENT_STATUS"),
    ],
)
def test_group_columns_get_an_attribute_that_is_accepted(
    tmp_path: Path, name: str, cells: tuple[object, ...], attribute: str
) -> None:
    assert [each["attribute"] for each in column(tmp_path, name, *cells)["attributes"]] == [attribute]


def test_a_guess_is_refused_until_the_words_are_written_and_then_imported(tmp_path: Path) -> None:
    text = written(tmp_path, TABLE)
    spec, options = tmp_path / "works.toml", ImportOptions("works", spec=tmp_path / "works.toml")
    spec.write_text(text)
    with pytest.raises(SurveyError, match="text is empty; write at least one word"):
        KINDS["respondents"].read(tmp_path / "works.csv", options)
    text = re.sub(r'code = (\d), text = ""', r'code = \1, text = "Level \1"', text)
    spec.write_text(text)
    with pytest.raises(SurveyError, match="stem is empty; write at least one word"):
        KINDS["respondents"].read(tmp_path / "works.csv", options)
    spec.write_text(text.replace('stem = ""', 'stem = "?"'))
    survey = KINDS["respondents"].read(tmp_path / "works.csv", options).survey
    assert survey.weighted
    assert [question.option_texts for question in survey.questions] == [
        ("Level 1", "Level 2", "Level 3"),
        ("Level 1", "Level 2", "Level 3"),
        ("No", "Yes"),
    ]


@given(some.lists(some.lists(some.text(max_size=8), min_size=3, max_size=3), min_size=2, max_size=8))
def test_a_guess_is_always_valid_toml(rows: list[list[str]]) -> None:
    names = ["q\n1", 'weight"', "région\x7f"]
    columns = {name: [row[place] for row in rows] for place, name in enumerate(names)}
    guess = first_guess(PeopleTable(Path("x.csv"), columns, len(rows)))
    tomllib.loads(guess.text("chat-personas"))
