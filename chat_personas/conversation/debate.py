"""A debate: two personas argue a topic, turn by turn, and the person moderates.

A debate is two conversations of the corpus, one for each side, so that each persona is steered, measured and kept as
in any conversation. A model reads whoever speaks to it under the role `user`: in a debate the moderator, who is the
person, and the other side, which is a model. So every message says whose words it holds: one of the other side names
the reply that it repeats (`MessageRow.quotes`), and its author is a model, whatever its role (`MessageRow.author`).
No message holds words of both. What a model is given before the words, such as `Moderator: `, is kept beside them
(`MessageRow.speaker`), and both together are what it was given.

Everything is on the disk before a model speaks. Whose turn it is follows from what is stored, so a debate can be
taken up again after the program died.
"""

import asyncio
from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import Self

from chat_personas.conversation.conversation import Conversation, ReplyEnded, ReplyEvent, persona_of
from chat_personas.conversation.sampling import sampling_of
from chat_personas.corpus import Corpus, DebateSideRow, MessageRow, Words
from chat_personas.corpus.conversations import beginning_of
from chat_personas.corpus.errors import GROWING_ELSEWHERE, GoneOnElsewhereError, GrowingElsewhereError
from chat_personas.corpus.messages import MODERATOR, OPENING, is_blank_reply
from chat_personas.corpus.sql import new_key
from eval.engine import Engine, EngineError, Message, Sampling
from eval.expression.asking import seed_for
from personas import LoadedPersona, Persona
from personas.errors import ReportedError
from personas.persona import steering_named

TURN_TOKENS = 160
"""The most tokens of a turn, so that the other side has its turn, too."""
MOST_ROUNDS = 50
MOST_SILENT = 3
"""Turns in a row that a side may end without a word, as base models do now and then: each may cost money."""
SILENT = f"{{name}} has ended {MOST_SILENT} turns without a word; go on to try once more, or with another model"
NOT_ROUNDS = f"a debate has 1 to {MOST_ROUNDS} rounds, and not {{typed}}"


class DebateError(ReportedError):
    """This debate cannot be begun or go on; the message says why."""


@dataclass(frozen=True, slots=True)
class Spoken:
    """Something that was said in a debate: by the side at `place` (0 for the one that began), None for the moderator.

    `message` is the reply itself, or what the moderator said. `round` counts from 1.
    """

    place: int | None
    round: int
    message: MessageRow


