"""Replies: what a person is given, and what is kept for the next turn."""

import asyncio
import itertools
import threading
from collections.abc import Callable, Sequence

import pytest

from chat_personas.engines.llama import LlamaEngine
from chat_personas.engines.llama.runtime import Runtime
from eval.engine import EngineError, Message, Piece, Sampling

HELLO = [Message("system", "You are somebody."), Message("user", "Hello there")]
SHORT = Sampling(max_tokens=12, seed=4)


async def reply(
    engine: LlamaEngine, messages: Sequence[Message], sampling: Sampling = SHORT
) -> tuple[str, list[Piece]]:
    pieces = [piece async for piece in engine.stream(messages, sampling)]
    return "".join(piece.text for piece in pieces), pieces


async def test_the_last_piece_says_why_the_reply_ended_and_what_it_cost(engine: LlamaEngine) -> None:
    _, pieces = await reply(engine, HELLO)
    assert [piece.finish_reason for piece in pieces[:-1]] == [None] * (len(pieces) - 1)
    assert pieces[-1].finish_reason == "length"
    usage = pieces[-1].usage
    assert usage is not None
    assert usage.decoded_tokens == 12
    assert usage.reused_tokens == 0
    assert usage.seed == 4
    assert usage.first_token_seconds is not None
    assert 0 < usage.first_token_seconds <= usage.seconds


async def test_the_same_seed_gives_the_same_reply_and_no_seed_is_drawn_and_told(engine: LlamaEngine) -> None:
    first, _ = await reply(engine, HELLO)
    again, _ = await reply(engine, HELLO)
    drawn, pieces = await reply(engine, HELLO, Sampling(max_tokens=12))
    assert first == again
    usage = pieces[-1].usage
    assert usage is not None
    assert usage.seed is not None
    repeated, _ = await reply(engine, HELLO, Sampling(max_tokens=12, seed=usage.seed))
    assert repeated == drawn


async def test_temperature_zero_is_the_likeliest_token_whatever_the_seed(engine: LlamaEngine) -> None:
    one, _ = await reply(engine, HELLO, Sampling(temperature=0, max_tokens=12, seed=1))
    other, _ = await reply(engine, HELLO, Sampling(temperature=0, max_tokens=12, seed=2))
    assert one == other


async def test_the_next_turn_decodes_only_its_new_tokens(engine: LlamaEngine) -> None:
    text, pieces = await reply(engine, HELLO)
    first = pieces[-1].usage
    assert first is not None
    following = [*HELLO, Message("assistant", text), Message("user", "Why?")]
    _, pieces = await reply(engine, following)
    second = pieces[-1].usage
    assert second is not None
    # All of the first turn but the last token, which was drawn and never decoded, or that whose character was cut off.
    assert second.reused_tokens >= first.prompt_tokens + 12 - 4
    assert second.prompt_tokens - second.reused_tokens <= len("<end><user>Why?<end><assistant>") - 20


async def test_the_same_messages_again_decode_one_token(engine: LlamaEngine) -> None:
    await reply(engine, HELLO)
    _, pieces = await reply(engine, HELLO)
    usage = pieces[-1].usage
    assert usage is not None
    assert usage.prompt_tokens - usage.reused_tokens == 1


async def test_an_edited_message_reuses_what_comes_before_it(engine: LlamaEngine) -> None:
    await reply(engine, HELLO)
    _, pieces = await reply(engine, [HELLO[0], Message("user", "Goodbye")])
    usage = pieces[-1].usage
    assert usage is not None
    assert usage.reused_tokens > len("You are somebody.") / 2


@pytest.fixture
async def resume(engine: LlamaEngine) -> Callable[[], None]:
    """The model waits within its first reply, however slow this thread is, until this function is called."""
    go, decodes = threading.Event(), itertools.count()

    def wait_within(runtime: Runtime) -> None:
        extend = runtime.memory.extend_conversation

        def extend_later(tokens: Sequence[int]) -> None:
            if next(decodes) == 20:
                assert go.wait(60)
            extend(tokens)

        runtime.memory.extend_conversation = extend_later  # type: ignore[method-assign]

    await engine.call(wait_within)
    return go.set


