"""A conversation keeps every word, however its replies end."""

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from chat_personas.conversation.conversation import (
    ContextUse,
    Conversation,
    ReplyEnded,
    ReplyEvent,
    ReplyStarted,
    ReplyText,
)
from chat_personas.corpus import Corpus, CorpusError, UnknownConversationError
from chat_personas.corpus.connection import Connections
from eval.engine import EngineError, Message, Piece, Sampling, TooLongError, Usage
from personas import LoadedPersona, PersonaError, load_persona, with_steering
from tests.corpus.full_disk import no_room
from tests.corpus.making import talk
from tests.fakes import END, FakeEngine


@pytest.fixture(scope="module")
def democrat() -> LoadedPersona:
    return load_persona("democrat")


async def heard(events: AsyncIterator[ReplyEvent]) -> list[ReplyEvent]:
    return [event async for event in events]


def said(events: list[ReplyEvent]) -> str:
    return "".join(event.text for event in events if isinstance(event, ReplyText))


def stored(corpus: Corpus, conversation: Conversation) -> list[tuple[str, str, str]]:
    """Role, text and status of the active branch as the corpus has it."""
    leaf = corpus.conversation(conversation.id).active_leaf_id
    assert leaf is not None
    return [(row.role, row.text, row.status) for row in corpus.branch(leaf)]


def test_a_persona_that_is_steered_before_survey_questions_only_is_not_talked_with(
    corpus: Corpus, democrat: LoadedPersona
) -> None:
    shown = LoadedPersona(with_steering(democrat.persona, "few_shot"), democrat.path, democrat.sha256)
    with pytest.raises(PersonaError, match='democrat: steering "few_shot" is for chat-personas eval'):
        Conversation.start(corpus, FakeEngine(), shown)
    assert not corpus.conversations()


async def test_the_seed_of_a_reply_is_recorded_however_the_reply_ends(corpus: Corpus, democrat: LoadedPersona) -> None:
    waiting = asyncio.Event()
    engine = FakeEngine(["Yes.", END], ["Cut"], ["Oh", EngineError("gone")], ["On and", waiting])
    conversation = Conversation.start(corpus, engine, democrat)
    for question in ("One?", "Two?", "Three?"):
        await heard(conversation.send(question))
    async for event in conversation.send("Four?"):
        if isinstance(event, ReplyText):
            stopping = asyncio.create_task(conversation.stop())
    await stopping
    replies = [row for row in conversation.path if row.role == "assistant"]
    assert [row.status for row in replies] == ["complete", "interrupted", "error", "stopped"]
    made = [corpus.generation(row.id) for row in replies]
    seeds = [row.seed for row in made if row is not None]
    assert seeds == [sampling.seed for sampling in engine.samplings]
    assert None not in seeds
    assert len(set(seeds)) == 4


async def test_a_reply_streams_and_both_sides_are_kept(corpus: Corpus, democrat: LoadedPersona) -> None:
    conversation = Conversation.start(corpus, FakeEngine(["Hel", "lo.", END]), democrat)
    events = await heard(conversation.send("Hi"))
    started, ended = events[0], events[-1]
    assert isinstance(started, ReplyStarted)
    assert said(events) == "Hello."
    assert ended == ReplyEnded("complete")
    assert stored(corpus, conversation) == [("user", "Hi", "complete"), ("assistant", "Hello.", "complete")]
    assert [row.id for row in conversation.path] == [started.user_message_id, started.message_id]


async def test_the_engine_is_given_the_prompt_and_the_whole_path(corpus: Corpus, democrat: LoadedPersona) -> None:
    engine = FakeEngine(["One.", END], ["Two.", END])
    conversation = Conversation.start(corpus, engine, democrat)
    await heard(conversation.send("First?"))
    await heard(conversation.send("Second?"))
    assert engine.asked[1] == [
        Message("system", conversation.system_prompt),
        Message("user", "First?"),
        Message("assistant", "One."),
        Message("user", "Second?"),
    ]
    assert conversation.context() == [*engine.asked[1], Message("assistant", "Two.")]


