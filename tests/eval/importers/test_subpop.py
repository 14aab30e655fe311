"""SubPOP: shares without refusals and the share of refusals become one distribution."""

import json
from pathlib import Path
from typing import Any

import pytest

from eval.errors import SurveyError
from eval.importers import ImportOptions, ImportResult
from eval.importers.subpop import read

LINE: dict[str, Any] = {
    "qkey": "BUS_W99",
    "attribute": "POLPARTY",
    "group": "Democrat",
    "question": "Should buses be free?",
    "options": ["Yes", "No", "Depends", "Refused"],
    "responses": [0.5, 0.5, 0.0],
    "refusal_rate": 0.2,
    "ordinal": [1.0, 2.0, 1.5],
}


def imported(folder: Path, *lines: dict[str, Any]) -> ImportResult:
    """Import a file with these lines."""
    (folder / "subpop.jsonl").write_text("\n".join(map(json.dumps, lines)) + "\n")
    return read(folder / "subpop.jsonl", ImportOptions("subpop"))


def test_refusals_are_taken_out_of_the_shares_of_everyone_asked(tmp_path: Path) -> None:
    (question,) = imported(tmp_path, LINE).survey.questions
    figures = question.responses["POLPARTY"]["Democrat"]
    assert figures.proportions == pytest.approx((0.4, 0.4, 0.0))
    assert figures.refused == 0.2
    assert question.ordinals == (1, 2, 1.5)
    assert question.refusals == ("Refused",)


def test_lines_without_the_refusal_option_are_read_too(tmp_path: Path) -> None:
    (question,) = imported(tmp_path, LINE | {"options": ["Yes", "No", "Depends"]}).survey.questions
    assert question.option_texts == ("Yes", "No", "Depends")
    assert question.refusals == ("Refused",)


def test_groups_in_other_words_are_those_of_the_catalogue_and_others_are_noted(tmp_path: Path) -> None:
    found = imported(
        tmp_path,
        LINE | {"group": "Something else"},
        LINE | {"attribute": "SEX", "group": "Divers"},
        LINE | {"attribute": "Overall", "group": "Overall"},
        LINE | {"qkey": "TRAM_W99"},
    )
    bus, tram = found.survey.questions
    assert set(bus.responses["POLPARTY"]) == {"Other"}
    assert set(bus.responses) == {"POLPARTY"}
    assert bus.overall is not None
    assert set(tram.responses["POLPARTY"]) == {"Democrat"}
    assert "1 group skipped (not among the 60 of the catalogue): SEX=Divers" in found.notes


def test_a_group_that_refused_altogether_is_left_out(tmp_path: Path) -> None:
    found = imported(tmp_path, LINE, LINE | {"group": "Republican", "refusal_rate": 1.0})
    assert set(found.survey.questions[0].responses["POLPARTY"]) == {"Democrat"}
    assert any("all refused" in note for note in found.notes)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"responses": [0.5, 0.5]}, "line 2: options, ordinal and responses do not fit"),
        ({"responses": [0.5, 0.4, 0.0]}, "line 2: responses sum to 0.9, not to 1"),
        ({"refusal_rate": 2}, "line 2: refusal_rate: "),
        ({"options": ["Yes", "Never", "Depends", "Refused"]}, 'line 2: question "BUS_W99" has other options'),
    ],
)
def test_a_line_in_another_format_is_named(tmp_path: Path, change: dict[str, Any], message: str) -> None:
    with pytest.raises(SurveyError, match=message):
        imported(tmp_path, LINE, LINE | change)


REPUBLICAN = {"group": "Republican"}


@pytest.mark.parametrize(
    ("first", "second", "message"),
    [
        ({}, {"responses": [0.9, 0.1, 0.0]}, 'line 2: question "BUS_W99" has POLPARTY=Democrat already, on line 1'),
        ({"refusal_rate": 1.0}, {}, "has POLPARTY=Democrat already, on line 1"),
        ({"group": "Something else"}, {"group": "Other"}, "has figures of POLPARTY=Other already, under another name"),
        ({"group": "Other"}, {"group": "Something else"}, "has figures of POLPARTY=Other already, under another name"),
        ({"attribute": "All"}, {"attribute": "Overall"}, "has figures of everyone already"),
        ({}, REPUBLICAN | {"question": "Should trams be free?"}, 'line 2: question "BUS_W99" has another text'),
        ({}, REPUBLICAN | {"options": ["Yes", "No", "Depends", "Maybe"]}, "has other options than on a line before"),
        ({}, REPUBLICAN | {"options": ["Yes", "No", "Depends", "Not sure"]}, "has other options than on a line before"),
    ],
)
def test_lines_that_contradict_each_other_are_refused_so_that_none_overwrites_another(
    tmp_path: Path, first: dict[str, Any], second: dict[str, Any], message: str
) -> None:
    with pytest.raises(SurveyError) as caught:
        imported(tmp_path, LINE | first, LINE | second)
    assert message in str(caught.value)