async def test_closing_the_stream_stops_the_model_and_the_conversation_goes_on(
    engine: LlamaEngine, resume: Callable[[], None]
) -> None:
    stream = engine.stream(HELLO, Sampling(max_tokens=400, seed=1))
    kept = (await anext(stream)).text
    await stream.aclose()
    resume()
    held = await engine.call(lambda runtime: len(runtime.memory.conversation))
    assert held < 100
    _, pieces = await reply(engine, [*HELLO, Message("assistant", kept), Message("user", "Go on")])
    assert pieces[-1].finish_reason == "length"


async def test_cancelling_the_task_that_reads_a_reply_stops_the_model(
    engine: LlamaEngine, resume: Callable[[], None]
) -> None:
    begun = asyncio.Event()

    async def read() -> None:
        async for _ in engine.stream(HELLO, Sampling(max_tokens=400, seed=1)):
            begun.set()

    task = asyncio.create_task(read())
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    resume()
    assert await engine.call(lambda runtime: len(runtime.memory.conversation)) < 100


async def test_a_conversation_longer_than_the_context_loses_its_oldest_turns_and_says_how_many(
    engine: LlamaEngine,
) -> None:
    turns = [
        message
        for number in range(12)
        for message in (Message("user", f"Question {number} " * 4), Message("assistant", f"Answer {number} " * 4))
    ]
    conversation = [HELLO[0], *turns, Message("user", "And now?")]
    _, pieces = await reply(engine, conversation)
    dropped = pieces[0].dropped_messages
    assert dropped > 0
    assert dropped % 2 == 0
    assert sum(piece.dropped_messages for piece in pieces) == dropped
    shown = await engine.call(
        lambda runtime: b"".join(runtime.vocabulary.piece(token) for token in runtime.memory.conversation).decode(
            errors="replace"
        )
    )
    assert shown.startswith("You are somebody.")
    assert f"Question {dropped // 2} " in shown
    assert f"Question {dropped // 2 - 1} " not in shown


async def test_a_reply_stops_where_the_context_ends(engine: LlamaEngine) -> None:
    _, pieces = await reply(engine, HELLO, Sampling(max_tokens=10_000, seed=2, temperature=0.2))
    usage = pieces[-1].usage
    assert usage is not None
    assert pieces[-1].finish_reason == "stop" or usage.prompt_tokens + usage.decoded_tokens == 512


async def test_a_message_too_long_by_itself_is_refused_in_one_line(engine: LlamaEngine) -> None:
    with pytest.raises(EngineError, match=r"the last message has [\d,]+ tokens") as caught:
        await reply(engine, [Message("user", "word " * 400)])
    assert "\n" not in str(caught.value)
    text, _ = await reply(engine, HELLO)
    assert text


async def test_no_messages_are_refused(engine: LlamaEngine) -> None:
    with pytest.raises(EngineError, match="no message"):
        await reply(engine, [])


async def test_whole_replies_out_of_band_leave_the_conversation_alone_and_number_their_seeds(
    engine: LlamaEngine,
) -> None:
    await reply(engine, HELLO)
    before = await engine.call(lambda runtime: list(runtime.memory.conversation))
    both = await engine.complete(HELLO, Sampling(max_tokens=8, seed=10), n=2)
    second = await engine.complete(HELLO, Sampling(max_tokens=8, seed=11), n=1)
    assert both[1:] == second
    assert await engine.call(lambda runtime: list(runtime.memory.conversation)) == before


async def test_a_closed_engine_says_so(engine: LlamaEngine) -> None:
    await engine.close()
    with pytest.raises(EngineError, match="closed"):
        await reply(engine, HELLO)


async def test_closing_during_a_reply_ends_it_without_a_finish_reason(engine: LlamaEngine) -> None:
    stream = engine.stream(HELLO, Sampling(max_tokens=450, seed=1))
    pieces = [await anext(stream)]
    await engine.close()
    pieces += [piece async for piece in stream]
    assert all(piece.finish_reason is None for piece in pieces)