async def test_what_was_said_is_on_the_disk_before_the_model_begins(
    corpus: Corpus, corpus_file: Path, democrat: LoadedPersona
) -> None:
    go = asyncio.Event()
    conversation = Conversation.start(corpus, FakeEngine([go, "Yes.", END]), democrat)
    events = conversation.send("Are you there?")
    await anext(events)
    with Corpus.open(corpus_file, read_only=True) as other:
        assert stored(other, conversation) == [("user", "Are you there?", "complete"), ("assistant", "", "streaming")]
    go.set()
    await heard(events)


async def test_a_stopped_reply_keeps_what_was_said(corpus: Corpus, democrat: LoadedPersona) -> None:
    engine = FakeEngine(["I think", asyncio.Event(), "never said", END], ["Go on.", END])
    conversation = Conversation.start(corpus, engine, democrat)
    events = conversation.send("What do you think?")
    await anext(events)
    await anext(events)
    assert conversation.replying
    await conversation.stop()
    assert not conversation.replying
    assert await heard(events) == [ReplyEnded("stopped")]
    assert stored(corpus, conversation)[-1] == ("assistant", "I think", "stopped")
    assert engine.cancelled == 1
    await heard(conversation.send("And?"))
    assert [message.content for message in engine.asked[1][1:]] == ["What do you think?", "I think", "And?"]


async def test_stopping_before_the_first_word_is_allowed(corpus: Corpus, democrat: LoadedPersona) -> None:
    conversation = Conversation.start(corpus, FakeEngine([asyncio.Event()]), democrat)
    events = conversation.send("Hello?")
    await anext(events)
    await conversation.stop()
    assert (await heard(events))[-1] == ReplyEnded("stopped")


async def test_a_reply_that_had_ended_when_it_was_stopped_is_complete(corpus: Corpus, democrat: LoadedPersona) -> None:
    conversation = Conversation.start(corpus, FakeEngine(["All of it.", END, asyncio.Event()]), democrat)
    events = conversation.send("Hi")
    await anext(events)
    await anext(events)
    await conversation.stop()
    assert (await heard(events))[-1] == ReplyEnded("complete")


