"""Which texts decline to answer, which may, and which do not, however a questionnaire decorates them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eval.importers.refusal_texts import (
    answers_beside,
    declines,
    is_blank,
    may_decline,
    meaning_of,
    was_not_asked,
)

PHRASES = (
    "Don't know",
    "Don\u2019t know",
    "Don\u00b4t know",
    "DONT KNOW",
    "I do not know",
    "Don't know enough to say",
    "DK",
    "D.K.",
    "Refused",
    "Refusal",
    "RF",
    "Refused to answer",
    "Declined to answer",
    "No answer",
    "No response",
    "Nonresponse",
    "Did not answer",
    "Not sure",
    "I'm not sure",
    "Unsure",
    "Can't choose",
    "Cannot choose",
    "Can't say",
    "Cannot say",
    "Unable to answer",
    "Hard to say",
    "Prefer not to say",
    "Prefer not to answer",
    "I would rather not say",
    "I'd rather not say",
    "Do not wish to answer",
    "No opinion",
    "I have no opinion",
    "Not ascertained",
    "Skipped on web",
    "Missing",
    "Missing; Unknown",
    "Unknown",
)
NOT_ASKED = (
    "N/A",
    "NA",
    "Not applicable",
    "Inapplicable",
    "INAP",
    "IAP",
    "Does not apply",
    "Not asked",
    "Not asked in this country",
    "Not asked in this survey",
    "Question not asked",
    "Legitimate skip",
    "Not in universe",
    "System missing",
)
ALONE = ("{}/Refused", "{} / DK", "DK/{}", "{} or refused", "{}, no answer", "{} (DK)")
"""Decorations that add a text that declines."""
DECORATED = (
    "{}",
    "({})",
    "[{}]",
    "{} (VOL.)",
    "{} (VOL)",
    "(VOL.) {}",
    "[vol] {}",
    "{} [Volunteered]",
    "VOL: {}",
    "{} (DO NOT READ)",
    "{} (do not read out)",
    "(DON\u2019T READ) {}",
    "{} [DNR]",
    "{} (SPONTANEOUS)",
    "{} - DO NOT READ",
    "99. {}",
    "98 = {}",
    "-9. {}",
    "\u22128: {}",
    "[88] {}",
    "9) {}",
    "8 {}",
    "d) {}",
    "(E) {}",
    "{} (99)",
    "{} = 98",
    *ALONE,
    "<b>{}</b>",
    "{}.",
    "{}*",
)


@pytest.mark.parametrize("phrase", PHRASES)
def test_a_phrase_that_declines_does_so_with_every_decoration(phrase: str) -> None:
    texts = [decorated.format(phrase) for decorated in DECORATED]
    written = [spelled for text in texts for spelled in (text, text.upper(), text.lower())]
    assert [text for text in written if not declines(text)] == []
    assert [text for text in written if may_decline(text)] == []


@pytest.mark.parametrize("phrase", NOT_ASKED)
def test_who_was_not_asked_has_not_declined_whatever_the_decoration(phrase: str) -> None:
    texts = [decorated.format(phrase) for decorated in DECORATED if decorated not in ALONE]
    written = [spelled for text in texts for spelled in (text, text.upper(), text.lower())]
    assert [text for text in written if not was_not_asked(text)] == []
    assert [text for text in written if declines(text) or may_decline(text)] == []


@pytest.mark.parametrize("decoration", ALONE)
def test_one_of_several_phrases_that_declines_decides(decoration: str) -> None:
    assert declines(decoration.format("NA"))
    assert declines(decoration.format("Not applicable"))


@pytest.mark.parametrize("cell", ["", "  ", ".", "-", "NaN", "null", "#NULL!", "<NA>"])
def test_a_cell_without_anything_is_blank_and_one_with_a_text_is_not(cell: str) -> None:
    assert is_blank(cell)
    assert not is_blank(f"{cell}1")


@pytest.mark.parametrize(
    "text",
    [
        "Yes",
        "No",
        "No, I don't know",
        "Don't know any of them",
        "Don't know anyone who is ill",
        "Not at all sure",
        "Not too sure",
        "Applies to me",
        "Asked for help",
        "nan",
        "No answer is right",
        "No confidence at all",
        "Neither agree nor disagree",
        "Refused entry to the country",
        "98",
        "-9",
        "10: Very likely",
        "A 2",
        "Agree",
        "None",
        "N",
        "",
    ],
)
def test_an_answer_is_an_answer(text: str) -> None:
    assert meaning_of(text) is None


@pytest.mark.parametrize(
    "text",
    [
        "Neither",
        "Neither of these",
        "97. Other",
        "Other (specify)",
        "Something else (VOL.)",
        "It depends",
        "Depends on the situation (VOL)",
        "Both equally",
        "Undecided",
        "Never heard of",
        "None of the above",
        "Fewer taxes (DO NOT READ)",
        "Other/Refused",
        "Don't remember",
    ],
)
def test_a_text_that_answers_in_one_survey_and_not_in_another_is_doubtful(text: str) -> None:
    assert may_decline(text)
    assert not declines(text)


def test_a_text_is_an_end_of_the_scale_that_has_its_word() -> None:
    assert answers_beside("Not sure", ["Very sure", "Rather sure", "Not sure"])
    assert answers_beside("Don't know", ["I know a lot", "I know a little", "Don't know"])
    assert not answers_beside("Don't know", ["Yes", "No", "Not sure", "Don't know"])


@given(st.text())
def test_no_text_is_too_odd_to_be_judged(text: str) -> None:
    assert meaning_of(text) in (None, "declined", "not_asked", "doubtful")
