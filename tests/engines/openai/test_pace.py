"""How many probes a server is given at once: found out from how it answers, without a clock."""

import asyncio

from hypothesis import given
from hypothesis import strategies as st

from chat_personas.engines.openai import OpenAIEngine
from chat_personas.engines.openai.pace import START, Pace
from eval.engine import Message, Probe
from tests.engines.openai.scripted_server import Request, completion, send_json, serving

TOP = [("A", -0.5), ("B", -1.5)]


class Crowd:
    """Tasks that each take a place and keep it until told."""

    def __init__(self, pace: Pace, size: int) -> None:
        self.pace = pace
        self.done = [asyncio.Event() for _ in range(size)]
        self.order: list[int] = []
        self.tasks = [asyncio.create_task(self._hold(number)) for number in range(size)]

    async def _hold(self, number: int) -> None:
        async with self.pace.place():
            self.order.append(number)
            await self.done[number].wait()
            self.pace.answered(1.0)

    async def settle(self) -> None:
        """Let all tasks do what they can do now."""
        for _ in range(4):
            await asyncio.sleep(0)

    async def end(self) -> None:
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)


async def test_more_are_under_way_as_long_as_answers_come_as_fast() -> None:
    crowd = Crowd(Pace(64), 200)
    await crowd.settle()
    assert crowd.pace.under_way == START
    for number in range(START):
        crowd.done[number].set()
    await crowd.settle()
    assert crowd.pace.under_way == crowd.pace.limit == START + START // 2
    await crowd.end()
    assert crowd.pace.under_way == 0


async def test_never_more_than_was_set() -> None:
    crowd = Crowd(Pace(3), 50)
    for number in range(20):
        await crowd.settle()
        assert crowd.pace.under_way == 3
        crowd.done[number].set()
    await crowd.end()


async def test_places_are_given_in_the_order_they_were_asked_for_and_a_cancelled_one_leaves_no_gap() -> None:
    crowd = Crowd(Pace(1), 5)
    await crowd.settle()
    crowd.tasks[1].cancel()
    for number in (0, 2, 3):
        crowd.done[number].set()
        await crowd.settle()
    assert crowd.order == [0, 2, 3, 4]
    await crowd.end()
    assert crowd.pace.under_way == 0


async def test_a_place_given_to_somebody_who_leaves_in_that_moment_is_passed_on() -> None:
    crowd = Crowd(Pace(1), 3)
    await crowd.settle()
    crowd.done[0].set()
    await asyncio.sleep(0)  # the first frees its place, the second is called but has not run yet
    crowd.tasks[1].cancel()
    await crowd.settle()
    assert crowd.order[-1] == 2
    await crowd.end()


async def test_a_refusal_lowers_the_number_to_what_the_server_bore() -> None:
    crowd = Crowd(Pace(64), 20)
    await crowd.settle()
    crowd.pace.refused()
    assert crowd.pace.limit == START - 1
    await crowd.end()


async def test_where_answers_only_wait_for_each_other_fewer_are_asked_for_but_not_just_one() -> None:
    crowd = Crowd(Pace(64), 500)
    await crowd.settle()
    crowd.pace.answered(1.0)
    for _ in range(400):
        crowd.pace.answered(20.0)
    assert crowd.pace.limit == 4
    await crowd.end()


@given(st.lists(st.sampled_from(["fast", "slow", "refused"]), max_size=300), st.integers(1, 64))
def test_there_is_always_a_place_and_never_more_than_was_set(events: list[str], most: int) -> None:
    pace = Pace(most)
    for event in events:
        if event == "refused":
            pace.refused()
        else:
            pace.answered(1.0 if event == "fast" else 9.0)
        assert 1 <= pace.limit <= most


async def test_a_server_that_refuses_more_than_some_at_once_is_given_so_many_and_nothing_is_lost() -> None:
    bears, under_way, refused = 5, 0, 0

    async def limited(request: Request, writer: asyncio.StreamWriter) -> None:
        nonlocal under_way, refused
        if under_way >= bears:
            refused += 1
            await send_json(writer, 429, {"error": {"message": "one after the other"}}, {"Retry-After-Ms": "1"})
            return
        under_way += 1
        await asyncio.sleep(0)
        under_way -= 1
        await send_json(writer, 200, completion("A", TOP))

    async with serving(limited) as server:
        engine = await OpenAIEngine.open(server.url)
        probes = [Probe(f"q{number}", "Question\nA. yes\nB. no", ("A", "B")) for number in range(60)]
        scores = [score async for score in engine.score([Message("user", "hello")], probes)]
        await engine.close()
    assert sorted(score.key for score in scores) == sorted(probe.key for probe in probes)
    assert [score.failure for score in scores] == [None] * 60


async def test_what_may_pass_is_tried_again_and_what_does_not_is_asked_once() -> None:
    asked: dict[str, int] = {}

    async def moody(request: Request, writer: asyncio.StreamWriter) -> None:
        name = next((name for name in ("broken", "wrong") if name in str(request.body)), "well")
        asked[name] = asked.get(name, 0) + 1
        if name == "wrong":
            await send_json(writer, 400, {"error": {"message": "cannot do that"}})
        elif name == "broken" and asked[name] < 3:
            await send_json(writer, 503, {"error": {"message": "starting"}}, {"Retry-After-Ms": "1"})
        else:
            await send_json(writer, 200, completion("A", TOP))

    async with serving(moody) as server:
        engine = await OpenAIEngine.open(server.url)
        probes = [Probe(name, f"{name}?\nA. yes\nB. no", ("A", "B")) for name in ("broken", "wrong")]
        scores = {score.key: score async for score in engine.score([Message("user", "hello")], probes)}
        await engine.close()
    assert scores["broken"].failure is None
    assert "cannot do that" in (scores["wrong"].failure or "")
    assert (asked["broken"], asked["wrong"]) == (3, 1)