class Debate:
    """Two conversations in which personas answer each other.

    Only one turn can be under way. The methods belong to one event loop, as those of a conversation do; `start` and
    `resume` wait for the disk. Each side may be on a model of its own.
    """

    def __init__(self, corpus: Corpus, identifier: str, sides: Sequence[Conversation], rounds: int) -> None:
        """Use `start` or `resume`."""
        self.id = identifier
        self.sides = (sides[0], sides[1])
        self.rounds = rounds
        self._corpus = corpus
        self._waiting: list[str] = []
        self._speaking = False
        self._silent = 0
        self._telling = asyncio.Lock()

    @classmethod
    def start(
        cls,
        corpus: Corpus,
        engines: tuple[Engine, Engine],
        personas: tuple[LoadedPersona, LoadedPersona],
        topic: str,
        rounds: int,
        *,
        seed: int | None = None,
    ) -> Self:
        """Open a debate on `topic` in which each side speaks `rounds` times; the first persona begins.

        `seed` makes the replies of a model on this machine repeat, unless the persona has a seed of its own.

        Raises:
            DebateError: there is no topic, the number of rounds is not possible, or nobody to tell apart.
            PersonaError: a persona cannot be put into a prompt.
            SteeringError, InterventionError: a persona's direction is missing or not one of its model.
            CorpusError: the debate cannot be stored.
        """
        _check_rounds(rounds)
        if not topic.strip():
            raise DebateError("a debate needs a topic")
        first, second = _names([each.persona for each in personas], engines)
        opening = Words(topic.strip(), OPENING.format(first=first, second=second))
        begun = [Conversation.start(corpus, *each) for each in zip(engines, personas, strict=True)]
        title = beginning_of(f"Debate: {topic}")
        rows = [each.unspoken.model_copy(update={"title": title}) for each in begun if each.unspoken is not None]
        identifier = new_key()
        corpus.begin_debate(identifier, rows, opening, rounds)
        return cls.resume(corpus, engines, identifier, seed=seed)

    @classmethod
    def resume(
        cls, corpus: Corpus, engines: tuple[Engine, Engine], identifier: str, *, seed: int | None = None
    ) -> Self:
        """Take up a debate of the corpus, by its own key.

        Raises:
            DebateError: there is no such debate, or one of its conversations was gone on with alone.
            CorpusError, SteeringError, InterventionError: as `Conversation.resume`.
        """
        kept = corpus.debate_sides(identifier)
        if len(kept) != len(engines):
            raise DebateError("this debate is not in the corpus any more")
        sides = [
            Conversation.resume(corpus, engine, side.conversation_id, sampling=_sampling(corpus, side, seed))
            for engine, side in zip(engines, kept, strict=True)
        ]
        debate = cls(corpus, identifier, sides, kept[0].turns)
        debate._check_sides()
        return debate

    @property
    def names(self) -> tuple[str, str]:
        """How the sides are called, on the screen and before their words."""
        return _names([side.persona for side in self.sides], [side.engine for side in self.sides])

    @property
    def topic(self) -> str:
        """What is argued about."""
        return self.sides[0].path[0].text

    @property
    def spoken(self) -> tuple[int, int]:
        """How many turns each side has had; one that came to no word is not counted."""
        return _turns(self.sides[0]), _turns(self.sides[1])

    @property
    def next_place(self) -> int | None:
        """The place of the side that speaks next; None at the end of the debate."""
        first, second = self.spoken
        if first > second:
            return 1
        return 0 if first < self.rounds else None

    @property
    def waiting(self) -> tuple[str, ...]:
        """What the moderator said while a side spoke: both sides are given it when that has ended."""
        return tuple(self._waiting)

    def said(self) -> Iterator[Spoken]:
        """Yield all that was said, in its order; a turn that is under way stands as far as it has come."""
        first, second = self.sides
        replies = {message.id: message for message in second.path}
        quoted = set[str]()
        turn = 1
        for message in first.path:
            if message.role == "assistant":
                yield Spoken(0, turn, message)
            elif message.quotes is None:
                yield Spoken(None, turn, message)
            else:
                quoted.add(message.quotes)
                yield Spoken(1, turn, replies.get(message.quotes, message))
                turn += 1
        last = second.path[-1]
        if last.role == "assistant" and last.id not in quoted:
            yield Spoken(1, turn, last)

    async def turn(self) -> AsyncGenerator[tuple[int, ReplyEvent], None]:
        """Let the side whose turn it is speak; yield what happens, with its place.

        A side whose model failed before its first word has its turn again.

        Raises:
            EngineError: the side has ended `MOST_SILENT` turns in a row without a word; the next call tries again.
            DebateError: the debate has ended (`extend` goes on), or one of its conversations was gone on with alone.
            TooLongError: what was said does not fit into the model's context.
            RuntimeError: a turn is under way.
            CorpusError: the corpus cannot be written.
        """
        if self._speaking:
            raise RuntimeError("a turn is under way; stop it first")
        await self._catch_up()
        self._check_sides()
        place = self.next_place
        if place is None:
            raise DebateError(f"the debate ended after {self.rounds} rounds")
        self._speaking = True
        try:
            await self.save()
            await self._pass_on()
            async with aclosing(self.sides[place].regenerate()) as events:
                async for event in events:
                    yield place, event
                    if isinstance(event, ReplyEnded) and event.status == "complete":
                        self._silent = self._silent + 1 if self.next_place == place else 0
        finally:
            self._speaking = False
        if self._silent >= MOST_SILENT:
            self._silent = 0
            raise EngineError(SILENT.format(name=self.names[place]))
        if self._waiting or self.next_place is not None:
            await self._pass_on()

    def measured_after(self, place: int) -> tuple[list[Message], str | None]:
        """Return after what a side is measured: all that it was given up to its last turn, and the key of that turn.

        What the moderator or the other side said since then is not in it. Before its first turn it is what it is given
        before anything is said, and None.
        """
        side = self.sides[place]
        reply = side.last_reply
        return (side.context_at_start(), None) if reply is None else (side.context_after(reply), reply.id)

    async def interject(self, text: str) -> bool:
        """Say something to both sides as the moderator; return False where it waits for the end of a turn.

        Raises:
            ValueError: there is nothing but white space in `text`.
            CorpusError: it could not be stored; it waits.
        """
        if not text.strip():
            raise ValueError("there is nothing to say in an empty message")
        self._waiting.append(text.strip())
        if self._speaking:
            return False
        await self._pass_on()
        return True

    async def extend(self, rounds: int) -> None:
        """Add rounds to the debate. Raises DebateError and CorpusError."""
        _check_rounds(self.rounds + rounds)
        await asyncio.to_thread(self._corpus.set_debate_turns, self.id, self.rounds + rounds)
        self.rounds += rounds

    async def stop(self) -> None:
        """Stop the turn that is under way, and keep what was said."""
        for side in self.sides:
            await side.stop()

    async def save(self) -> None:
        """Store replies that could not be stored when they ended. Raises CorpusError."""
        for side in self.sides:
            await side.save()

    async def _pass_on(self) -> None:
        """Give each side what the other one said last, then both what the moderator said meanwhile."""
        async with self._telling:
            await self._catch_up()
            names = self.names
            for place, name in enumerate(names):
                reply = self.sides[place].last_reply
                other = self.sides[1 - place]
                if reply is not None and all(reply.id != message.quotes for message in other.path):
                    await self._tell([other], Words(reply.text, name, reply.id))
            while self._waiting:
                await self._tell(self.sides, Words(self._waiting[0], MODERATOR))
                del self._waiting[0]

    async def _tell(self, sides: Sequence[Conversation], words: Words) -> None:
        known = {side.id: side.known_leaves for side in sides}
        ends = [(side.id, side.path[-1].id, words) for side in sides]
        try:
            told = await asyncio.to_thread(self._corpus.tell, ends, known=known)
        except GoneOnElsewhereError as error:
            for side in sides:
                side.know_of(error)
            raise
        for side, message in zip(sides, told, strict=True):
            side.hear(message)

    async def _catch_up(self) -> None:
        """Read what another program was writing. Raises GrowingElsewhereError where it still is."""
        for side in self.sides:
            if not side.replying and not await side.catch_up():
                raise GrowingElsewhereError(GROWING_ELSEWHERE, side.id)

    def _check_sides(self) -> None:
        first, second = self.spoken
        alone = any(
            message.author == "person" and message.speaker is None for side in self.sides for message in side.path
        )
        if alone or first - second not in (0, 1):
            raise DebateError("one of the two conversations was gone on with alone, so the debate cannot go on")


