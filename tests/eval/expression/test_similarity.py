"""How alike questions are: by the words of their stems and their topics, worked out by hand."""

from math import log, sqrt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eval.expression.few_shot import QuestionSimilarity, words
from eval.surveys.loading import Question
from tests.eval.towns import question


def asked(number: int, stem: str, *topics: str) -> Question:
    """Return a question that nobody answered differently from another."""
    made = question(f"Q{number}", {}, overall=(1, 1))
    return made.model_copy(update={"stem": stem, "topics": topics or ("town",)})


def test_words_are_compared_without_case_and_punctuation() -> None:
    assert words("Is the BUS late?") == words("is the bus … late") == ("is", "the", "bus", "late")


def test_similarity_is_the_mean_of_the_cosine_of_rare_words_and_of_the_share_of_common_topics() -> None:
    similarity = QuestionSimilarity(
        [asked(0, "bus bus late", "a", "b"), asked(1, "bus early", "b", "c"), asked(2, "tram", "d")]
    )
    bus, others = log(4 / 3) + 1, log(4 / 2) + 1  # two of three questions have "bus", one has each other word
    first, second = sqrt((2 * bus) ** 2 + others**2), sqrt(bus**2 + others**2)
    cosine = 2 * bus * bus / (first * second)
    assert similarity.to(0) == pytest.approx([1, (cosine + 1 / 3) / 2, 0], abs=1e-9)
    assert similarity.to(1) == pytest.approx([(cosine + 1 / 3) / 2, 1, 0], abs=1e-9)


def test_a_topic_in_common_makes_questions_alike_that_share_no_word() -> None:
    similarity = QuestionSimilarity(
        [asked(0, "bus", "transport"), asked(1, "tram", "transport"), asked(2, "bus", "school")]
    )
    assert list(similarity.to(0)) == [1, 0.5, 0.5]


def test_a_stem_without_words_is_like_others_by_topic_only() -> None:
    similarity = QuestionSimilarity([asked(0, "???"), asked(1, "bus")])
    assert list(similarity.to(0)) == [0.5, 0.5]


@given(st.lists(st.lists(st.sampled_from(["bus", "Tram", "late", "?", "a b"]), max_size=6), min_size=1, max_size=6))
def test_similarity_is_symmetric_and_from_0_to_1(stems: list[list[str]]) -> None:
    questions = [asked(number, " ".join(stem), f"topic {number % 2}") for number, stem in enumerate(stems)]
    similarity = QuestionSimilarity(questions)
    table = [list(similarity.to(place)) for place in range(len(questions))]
    assert all(0 <= value <= 1 for row in table for value in row)
    assert table == [list(column) for column in zip(*table, strict=True)]
