"""Reading a conversation into the cache while nobody waits."""

from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from chat_personas.engines.llama.interrupt import Interrupted, InterruptFlag
from chat_personas.engines.llama.job import Job, Priority
from chat_personas.engines.llama.reply import fit_reply
from eval.engine import Message, Sampling, TooLongError

if TYPE_CHECKING:
    from chat_personas.engines.llama.runtime import Runtime


class ReadAheadJob(Job[None]):
    """Decodes a conversation as its next reply would, which then has only its new tokens left.

    Interrupted, it ends: what it has read stays in the cache, and whatever interrupted it reads on.
    """

    priority = Priority.MEASUREMENT

    def __init__(self, messages: Sequence[Message], sampling: Sampling) -> None:
        super().__init__()
        self._messages = tuple(messages)
        self._sampling = sampling

    def run(self, runtime: "Runtime", flag: InterruptFlag) -> None:
        """Decode what of the conversation is not in the cache; see `Job.run`."""
        with suppress(TooLongError, Interrupted):  # what is too long is said to the person who goes on with it
            _, tokens = fit_reply(runtime, self._messages, self._sampling)
            flag.check()
            runtime.memory.set_conversation(tokens)