def rounds_meant(typed: str) -> int | None:
    """Return the number of rounds that was typed; None where a debate cannot have so many, or it is not a number."""
    rounds = int(typed) if typed.isdecimal() else 0
    return rounds if 1 <= rounds <= MOST_ROUNDS else None


def _check_rounds(rounds: int) -> None:
    if not 1 <= rounds <= MOST_ROUNDS:
        raise DebateError(NOT_ROUNDS.format(typed=rounds))


def _names(personas: Sequence[Persona], engines: Sequence[Engine]) -> tuple[str, str]:
    """Return what tells two sides apart: their titles, or their steering, or their models. Raises DebateError."""
    titles = [" ".join(persona.title.split()) for persona in personas]
    models = [engine.info.name for engine in engines]
    for told in ([""] * 2, [*map(steering_named, personas)], [f"on {model}" for model in models]):
        first, second = (f"{title} ({by})" if by else title for title, by in zip(titles, told, strict=True))
        if first != second:
            return first, second
    raise DebateError(f"both sides would be {titles[0]}, steered by {steering_named(personas[0])} on the same model")


def _sampling(corpus: Corpus, side: DebateSideRow, seed: int | None) -> Sampling:
    """Return how a side's turns are drawn: as its persona asks for, and no longer than a turn."""
    persona = persona_of(corpus.conversation(side.conversation_id))
    own = sampling_of(persona)
    if own.seed is None and seed is not None:
        own = replace(own, seed=seed_for(seed, f"{persona.name} {side.place}"))
    return replace(own, max_tokens=min(own.max_tokens, TURN_TOKENS))


def _turns(side: Conversation) -> int:
    return sum(message.role == "assistant" and not is_blank_reply(message) for message in side.path)
