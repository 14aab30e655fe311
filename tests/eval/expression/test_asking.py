"""Asking questions one by one: several at once, seeds of their own, no question lost and none that stops the others."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace

import pytest

from eval.answers import Answer, Failure, by_reason
from eval.engine import EngineError, Message, RequestError
from eval.expression.asking import MIN_AT_ONCE, seed_for
from eval.expression.sequence import SEQUENCE
from eval.surveys.model import Question
from tests.eval.saying_engine import SayingEngine
from tests.eval.towns import question

QUESTIONS = [question(f"Q{number}", {}, overall=(1, 1)) for number in range(20)]
THIRTY = " ".join("A" * 30)


@pytest.mark.parametrize(("can", "under_way"), [(1, MIN_AT_ONCE), (12, 12), (32, 20)])
async def test_as_many_questions_are_asked_at_once_as_the_engine_can_have_under_way(can: int, under_way: int) -> None:
    engine = SayingEngine(lambda prompt, number: THIRTY)
    engine.info = replace(engine.info, requests_at_once=can)
    found = [outcome async for outcome in SEQUENCE.ask(engine, [], QUESTIONS)]
    assert sorted(outcome.question_id for outcome in found) == sorted(each.id for each in QUESTIONS)
    assert engine.most_under_way == under_way


async def test_no_more_questions_of_a_long_survey_are_taken_up_than_are_under_way() -> None:
    engine = SayingEngine(lambda prompt, number: THIRTY)
    engine.info = replace(engine.info, requests_at_once=10)
    taken: list[int] = []

    def survey() -> Iterator[Question]:
        for number in range(3000):
            taken.append(number)
            yield question(f"Q{number}", {}, overall=(1, 1))

    asked = SEQUENCE.ask(engine, [], survey())
    assert await anext(asked)
    assert len(taken) <= 10
    await asked.aclose()


async def test_every_question_and_order_has_its_own_seed_whatever_is_asked_before_it() -> None:
    def seeds(engine: SayingEngine) -> dict[str, int | None]:
        return {messages[-1].content: sampling.seed for messages, sampling, _ in engine.heard}

    asked = []
    for questions in (QUESTIONS, QUESTIONS[::-1]):
        engine = SayingEngine(lambda prompt, number: THIRTY)
        assert [outcome async for outcome in SEQUENCE.ask(engine, [], questions, seed=3)]
        asked.append(seeds(engine))
    assert asked[0] == asked[1]
    assert len(set(asked[0].values())) == 40
    assert seed_for(3, "Q1", "survey") != seed_for(4, "Q1", "survey")


async def test_a_request_that_fails_is_the_failure_of_its_question_and_of_no_other() -> None:
    def say(prompt: str, number: int) -> str:
        if "Q7?" in prompt:
            raise RequestError("the server answered 500")
        return THIRTY

    found = [outcome async for outcome in SEQUENCE.ask(SayingEngine(say), [], QUESTIONS)]
    assert [outcome for outcome in found if isinstance(outcome, Failure)] == [Failure("Q7", "the server answered 500")]
    assert sum(isinstance(outcome, Answer) for outcome in found) == 19


async def test_a_server_that_is_gone_ends_the_asking_and_leaves_nothing_under_way() -> None:
    def say(prompt: str, number: int) -> str:
        raise EngineError("cannot reach it")

    engine = SayingEngine(say)
    with pytest.raises(EngineError, match="cannot reach it"):
        _ = [outcome async for outcome in SEQUENCE.ask(engine, [], QUESTIONS)]
    assert engine.under_way == 0


async def test_closing_the_iterator_stops_what_is_under_way() -> None:
    engine = SayingEngine(lambda prompt, number: THIRTY)
    asked = SEQUENCE.ask(engine, [], QUESTIONS)
    assert await anext(asked)
    await asked.aclose()
    await asyncio.sleep(0)
    assert engine.under_way == 0
    assert len(engine.heard) < 40


async def test_the_conversation_so_far_comes_before_every_prompt() -> None:
    engine = SayingEngine(lambda prompt, number: THIRTY)
    prefix = [Message("system", "You ride the bus.")]
    assert [outcome async for outcome in SEQUENCE.ask(engine, prefix, QUESTIONS[:1])]
    assert {messages[:-1] for messages, _, _ in engine.heard} == {tuple(prefix)}


def test_failures_are_counted_by_reason_whatever_the_order_and_the_reply() -> None:
    whys = (
        'survey order: the reply is not a list of letters: "As for me"',
        'reversed order: the reply is not a list of letters: "No: never"',
        "survey order: the percentages do not sum to 100: 75",
        "the engine ended without an answer",
        "http://127.0.0.1:8080/v1 answered 500 (error: no memory)",
    )
    assert by_reason(whys) == (
        ("the reply is not a list of letters", 2),
        ("the percentages do not sum to 100", 1),
        ("the engine ended without an answer", 1),
        ("http://127.0.0.1:8080/v1 answered 500", 1),
    )
