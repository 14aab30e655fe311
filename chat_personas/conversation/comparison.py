"""A comparison: the same message to two to four personas side by side, each in a conversation of its own.

The columns may be different personas, or one persona under different steering or on different models. Every column
begins with the same message and nothing before it, so that what differs between the replies is the persona or the
model. The corpus keeps which conversations belong together, and each conversation which model it was on.

What the person says is on the disk in every column before the first model is asked. So a column that could not reply,
as after a stop, is known by a message without a reply, also when the comparison is taken up again. Such columns reply
first when something else is said.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing, suppress
from typing import Self

from chat_personas.conversation.conversation import Conversation, ReplyEvent
from chat_personas.corpus import Corpus
from chat_personas.corpus.conversations import beginning_of
from chat_personas.corpus.errors import GoneOnElsewhereError
from chat_personas.corpus.sql import new_key
from eval.engine import Engine, Message, TooLongError
from personas import LoadedPersona
from personas.errors import ReportedError
from personas.persona import steering_named, titled_by_steering

HOW_TO_COMPARE = "Every line is said to all of them. /open NUMBER goes on with one alone, /end leaves."
STOPPED = "stopped before your message was said to anybody"
NOT_ALIKE = "not all columns were told the same, so their replies may differ for that reason, too"
LEAST, MOST = 2, 4
"""How many columns a comparison has: at least two, and no more than can be read side by side."""


class ComparisonError(ReportedError):
    """These personas cannot be compared; the message says why."""


class Comparison:
    """Two to four conversations in which the same is said.

    Only one message can be on its way. The methods belong to one event loop, as those of a conversation do; `start` and
    `resume` wait for the disk. `unsaid` is a message that was to be said and that nobody was given, "" for none.
    """

    def __init__(self, corpus: Corpus, identifier: str, columns: Sequence[Conversation]) -> None:
        """Use `start` or `resume`."""
        self.id = identifier
        self.columns = tuple(columns)
        self.unsaid = ""
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
                raise ComparisonError(f"{persona.name} ({steering_named(persona)}) is in two columns; keep one")
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
        titled = Counter(title for title, _ in {(persona.title, steering_named(persona)) for persona in personas})
        models = [column.engine.info.name for column in self.columns]
        return tuple(
            (titled_by_steering(persona) if titled[persona.title] > 1 else persona.title)
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

    @property
    def behind(self) -> tuple[str, ...]:
        """The names of the columns that have not replied to what was said last, as after a stop."""
        return tuple(name for name, column in zip(self.names, self.columns, strict=True) if column.lacks_reply)

    @property
    def waits_for(self) -> str:
        """Say which columns are `behind`, and what becomes of that; "" where none is."""
        names = " and ".join(self.behind)
        have = "have" if len(self.behind) > 1 else "has"
        return f"{names} {have} not replied, and will before what you say next is said" if names else ""

    @property
    def told_alike(self) -> bool:
        """Whether the person has said the same in all columns: not where one was gone on with alone, or left out."""
        told = ([message.text for message in column.path if message.author == "person"] for column in self.columns)
        first = next(told)
        return all(each == first for each in told)

    async def say(self, text: str) -> AsyncGenerator[tuple[int, ReplyEvent], None]:
        """Say the same in every column, from left to right; yield what happens, with the column's place.

        Columns that are `behind` reply to what was said before first. A column whose model fails ends with the reason
        (`ReplyEnded`), and the next one is asked all the same; so it is where the text is too long for a column.

        Raises:
            ValueError: there is nothing but white space in `text`.
            ComparisonError: it was stopped while columns that were behind replied, and `text` is `unsaid`.
            TooLongError: it does not fit into the model's context of a column, which stays without a reply; where it
                fits into none, it is `unsaid`.
            CorpusError: the corpus cannot be written. `unsaid` is whether `text` was stored.
        """
        if not text.strip():
            raise ValueError("there is nothing to say in an empty message")
        self._stopped, self.unsaid = False, text
        with suppress(TooLongError):  # it was said then
            async with aclosing(self._missing_replies()) as events:
                async for place, event in events:
                    yield place, event
        if self._stopped:
            raise ComparisonError(STOPPED)
        titles = [column.title for column in self.columns]
        await self._tell(text)
        try:
            async with aclosing(self._missing_replies()) as events:
                async for place, event in events:
                    yield place, event
        except TooLongError:
            if all(column.lacks_reply for column in self.columns):
                await self._take_back(titles)
                self.unsaid = text
            raise

    async def _missing_replies(self) -> AsyncGenerator[tuple[int, ReplyEvent], None]:
        """Let every column reply whose last message has no reply, until `stop`. Raises as `say` does, at the end."""
        too_long: TooLongError | None = None
        for place, column in enumerate(self.columns):
            if self._stopped or not column.lacks_reply:
                continue
            try:
                async with aclosing(column.regenerate()) as events:
                    async for event in events:
                        yield place, event
            except TooLongError as error:
                too_long = too_long or error
        if too_long is not None:
            raise too_long

    async def _tell(self, text: str) -> None:
        """Store what is said in all columns or in none, after all that was said before."""
        await self.save()
        title = beginning_of(text)
        new = [each.unspoken and each.unspoken.model_copy(update={"title": title}) for each in self.columns]
        ends = [(each.id, each.path[-1].id if each.path else None) for each in self.columns]
        known = {each.id: each.known_leaves for each in self.columns}
        told = list(zip(ends, new, strict=True))
        try:
            said = await asyncio.to_thread(self._corpus.say_in_columns, self.id, told, text, known=known)
        except GoneOnElsewhereError as error:
            for column in self.columns:
                column.know_of(error)
            raise
        for column, message, row in zip(self.columns, said, new, strict=True):
            column.hear(message, row)
        self.unsaid = ""

    async def _take_back(self, titles: Sequence[str]) -> None:
        """Remove what was said last, to which no column has replied; one that had only this has its title again."""
        last = [(column.path[-1], title) for column, title in zip(self.columns, titles, strict=True)]
        await asyncio.to_thread(self._corpus.take_back, last)
        for column, title in zip(self.columns, titles, strict=True):
            column.unhear(title)

    async def save(self) -> None:
        """Store replies that could not be stored when they ended. Raises CorpusError."""
        for column in self.columns:
            await column.save()

    async def stop(self) -> None:
        """Stop the reply that is on its way, and keep what it said; the columns after it are asked the next time."""
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
        raise ComparisonError("the other conversations of this comparison are not there")
    return kept