def test_spaces_and_line_breaks_do_not_make_another_question_of_it(tmp_path: Path) -> None:
    found = imported(tmp_path, LINE, LINE | REPUBLICAN | {"question": " Should  buses be free? "})
    assert set(found.survey.questions[0].responses["POLPARTY"]) == {"Democrat", "Republican"}


def test_an_option_without_a_share_that_is_no_refusal_leaves_the_question_out(tmp_path: Path) -> None:
    maybe = {"qkey": "TRAM_W99", "options": ["Yes", "No", "Depends", "Maybe"]}
    found = imported(tmp_path, LINE, LINE | maybe)
    assert [question.id for question in found.survey.questions] == ["BUS_W99"]
    assert "1 question skipped (the option without a share is not for refusals): TRAM_W99" in found.notes


def test_an_option_that_declines_and_has_a_share_is_an_option_and_named(tmp_path: Path) -> None:
    found = imported(tmp_path, LINE | {"options": ["Yes", "No", "Not sure", "Refused"]})
    assert found.survey.questions[0].option_texts == ("Yes", "No", "Not sure")
    assert any("decline but have a value (counted as options): BUS_W99: Not sure" in note for note in found.notes)


def test_a_file_that_is_no_json_lines_is_refused(tmp_path: Path) -> None:
    (tmp_path / "subpop.jsonl").write_text("question,options\n")
    with pytest.raises(SurveyError, match="line 1: this is not JSON"):
        read(tmp_path / "subpop.jsonl", ImportOptions("subpop"))


def test_a_refusal_option_with_a_share_of_its_own_is_named_since_it_is_counted_twice(tmp_path: Path) -> None:
    both = {"options": ["Yes", "No", "Refused"], "responses": [0.6, 0.3, 0.1], "ordinal": [1, 2, 99]}
    reason = '1 question skipped ("Refused" has a share of its own, beside refusal_rate; take it out of responses)'
    with pytest.raises(SurveyError) as caught:
        imported(tmp_path, LINE | both)
    assert f"({reason}: BUS_W99)" in str(caught.value)
    found = imported(tmp_path, LINE | both, LINE | {"qkey": "TRAM_W99"})
    assert [question.id for question in found.survey.questions] == ["TRAM_W99"]
    assert f"{reason}: BUS_W99" in found.notes


def test_an_option_that_declines_with_a_missing_code_is_added_to_the_refusals(tmp_path: Path) -> None:
    missing = {"options": ["Yes", "No", "Don’t know", "Refused"], "responses": [0.5, 0.25, 0.25], "ordinal": [1, 2, 98]}
    found = imported(tmp_path, LINE | missing)
    (question,) = found.survey.questions
    assert (question.option_texts, question.refusals) == (("Yes", "No"), ("Don’t know", "Refused"))
    figures = question.responses["POLPARTY"]["Democrat"]
    assert figures.proportions == pytest.approx((0.4, 0.2))
    assert figures.refused == pytest.approx(0.4)
    assert '1 option taken as refusals (the text declines to answer): "Don’t know (98)" in BUS_W99' in found.notes


def test_lines_of_one_question_may_differ_in_typography(tmp_path: Path) -> None:
    other = {
        "question": "Should buses be free ?".replace(" ?", "?\u00a0"),
        "options": ["Yes", "No", "Depends", "Refused "],
    }
    curly = {"group": "Republican", "options": ["Yes", "No", "It’s fine", "Refused"]}
    straight = {"options": ["Yes", "No", "It's fine", "Refused"]}
    assert len(imported(tmp_path, LINE, LINE | REPUBLICAN | other).survey.questions) == 1
    (question,) = imported(tmp_path, LINE | straight, LINE | curly).survey.questions
    assert set(question.responses["POLPARTY"]) == {"Democrat", "Republican"}
    assert question.option_texts == ("Yes", "No", "It's fine")
