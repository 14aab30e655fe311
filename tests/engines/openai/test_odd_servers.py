"""A server that is odd in one way still talks, is measured where that is possible, and is quoted where it fails."""

import asyncio
import itertools
import math
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chat_personas.engines.openai import OpenAIEngine, retrying
from chat_personas.engines.openai import engine as openai_engine
from eval.engine import EngineError, Message, Piece, Sampling, TooLongError
from tests.engines.openai.on_a_scripted_server import (
    HELLO,
    LETTERS,
    WORDS,
    heard,
    refuses,
    reply_of,
    scores,
    streams,
    well,
    with_engine,
)
from tests.engines.openai.scripted_server import (
    Request,
    ScriptedServer,
    chunk,
    completion,
    send_events,
    send_json,
    send_stream,
    serving,
)
from tests.examples import share

TALK = [Message("system", "s"), *(Message("user" if n % 2 == 0 else "assistant", f"m{n}") for n in range(7))]


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Retry at once where the server does not say when."""
    monkeypatch.setattr(retrying, "FIRST_PAUSE", 0.0)


def of_length(most: int) -> Callable[[Request], bool]:
    return lambda request: len(request.body.get("messages", [])) > most  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (403, "You are not allowed to request logprobs from this model"),
        (400, "logprobs are not supported with reasoning models"),
        (404, "This model has no logprobs"),
        (500, "logprobs is not supported for models created with logits_all=False"),
        (501, "Not implemented: log probabilities"),
        (401, "Your plan has no logprobs"),
        (403, "Forbidden"),
        (502, "upstream failed"),
    ],
)
async def test_where_log_probabilities_are_forbidden_one_can_talk_and_it_is_said_that_there_are_none(
    status: int, words: str
) -> None:
    async def use(engine: OpenAIEngine, _: ScriptedServer) -> None:
        assert engine.info.log_probabilities == "none"
        assert engine.info.top_k is None
        assert await heard(engine) == ("Good day.", None)
        assert {score.failure for score in await scores(engine)} == {
            "the server gives no log-probabilities; choose another server or an embedded model"
        }

    await with_engine(refuses(lambda request: request.body.get("logprobs"), status, {"error": {"message": words}}), use)


async def test_how_many_tokens_a_server_shows_is_not_learnt_from_one_sure_answer() -> None:
    async def survivors(request: Request, writer: asyncio.StreamWriter) -> None:
        sure = "letter A" in str(request.body)
        await send_json(writer, 200, completion("A", [("A", -0.0001)] if sure else LETTERS))

    async def use(engine: OpenAIEngine, server: ScriptedServer) -> None:
        assert engine.info.top_k == 3
        assert all(math.exp(score.labels[1].lower) == pytest.approx(0.3) for score in await scores(engine))
        assert server.requests[-1].body["top_logprobs"] == 20

    await with_engine(survivors, use)


async def test_a_server_that_shows_more_later_is_known_to_show_more() -> None:
    async def grows(request: Request, writer: asyncio.StreamWriter) -> None:
        await send_json(writer, 200, completion("A", LETTERS if "Question" in str(request.body) else LETTERS[:1]))

    async def use(engine: OpenAIEngine, _: ScriptedServer) -> None:
        assert engine.info.top_k == 1
        await scores(engine)
        assert engine.info.top_k == 3

    await with_engine(grows, use)


async def test_log_probabilities_that_are_missing_from_one_answer_are_not_given_up() -> None:
    answers = itertools.count()

    async def forgetful(request: Request, writer: asyncio.StreamWriter) -> None:
        await send_json(writer, 200, completion("A", LETTERS if next(answers) else None))

    async def use(engine: OpenAIEngine, _: ScriptedServer) -> None:
        assert engine.info.log_probabilities == "top_k"

    await with_engine(forgetful, use)


@pytest.mark.parametrize("parameter", ["seed", "temperature", "chat_template_kwargs"])
async def test_a_parameter_that_a_server_refuses_only_later_is_left_out_from_then_on(parameter: str) -> None:
    def later(request: Request) -> bool:
        return parameter in request.body and "hello" in str(request.body)

    async def use(engine: OpenAIEngine, server: ScriptedServer) -> None:
        assert await heard(engine) == ("Good day.", None)
        asked = len(server.requests)
        assert [score.failure for score in await scores(engine)] == [None] * 3
        assert await engine.complete(HELLO, Sampling(seed=1)) == ["A"]
        assert parameter not in str([request.body for request in server.requests[asked:]])

    await with_engine(refuses(later, 400, {"error": {"message": f"Unknown parameter: {parameter}"}}), use)


async def test_a_refusal_that_only_mentions_a_parameter_changes_nothing() -> None:
    words = "We do not discuss how to plant a seed at this temperature"

    async def use(engine: OpenAIEngine, server: ScriptedServer) -> None:
        assert await heard(engine) == ("", f"answered 400 ({words})")
        assert await heard(engine, [Message("user", "bye")]) == ("Good day.", None)
        assert {"seed", "temperature"} <= server.requests[-1].body.keys()

    await with_engine(refuses(lambda request: "hello" in str(request.body), 400, {"error": {"message": words}}), use)


async def test_a_reply_that_always_breaks_off_is_given_up_without_changing_how_probes_are_asked() -> None:
    async def breaks(request: Request, writer: asyncio.StreamWriter) -> None:
        if request.body.get("stream"):
            writer.close()
        else:
            await well(request, writer)

    async def use(engine: OpenAIEngine, server: ScriptedServer) -> None:
        asked = len(server.requests)
        assert await heard(engine) == ("", "broke off its answer; try again, or look at the server's log")
        assert len(server.requests) - asked == retrying.RETRIES + 2, "once more, in full, for the reason"
        await scores(engine)
        assert server.requests[-1].body["top_logprobs"] == 20

    await with_engine(breaks, use)


async def test_log_probabilities_that_cannot_be_read_at_first_are_looked_for_again() -> None:
    answers = itertools.count()

    async def reply(request: Request, writer: asyncio.StreamWriter) -> None:
        odd: Any = [("A", "often")]
        await send_json(writer, 200, completion("A", LETTERS if next(answers) else odd))

    async def use(engine: OpenAIEngine, _: ScriptedServer) -> None:
        assert engine.info.top_k == 3

    await with_engine(reply, use)


@pytest.mark.parametrize("opened", [True, False], ids=["from the beginning", "later"])
async def test_a_server_that_hangs_up_over_a_number_of_alternatives_is_asked_for_fewer(opened: bool) -> None:
    async def hangs_up(request: Request, writer: asyncio.StreamWriter) -> None:
        if int(str(request.body.get("top_logprobs", 0))) > 10 and (opened or "Question" in str(request.body)):
            writer.close()
        else:
            await well(request, writer)

    async def use(engine: OpenAIEngine, server: ScriptedServer) -> None:
        assert [score.failure for score in await scores(engine)] == [None] * 3
        assert server.requests[-1].body["top_logprobs"] == 10

    await with_engine(hangs_up, use)


@pytest.mark.parametrize(
    ("shown", "total"),
    [([("A", 0.0), ("B", 0.0), ("C", 0.0)], "3.00"), ([("A", -0.3), ("B", -0.3), ("C", -9999.0)], "1.48")],
)
async def test_probabilities_that_sum_to_more_than_one_are_a_failure_with_a_name(
    shown: list[tuple[str, float]], total: str
) -> None:
    async def reply(request: Request, writer: asyncio.StreamWriter) -> None:
        await send_json(writer, 200, completion("A", shown))

    found = await with_engine(reply, lambda engine, _: scores(engine))
    assert {score.failure for score in found} == {f"the server sent probabilities that sum to {total}, more than 1"}


async def test_rounding_to_one_decimal_is_no_reason_to_fail() -> None:
    async def reply(request: Request, writer: asyncio.StreamWriter) -> None:
        await send_json(writer, 200, completion("A", [("A", -0.4), ("B", -1.1)]))  # of 0.64 and 0.36: 1.003

    assert [score.failure for score in await with_engine(reply, lambda engine, _: scores(engine))] == [None] * 3


@pytest.mark.parametrize(
    "error",
    [
        (
            422,
            {"error": "Input validation error: `inputs` tokens + `max_new_tokens` must be <= 4097", "error_type": "v"},
        ),
        (400, {"error": {"message": "prompt is too long: 219898 tokens > 200000 maximum"}}),
        (400, {"error": {"message": "tokens in request more than max tokens allowed"}}),
        (400, {"error": {"message": "no", "code": "context_length_exceeded"}}),
        (413, {"detail": "Payload refused"}),
        (400, {"message": "I hold 40 tokens and you sent 99"}),
    ],
    ids=["by words, 422", "by words", "by other words", "by its code", "by its status", "by words nobody knows"],
)
async def test_a_conversation_that_is_too_long_loses_its_oldest_turns_however_a_server_says_it(
    error: tuple[int, object],
) -> None:
    async def use(engine: OpenAIEngine, server: ScriptedServer) -> None:
        pieces = [piece async for piece in engine.stream(TALK, Sampling(seed=1))]
        assert "".join(piece.text for piece in pieces) == "Good day."
        assert pieces[0].dropped_messages == 4
        assert [(score.failure, score.dropped_messages) for score in await scores(engine, TALK)] == [(None, 6)] * 3

    await with_engine(refuses(of_length(4), *error), use, concurrency=1)


async def test_a_stream_that_says_that_the_conversation_is_too_long_is_begun_again_with_less() -> None:
    async def reply(request: Request, writer: asyncio.StreamWriter) -> None:
        if request.body.get("stream") and of_length(4)(request):
            await send_events(writer, ['{"error": {"code": 400, "message": "the request exceeds the context size"}}'])
        else:
            await well(request, writer)

    async def use(engine: OpenAIEngine, _: ScriptedServer) -> None:
        first = await anext(aiter(engine.stream(TALK, Sampling(seed=1))))
        assert first == Piece("Good ", None, 4)

    await with_engine(reply, use)


@pytest.mark.parametrize(("status", "says"), [(402, "answered 402"), (403, "answered 403"), (401, "answered 401")])
@pytest.mark.parametrize(
    "words", ["Your credit balance is too low to send more tokens", "Key limit exceeded (daily limit)"]
)
async def test_words_about_money_are_not_taken_for_a_wrong_key(status: int, says: str, words: str) -> None:
    reply = refuses(lambda request: "hello" in str(request.body), status, {"error": {"message": words}})
    assert await reply_of(reply) == ("", f"{says} ({words})")


@pytest.mark.parametrize(
    ("words", "asked"),
    [("Budget has been exceeded! Current cost: 14.2, Max budget: 10.0", 1), ("Not today: 99 tokens", 2)],
    ids=["about money", "words that might be about length"],
)
async def test_another_refusal_is_told_in_its_own_words_and_nothing_is_left_out(words: str, asked: int) -> None:
    async def use(engine: OpenAIEngine, server: ScriptedServer) -> None:
        before = len(server.requests)
        assert await heard(engine, TALK) == ("", f"answered 400 ({words})")
        assert len(server.requests) - before == asked
        assert await heard(engine, TALK) == ("", f"answered 400 ({words})")
        assert len(server.requests) - before == asked + 1, "what was found out is remembered"

    said = refuses(lambda request: "letter" not in str(request.body), 400, {"error": {"message": words}})

    async def opens(request: Request, writer: asyncio.StreamWriter) -> None:
        await (said if "m0" in str(request.body) or "m6" in str(request.body) else well)(request, writer)

    await with_engine(opens, use)


async def test_a_message_that_is_too_long_by_itself_comes_back_with_the_servers_words() -> None:
    async def use(engine: OpenAIEngine, _: ScriptedServer) -> None:
        with pytest.raises(TooLongError, match=r"prompt is too long: 9 tokens > 1 maximum\); shorten the message"):
            async for _piece in engine.stream(TALK, Sampling(seed=1)):
                pass

    words = {"error": {"message": "prompt is too long: 9 tokens > 1 maximum"}}
    await with_engine(refuses(lambda request: "m6" in str(request.body), 400, words), use)


async def test_the_words_of_a_refusal_are_the_reply() -> None:
    refusal = '{"choices": [{"index": 0, "delta": {"content": null, "refusal": "I cannot take a side."}}]}'
    said = await reply_of(streams(f"data: {refusal}\n\ndata: {chunk('', 'stop')}\n\n".encode()))
    assert said == ("I cannot take a side.", None)


async def test_a_server_that_does_not_stream_sends_the_whole_reply_at_once() -> None:
    async def reply(request: Request, writer: asyncio.StreamWriter) -> None:
        await send_json(writer, 200, completion("Good day."))

    assert await reply_of(reply) == ("Good day.", None)


async def test_events_are_read_whatever_their_type_says() -> None:
    events = "".join(f"data: {event}\n\n" for event in [*WORDS, chunk("", "stop")])
    assert await reply_of(streams(events.encode(), kind="application/json")) == ("Good day.", None)


@pytest.mark.parametrize(
    ("said", "why"), [([], "reported a failure (its content filter let no reply through)"), (WORDS, None)]
)
async def test_a_filter_that_leaves_nothing_of_a_reply_is_told(said: list[str], why: str | None) -> None:
    events = "".join(f"data: {event}\n\n" for event in [*said, chunk("", "content_filter")])
    text, failure = await reply_of(streams(events.encode()))
    assert text == ("Good day." if said else "")
    assert failure is None if why is None else (failure or "").startswith(why)


@pytest.mark.parametrize(("reason", "ended"), [("content_filter", "filtered"), ("stop", "stop")])
async def test_a_filter_that_cuts_a_reply_off_is_told_from_a_model_that_ends_it(reason: str, ended: str) -> None:
    async def use(engine: OpenAIEngine, _: ScriptedServer) -> list[Piece]:
        return [piece async for piece in engine.stream(HELLO, Sampling(seed=1))]

    events = "".join(f"data: {event}\n\n" for event in [*WORDS, chunk("", reason)])
    pieces = await with_engine(streams(events.encode()), use)
    assert pieces[-1].finish_reason == ended


async def test_a_reply_is_whole_at_its_first_reason_to_end_whatever_follows() -> None:
    events = [*WORDS, chunk("", "stop"), chunk("", "stop"), "null"]
    assert await reply_of(streams("".join(f"data: {event}\n\n" for event in events).encode())) == ("Good day.", None)


@pytest.mark.parametrize(
    ("odd", "why"),
    [
        (b'error: {"code": 500, "message": "failed to decode"}\n\n', "reported a failure (failed to decode)"),
        (b'event: error\ndata: {"message": "failed to decode"}\n\n', "reported a failure (failed to decode)"),
        (
            b'data: {"error": {"message": "failed \\u001b[2Jto decode"}}\n\n',
            "reported a failure (failed ␛[2Jto decode)",
        ),
        (b'data: {"error": {"message": "' + b"x" * 9999 + b'"}}\n\n', f"reported a failure ({'x' * 200}…)"),
        (b"data: \xff\n\n", "sent an event that is not text"),
        (b"data: upstream is gone\n\n", "reported a failure (upstream is gone)"),
        (b'data: [{"error": {"code": 503, "message": "too busy"}}]\n\n', "reported a failure (too busy)"),
        (b"data: [1, 2]\n\n", "sent an event that is not a part of a reply"),
        (b"data: " + b"[" * 100_000 + b"\n\n", "sent an event that is nested too deep"),
        (b"data: {\n\n", "sent an event that is not JSON, or is cut off"),
    ],
)
async def test_what_came_before_a_failure_is_kept_and_the_failure_is_one_line(odd: bytes, why: str) -> None:
    said = b"".join(f"data: {event}\n\n".encode() for event in WORDS)
    text, failure = await reply_of(streams(said, odd))
    assert (text, failure) == ("Good day.", f"{why}; try again, or look at the server's log")


@pytest.mark.parametrize("alive", ["null", "0", "true", "{}", ""])
async def test_events_that_only_keep_alive_are_passed_over(alive: str) -> None:
    events = [WORDS[0], alive, *WORDS[1:], chunk("", "stop")]
    assert await reply_of(streams("".join(f"data: {event}\n\n" for event in events).encode())) == ("Good day.", None)


async def test_an_answer_in_plain_words_is_told() -> None:
    said = await reply_of(streams(b"upstream connect error or disconnect\n"))
    assert said == (
        "",
        "reported a failure (upstream connect error or disconnect); try again, or look at the server's log",
    )


async def test_a_server_that_answers_as_for_text_completions_is_understood() -> None:
    first, second = ('{"choices": [{"index": 0, "text": "%s", "finish_reason": %s}]}' % each  # noqa: UP031
                     for each in (("Good ", "null"), ("day.", '"stop"')))  # fmt: skip
    assert await reply_of(streams(f"data: {first}\n\ndata: {second}\n\n".encode())) == ("Good day.", None)


async def test_a_reply_without_an_end_is_cut_off_and_kept() -> None:
    text, why = await reply_of(streams(*[f"data: {chunk('word ' * 100)}\n\n".encode()] * 100), tokens=10)
    assert 4096 < len(text) < 10_000
    assert (why or "").startswith("sent a reply without an end: ")
    assert "bytes for 10 tokens" in (why or "")


async def test_a_stream_that_only_keeps_alive_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(openai_engine, "_PATIENCE", 0.001)  # a short timeout would end the opening on a busy machine

    async def reply(request: Request, writer: asyncio.StreamWriter) -> None:
        if not request.body.get("stream"):
            await well(request, writer)
            return
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n")
        while not writer.is_closing():
            writer.write(b": still here\n\n")
            await writer.drain()
            await asyncio.sleep(0.01)

    _, why = await reply_of(reply)
    assert (why or "").startswith("sent nothing of a reply for ")


async def test_an_answer_that_is_larger_than_any_is_cut_off() -> None:
    async def reply(request: Request, writer: asyncio.StreamWriter) -> None:
        if "Question" in str(request.body):
            await send_stream(writer, b'{"choices": [' + b" " * (2 << 20), kind="application/json")
        else:
            await well(request, writer)

    found = await with_engine(reply, lambda engine, _: scores(engine))
    assert all("sent an answer without an end (more than 1," in (score.failure or "") for score in found)


@pytest.mark.parametrize(
    ("asked_for", "says"),
    [
        ("90", "limits the rate for another 2 minutes; try again then (slow down)"),
        ("3600", "limits the rate for another 60 minutes; try again then (slow down)"),
        ("7000", "limits the rate for another 2 hours; try again then (slow down)"),
        ("1e308", "limits the rate for more than 30 days; ask who runs it (slow down)"),
        ("Fri, 31 Dec 9999 23:59:59 GMT", "limits the rate for more than 30 days; ask who runs it (slow down)"),
    ],
)
async def test_a_person_is_told_at_once_how_long_a_server_asks_to_wait(asked_for: str, says: str) -> None:
    async def limited(request: Request, writer: asyncio.StreamWriter) -> None:
        if "hello" in str(request.body):
            await send_json(writer, 429, {"error": {"message": "slow down"}}, {"Retry-After": asked_for})
        else:
            await well(request, writer)

    assert await reply_of(limited) == ("", says)


async def test_a_key_is_never_repeated_with_the_servers_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_KEY", "secret-1234")
    async with serving(refuses(lambda _: True, 403, {"error": {"message": "secret-1234 may not do this"}})) as server:
        with pytest.raises(EngineError, match=r"refused access; check MY_KEY \(… may not do this\)"):
            await OpenAIEngine.open(server.url, key_env="MY_KEY")


ODD = st.sampled_from([b"data: ", b"\n\n", b"null", b"[", b"{", b'"', b"\xff", b"\x00", b"error: ", b"[DONE]"])


@settings(max_examples=share(40), deadline=None)
@given(st.lists(ODD | st.binary(max_size=6), max_size=8))
def test_any_bytes_after_the_beginning_of_a_reply_leave_the_beginning(rest: list[bytes]) -> None:
    """Also where they are the whole answer: a reply ends, or fails with one line."""
    text, why = asyncio.run(reply_of(streams(f"data: {WORDS[0]}\n\n".encode(), *rest)))
    assert text == "Good "
    assert why is None or why.isprintable()
