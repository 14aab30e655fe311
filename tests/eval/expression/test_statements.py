"""Known statements: options in other words, and what fits no option; made by rule, so the same everywhere."""

import re

import pytest

from eval.expression.statements import known_statements, paraphrased
from eval.surveys.loading import load_survey

CIVIC = load_survey("civic").survey.questions


@pytest.mark.parametrize(
    ("options", "in_other_words"),
    [
        (
            ("Very important", "Somewhat important", "Not too important", "Not at all important"),
            ("extremely significant", "a bit significant", "only slightly significant", "in no way significant"),
        ),
        (("Strongly favor", "Oppose"), ("forcefully back", "reject")),
        (
            ("Too much", "Too little", "About the right amount"),
            ("an excess of", "a lack of", "about the correct amount"),
        ),
        (("Yes", "No"), ("indeed", "that is not so")),
        (("1 or 2", "None"), ("one or two", "not one")),
        (("I care a lot", "The USA"), ("I care very much", None)),
    ],
)
def test_scale_words_become_synonyms_and_negations(
    options: tuple[str, ...], in_other_words: tuple[str | None, ...]
) -> None:
    assert paraphrased(options) == in_other_words


def test_a_word_is_not_replaced_by_one_that_another_option_has() -> None:
    assert paraphrased(("Very good", "Extremely good")) == ("really positive", "extremely positive")
    assert paraphrased(("Likely", "Probable")) == (None, None), "each would become the other"
    assert paraphrased(("Sure", "Confident")) == (None, None), "both would come out alike"


def test_no_paraphrase_holds_the_text_of_its_option_or_equals_another() -> None:
    for question in CIVIC:
        texts = [" ".join(re.findall(r"[\w'-]+", text.lower())) for text in question.option_texts]
        for statement in known_statements(question):
            said = " ".join(re.findall(r"[\w'-]+", statement.text.lower()))
            if statement.option is not None:
                assert f" {texts[statement.option]} " not in f" {said} "
            assert said not in texts


def test_nearly_every_option_of_the_civic_survey_has_a_paraphrase() -> None:
    options = [text for question in CIVIC for text in paraphrased(question.option_texts)]
    assert sum(text is not None for text in options) >= 0.9 * len(options)


def test_two_statements_of_each_question_fit_no_option_and_share_no_longer_word_with_it() -> None:
    for question in CIVIC:
        refusing, irrelevant = [each.text for each in known_statements(question) if each.option is None]
        about = f"{question.stem} {' '.join(question.option_texts)}".lower()
        assert not {word for word in re.findall(r"\w{4,}", irrelevant.lower()) if re.search(rf"\b{word}\b", about)}
        assert refusing not in question.refusals
        assert known_statements(question) == known_statements(question)
