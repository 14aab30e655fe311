"""What the model is given for its next reply: all that was said, no thought, and what is known of its length."""

import asyncio
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import replace

import pytest

from chat_personas.conversation.context_use import Given
from chat_personas.conversation.conversation import Conversation
from chat_personas.corpus import Corpus
from chat_personas.engines.discreet import DiscreetEngine
from chat_personas.engines.exact_prompt import ExactProbe, ExactPrompt, PromptPart
from eval.engine import EngineInfo, Message, Piece, Probe, Sampling, TooLongError, Usage
from personas import LoadedPersona, load_persona
from tests.fakes import END, FakeEngine


@pytest.fixture(scope="module")
def democrat() -> LoadedPersona:
    return load_persona("democrat")


class Counting(FakeEngine):
    """Counts a token for each letter, or refuses what is longer than `room`."""

    room = 1000

    async def exact_prompt(self, messages: Sequence[Message], sampling: Sampling) -> ExactPrompt:
        parts = tuple(PromptPart("message", each.content, n, len(each.content)) for n, each in enumerate(messages))
        tokens = sum(part.tokens or 0 for part in parts)
        if tokens > self.room:
            raise TooLongError(f"{tokens} tokens do not fit at http://u:secret@host/v1")
        return ExactPrompt(parts, tokens, self.room + sampling.max_tokens, sampling.max_tokens)

    async def exact_probes(self, prefix: Sequence[Message], probes: Sequence[Probe]) -> list[ExactProbe]:
        return []


class OnServer(FakeEngine):
    """A model behind a server."""

    @property
    def info(self) -> EngineInfo:
        return replace(super().info, engine="openai")


async def said(conversation: Conversation, *texts: str) -> None:
    for text in texts:
        async with aclosing(conversation.send(text)) as events:
            async for _ in events:
                pass


async def given(conversation: Conversation) -> tuple[Given, Given]:
    """Return what is known at once, and what is known in the end."""
    async with aclosing(conversation.given()) as found:
        first, last = [each async for each in found]
    return first, last


async def test_the_messages_are_there_at_once_and_the_counts_once_the_engine_has_counted(
    corpus: Corpus, democrat: LoadedPersona
) -> None:
    conversation = Conversation.start(corpus, Counting(["Yes.", END]), democrat)
    await said(conversation, "Buses?")
    first, last = await given(conversation)
    assert (first.counted, last.counted) == (False, True)
    assert first.messages == last.messages == tuple(conversation.context())
    assert [part.tokens for part in first.prompt.parts] == [None, None, None]
    assert [part.tokens for part in last.prompt.parts] == [len(conversation.system_prompt), 6, 4]


async def test_thoughts_are_counted_and_not_given(corpus: Corpus, democrat: LoadedPersona) -> None:
    thinking = [Piece("", thought="They cost."), "Yes.", END]
    conversation = Conversation.start(corpus, Counting(thinking, ["No.", END], thinking), democrat)
    await said(conversation, "Buses?", "Trams?", "Bikes?")
    _, found = await given(conversation)
    assert found.thoughts == 2
    assert not any("cost" in message.content for message in found.messages)


async def test_a_reply_that_is_on_its_way_is_not_in_its_own_prompt(corpus: Corpus, democrat: LoadedPersona) -> None:
    gate = asyncio.Event()
    conversation = Conversation.start(corpus, Counting(["Slow", gate, "ly.", END]), democrat)
    async with aclosing(conversation.send("Buses?")) as events:
        async for _ in events:
            if conversation.path[-1].text == "Slow":
                break
        _, found = await given(conversation)
        assert [message.content for message in found.messages[1:]] == ["Buses?"]
        gate.set()


async def test_before_anything_was_said_there_is_the_system_prompt_or_nothing(
    corpus: Corpus, democrat: LoadedPersona
) -> None:
    _, found = await given(Conversation.start(corpus, Counting(), democrat))
    assert [part.text for part in found.prompt.parts] == [democrat_prompt(democrat)]
    bare = replace(found, messages=(), prompt=ExactPrompt(()))
    counted = await bare.with_counts(Counting(), Sampling())
    assert (counted.counted, counted.problem, counted.prompt.parts) == (True, "", ())


def democrat_prompt(democrat: LoadedPersona) -> str:
    from personas import system_prompt

    return system_prompt(democrat.persona)


async def test_why_there_is_no_prompt_is_said_beside_the_messages(corpus: Corpus, democrat: LoadedPersona) -> None:
    engine = Counting(["Yes.", END])
    engine.room = 20
    conversation = Conversation.start(corpus, DiscreetEngine(engine, frozenset({"secret"})), democrat)
    await said(conversation, "Buses?")
    _, found = await given(conversation)
    assert "tokens do not fit" in found.problem
    assert "secret" not in found.problem
    assert [part.text for part in found.prompt.parts] == [message.content for message in found.messages]


async def test_a_server_is_quoted_with_what_it_said_of_the_last_reply(corpus: Corpus, democrat: LoadedPersona) -> None:
    counted = Piece("", "stop", 2, Usage(90, None, 3, 1.0))
    engine = OnServer(["Yes.", END], ["No.", counted])
    conversation = Conversation.start(corpus, engine, democrat)
    await said(conversation, "Buses?")
    _, found = await given(conversation)
    assert (found.server, found.reported, found.refused, found.prompt.tokens) == (True, None, 0, None)
    await said(conversation, "Trams?")
    _, found = await given(conversation)
    assert (found.reported, found.refused) == (90, 2)


async def test_what_another_model_reported_is_not_quoted(corpus: Corpus, democrat: LoadedPersona) -> None:
    first = Conversation.start(
        corpus, OnServer(["Yes.", Piece("", "stop", 0, Usage(90, None, 3, 1.0))], name="one"), democrat
    )
    await said(first, "Buses?")
    _, found = await given(Conversation.resume(corpus, OnServer(name="other"), first.id))
    assert (found.server, found.reported, found.refused) == (True, None, None)
