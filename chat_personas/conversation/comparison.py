"""A comparison: the same message to two to four personas side by side, each in a conversation of its own.

The columns may be different personas, or one persona under different steering or on different models. Every column
begins with the same message and nothing before it, so that what differs between the replies is the persona or the
model. The corpus keeps which conversations belong together, and each conversation which model it was on.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from typing import Self

from chat_personas.conversation.conversation import Conversation, ReplyEvent, ReplyStarted
from chat_personas.corpus import Corpus
from chat_personas.corpus.sql import new_key
from eval.engine import Engine, Message
from personas import LoadedPersona
from personas.errors import ReportedError

HOW_TO_COMPARE = "Every line is said to all of them. /open NUMBER goes on with one alone, /end leaves."
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
    def start(cls, corpus: Corpus, engines: Sequence[Engine], personas: Sequence[LoadedPersona]) -> Self:
        """Begin a comparison with a column for each persona, on the engine at the same place.

        Nothing of it is stored before something is said.

        Raises:
            ComparisonError: there are too few or too many columns, or two are the same.
            PersonaError: a persona cannot be put into a prompt.
            SteeringError, InterventionError: a persona's direction is missing or not one of its model.
        """
        if not LEAST <= len(personas) <= MOST:
            raise ComparisonError(f"{len(personas)} cannot be compared; choose {LEAST} to {MOST}")
        columns = list(zip(engines, personas, strict=True))
        told = [(loaded.persona, engine.info.name, engine.info.sha256) for engine, loaded in columns]
        for place, (persona, *_) in enumerate(told):
            if told[place] in told[:place]:
                raise ComparisonError(f"{persona.name} ({persona.steering}) is in two columns; keep one")
        return cls(corpus, new_key(), [Conversation.start(corpus, *column) for column in columns])

    @classmethod
    def resume(cls, corpus: Corpus, engines: Mapping[str, Engine], identifier: str) -> Self:
        """Take up a comparison of the corpus, each conversation on the engine that `engines` has by its key.

        Columns without an engine are left out, and those that were deleted are not there.

        Raises:
            ComparisonError: fewer than two of its conversations are left.
            CorpusError, SteeringError, InterventionError: as `Conversation.resume`.
        """
        kept = kept_columns(corpus, identifier)
        columns = [Conversation.resume(corpus, engines[key], key) for key in kept if key in engines]
        if len(columns) < LEAST:
            raise ComparisonError("fewer than two columns of this comparison have a model")
        return cls(corpus, identifier, columns)

    @property
    def names(self) -> tuple[str, ...]:
        """The name of each column: the persona's title, with what tells it from the others.

        That is its steering, where others of this title are steered in another way, and its model, where the columns
        are on several.
        """
        personas = [column.persona for column in self.columns]
        titled = Counter(title for title, _ in {(persona.title, persona.steering) for persona in personas})
        models = [column.engine.info.name for column in self.columns]
        return tuple(
            persona.title
            + f" ({persona.steering})" * (titled[persona.title] > 1)
            + f" on {model}" * (len(set(models)) > 1)
            for persona, model in zip(personas, models, strict=True)
        )

    @property
    def sides(self) -> Sequence[Conversation]:
        """The columns, by the name that a debate has for its conversations."""
        return self.columns

    def measured_after(self, place: int) -> tuple[list[Message], str | None]:
        """Return after what a column is measured: its context after its last message, and the key of that."""
        column = self.columns[place]
        return column.context(), column.path[-1].id

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


def kept_columns(corpus: Corpus, identifier: str) -> tuple[str, ...]:
    """Return the keys of the conversations of a comparison, from left to right.

    Raises:
        ComparisonError: fewer than two are left.
        CorpusError: the corpus cannot be read.
    """
    kept = corpus.compared(identifier)
    if len(kept) < LEAST:
        raise ComparisonError("the other conversations of this comparison were deleted")
    return kept
