"""Thirty letters in one reply: shares by option text, and nothing counted that is not a list of letters."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eval.answers import Answer, Replies
from eval.expression.sequence import SEQUENCE, read
from tests.eval.saying_engine import SayingEngine, options_in
from tests.eval.towns import question

BUS = question("BUS", {}, overall=(1, 1, 1), ordinals=(1, 2, 3))
LABELS = ("A", "B", "C", "D")


def by_text(*counts: int) -> SayingEngine:
    """Return an engine that names each option so often, refusals last, whatever its letter."""
    texts = ("option 1", "option 2", "option 3", "No answer")

    def say(prompt: str, number: int) -> str:
        letters = options_in(prompt)
        return " ".join(letters[text] for text, count in zip(texts, counts, strict=True) for _ in range(count))

    return SayingEngine(say)


async def test_shares_belong_to_the_options_whatever_their_letters_in_the_two_orders() -> None:
    engine = by_text(15, 6, 3, 6)
    (answer,) = [outcome async for outcome in SEQUENCE.ask(engine, [], [BUS])]
    assert isinstance(answer, Answer)
    assert [order.order for order in answer.by_order] == ["survey", "reversed"]
    for order in answer.by_order:
        np.testing.assert_allclose(order.options, [0.5, 0.2, 0.1])
        assert order.refusal == pytest.approx(0.2)
        assert order.label_mass is None
    assert answer.replies == Replies(asked=2)
    prompts = [messages[-1].content for messages, _, _ in engine.heard]
    assert prompts[0] == (
        "What about BUS?\nA. option 1\nB. option 2\nC. option 3\nD. No answer\n"
        "Give the answers of 30 different people like you, as letters separated by spaces."
    )


async def test_thirty_refusals_are_an_answer() -> None:
    (outcome,) = [outcome async for outcome in SEQUENCE.ask(by_text(0, 0, 0, 30), [], [BUS])]
    assert isinstance(outcome, Answer)
    assert [(order.options.tolist(), order.refusal) for order in outcome.by_order] == [([0, 0, 0], 1)] * 2


@pytest.mark.parametrize("between", [" ", ", ", ",", "\n", "  "])
def test_letters_stand_between_white_space_or_commas(between: str) -> None:
    assert read(between.join("A" * 20 + "B" * 10) + ".", LABELS) == Counter(A=20, B=10)


@pytest.mark.parametrize(
    ("reply", "why"),
    [
        ("A B C", "the reply holds too few answers: 3, not 30"),
        (" ".join("A" * 24), "the reply holds too few answers: 24, not 30"),
        (" ".join("A" * 36), "the reply holds too many answers: 36, not 30"),
        ("A" * 30, f'the reply is not a list of letters: "{"A" * 30}"'),
        ("A Democrat would say B", 'the reply is not a list of letters: "A Democrat would say B"'),
        ("Here they are: " + " ".join("A" * 30), "the reply is not a list of letters"),
        (" ".join("E" * 30), "the reply is not a list of letters"),
        (" ".join("a" * 30), "the reply is not a list of letters"),
        ("", 'the reply is not a list of letters: ""'),
    ],
)
def test_what_is_no_list_of_about_thirty_letters_fails_with_its_reason(reply: str, why: str) -> None:
    found = read(reply, LABELS)
    assert isinstance(found, str)
    assert found.startswith(why)


@pytest.mark.parametrize("count", [25, 30, 35])
def test_a_model_may_miscount_by_five(count: int) -> None:
    assert read(" ".join("C" * count), LABELS) == Counter(C=count)


@given(st.text(max_size=80))
def test_no_text_breaks_the_reading_and_prose_is_never_counted(text: str) -> None:
    assert isinstance(read(text, LABELS), str) or set(text) <= set("ABCD., \t\r\n\f\v\x1c\x1d\x1e\x1f\x85")


@given(st.lists(st.sampled_from(LABELS), min_size=25, max_size=35))
def test_every_list_of_letters_is_read_as_it_stands(letters: list[str]) -> None:
    assert read(" ".join(letters), LABELS) == Counter(letters)
