"""Which options of a question have a place on its scale, by texts and codes; every decision is in a note."""

import pytest

from eval.importers.building import Notes
from eval.importers.missing_codes import Scale, is_missing_code, meaning_of_code, scale_of


def judged(values: dict[str, float | None], *answers: str) -> tuple[Scale, str]:
    """Return the scale of these options, and what the notes say."""
    notes = Notes()
    scale = scale_of("q1", values, notes, answers=answers)
    return scale, "\n".join(notes.lines())


AGREE: dict[str, float | None] = {"Agree": 1, "Disagree": 2}
NUMBERS: dict[str, float | None] = {str(number): number for number in (1, 2, 3)}


@pytest.mark.parametrize("code", [8, 9, 88, 98, 99, 998, 999, 9999, -1, -2, -8, -9, -99, -999])
@pytest.mark.parametrize("text", ["Don't know (VOL.)", "DK/NA", "99. Refused", "No answer"])
def test_an_option_that_declines_with_a_missing_code_is_a_refusal_and_named(text: str, code: float) -> None:
    scale, said = judged(AGREE | {text: code})
    assert (scale.options, scale.ordinals, scale.refusals) == (("Agree", "Disagree"), (1, 2), (text,))
    assert said == f'1 option taken as refusals (the text declines to answer): "{text} ({code})" in q1'


def test_an_option_that_declines_is_a_refusal_without_a_code_and_beyond_the_ends_of_the_scale() -> None:
    for value in (None, 0, 3, 5):
        scale, said = judged(AGREE | {"Don't know": value})
        assert (scale.options, scale.refusals) == (("Agree", "Disagree"), ("Don't know",))
        assert "\"Don't know" in said


@pytest.mark.parametrize("code", [None, 0, 3, 8, 99, -1, -8])
@pytest.mark.parametrize("text", ["Inapplicable", "Not asked in this country", "N/A"])
def test_people_who_were_not_asked_are_left_out_and_named(text: str, code: float | None) -> None:
    scale, said = judged(AGREE | {text: code})
    assert (scale.options, scale.ordinals, scale.refusals) == (("Agree", "Disagree"), (1, 2), ())
    assert scale.not_asked == (text,)
    shown = text if code is None else f"{text} ({code})"
    assert said == f'1 option taken as people who were not asked (left out of all figures): "{shown}" in q1'


def test_one_that_says_not_asked_is_the_end_of_a_scale_in_its_own_word() -> None:
    scale, _ = judged({"Applies fully": 1, "Applies in part": 2, "Does not apply": 3})
    assert (scale.ordinals, scale.not_asked) == ((1, 2, 3), ())


def test_refusals_that_are_kept_as_options_stand_after_the_others_and_take_the_order_with_them() -> None:
    values = AGREE | {"Not sure": None, "Inapplicable": -1}
    scale = scale_of("q1", values, Notes(), refusals=("Refused",), kept="options")
    assert scale.options == ("Agree", "Disagree", "Not sure", "Refused")
    assert (scale.ordinals, scale.refusals, scale.not_asked) == ((), (), ("Inapplicable",))


def test_one_that_declines_in_the_middle_of_the_order_keeps_its_place_and_is_named() -> None:
    scale, said = judged({"Agree": 1, "Not sure": 2, "Disagree": 3, "Refused": 9})
    assert (scale.options, scale.ordinals) == (("Agree", "Not sure", "Disagree"), (1, 2, 3))
    assert scale.refusals == ("Refused",)
    assert "1 question with options that decline but have a value (counted as options): q1: Not sure" in said


def test_one_that_is_the_end_of_a_scale_in_its_own_word_keeps_its_place_and_is_named() -> None:
    scale, said = judged({"Very sure": 1, "Rather sure": 2, "Not sure": 3})
    assert scale.ordinals == (1, 2, 3)
    assert "q1: Not sure" in said


def test_one_that_the_source_calls_an_answer_stays_where_it_has_a_place() -> None:
    scale, said = judged(AGREE | {"No opinion": 3, "Refused": 99}, "No opinion", "Refused")
    assert (scale.options, scale.refusals) == (("Agree", "Disagree", "No opinion"), ("Refused",))
    assert "No opinion" in said


@pytest.mark.parametrize("text", ["Other", "Depends", "Neither (VOL.)"])
def test_a_doubtful_text_is_named_and_leaves_the_order_where_it_has_no_place_on_it(text: str) -> None:
    for value in (None, 7, 9, 97, -7):
        scale, said = judged(AGREE | {text: value})
        assert (scale.options, scale.refusals) == (("Agree", "Disagree"), (text,))
        assert said.startswith("1 option without a place on the scale (taken as refusals): ")
        assert text in said
    scale, said = judged(AGREE | {text: 3})
    assert scale.ordinals == (1, 2, 3)
    assert said == f'1 option that may not answer the question (counted as options): "{text} (3)" in q1'


def test_a_doubtful_text_between_others_is_what_the_source_says_it_is() -> None:
    scale, said = judged({"Better": 1, "Neither": 2, "Worse": 3})
    assert scale.ordinals == (1, 2, 3)
    assert said == ""


@pytest.mark.parametrize("code", [7, 8, 9, 88, 98, 99, -1, -9])
def test_a_code_far_from_a_scale_has_no_place_on_it_whatever_the_text(code: float) -> None:
    for text in (str(code), "Interview broken off"):
        scale, said = judged(NUMBERS | {text: code})
        assert (scale.ordinals, scale.refusals) == ((1, 2, 3), (text,))
        assert "without a place on the scale (taken as refusals)" in said


@pytest.mark.parametrize(
    "values",
    [
        tuple(range(1, 11)),
        tuple(range(11)),
        tuple(range(1, 10)),
        (1, 2, 10),
        (-2, -1, 0, 1, 2),
        (-1, 0, 1),
        (7, 8, 9),
        (0, 50, 98, 99, 100),
        (1, 9),
        (1, 2, 4, 8),
        (60, 70, 80, 88, 99),
    ],
)
def test_a_number_that_continues_a_scale_is_a_place_on_it(values: tuple[float, ...]) -> None:
    scale, said = judged({str(value): value for value in values})
    assert (scale.ordinals, scale.refusals, said) == (values, (), "")


def test_options_without_an_order_have_none_and_those_that_decline_are_refusals() -> None:
    scale, said = judged({"Tea": None, "Coffee": None, "DK (do not read)": None, "Other": None})
    assert (scale.options, scale.ordinals) == (("Tea", "Coffee", "Other"), ())
    assert scale.refusals == ("DK (do not read)",)
    assert '"DK (do not read)"' in said
    assert '"Other"' in said


def test_a_code_without_a_text_declines_by_its_last_digit_and_is_doubtful_otherwise() -> None:
    assert {meaning_of_code(code) for code in (7, 8, 9, 77, 88, 98, 999, -7, -8, -9, -99)} == {"declined"}
    assert {meaning_of_code(code) for code in (-1, -2, 66, 96, -66)} == {"doubtful"}
    assert {meaning_of_code(code) for code in (0, 1, 2, 10, 50)} == {None}


def test_the_codes_of_surveys() -> None:
    assert all(map(is_missing_code, (8, 9, 77, 88, 96, 97, 98, 99, 888, 998, 999, 9998, 9999, -1, -9, -88, -99, -999)))
    assert not any(map(is_missing_code, (0, 1, 2, 5, 6, 10, 50, 89, 90, 100, 1.5, 99.5, 1999)))
