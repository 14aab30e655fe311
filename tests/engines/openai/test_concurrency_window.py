"""A server gets never more requests than set, fewer when it refuses or slows down, none while it says wait."""

import heapq
from collections import deque
from dataclasses import dataclass, field
from itertools import count, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat_personas.engines.openai.scheduling import ConcurrencyWindow, Ticket

STEPS = st.lists(
    st.tuples(
        st.sampled_from(["send", "answered", "refused", "ended"]),
        st.floats(0, 5),
        st.floats(0, 60),
        st.integers(0, 63),
    ),
    max_size=200,
)


@given(most=st.integers(1, 64), steps=STEPS)
def test_whatever_happens_between_one_and_the_set_number_may_be_under_way(
    most: int, steps: list[tuple[str, float, float, int]]
) -> None:
    window, under_way, now = ConcurrencyWindow(most), list[Ticket](), 0.0
    for what, passed, pause, which in steps:
        now += passed
        if what == "send":
            if window.may_send(now):
                assert now >= window.held_until
                under_way.append(window.send(now))
                assert len(under_way) <= window.allowed
        elif under_way:
            ticket, before = under_way.pop(which % len(under_way)), window.allowed
            if what == "answered":
                window.answered(ticket, now)
                assert window.allowed <= before + 1
            elif what == "refused":
                window.refused(ticket, now, pause)
                assert window.allowed <= before
                assert window.held_until >= now + pause
            else:
                window.ended()
                assert window.allowed == before
        assert 1 <= window.allowed <= most


def test_refusals_of_requests_that_went_together_halve_once() -> None:
    window = ConcurrencyWindow(32)
    tickets = [window.send(0.0) for _ in range(32)]
    for ticket in tickets:
        window.refused(ticket, 0.1, 1.0)
    assert window.allowed == 16
    assert not window.may_send(1.0)
    assert window.may_send(1.1)


def test_where_few_are_under_way_half_of_those_is_what_is_left() -> None:
    window = ConcurrencyWindow(32)
    tickets = [window.send(0.0) for _ in range(6)]
    window.refused(tickets[0], 0.1, 1.0)
    assert window.allowed == 3


def test_after_a_refusal_a_windowful_of_answers_gives_one_place_back_until_all_are_allowed_again() -> None:
    window = ConcurrencyWindow(8)
    full = [window.send(0.0) for _ in range(8)]
    for ticket in full:
        window.refused(ticket, 0.0, 0.0)
    assert window.allowed == 4
    under_way, seen = deque(window.send(0.0) for _ in range(4)), list[int]()
    for _ in range(300):
        window.answered(under_way.popleft(), 1.0)
        while window.may_send(0.0):
            under_way.append(window.send(0.0))
        seen.append(window.allowed)
    assert seen[:6] == [4, 4, 4, 4, 5, 5]
    assert max(after - before for before, after in pairwise(seen)) == 1
    assert seen[-1] == 8


def test_replies_of_any_length_say_nothing_about_how_much_a_server_has_to_do() -> None:
    window = ConcurrencyWindow(32)
    for seconds in (0.1, *[30.0] * 100):
        window.answered(window.send(0.0), seconds, alike=False)
    assert window.allowed == 32


@pytest.mark.parametrize(("seconds", "allowed"), [(0.2, 32), (20.0, 3), (500.0, 1)])
def test_a_server_that_took_long_for_one_short_answer_gets_few_at_once(seconds: float, allowed: int) -> None:
    assert ConcurrencyWindow(32, seconds=seconds, timeout=120.0).allowed == allowed


def test_a_server_that_was_slow_only_once_is_soon_given_all_that_is_set() -> None:
    window = ConcurrencyWindow(32, seconds=60.0, timeout=120.0)  # it loaded its model
    assert window.allowed == 1
    assert play(window, 200, allows=32, answer=0.2).allowed[31] == 32


def test_a_server_that_stays_slow_is_never_given_more_than_it_answers_in_half_the_time_allowed() -> None:
    window = ConcurrencyWindow(32, seconds=20.0, timeout=120.0)
    assert max(play(window, 100, allows=32, answer=20.0, serial=True).allowed) == 3


@dataclass
class Played:
    """What a played server saw: seconds until all was answered, refusals, and what was allowed after each reply."""

    seconds: float
    refusals: int
    allowed: list[int] = field(default_factory=list)


def play(window: ConcurrencyWindow, requests: int, *, allows: int, answer: float, serial: bool = False) -> Played:
    """Play a server that works on `allows` at once, `answer` seconds each, and refuses others at once, for 0.1 s.

    A serial one takes all and answers one after the other.
    """
    now, working, free_at, left, number = 0.0, 0, 0.0, requests, count()
    events: list[tuple[float, int, str, Ticket]] = []
    played = Played(0.0, 0)
    while left:
        while window.may_send(now) and left > sum(kind == "answer" for _, _, kind, _ in events):
            if working >= allows:
                heapq.heappush(events, (now + 0.001, next(number), "refusal", window.send(now)))
                break
            working += 1
            free_at = max(free_at, now) + answer
            heapq.heappush(events, (free_at if serial else now + answer, next(number), "answer", window.send(now)))
        if not events:
            now = window.held_until
            continue
        now, _, kind, ticket = heapq.heappop(events)
        if kind == "answer":
            working, left = working - 1, left - 1
            window.answered(ticket, now)
        else:
            played.refusals += 1
            window.refused(ticket, now, 0.1)
        played.allowed.append(window.allowed)
    played.seconds = now
    return played


@given(allows=st.integers(1, 40), most=st.integers(1, 40))
def test_a_server_that_allows_so_many_at_once_is_used_and_seldom_has_to_refuse(allows: int, most: int) -> None:
    played = play(ConcurrencyWindow(most), 600, allows=allows, answer=0.2)
    limit = min(allows, most)
    assert played.refusals <= 6 + 600 / 10
    assert played.seconds <= 2.2 * 600 * 0.2 / limit + 2
    if most <= allows:
        assert played.refusals == 0
        assert played.seconds == pytest.approx(-(-600 // limit) * 0.2)


@given(answer=st.floats(0.01, 3), most=st.integers(2, 64))
def test_a_server_that_takes_one_after_the_other_is_not_crowded(answer: float, most: int) -> None:
    played = play(ConcurrencyWindow(most), 600, allows=most, answer=answer, serial=True)
    assert played.seconds == pytest.approx(600 * answer)
    assert max(played.allowed[-300:]) <= max(2, min(most, 8))


@given(answer=st.floats(0.01, 3), most=st.integers(1, 64))
def test_a_server_whose_answers_take_always_the_same_is_given_all_that_is_set(answer: float, most: int) -> None:
    assert set(play(ConcurrencyWindow(most), 200, allows=most, answer=answer).allowed) == {most}
