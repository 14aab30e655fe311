"""Engines that can read a conversation before anything more is said in it."""

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

from eval.engine import Message, Sampling


@runtime_checkable
class ReadsAhead(Protocol):
    """An engine that keeps what it has read: the next reply to a conversation that it read ahead begins sooner."""

    async def read_ahead(self, messages: Sequence[Message], sampling: Sampling) -> None:
        """Read `messages` as far as a reply with `sampling` would have to; a reply asked for meanwhile goes first.

        Raises:
            EngineError: the model failed, or was closed.
        """
        ...
