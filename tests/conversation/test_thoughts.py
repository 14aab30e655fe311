"""What the model thinks is heard apart from the reply, kept, and never given back to it."""

import asyncio
from collections.abc import AsyncIterator
from types import SimpleNamespace

import pytest

from chat_personas.conversation.conversation import (
    ContextUse,
    Conversation,
    ReplyEnded,
    ReplyEvent,
    ReplyRecalled,
    ReplyStarted,
    ReplyText,
    ReplyThought,
    ThoughtEnded,
)
from chat_personas.corpus import Corpus, Thought
from eval.engine import EngineError, Message, Piece, Usage
from personas import LoadedPersona, load_persona
from tests.fakes import END, FakeEngine


@pytest.fixture(scope="module")
def democrat() -> LoadedPersona:
    return load_persona("democrat")


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """The clock by which replies are timed; a test sets it."""
    clock = SimpleNamespace(now=0.0, monotonic=lambda: clock.now)
    monkeypatch.setattr("chat_personas.conversation.reply.time", clock)
    return clock


def thinks(text: str) -> Piece:
    return Piece("", thought=text)


async def heard(events: AsyncIterator[ReplyEvent]) -> list[ReplyEvent]:
    return [event async for event in events]


def kept(corpus: Corpus, conversation: Conversation) -> list[tuple[str, str, Thought | None]]:
    """Text, status and thought of the replies on the active branch, as the corpus has them."""
    leaf = corpus.conversation(conversation.id).active_leaf_id
    assert leaf is not None
    thoughts = corpus.thoughts(leaf)
    return [(row.text, row.status, thoughts.get(row.id)) for row in corpus.branch(leaf) if row.role == "assistant"]


async def test_thoughts_are_events_of_their_own_and_end_before_the_reply_begins(
    corpus: Corpus, democrat: LoadedPersona
) -> None:
    engine = FakeEngine([thinks("They "), thinks("cost."), "Yes", ".", END])
    events = await heard(Conversation.start(corpus, engine, democrat).send("Buses?"))
    ended = next(event for event in events if isinstance(event, ThoughtEnded))
    assert ended.thought.text == "They cost."
    assert [event for event in events if not isinstance(event, ReplyStarted)] == [
        ReplyThought("They "),
        ReplyThought("cost."),
        ended,
        ReplyText("Yes"),
        ReplyText("."),
        ReplyEnded("complete"),
    ]


async def test_only_the_time_in_which_it_thinks_is_the_time_of_a_thought(
    corpus: Corpus, democrat: LoadedPersona, clock: SimpleNamespace
) -> None:
    """It reads for 5 seconds, thinks for 12, speaks for 100, and thinks for 3 more."""
    waits = [asyncio.Event() for _ in range(4)]
    engine = FakeEngine(
        [waits[0], thinks("One. "), waits[1], "Well. ", waits[2], thinks("Two."), waits[3], "Yes.", END]
    )
    conversation = Conversation.start(corpus, engine, democrat)
    ended = []
    events = conversation.send("Buses?")
    await anext(events)
    for wait, seconds, of_event in zip(
        waits, (5.0, 12.0, 100.0, 3.0), (ReplyThought, ReplyText, ReplyThought, ReplyText), strict=True
    ):
        clock.now += seconds
        wait.set()
        while not isinstance(event := await anext(events), of_event):
            assert isinstance(event, ThoughtEnded)
            ended.append(event.thought)
    await heard(events)
    assert ended == [Thought(text="One. ", seconds=12.0), Thought(text="One. Two.", seconds=15.0)]
    assert kept(corpus, conversation) == [("Well. Yes.", "complete", Thought(text="One. Two.", seconds=15.0))]


async def test_what_turns_out_to_have_been_a_thought_is_kept_timed_and_left_out_as_one(
    corpus: Corpus, democrat: LoadedPersona, clock: SimpleNamespace
) -> None:
    wait = asyncio.Event()
    engine = FakeEngine(
        ["SECRET ", "cost.", wait, Piece("Yes", thought=" Much.", recalls=True), ".", END], ["No.", END]
    )
    conversation = Conversation.start(corpus, engine, democrat)
    events = conversation.send("Buses?")
    while not isinstance(await anext(events), ReplyText):
        pass
    clock.now += 12
    wait.set()
    thought = Thought(text="SECRET cost. Much.", seconds=12.0)
    assert await heard(events) == [
        ReplyText("cost."),
        ReplyText(" Much."),
        ReplyRecalled(),
        ThoughtEnded(thought),
        ReplyText("Yes"),
        ReplyText("."),
        ReplyEnded("complete"),
    ]
    assert kept(corpus, conversation) == [("Yes.", "complete", thought)]
    await heard(conversation.send("Trains?"))
    assert "SECRET" not in str(engine.asked[1])


