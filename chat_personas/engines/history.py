"""A conversation longer than the context: which of its oldest turns are left out."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from eval.engine import Message


@dataclass(frozen=True, slots=True)
class Fitted:
    """Messages that fit, and how many of the oldest were left out for it."""

    messages: tuple[Message, ...]
    dropped: int


def shortened(messages: Sequence[Message], size: Callable[[str], int], room: int) -> Iterator[Fitted]:
    """Yield `messages`, then ever shorter versions of them, to try one after the other.

    The system message and the last turn always stay. Whole turns are left out (a user's message and what follows it),
    and always up to a fixed mark: the marks lie a quarter of `room` (in tokens) apart, counted from the start of the
    conversation. So the cut stays where it is for many turns, and the cache stays of use, instead of moving at every
    turn. What depends on nothing but the messages comes out the same at the next call. Versions that are far too long
    are passed over.
    """
    head = [message for message in messages[:1] if message.role == "system"]
    turns = _turns(messages[len(head) :])
    sizes = [sum(size(message.content) for message in turn) for turn in turns]
    for gone in _marks(sizes, max(1, room // 4)):
        if sum(sizes[gone:]) <= room or gone == len(turns) - 1:
            dropped = sum(len(turn) for turn in turns[:gone])
            yield Fitted((*head, *messages[len(head) + dropped :]), dropped)


def _turns(messages: Sequence[Message]) -> list[list[Message]]:
    """Group messages into turns, each beginning with a user's message (the first with whatever comes first)."""
    turns: list[list[Message]] = []
    for message in messages:
        if message.role == "user" or not turns:
            turns.append([])
        turns[-1].append(message)
    return turns


def _marks(sizes: Sequence[int], distance: int) -> Iterator[int]:
    """Yield how many turns lie before each mark, without repeats: 0 first, all but the last turn at the end."""
    yield 0
    total, passed = 0, 0
    for gone, size in enumerate(sizes[:-1], start=1):
        total += size
        if total // distance > passed or gone == len(sizes) - 1:
            passed = total // distance
            yield gone
