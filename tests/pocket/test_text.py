"""The training text can be repeated, keeps held-out questions out, and uses the personas' own prompts."""

from itertools import islice

import pytest

from eval.surveys.loading import load_survey
from eval.surveys.model import Survey
from personas import library_names, load_persona, system_prompt
from pocket.document import Document
from pocket.held_out import HELD_OUT
from pocket.text import documents

CIVIC = load_survey("civic").survey


def first(count: int, seed: int = 3, survey: Survey | None = None) -> list[Document]:
    return list(islice(documents(seed, survey), count))


@pytest.fixture(scope="module")
def sample() -> list[Document]:
    return first(4000)


def test_the_same_seed_gives_the_same_text() -> None:
    assert first(200, seed=5) == first(200, seed=5)
    assert first(200, seed=5) != first(200, seed=6)


def with_held_out_figures_reversed(survey: Survey) -> Survey:
    document = survey.model_dump(by_alias=True)
    for question in document["questions"]:
        if question["id"] in HELD_OUT:
            every = [
                question["overall"],
                *(one for by_value in question["responses"].values() for one in by_value.values()),
            ]
            for responses in every:
                key = "counts" if responses["counts"] is not None else "proportions"
                responses[key] = tuple(reversed(responses[key]))
                responses["refused"] += 7
    return Survey.model_validate(document)


def test_no_figure_of_a_held_out_question_enters_the_text() -> None:
    changed = with_held_out_figures_reversed(CIVIC)
    assert changed != CIVIC
    assert first(300, survey=changed) == first(300, survey=CIVIC)


@pytest.mark.slow
def test_held_out_questions_are_at_least_eight_and_never_asked(sample: list[Document]) -> None:
    stems = [question.stem for question in CIVIC.questions if question.id in HELD_OUT]
    assert len(stems) == len(HELD_OUT) >= 8
    assert not [stem for stem in stems for document in sample for turn in document.turns if stem in turn.text]


def test_every_trained_question_is_asked(sample: list[Document]) -> None:
    asked = "\n".join(turn.text for document in sample for turn in document.turns if turn.role == "user")
    assert [
        question.id for question in CIVIC.questions if question.id not in HELD_OUT and question.stem not in asked
    ] == []


def test_every_library_prompt_is_trained_word_for_word(sample: list[Document]) -> None:
    prompts = {document.turns[0].text for document in sample if document.turns[0].role == "system"}
    wanted = {system_prompt(load_persona(name).persona) for name in library_names()} - {""}
    assert wanted <= prompts


def test_some_personas_have_no_prompt(sample: list[Document]) -> None:
    without = sum(document.turns[0].role != "system" for document in sample)
    assert 0.02 < without / len(sample) < 0.2


def test_turns_alternate_and_hold_plain_text(sample: list[Document]) -> None:
    for document in sample:
        roles = [turn.role for turn in document.turns if turn.role != "system"]
        assert roles == ["user", "assistant"] * (len(roles) // 2)
        for turn in document.turns:
            assert turn.text.strip()
            assert turn.text.isascii()
            assert "{" not in turn.text.replace('{"', "")
