"""GlobalOpinionQA: countries are groups, shares go with their option, what does not fit is left out with a note."""

from pathlib import Path

import pytest

from eval.errors import SurveyError
from eval.importers import ImportOptions, ImportResult
from eval.importers.globalopinionqa import read
from eval.surveys.human_figures import groups_with_figures, human_figures
from personas import Group

HEADER = "question,selections,options,source\n"
SELECTIONS = "defaultdict(<class 'list'>, {'Japan': [0.2, 0.7, 0.1], 'Italy': [50, 40, 10]})"
ASKED = f"Is it good?,\"{SELECTIONS}\",\"['Good', 'Bad', 'DK/Refused']\",GAS\n"


def imported(folder: Path, rows: str, header: str = HEADER) -> ImportResult:
    """Import a file with these rows."""
    (folder / "global.csv").write_text(header + rows, encoding="utf-8")
    return read(folder / "global.csv", ImportOptions("world"))


def test_countries_are_groups_with_shares_and_without_counts(tmp_path: Path) -> None:
    found = imported(tmp_path, ASKED)
    (question,) = found.survey.questions
    assert question.id == "GAS-1"
    assert question.option_texts == ("Good", "Bad")
    assert question.refusals == ("DK/Refused",)
    assert [str(group) for group in groups_with_figures(found.survey)] == ["COUNTRY=Italy", "COUNTRY=Japan"]
    japan = human_figures(question, (Group.parse("COUNTRY=Japan"),))
    assert japan is not None
    assert japan.counts is None
    assert japan.distribution == pytest.approx([2 / 9, 7 / 9])
    assert japan.refusal == pytest.approx(0.1)
    italy = question.responses["COUNTRY"]["Italy"]
    assert italy.proportions == pytest.approx((0.5, 0.4))


def test_the_years_are_not_known_and_no_order_is_made_up(tmp_path: Path) -> None:
    survey = imported(tmp_path, ASKED).survey
    assert survey.years == ()
    assert survey.questions[0].ordinals == (1, 1)


def test_options_that_are_numbers_are_their_own_ordinals(tmp_path: Path) -> None:
    rows = "How much?,\"{'Japan': [0.5, 0.25, 0.25]}\",\"['1', '2', '10']\",WVS\n"
    assert imported(tmp_path, rows).survey.questions[0].ordinals == (1, 2, 10)


@pytest.mark.parametrize(
    ("shares", "reason"),
    [
        ("[0.5, 0.1]", "do not fit the options"),
        ("[nan, 0.9, 0.1]", "do not fit the options"),
        ("[0.5, -0.5, 1.0]", "do not fit the options"),
        ("[0.5, 0.2, 0.1]", "do not sum to 1"),
        ("[0.5, 0.36, 0.1]", "do not sum to 1"),
        ("[0.5, 0.43, 0.1]", "do not sum to 1"),
        ("[50, 36, 10]", "do not sum to 1"),
    ],
)
def test_shares_that_do_not_fit_are_left_out_and_noted(tmp_path: Path, shares: str, reason: str) -> None:
    found = imported(tmp_path, ASKED.replace("[50, 40, 10]", shares))
    assert set(found.survey.questions[0].responses["COUNTRY"]) == {"Japan"}
    assert any(reason in note and "GAS-1, Italy" in note for note in found.notes)


@pytest.mark.parametrize("shares", ["[0.49, 0.392, 0.098]", "[49, 39.2, 9.8]", "[0.51, 0.408, 0.102]"])
def test_shares_within_rounding_of_1_are_scaled_to_it(tmp_path: Path, shares: str) -> None:
    (question,) = imported(tmp_path, ASKED.replace("[50, 40, 10]", shares)).survey.questions
    italy = question.responses["COUNTRY"]["Italy"]
    assert italy.proportions == pytest.approx((0.5, 0.4))
    assert italy.refused == pytest.approx(0.1)


@pytest.mark.parametrize("textless", ["''", "' '", "nan", "None"])
def test_a_share_of_an_option_without_text_does_not_vanish_from_a_country(tmp_path: Path, textless: str) -> None:
    shares = "{'Japan': [0.5, 0.3, 0.2], 'Italy': [0.25, 0.75, 0]}"
    found = imported(tmp_path, f"Is it?,\"{shares}\",\"['Yes', 'No', {textless}]\",GAS\n")
    (question,) = found.survey.questions
    assert question.option_texts == ("Yes", "No")
    assert question.refusals == ()
    assert set(question.responses["COUNTRY"]) == {"Italy"}
    assert question.responses["COUNTRY"]["Italy"].proportions == (0.25, 0.75)
    reason = "country left out of a question (an option without text has a share): GAS-1, Japan"
    assert f"1 {reason}" in found.notes
    assert "1 question with an option left out (it has no text): GAS-1" in found.notes


