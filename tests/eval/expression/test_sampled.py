"""Single answers, many times: which replies count, and that those that do not are counted as such."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eval.answers import Answer, Failure, Replies
from eval.expression.rendering import render
from eval.expression.sampled import ask, read
from tests.eval.saying_engine import Say, SayingEngine, options_in
from tests.eval.towns import question

BUS = question("BUS", {}, overall=(1, 1, 1), ordinals=(1, 2, 3))
RENDERED = render(BUS, "survey")
NONE = "a reply that is none of the answers"


async def outcome(say: Say, **options: Any) -> Answer | Failure:
    """Return what comes of asking about buses."""
    (found,) = [outcome async for outcome in ask(SayingEngine(say), [], [BUS], **options)]
    return found


async def test_shares_are_those_of_the_replies_by_option_text() -> None:
    texts = ["option 1"] * 5 + ["option 2"] * 3 + ["No answer"] * 2

    def say(prompt: str, number: int) -> str:
        return options_in(prompt)[texts[number]]

    answer = await outcome(say, samples=10)
    assert isinstance(answer, Answer)
    for order in answer.by_order:
        np.testing.assert_allclose(order.options, [0.5, 0.3, 0])
        assert order.refusal == pytest.approx(0.2)
    assert answer.replies == Replies(asked=20)


async def test_thirty_replies_are_drawn_for_each_order_with_temperature_one() -> None:
    engine = SayingEngine(lambda prompt, number: "A")
    assert [outcome async for outcome in ask(engine, [], [BUS])]
    assert [(n, sampling.temperature, sampling.top_p) for _, sampling, n in engine.heard] == [(30, 1, 1)] * 2


@pytest.mark.parametrize(
    "reply", ["B", "B.", "(B)", "B)", " B\n", "B. option 2", "(B) Option 2.", "option 2", "B option 2"]
)
def test_a_letter_alone_or_with_its_option_or_the_option_itself_is_an_answer(reply: str) -> None:
    assert read(reply, RENDERED) == ("B", "")


@pytest.mark.parametrize(
    "reply",
    [
        "b",
        "E",
        "A or B",
        "B. option 1",
        "(B",
        "I choose B",
        "A B",
        "B. option 2, because I ride it",
        "option",
        "BB",
        "Ａ",
    ],
)
def test_anything_else_is_not(reply: str) -> None:
    assert read(reply, RENDERED) == (None, NONE)


def test_a_letter_that_is_also_the_text_of_another_option_is_not_guessed_at() -> None:
    rendered = replace(RENDERED, options=("B", "A", "C", "No answer"))
    assert read("A", rendered) == (None, "a reply that can be read in two ways")
    assert read("A. B", rendered) == ("A", "")
    assert read("C", rendered) == ("C", "")


async def test_unread_replies_are_left_out_of_the_shares_and_counted_by_reason() -> None:
    replies = ["", "I cannot say", *"AAAABBBB"]
    answer = await outcome(lambda prompt, number: replies[number], samples=10)
    assert isinstance(answer, Answer)
    np.testing.assert_allclose(answer.by_order[0].options, [0.5, 0.5, 0])
    assert answer.replies == Replies(20, ("an empty reply", NONE) * 2)


@pytest.mark.parametrize(("read_", "fails"), [(5, False), (4, True)])
async def test_a_question_fails_when_fewer_than_half_of_its_replies_can_be_read(read_: int, fails: bool) -> None:
    found = await outcome(lambda prompt, number: "A" if number < read_ else "Well", samples=10)
    assert isinstance(found, Failure) == fails
    if isinstance(found, Failure):
        assert found.why == f"survey order: most replies cannot be read: 6 of 10, mostly {NONE}"


@given(st.text(max_size=40))
def test_no_text_breaks_the_reading(text: str) -> None:
    label, why = read(text, RENDERED)
    assert (label is None) == bool(why)
    assert label is None or label in text or "option" in text.casefold() or "no answer" in text.casefold()
