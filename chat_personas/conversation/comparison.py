"""A comparison: the same message to two to four personas side by side, each in a conversation of its own.

The columns may be different personas, or one persona under different steering. Every column begins with the same
message and nothing before it, so that what differs between the replies is the persona. The corpus keeps which
conversations belong together.
"""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from typing import Self

from chat_personas.conversation.conversation import Conversation, ReplyEvent, ReplyStarted
from chat_personas.corpus import Corpus
from chat_personas.corpus.sql import new_key
from eval.engine import Engine
from personas import LoadedPersona, Persona
from personas.errors import ReportedError

LEAST, MOST = 2, 4
"""How many columns a comparison has: at least two, and no more than can be read side by side."""


class ComparisonError(ReportedError):
    """These personas cannot be compared; the message says why."""


class Comparison:
    """Two to four conversations in which the same is said.

    Only one message can be on its way. The methods belong to one event loop, as those of a conversation do; `start` and
    `resume` wait for the disk.
    """

    def __init__(self, corpus: Corpus, identifier: str, columns: Sequence[Conversation]) -> None:
        """Use `start` or `resume`."""
        self.id = identifier
        self.columns = tuple(columns)
        self._corpus = corpus
        self._stopped = False

    @classmethod
    def start(cls, corpus: Corpus, engine: Engine, personas: Sequence[LoadedPersona]) -> Self:
        """Begin a comparison; nothing of it is stored before something is said.

        Raises:
            ComparisonError: there are too few or too many columns, or two are the same.
            PersonaError: a persona cannot be put into a prompt.
            SteeringError, InterventionError: a persona's direction is missing or not one of this model.
        """
        if not LEAST <= len(personas) <= MOST:
            raise ComparisonError(f"{len(personas)} cannot be compared; choose {LEAST} to {MOST}")
        seen: list[Persona] = []
        for loaded in personas:
            if loaded.persona in seen:
                raise ComparisonError(f"{loaded.persona.name} ({loaded.persona.steering}) is in two columns; keep one")
            seen.append(loaded.persona)
        return cls(corpus, new_key(), [Conversation.start(corpus, engine, loaded) for loaded in personas])

    @classmethod
    def resume(cls, corpus: Corpus, engine: Engine, identifier: str) -> Self:
        """Take up a comparison of the corpus; columns that were deleted are not there.

        Raises:
            ComparisonError: fewer than two of its conversations are left.
            CorpusError, SteeringError, InterventionError: as `Conversation.resume`.
        """
        kept = corpus.compared(identifier)
        if len(kept) < LEAST:
            raise ComparisonError("the other conversations of this comparison were deleted")
        return cls(corpus, identifier, [Conversation.resume(corpus, engine, key) for key in kept])

    @property
    def names(self) -> tuple[str, ...]:
        """The name of each column: the persona's title, with its steering where two columns have the same title."""
        titles = [column.persona.title for column in self.columns]
        return tuple(
            f"{title} ({column.persona.steering})" if titles.count(title) > 1 else title
            for title, column in zip(titles, self.columns, strict=True)
        )

    async def say(self, text: str) -> AsyncGenerator[tuple[int, ReplyEvent], None]:
        """Say the same in every column, from left to right; yield what happens, with the column's place.

        A column whose model fails ends with the reason (`ReplyEnded`), and the next one is asked all the same.

        Raises:
            ValueError: there is nothing but white space in `text`.
            TooLongError: it does not fit into the model's context of a column; those before it have replied.
            CorpusError: the corpus cannot be written.
        """
        self._stopped = False
        for place, column in enumerate(self.columns):
            if self._stopped:
                return
            async with aclosing(column.send(text)) as events:
                async for event in events:
                    if isinstance(event, ReplyStarted):
                        await asyncio.to_thread(self._corpus.add_to_comparison, self.id, column.id, place)
                    yield place, event

    async def stop(self) -> None:
        """Stop the reply that is on its way, and keep what it said; the columns after it are not asked."""
        self._stopped = True
        for column in self.columns:
            await column.stop()
