"""A conversation longer than the server's context: leave out the oldest turns, as the embedded engine does."""

from collections.abc import Sequence

from eval.engine import Message

SIGNS = ("context length", "context_length", "context window", "maximum context", "too many tokens", "exceed")


class Prefix:
    """The conversation before what is asked now: before a message, or before all the probes of a run.

    What turned out too long for one request is left out for those after it. `dropped` counts the messages left out.
    """

    def __init__(self, messages: Sequence[Message]) -> None:
        self.messages = tuple(messages)
        self.dropped = 0

    def shorten(self, refused: tuple[Message, ...]) -> bool:
        """Leave out the oldest turn, unless that was done since `refused` was sent; return whether there was one."""
        if refused is not self.messages:
            return True
        kept = without_oldest_turns([*refused, Message("user", "what is asked now")])
        if kept is None:
            return False
        self.messages = tuple(kept[:-1])
        self.dropped += len(refused) - len(self.messages)
        return True


def is_too_long(error: Exception) -> bool:
    """Say whether a server's refusal is about the length of the context; servers have no common code for it."""
    said = str(error).lower()
    return any(sign in said for sign in SIGNS)


def without_oldest_turns(messages: Sequence[Message]) -> list[Message] | None:
    """Return `messages` without the oldest turn of the person and its reply, or None if only the last turn is left.

    System messages stay; what is left begins with a user's turn.
    """
    system = [message for message in messages if message.role == "system"]
    turns = [message for message in messages if message.role != "system"]
    starts = [index for index, message in enumerate(turns) if message.role == "user" and index > 0]
    return [*system, *turns[starts[0] :]] if starts else None
