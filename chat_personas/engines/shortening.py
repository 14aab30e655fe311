"""Shorten a conversation that is longer than a model's context, by leaving out its oldest turns.

There are two ways, and both leave out whole turns and keep the system prompt. An engine that can count tokens tries the
versions that `shortened` yields. An engine on a server cannot count; it takes one turn off its `Prefix` each time the
server says that a request is too long.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

from eval.engine import Message


@dataclass(frozen=True, slots=True)
class Fitted:
    """Messages that may fit, and how many of the oldest were left out."""

    messages: tuple[Message, ...]
    dropped: int


def shortened(messages: Sequence[Message], size: Callable[[str], int], room: int) -> Iterator[Fitted]:
    """Yield `messages`, then ever shorter versions of them, to try one after the other.

    The leading system message and the last turn always stay. `size` counts the tokens of a text, and `room` is how many
    tokens all messages together may have; versions that are far too long are passed over.

    Turns are left out up to a fixed mark. The marks lie a quarter of `room` apart, counted from the start of the
    conversation. So the cut stays in one place for many turns, and the engine's cache stays of use; a cut that moved at
    every turn would make it decode the whole conversation each time. The result depends on nothing but the arguments.
    """
    head = [message for message in messages[:1] if message.role == "system"]
    spoken = turns(messages[len(head) :])
    sizes = [sum(size(message.content) for message in turn) for turn in spoken]
    for gone in _marks(sizes, max(1, room // 4)):
        if sum(sizes[gone:]) <= room or gone == len(spoken) - 1:
            dropped = sum(len(turn) for turn in spoken[:gone])
            yield Fitted((*head, *messages[len(head) + dropped :]), dropped)


def _marks(sizes: Sequence[int], distance: int) -> Iterator[int]:
    """Yield how many turns lie before each mark, without repeats: 0 first, all but the last turn at the end."""
    yield 0
    total, passed = 0, 0
    for gone, size in enumerate(sizes[:-1], start=1):
        total += size
        if total // distance > passed or gone == len(sizes) - 1:
            passed = total // distance
            yield gone


class Prefix:
    """The conversation before what is asked now, which becomes shorter each time a server refuses it as too long.

    Several requests may share one prefix: what was too long for one of them is left out for those after it. `dropped`
    counts the messages that are left out.
    """

    def __init__(self, messages: Sequence[Message]) -> None:
        self.messages = tuple(messages)
        self.dropped = 0

    def shorten(self, refused: tuple[Message, ...]) -> bool:
        """Leave out the oldest turn of `refused`, the `messages` of a request that was too long.

        Returns whether it is worth asking again: there was a turn to leave out, or another request has made the prefix
        shorter since `refused` was sent. System messages stay, wherever they are.
        """
        if refused is not self.messages:
            return True
        spoken = turns([message for message in refused if message.role != "system"])
        if not spoken:
            return False
        system = [message for message in refused if message.role == "system"]
        self.messages = (*system, *chain.from_iterable(spoken[1:]))
        self.dropped += len(refused) - len(self.messages)
        return True


def turns(messages: Sequence[Message]) -> list[list[Message]]:
    """Group messages into turns: each begins with a user's message, the first with whatever comes first."""
    found: list[list[Message]] = []
    for message in messages:
        if message.role == "user" or not found:
            found.append([])
        found[-1].append(message)
    return found
