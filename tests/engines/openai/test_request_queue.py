"""Requests go in the order in which they came, and none that gave up or waits to be sent again holds a place."""

import asyncio

from chat_personas.engines.openai.scheduling import ConcurrencyWindow, RequestQueue


async def test_the_first_to_come_is_the_first_to_go_and_nobody_who_gave_up_holds_a_place() -> None:
    queue, order = RequestQueue(ConcurrencyWindow(1)), list[int]()

    async def visit(number: int) -> None:
        ticket = await queue.take(number)
        order.append(number)
        await asyncio.sleep(0)
        queue.answered(ticket, alike=False)

    first = await queue.take(0)
    visits = [asyncio.create_task(visit(number)) for number in (3, 1, 2)]
    await asyncio.sleep(0)
    visits[1].cancel()
    queue.answered(first, alike=False)
    await asyncio.gather(*visits, return_exceptions=True)
    assert order == [2, 3]


async def test_one_that_is_cancelled_in_the_moment_in_which_its_turn_comes_leaves_the_place_to_the_next() -> None:
    queue = RequestQueue(ConcurrencyWindow(1))
    first = await queue.take(0)
    second, third = (asyncio.create_task(queue.take(number)) for number in (1, 2))
    await asyncio.sleep(0)
    queue.answered(first, alike=False)
    second.cancel()
    await third


async def test_nobody_goes_while_a_refusal_lasts_and_all_who_wait_go_when_it_is_over() -> None:
    window = ConcurrencyWindow(4)
    queue = RequestQueue(window)
    queue.refused(await queue.take(0), 0.02)
    until = window.held_until
    await asyncio.gather(queue.take(1))
    assert asyncio.get_running_loop().time() >= until - 0.001
