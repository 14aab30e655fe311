"""Which turns are left out of a conversation that is too long."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from chat_personas.engines.shortening import Fitted, Prefix, shortened
from eval.engine import Message


def conversation(sizes: list[int], *, system: bool = True) -> list[Message]:
    """Turns of a user's and an assistant's message with as many letters as `sizes` says, and a last question."""
    turns = [Message(role, "x" * size) for size in sizes for role in ("user", "assistant")]  # type: ignore[arg-type]
    return [*([Message("system", "S")] if system else []), *turns, Message("user", "?")]


def first_that_fits(messages: list[Message], room: int) -> Fitted | None:
    versions = shortened(messages, len, room)
    return next((fitted for fitted in versions if sum(len(m.content) for m in fitted.messages) <= room), None)


def test_what_fits_is_left_as_it_is() -> None:
    messages = conversation([3, 3])
    assert first_that_fits(messages, 100) == Fitted(tuple(messages), 0)


@given(st.lists(st.integers(1, 20), max_size=30), st.integers(2, 60), st.booleans())
def test_whole_turns_go_from_the_oldest_and_the_system_prompt_and_last_question_stay(
    sizes: list[int], room: int, system: bool
) -> None:
    messages = conversation(sizes, system=system)
    found = first_that_fits(messages, room)
    assert found is not None
    assert found.dropped % 2 == 0
    head = messages[:1] if system else []
    assert list(found.messages) == [*head, *messages[len(head) + found.dropped :]]
    assert found.messages[-1] == Message("user", "?")


def test_the_cut_stays_where_it_is_for_several_turns() -> None:
    cuts = []
    for count in range(20, 60):
        found = first_that_fits(conversation([5] * count), 100)
        assert found is not None
        cuts.append(found.dropped)
    assert cuts == sorted(cuts)
    moves = sum(later != earlier for earlier, later in pairwise(cuts))
    assert moves <= 40 * 10 / 25 + 1  # each turn adds 10, the marks are 25 apart


def test_a_last_question_too_long_by_itself_is_offered_alone_and_last() -> None:
    *_, last = shortened([*conversation([5, 5])[:-1], Message("user", "y" * 200)], len, 50)
    assert [message.content[:1] for message in last.messages] == ["S", "y"]
    assert last.dropped == 4


def test_each_refusal_leaves_out_the_oldest_turn_until_only_system_messages_are_left() -> None:
    messages = [
        Message("system", "S"),
        Message("assistant", "Welcome."),
        Message("user", "Hi"),
        Message("assistant", "Yes?"),
        Message("system", "T"),
        Message("user", "Why?"),
    ]
    prefix, versions = Prefix(messages), list[tuple[str, int]]()
    while prefix.shorten(prefix.messages):
        versions.append((" ".join(message.content for message in prefix.messages), prefix.dropped))
    assert versions == [("S T Hi Yes? Why?", 1), ("S T Why?", 3), ("S T", 4)]


def test_requests_that_were_refused_together_leave_out_one_turn_together() -> None:
    prefix = Prefix(conversation([1, 1]))
    sent = prefix.messages
    assert [prefix.shorten(sent) for _ in range(5)] == [True] * 5
    assert prefix.dropped == 2
