"""Reading the inside of a model: hidden states of texts and replies, and how far steering moves its next words."""

from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from eval.engine import Message

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Opening:
    """A conversation up to where the model replies, or some words into its reply: there the states are read."""

    messages: tuple[Message, ...]
    reply: str = ""


@runtime_checkable
class ReadsStates(Protocol):
    """An engine whose hidden states can be read."""

    def states(self, openings: Sequence[Opening]) -> "AsyncGenerator[NDArray[np.float32], None]":
        """Yield for each opening, in their order, the state after every layer at its last token (layers, width).

        Raises:
            RequestError: an opening is too long for the context.
            EngineError: the model failed, or its states cannot be read.
        """
        ...


@runtime_checkable
class ReadsReplies(Protocol):
    """An engine that can read the hidden states of a reply, under the interventions that it is under itself."""

    async def reply_states(self, opening: Opening, layer: int) -> "NDArray[np.float32]":
        """Return the state after one layer at every token of the opening's reply (tokens, width).

        The conversation that the engine holds is left as it was.

        Raises:
            RequestError: the conversation is too long for the context, or the reply is empty.
            EngineError: the model failed, or its states cannot be read.
        """
        ...


@runtime_checkable
class MeasuresDivergence(Protocol):
    """An engine that says how far its next words are from those of the same model without interventions."""

    async def divergence(self, without: Sequence[Opening], under: Sequence[Opening]) -> list[float]:
        """Return KL(p‖q) for each text in which an opening of `without` and one of `under` end, in nats a token.

        p is the distribution of the next token after an opening in `without`, without interventions; q that after the
        opening in `under`, with this engine's. The mean is over the tokens of the text (`Opening.reply`), the same in
        both; before it the openings may differ, such as by a prompt.

        Raises:
            RequestError: an opening is too long for the context.
            EngineError: the model failed.
        """
        ...
