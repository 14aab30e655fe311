"""Percentages as a JSON object: read strictly, brought to shares, and asked for in a form that an engine can keep."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eval.answers import Answer, Failure
from eval.engine import Percentages
from eval.expression.verbalized import VERBALIZED, read
from tests.eval.saying_engine import SayingEngine, options_in
from tests.eval.towns import question

BUS = question("BUS", {}, overall=(1, 1, 1), ordinals=(1, 2, 3))
LABELS = ("A", "B", "C")


async def test_percentages_belong_to_the_options_and_are_made_to_sum_to_one() -> None:
    percent = {"option 1": 50, "option 2": 32, "option 3": 10, "No answer": 4}

    def say(prompt: str, number: int) -> str:
        return json.dumps({letter: percent[text] for text, letter in options_in(prompt).items()})

    engine = SayingEngine(say)
    (answer,) = [outcome async for outcome in VERBALIZED.ask(engine, [], [BUS])]
    assert isinstance(answer, Answer)
    for order in answer.by_order:
        np.testing.assert_allclose(order.options, np.array([50, 32, 10]) / 96)
        assert order.refusal == pytest.approx(4 / 96)
        assert order.label_mass is None
    messages, sampling, n = engine.heard[0]
    assert messages[-1].content.endswith(
        "D. No answer\nOut of 100 people like you, how many choose each answer? "
        "Reply with a JSON object of letters and whole percentages."
    )
    assert (sampling.temperature, sampling.constraint, n) == (0, Percentages(("A", "B", "C", "D")), 1)


async def test_a_reply_that_cannot_be_read_fails_the_question() -> None:
    (outcome,) = [
        outcome async for outcome in VERBALIZED.ask(SayingEngine(lambda prompt, number: "Mostly A."), [], [BUS])
    ]
    assert isinstance(outcome, Failure)
    assert outcome.why == 'survey order: the reply is not a JSON object: "Mostly A."'


@pytest.mark.parametrize(
    "reply",
    [
        '{"A": 50, "B": 30, "C": 20}',
        ' {"C": 20, "A": 50, "B": 30}\n',
        '```json\n{"A": 50, "B": 30, "C": 20}\n```',
        '```\n{"A": 50, "B": 30.0, "C": 20}\n```',
    ],
)
def test_one_object_with_every_letter_once_is_read(reply: str) -> None:
    assert read(reply, LABELS) == {"A": 50, "B": 30, "C": 20}


@pytest.mark.parametrize(("last", "read_"), [(15, True), (25, True), (14, False), (26, False)])
def test_percentages_may_miss_100_by_five(last: int, read_: bool) -> None:
    found = read(json.dumps({"A": 50, "B": 30, "C": last}), LABELS)
    assert found == ({"A": 50, "B": 30, "C": last} if read_ else f"the percentages do not sum to 100: {80 + last}")


@pytest.mark.parametrize(
    ("reply", "why"),
    [
        ('{"A": 50, "A": 30, "B": 10, "C": 10}', 'the reply names an answer twice: "A"'),
        ('{"A": 50, "B": 30, "C": 10, "D": 10}', 'the reply names an unknown answer: "D"'),
        ('{"A": 50, "B": 50}', "the reply leaves out an answer: C"),
        ('{"A": "50%", "B": 30, "C": 20}', 'the reply gives a value that is not a percentage: A "50%"'),
        ('{"A": true, "B": 80, "C": 20}', "the reply gives a value that is not a percentage: A"),
        ('{"A": -10, "B": 90, "C": 20}', "the reply gives a value that is not a percentage: A"),
        ('{"A": 1e999, "B": 90, "C": 20}', "the reply gives a value that is not a percentage: A"),
        ('{"A": {"B": 1}, "B": 90, "C": 10}', "the reply gives a value that is not a percentage: A"),
        ('{"A": NaN, "B": 90, "C": 10}', "the reply is not a JSON object"),
        ('{"A": 50, "B": 30, "C": 20', "the reply is not a JSON object"),
        ('Sure: {"A": 50, "B": 30, "C": 20}', "the reply is not a JSON object"),
        ('[["A", 50], ["B", 30], ["C", 20]]', "the reply is not a JSON object"),
        ("[" * 100_000, "the reply is not a JSON object"),
        ("__import__('os')", "the reply is not a JSON object"),
        ("", "the reply is not a JSON object"),
        ("9" * 5000, "the reply is not a JSON object"),
    ],
)
def test_everything_else_fails_with_its_reason(reply: str, why: str) -> None:
    found = read(reply, LABELS)
    assert isinstance(found, str)
    assert found.startswith(why)


@given(st.text(max_size=60) | st.recursive(st.none() | st.floats() | st.text(), st.lists).map(json.dumps))
def test_no_text_breaks_the_reading(text: str) -> None:
    assert isinstance(read(text, LABELS), str)


@given(st.lists(st.integers(0, 100), min_size=3, max_size=3))
def test_what_is_read_is_what_was_written(numbers: list[int]) -> None:
    written = dict(zip(LABELS, numbers, strict=True))
    found = read(json.dumps(written), LABELS)
    assert found == written if 95 <= sum(numbers) <= 105 else isinstance(found, str)