def test_options_keep_their_texts_whatever_letters_are_in_them(tmp_path: Path) -> None:
    rows = "Eat what?,\"{'Japan': [0.5, 0.25, 0.25]}\",\"['Eat nan bread', 'nan', 'None']\",GAS\n"
    assert imported(tmp_path, rows).survey.questions[0].option_texts == ("Eat nan bread", "nan", "None")


def test_a_country_that_is_there_twice_is_left_out_since_nobody_knows_which_is_right(tmp_path: Path) -> None:
    shares = "{'Japan': [0.5, 0.5], 'Japan ': [0.1, 0.9], 'Italy': [0.25, 0.75]}"
    found = imported(tmp_path, f"Is it?,\"{shares}\",\"['Yes', 'No']\",GAS\n")
    assert set(found.survey.questions[0].responses["COUNTRY"]) == {"Italy"}
    assert "1 country left out of a question (it occurs twice): GAS-1, Japan" in found.notes


def test_a_row_that_would_run_something_is_only_skipped(tmp_path: Path) -> None:
    found = imported(tmp_path, "Run?,__import__('os').abort(),\"['a', 'b']\",GAS\n" + ASKED)
    assert [question.id for question in found.survey.questions] == ["GAS-2"]
    assert "1 question skipped (options or selections are not as Python writes them): GAS-1" in found.notes


def test_a_file_of_which_nothing_is_left_says_why(tmp_path: Path) -> None:
    with pytest.raises(SurveyError) as caught:
        imported(tmp_path, "Is it?,\"{'Japan': [1]}\",['Yes'],GAS\n")
    assert "1 question skipped (fewer than two options besides refusals): GAS-1" in str(caught.value)


def test_another_format_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SurveyError, match='lacks the column "selections"'):
        imported(tmp_path, "", "question,options\n")
    with pytest.raises(SurveyError, match="no question could be imported"):
        imported(tmp_path, "")


def asked(options: object, shares: object) -> str:
    """Return a row with these options and the shares of one country."""
    return f'"Is it?","{{\'Japan\': {shares}}}","{options}",WVS\n'


@pytest.mark.parametrize(
    "text", ["DK (do not read)", "[VOL] Refused", "98. No answer", "Don’t know/Refused (VOL.)", "DK/NA"]
)
def test_options_that_decline_are_refusals_with_a_note_whatever_their_decoration(tmp_path: Path, text: str) -> None:
    found = imported(tmp_path, asked(["Good", "Bad", text], [0.5, 0.3, 0.2]))
    (question,) = found.survey.questions
    assert question.refusals == (text,)
    assert question.responses["COUNTRY"]["Japan"].refused == pytest.approx(0.2)
    assert f'1 option taken as refusals (the text declines to answer): "{text}" in WVS-1' in found.notes


def test_countries_that_were_not_asked_have_no_figures_and_those_asked_have_the_share_of_who_was(
    tmp_path: Path,
) -> None:
    text = "Not asked in this country"
    rows = asked(["Good", "Bad", "Refused", text], [0.3, 0.1, 0.1, 0.5]).replace("}", ", 'Italy': [0, 0, 0, 1]}")
    found = imported(tmp_path, rows)
    (question,) = found.survey.questions
    assert (question.option_texts, question.refusals) == (("Good", "Bad"), ("Refused",))
    assert set(question.responses["COUNTRY"]) == {"Japan"}
    japan = question.responses["COUNTRY"]["Japan"]
    assert (japan.proportions, japan.refused) == (pytest.approx((0.6, 0.2)), pytest.approx(0.2))
    assert f'1 option taken as people who were not asked (left out of all figures): "{text}" in WVS-1' in found.notes


def test_a_code_that_no_scale_goes_to_is_a_refusal_with_a_note(tmp_path: Path) -> None:
    found = imported(tmp_path, asked(["1", "2", "3", "4", "-1", "99"], [0.1, 0.2, 0.3, 0.1, 0.1, 0.2]))
    (question,) = found.survey.questions
    assert question.ordinals == (1, 2, 3, 4)
    assert question.responses["COUNTRY"]["Japan"].refused == pytest.approx(0.3)
    reason = "2 options without a place on the scale (taken as refusals)"
    assert f'{reason}: "-1" in WVS-1; "99" in WVS-1' in found.notes


def test_options_and_countries_that_differ_in_typography_only_are_the_same(tmp_path: Path) -> None:
    found = imported(tmp_path, asked(["Do", "Don`t", "Don’t"], [0.5, 0.3, 0.2]) + ASKED)
    assert [question.id for question in found.survey.questions] == ["GAS-2"]
    assert "1 question skipped (two options have the same text): WVS-1: Don’t" in found.notes
    two = asked(["Yes", "No"], [0.5, 0.5]).replace("'Japan'", "'Côte d`Ivoire': [0.1, 0.9], 'Japan'")
    found = imported(tmp_path, two.replace("'Japan'", "'Co\u0302te d’Ivoire': [0.2, 0.8], 'Japan'"))
    assert set(found.survey.questions[0].responses["COUNTRY"]) == {"Japan"}
    assert any(note.startswith("2 countries left out of a question (it occurs twice)") for note in found.notes)