async def test_a_thought_is_neither_given_back_to_the_model_nor_measured_nor_the_title(
    corpus: Corpus, democrat: LoadedPersona
) -> None:
    engine = FakeEngine([thinks("SECRET"), "Yes.", END], [thinks("SECRET"), "No.", END])
    conversation = Conversation.start(corpus, engine, democrat)
    await heard(conversation.send("Buses?"))
    await heard(conversation.send("Trains?"))
    assert engine.asked[1][1:] == [
        Message("user", "Buses?"),
        Message("assistant", "Yes."),
        Message("user", "Trains?"),
    ]
    assert "SECRET" not in str(conversation.context())
    assert conversation.title == "Buses?"
    assert [thought.text for thought in conversation.thoughts.values()] == ["SECRET", "SECRET"]


async def test_a_reply_that_is_stopped_while_the_model_thinks_is_empty_and_keeps_the_thought(
    corpus: Corpus, democrat: LoadedPersona, clock: SimpleNamespace
) -> None:
    engine = FakeEngine([thinks("They cost"), asyncio.Event()], ["Well.", END])
    conversation = Conversation.start(corpus, engine, democrat)
    events = conversation.send("Buses?")
    while not isinstance(await anext(events), ReplyThought):
        pass
    clock.now = 7.0
    await conversation.stop()
    thought = Thought(text="They cost", seconds=7.0)
    assert await heard(events) == [ThoughtEnded(thought), ReplyEnded("stopped")]
    assert kept(corpus, conversation) == [("", "stopped", thought)]
    await heard(conversation.send("And trains?"))
    assert engine.asked[1][1:] == [Message("user", "Buses?\n\nAnd trains?")]


async def test_a_model_that_fails_while_it_thinks_leaves_its_thought(corpus: Corpus, democrat: LoadedPersona) -> None:
    conversation = Conversation.start(corpus, FakeEngine([thinks("They"), EngineError("gone")]), democrat)
    events = await heard(conversation.send("Buses?"))
    assert events[-1] == ReplyEnded("error", "gone")
    ((text, status, thought),) = kept(corpus, conversation)
    assert (text, status) == ("", "error")
    assert thought is not None
    assert thought.text == "They"


async def test_a_conversation_that_is_taken_up_again_has_the_thoughts_of_its_branch(
    corpus: Corpus, democrat: LoadedPersona
) -> None:
    engine = FakeEngine([thinks("One"), "A.", END], [thinks("Two"), "B.", END], ["C.", END])
    conversation = Conversation.start(corpus, engine, democrat)
    await heard(conversation.send("Buses?"))
    await heard(conversation.regenerate())
    again = Conversation.resume(corpus, engine, conversation.id)
    assert [thought.text for thought in again.thoughts.values()] == ["Two"]
    await again.next_version()
    assert again.path[-1].text == "A."
    assert again.thoughts[again.path[-1].id].text == "One"


async def test_a_reply_without_a_thought_has_no_event_and_no_entry_for_one(
    corpus: Corpus, democrat: LoadedPersona
) -> None:
    conversation = Conversation.start(corpus, FakeEngine(["Yes.", END]), democrat)
    events = await heard(conversation.send("Buses?"))
    assert not [event for event in events if isinstance(event, ReplyThought | ThoughtEnded)]
    assert conversation.thoughts == {}


async def test_what_the_model_thought_is_not_counted_as_taken_of_the_context(
    corpus: Corpus, democrat: LoadedPersona
) -> None:
    ending = Piece("", finish_reason="stop", usage=Usage(90, 0, 400, 1.5))
    conversation = Conversation.start(corpus, FakeEngine([Piece("", thought="Hm. " * 99), "Well.", ending]), democrat)
    await heard(conversation.send("Hi"))
    again = Conversation.resume(corpus, FakeEngine(), conversation.id)
    known = ContextUse(90, at_least=True)  # 90 + 400 would be with its thoughts, which are not given back
    assert [await one.context_use() for one in (conversation, again)] == [known, known]
