"""Exercises have one right letter, and it is the one that is given."""

from random import Random

import pytest

from eval.surveys.loading import load_survey
from pocket.lettering import letter_of_a_statement, letter_then_words, which_letter, words_then_letter
from pocket.panel import Panel
from pocket.respondents import Respondent
from pocket.topics import TOPICS

STATEMENTS = {key: options for topic in TOPICS for key, options in topic.statements.items()}


@pytest.fixture(scope="module")
def panel() -> Panel:
    return Panel(load_survey("civic").survey)


def options(prompt: str) -> dict[str, str]:
    """The options of a probe by letter."""
    return dict(line.split(". ", 1) for line in prompt.splitlines() if line[1:3] == ". ")


@pytest.mark.parametrize("seed", range(20))
def test_the_letter_of_an_option_is_where_that_option_stands(panel: Panel, seed: int) -> None:
    rng = Random(seed)
    asked, answer = which_letter(panel, rng.choice(list(panel.questions)), rng)
    assert f'"{options(asked.text)[answer.text]}"' in asked.text


@pytest.mark.parametrize("seed", range(20))
def test_the_letter_of_a_statement_is_the_option_it_was_written_for(panel: Panel, seed: int) -> None:
    rng = Random(seed)
    key = rng.choice(list(panel.questions))
    asked, answer = letter_of_a_statement(panel, key, rng)
    meant = panel.questions[key].question.option_texts.index(options(asked.text)[answer.text])
    assert any(statement in asked.text for statement in STATEMENTS[key][meant])


@pytest.mark.parametrize("pair", [words_then_letter, letter_then_words])
def test_a_person_says_the_same_in_words_and_as_a_letter(panel: Panel, pair: type) -> None:
    for seed in range(20):
        rng = Random(seed)
        person = Respondent(panel, panel.democrats, rng)
        key = rng.choice(list(panel.questions))
        turns = pair(panel, person, key, rng)
        printed = next(options(turn.text) for turn in turns if "\nA. " in turn.text)
        letter, words = sorted((turn.text for turn in turns if turn.role == "assistant"), key=len)
        texts = panel.questions[key].question.option_texts
        chosen = texts.index(printed[letter])
        assert chosen == person.answer(key)
        assert words == f"{letter}. {texts[chosen]}" or any(one in words for one in STATEMENTS[key][chosen])