async def test_the_time_of_replies_is_told_while_they_are_on_their_way_and_stands_still_between(
    corpus: Corpus, democrat: LoadedPersona, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = SimpleNamespace(now=100.0, monotonic=lambda: clock.now)
    monkeypatch.setattr("chat_personas.conversation.reply.time", clock)
    first, second = asyncio.Event(), asyncio.Event()
    conversation = Conversation.start(corpus, FakeEngine([first, "Hello.", END], [second, "Yes.", END]), democrat)
    assert conversation.seconds_of_replies() == 0
    for reply, before in ((first, 0), (second, 3)):
        events = conversation.send("Hi")
        await anext(events)
        for seconds in (1, 2, 3):
            clock.now += 1
            assert conversation.seconds_of_replies() == before + seconds
        reply.set()
        await heard(events)
        clock.now += 50
        assert conversation.seconds_of_replies() == before + 3


async def test_others_get_their_turns_while_thousands_of_pieces_wait_for_nothing(
    corpus: Corpus, democrat: LoadedPersona, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chat_personas.conversation.reply.SECONDS_OF_A_TURN", 0.0)
    turns, taken, heard_of = 0, list[int](), list[int]()

    class Noting(list[str | Piece]):
        def __iter__(self) -> Iterator[str | Piece]:
            for piece in super().__iter__():
                taken.append(turns)
                yield piece

    async def others() -> None:
        nonlocal turns
        while True:
            await asyncio.sleep(0)
            turns += 1

    conversation = Conversation.start(corpus, FakeEngine(Noting([*["word "] * 1000, END])), democrat)
    counting = asyncio.create_task(others())
    async for event in conversation.send("Hi"):
        if isinstance(event, ReplyText):
            heard_of.append(turns)
    counting.cancel()
    for turns_at in (taken, heard_of):
        assert turns_at[-1] - turns_at[0] > 900


async def test_stopping_nothing_does_nothing(corpus: Corpus, democrat: LoadedPersona) -> None:
    await Conversation.start(corpus, FakeEngine(), democrat).stop()


async def test_a_stream_without_an_end_is_interrupted(corpus: Corpus, democrat: LoadedPersona) -> None:
    conversation = Conversation.start(corpus, FakeEngine(["Half a"]), democrat)
    ended = (await heard(conversation.send("Hi")))[-1]
    assert isinstance(ended, ReplyEnded)
    assert ended.status == "interrupted"
    assert stored(corpus, conversation)[-1] == ("assistant", "Half a", "interrupted")


async def test_a_failing_engine_ends_the_reply_with_its_reason(corpus: Corpus, democrat: LoadedPersona) -> None:
    engine = FakeEngine(["Half a", EngineError("the server is gone; start it again")])
    conversation = Conversation.start(corpus, engine, democrat)
    events = await heard(conversation.send("Hi"))
    assert events[-1] == ReplyEnded("error", "the server is gone; start it again")
    assert stored(corpus, conversation)[-1] == ("assistant", "Half a", "error")
    assert conversation.path[-1].why == "the server is gone; start it again"


async def test_a_bug_in_an_engine_is_raised_after_the_text_was_kept(corpus: Corpus, democrat: LoadedPersona) -> None:
    conversation = Conversation.start(corpus, FakeEngine(["Half a", ZeroDivisionError("oops")]), democrat)
    with pytest.raises(ZeroDivisionError):
        await heard(conversation.send("Hi"))
    assert stored(corpus, conversation)[-1] == ("assistant", "Half a", "error")
    assert not conversation.replying


async def test_a_listener_that_leaves_loses_nothing(corpus: Corpus, democrat: LoadedPersona) -> None:
    conversation = Conversation.start(corpus, FakeEngine(["I was", asyncio.Event()]), democrat)
    events = conversation.send("Hi")
    await anext(events)
    await anext(events)
    await events.aclose()
    assert stored(corpus, conversation)[-1] == ("assistant", "I was", "interrupted")
    assert not conversation.replying


async def test_a_cancelled_listener_loses_nothing(corpus: Corpus, democrat: LoadedPersona) -> None:
    conversation = Conversation.start(corpus, FakeEngine(["I was", asyncio.Event()]), democrat)
    first_words = asyncio.Event()

    async def listen() -> None:
        async for event in conversation.send("Hi"):
            if isinstance(event, ReplyText):
                first_words.set()

    listener = asyncio.create_task(listen())
    await first_words.wait()
    listener.cancel()
    await asyncio.wait({listener})
    assert listener.cancelled()
    assert stored(corpus, conversation)[-1] == ("assistant", "I was", "interrupted")


async def test_the_longest_length_is_said(corpus: Corpus, democrat: LoadedPersona) -> None:
    engine = FakeEngine(["And so on", Piece("", finish_reason="length")])
    conversation = Conversation.start(corpus, engine, democrat, sampling=Sampling(max_tokens=3))
    ended = (await heard(conversation.send("Hi")))[-1]
    assert ended == ReplyEnded("complete", "cut off at the limit of 3 tokens")


async def test_a_content_filter_that_cut_a_reply_off_is_named(corpus: Corpus, democrat: LoadedPersona) -> None:
    engine = FakeEngine(["And so on", Piece("", finish_reason="filtered")])
    conversation = Conversation.start(corpus, engine, democrat)
    ended = (await heard(conversation.send("Hi")))[-1]
    assert ended == ReplyEnded("complete", "cut off by the server's content filter")
    made = corpus.generation(conversation.path[-1].id)
    assert made is not None
    assert made.finish_reason == "filtered"


async def test_a_reply_without_a_word_says_so(corpus: Corpus, democrat: LoadedPersona) -> None:
    conversation = Conversation.start(corpus, FakeEngine([Piece("", finish_reason="stop")]), democrat)
    ended = (await heard(conversation.send("Hi")))[-1]
    assert ended == ReplyEnded("complete", "the model ended its reply before the first word")
    assert conversation.path[-1].why == "the model ended its reply before the first word"


async def test_how_a_reply_was_made_is_recorded(corpus: Corpus, democrat: LoadedPersona) -> None:
    usage = Usage(90, 60, 7, 1.5, first_token_seconds=0.2, seed=11)
    engine = FakeEngine([Piece("Well.", dropped_messages=2), Piece("", finish_reason="stop", usage=usage)])
    engine._info = replace(engine.info, prompt_format="plain")
    conversation = Conversation.start(corpus, engine, democrat, sampling=Sampling(temperature=0.5, top_p=0.9))
    assert (await heard(conversation.send("Hi")))[-1] == ReplyEnded("complete", None, usage, 2)
    made = corpus.generation(conversation.path[-1].id)
    assert made is not None
    assert (made.model, made.model_sha256, made.quantization) == ("fake", "ab" * 32, "Q8_0")
    assert (made.template_sha256, made.flash_attention, made.context_length) == ("cd" * 32, False, 2048)
    assert (made.prompt_format, corpus.conversation(conversation.id).prompt_format) == ("plain", "plain")
    assert (made.temperature, made.top_p, made.seed, made.finish_reason) == (0.5, 0.9, 11, "stop")
    assert (made.prompt_tokens, made.reused_tokens, made.decoded_tokens) == (90, 60, 7)
    assert (made.seconds, made.first_token_seconds, made.dropped_messages) == (1.5, 0.2, 2)
    assert corpus.generation(conversation.path[0].id) is None


async def test_how_much_of_the_context_a_conversation_takes_is_known_when_it_is_taken_up_again(
    corpus: Corpus, democrat: LoadedPersona
) -> None:
    ending = Piece("", finish_reason="stop", usage=Usage(90, 60, 7, 1.5))
    conversation = Conversation.start(corpus, FakeEngine(["Well.", ending], ["So"]), democrat)
    assert await conversation.context_use() is None
    await heard(conversation.send("Hi"))
    again = Conversation.resume(corpus, FakeEngine(), conversation.id)
    on_another = Conversation.resume(corpus, FakeEngine(name="other"), conversation.id)
    known = ContextUse(97)
    uses = [await one.context_use() for one in (conversation, again, on_another)]
    assert uses == [known, known, None]
    await heard(conversation.send("And?"))
    assert await conversation.context_use() == ContextUse(97, at_least=True), (
        "the reply broke off: its tokens are not known"
    )


async def test_of_a_reply_that_broke_off_the_prompt_is_known_where_another_reply_to_it_was_ended(
    corpus: Corpus, democrat: LoadedPersona
) -> None:
    ending = Piece("", finish_reason="stop", usage=Usage(90, 60, 7, 1.5))
    conversation = Conversation.start(corpus, FakeEngine(["So"], ["Well.", ending], ["And"]), democrat)
    await heard(conversation.send("Hi"))
    assert await conversation.context_use() is None
    await heard(conversation.regenerate())
    assert await conversation.context_use() == ContextUse(97)
    await heard(conversation.regenerate())
    assert await conversation.context_use() == ContextUse(90, at_least=True)


async def test_regenerating_keeps_the_reply_before(corpus: Corpus, democrat: LoadedPersona) -> None:
    engine = FakeEngine(["One.", END], ["Another.", END], ["A third.", END])
    conversation = Conversation.start(corpus, engine, democrat, sampling=Sampling(seed=5))
    await heard(conversation.send("Hi"))
    await heard(conversation.regenerate())
    await heard(conversation.regenerate())
    replies = await conversation.alternatives(conversation.path[-1].id)
    assert [reply.text for reply in replies] == ["One.", "Another.", "A third."]
    assert conversation.path[-1].text == "A third."
    assert [sampling.seed for sampling in engine.samplings] == [5, 6, 7]
    assert engine.asked[0] == engine.asked[2]


@pytest.mark.parametrize("fails", [[EngineError("cannot reach it")], []], ids=["failed", "broke off"])
async def test_another_reply_that_comes_to_no_word_leaves_the_reply_before(
    corpus: Corpus, democrat: LoadedPersona, fails: list[Piece | str | Exception]
) -> None:
    engine = FakeEngine(["Forty words", EngineError("it died")], fails, ["Whole.", END])
    conversation = Conversation.start(corpus, engine, democrat)
    await heard(conversation.send("Hi"))
    before = conversation.path
    *_, ended = [event async for event in conversation.regenerate()]
    assert isinstance(ended, ReplyEnded)
    assert ended.given_up
    assert ended.status in ("error", "interrupted")
    assert conversation.path == before
    assert len(await conversation.alternatives(before[-1].id)) == 1
    await heard(conversation.send("And?"))
    assert [message.content for message in engine.asked[-1]][-3:] == ["Hi", "Forty words", "And?"]


async def test_editing_a_message_begins_a_branch_and_switching_goes_back(
    corpus: Corpus, democrat: LoadedPersona
) -> None:
    engine = FakeEngine(["A1", END], ["A2", END], ["B1", END])
    conversation = Conversation.start(corpus, engine, democrat)
    await heard(conversation.send("Q1"))
    await heard(conversation.send("Q2"))
    old = conversation.path
    await heard(conversation.edit(old[0].id, "Q1, said better"))
    assert [row.text for row in conversation.path] == ["Q1, said better", "B1"]
    assert [message.content for message in engine.asked[2][1:]] == ["Q1, said better"]
    await conversation.switch(old[0].id)
    assert [row.text for row in conversation.path] == ["Q1", "A1", "Q2", "A2"]
    again = Conversation.resume(corpus, engine, conversation.id)
    assert again.path == conversation.path


async def test_what_needs_the_corpus_never_waits_for_it_on_the_event_loop(
    corpus: Corpus, democrat: LoadedPersona, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads: set[int] = set()

    def watched(use: Any) -> Any:
        def used(connections: Connections) -> Any:
            threads.add(threading.get_ident())
            return use(connections)

        return used

    for use in (Connections.reading, Connections.writing):
        monkeypatch.setattr(Connections, use.__name__, watched(use))
    engine = FakeEngine(["A1", END], ["A2", END], ["B"], [TOO_LONG])
    conversation = Conversation.start(corpus, engine, democrat)
    await heard(conversation.send("Q"))
    await heard(conversation.regenerate())
    await heard(conversation.edit(conversation.path[0].id, "Q, said better"))
    with pytest.raises(TooLongError):
        await heard(conversation.send("long"))
    await conversation.alternatives(conversation.path[0].id)
    await conversation.switch(conversation.path[0].id)
    await conversation.next_version()
    await conversation.context_use()
    await conversation.rename("Guns")
    await conversation.save()
    assert threads
    assert threading.get_ident() not in threads


async def test_while_another_version_is_being_opened_nothing_else_begins(
    corpus: Corpus, democrat: LoadedPersona, monkeypatch: pytest.MonkeyPatch
) -> None:
    conversation = Conversation.start(corpus, FakeEngine(["A1", END], ["A2", END], ["B", END]), democrat)
    await heard(conversation.send("Q"))
    await heard(conversation.regenerate())
    go, activate = threading.Event(), corpus.activate

    def slow(*of: str) -> str:
        assert go.wait(10)
        return activate(*of)

    monkeypatch.setattr(corpus, "activate", slow)
    opening = asyncio.create_task(conversation.next_version())
    await asyncio.sleep(0)
    for other in (conversation.send("And?"), conversation.regenerate()):
        with pytest.raises(RuntimeError, match="another version is being opened"):
            await anext(other)
    opening.cancel()
    await asyncio.wait({opening})
    with pytest.raises(RuntimeError, match="another version is being opened"):
        await conversation.next_version()
    go.set()
    while conversation.path[-1].text != "A1":
        await asyncio.sleep(0)
    while conversation._changing:
        await asyncio.sleep(0)
    await heard(conversation.send("And?"))
    assert [row.text for row in conversation.path] == ["Q", "A1", "And?", "B"]


async def test_only_what_a_person_said_on_the_path_can_be_edited(corpus: Corpus, democrat: LoadedPersona) -> None:
    conversation = Conversation.start(corpus, FakeEngine(["A", END]), democrat)
    await heard(conversation.send("Q"))
    with pytest.raises(ValueError, match="only what a person said"):
        conversation.edit(conversation.path[1].id, "x")
    with pytest.raises(ValueError, match="not on the path"):
        conversation.edit("nothing", "x")


async def test_a_conversation_is_resumed_as_it_was(corpus: Corpus, democrat: LoadedPersona) -> None:
    conversation = Conversation.start(corpus, FakeEngine(["A1", END]), democrat)
    await heard(conversation.send("Q1"))
    engine = FakeEngine(["A2", END], name="another model")
    resumed = Conversation.resume(corpus, engine, conversation.id[:20])
    assert resumed.id == conversation.id
    assert resumed.persona == democrat.persona
    assert resumed.context() == conversation.context()
    await heard(resumed.send("Q2"))
    made = corpus.generation(resumed.path[-1].id)
    assert made is not None
    assert made.model == "another model"


def test_a_persona_of_a_newer_version_is_an_error_that_says_so(corpus: Corpus) -> None:
    identifier = talk(corpus, ("Hi", "Hello."))  # its persona has a name and nothing else
    with pytest.raises(CorpusError, match=r"this version does not know the persona of .*; install a newer"):
        Conversation.resume(corpus, FakeEngine(), identifier)


def test_resuming_what_is_not_there_is_an_error_that_says_so(corpus: Corpus) -> None:
    with pytest.raises(UnknownConversationError, match='there is no conversation "01AAAA"'):
        Conversation.resume(corpus, FakeEngine(), "01AAAA")


async def test_a_conversation_without_words_leaves_no_row(corpus: Corpus, democrat: LoadedPersona) -> None:
    conversation = Conversation.start(corpus, FakeEngine(), democrat)
    await conversation.rename("Nothing yet")
    with pytest.raises(ValueError, match="empty message"):
        conversation.send(" \n")
    assert corpus.conversations() == ()


async def test_the_title_is_what_was_said_first_until_it_is_renamed(corpus: Corpus, democrat: LoadedPersona) -> None:
    conversation = Conversation.start(corpus, FakeEngine(["Hm.", END]), democrat)
    await heard(conversation.send("What about\nguns, " + "and then some " * 9))
    assert conversation.title == "What about guns, and then some and then some and then some…"
    await conversation.rename("Guns")
    assert corpus.conversation(conversation.id).title == conversation.title == "Guns"


async def test_a_title_that_was_given_before_the_first_message_stays(corpus: Corpus, democrat: LoadedPersona) -> None:
    conversation = Conversation.start(corpus, FakeEngine([TOO_LONG], ["Hm.", END]), democrat)
    await conversation.rename("My interview")
    with pytest.raises(TooLongError):
        await heard(conversation.send("What about guns?"))
    assert conversation.title == "My interview"
    await heard(conversation.send("What about guns?"))
    assert corpus.conversation(conversation.id).title == conversation.title == "My interview"


async def test_a_title_that_is_given_while_the_first_message_turns_out_too_long_stays(
    corpus: Corpus, democrat: LoadedPersona
) -> None:
    go_on = asyncio.Event()
    conversation = Conversation.start(corpus, FakeEngine([go_on, TOO_LONG], ["Hm.", END]), democrat)
    sending = asyncio.create_task(heard(conversation.send("What about guns?")))
    await asyncio.sleep(0)
    await conversation.rename("My interview")
    go_on.set()
    with pytest.raises(TooLongError):
        await sending
    await heard(conversation.send("What about guns?"))
    assert corpus.conversation(conversation.id).title == "My interview"


async def test_one_reply_at_a_time(corpus: Corpus, democrat: LoadedPersona) -> None:
    conversation = Conversation.start(corpus, FakeEngine([asyncio.Event()]), democrat)
    events = conversation.send("Hi")
    await anext(events)
    with pytest.raises(RuntimeError, match="on its way"):
        await anext(conversation.send("Hi again"))
    with pytest.raises(RuntimeError, match="on its way"):
        await conversation.switch("any")
    await events.aclose()


@pytest.mark.parametrize("wordless", [[EngineError("down")], [END], ["\n \u2003", END]])
async def test_a_reply_without_words_does_not_break_the_turns(
    wordless: list[str | Piece | EngineError], corpus: Corpus, democrat: LoadedPersona
) -> None:
    engine = FakeEngine(wordless, ["Now.", END])
    conversation = Conversation.start(corpus, engine, democrat)
    await heard(conversation.send("First try"))
    await heard(conversation.send("Second try"))
    assert engine.asked[1][1:] == [Message("user", "First try\n\nSecond try")]


async def test_half_characters_from_a_broken_terminal_are_kept_as_replacements(
    corpus: Corpus, democrat: LoadedPersona
) -> None:
    engine = FakeEngine(["also \ud83d", "here \x1b[31m\x00", END])
    conversation = Conversation.start(corpus, engine, democrat)
    await heard(conversation.send("caf\udce9 \ud83d\ude00"))
    assert [text for _, text, _ in stored(corpus, conversation)] == [
        "caf\ufffd \U0001f600",
        "also \ufffdhere \x1b[31m\x00",
    ]


async def test_when_nothing_can_be_kept_nothing_is_sent(corpus: Corpus, democrat: LoadedPersona) -> None:
    engine = FakeEngine(["Hm.", END])
    conversation = Conversation.start(corpus, engine, democrat)
    with no_room(corpus), pytest.raises(CorpusError, match="no space is left"):
        await heard(conversation.send("word " * 100_000))
    assert engine.asked == []
    assert not conversation.replying
    await heard(conversation.send("Once more"))
    assert [text for _, text, _ in stored(corpus, conversation)] == ["Once more", "Hm."]


async def test_when_another_reply_cannot_be_begun_the_one_before_stays(
    corpus: Corpus, democrat: LoadedPersona, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object, **__: object) -> None:
        raise CorpusError("no space is left")

    engine = FakeEngine(["Hm.", END], ["Well.", END])
    conversation = Conversation.start(corpus, engine, democrat)
    await heard(conversation.send("Hi"))
    before, kept = conversation.path, stored(corpus, conversation)
    with monkeypatch.context() as full:
        full.setattr(corpus, "begin_reply", fails)
        with pytest.raises(CorpusError, match="no space is left"):
            await heard(conversation.regenerate())
    assert (conversation.path, stored(corpus, conversation), len(engine.asked)) == (before, kept, 1)
    await heard(conversation.regenerate())
    assert conversation.path[-1].text == "Well."


async def test_of_two_messages_while_a_reply_is_being_stored_again_only_one_is_said(
    corpus: Corpus, democrat: LoadedPersona
) -> None:
    go = asyncio.Event()
    conversation = Conversation.start(corpus, FakeEngine(["word " * 100_000, END], [go, "Yes.", END]), democrat)
    with no_room(corpus), pytest.raises(CorpusError, match="no space is left"):
        await heard(conversation.send("Hi"))
    both = {asyncio.create_task(heard(conversation.send(text))) for text in ("One", "Two")}
    (refused,), (said_first,) = await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
    assert isinstance(refused.exception(), RuntimeError)
    go.set()  # only now: the reply to the first could end before the second is looked at
    await said_first
    assert [text for _, text, _ in stored(corpus, conversation)][2:] in (["One", "Yes."], ["Two", "Yes."])


async def test_a_reply_that_no_longer_fits_on_the_disk_is_kept_once_there_is_room(
    corpus: Corpus, democrat: LoadedPersona
) -> None:
    engine = FakeEngine(["word " * 10_000, END])
    conversation = Conversation.start(corpus, engine, democrat)
    words: list[ReplyEvent] = []

    async def listen() -> None:
        async for event in conversation.send("Hi"):
            words.append(event)  # the list is looked at after the failure

    with no_room(corpus):
        with pytest.raises(CorpusError, match="no space is left"):
            await listen()
        with pytest.raises(CorpusError, match="no space is left"):
            await conversation.save()
    assert said(words) == conversation.path[-1].text == "word " * 10_000
    assert stored(corpus, conversation) == [("user", "Hi", "complete"), ("assistant", "", "streaming")]
    await conversation.save()
    assert stored(corpus, conversation)[-1] == ("assistant", "word " * 10_000, "complete")


TOO_LONG = TooLongError("the last message has 9000 tokens; shorten it")


async def test_a_first_message_that_is_too_long_leaves_no_conversation_and_a_shorter_one_begins_it(
    corpus: Corpus, democrat: LoadedPersona
) -> None:
    conversation = Conversation.start(corpus, FakeEngine([TOO_LONG], ["Yes.", END]), democrat)
    with pytest.raises(TooLongError, match="9000 tokens"):
        await heard(conversation.send("word " * 9000))
    assert (conversation.path, corpus.conversations()) == ((), ())
    assert not list(corpus.search("word"))
    await heard(conversation.send("Well?"))
    assert stored(corpus, conversation) == [("user", "Well?", "complete"), ("assistant", "Yes.", "complete")]
    assert (conversation.title, corpus.problems()) == ("Well?", ())


async def test_what_is_too_long_later_on_leaves_the_conversation_as_it_was(
    corpus: Corpus, democrat: LoadedPersona
) -> None:
    engine = FakeEngine(["Yes.", END], [TOO_LONG], [TOO_LONG], [TOO_LONG])
    conversation = Conversation.start(corpus, engine, democrat)
    await heard(conversation.send("Well?"))
    before, kept = conversation.path, stored(corpus, conversation)
    first = before[0].id
    for saying in (
        lambda: conversation.send("long"),
        lambda: conversation.edit(first, "long"),
        conversation.regenerate,
    ):
        with pytest.raises(TooLongError):
            await heard(saying())
        assert (conversation.path, stored(corpus, conversation)) == (before, kept)
        assert len(corpus.siblings(first)) == len(corpus.siblings(before[1].id)) == 1
    assert not corpus.search("long")


async def test_what_is_too_long_and_cannot_be_taken_back_is_kept_with_the_reason(
    corpus: Corpus, democrat: LoadedPersona, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object, **__: object) -> None:
        raise CorpusError("no space is left")

    conversation = Conversation.start(corpus, FakeEngine([TOO_LONG]), democrat)
    monkeypatch.setattr(corpus, "withdraw", fails)
    with pytest.raises(CorpusError, match="no space is left"):
        await heard(conversation.send("long"))
    await conversation.save()
    assert stored(corpus, conversation) == [("user", "long", "complete"), ("assistant", "", "error")]


async def test_a_mistake_of_the_program_during_a_reply_stops_the_model(
    corpus: Corpus, democrat: LoadedPersona, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise KeyError("a mistake")

    engine = FakeEngine(["Hel", "lo.", END])
    conversation = Conversation.start(corpus, engine, democrat)
    monkeypatch.setattr("chat_personas.corpus.reply_writer.ReplyWriter.add", broken)
    with pytest.raises(KeyError):
        await heard(conversation.send("Hi"))
    assert engine.cancelled == 1
