"""What a person may rely on when a server misbehaves: nothing lost, one clear line, no key sent elsewhere."""

import asyncio
import math
import time
from typing import Any, cast

import pytest

from chat_personas.engines.openai import OpenAIEngine
from eval.engine import EngineError, Message, Probe, Sampling, TooLongError
from tests.engines.openai.scripted_server import Request, chunk, completion, send_events, send_json, serving

HELLO = [Message("user", "hello")]
TOP = [("A", math.log(0.6)), (" A", math.log(0.1)), ("B", math.log(0.2))]


def probes(count: int) -> list[Probe]:
    return [Probe(f"q{number}", f"Question {number}?\nA. yes\nB. no", ("A", "B")) for number in range(count)]


async def well(request: Request, writer: asyncio.StreamWriter) -> None:
    if request.body.get("stream"):
        await send_events(writer, [chunk("Good "), chunk("day."), chunk("", "stop"), "[DONE]"])
    else:
        await send_json(writer, 200, completion("A", TOP))


async def four_messages(request: Request, writer: asyncio.StreamWriter) -> None:
    """A server whose context holds that many."""
    messages = request.body["messages"]
    assert isinstance(messages, list)
    if len(messages) > 4:
        await send_json(writer, 400, {"error": {"message": "maximum context length is 10 tokens"}})
    else:
        await well(request, writer)


async def short_messages(request: Request, writer: asyncio.StreamWriter) -> None:
    """A server whose context holds no long message."""
    if "m m m" in str(request.body):
        await send_json(writer, 400, {"error": {"message": "maximum context length is 10 tokens"}})
    else:
        await well(request, writer)


async def heard(engine: OpenAIEngine) -> tuple[str, str | None]:
    text, finish = "", None
    async for piece in engine.stream(HELLO, Sampling(seed=1)):
        text, finish = text + piece.text, piece.finish_reason or finish
    return text, finish


async def test_a_reply_streams_and_ends_with_its_reason() -> None:
    async with serving(well) as server:
        engine = await OpenAIEngine.open(server.url)
        assert await heard(engine) == ("Good day.", "stop")
        await engine.close()


@pytest.mark.parametrize("ending", [["[DONE]"], []], ids=["bare DONE", "connection closed"])
async def test_a_stream_without_a_finish_reason_is_interrupted_and_its_text_kept(ending: list[str]) -> None:
    async def breaks_off(request: Request, writer: asyncio.StreamWriter) -> None:
        if request.body.get("stream"):
            await send_events(writer, [chunk("Half a sen"), *ending])
        else:
            await send_json(writer, 200, completion("A", TOP))

    async with serving(breaks_off) as server:
        engine = await OpenAIEngine.open(server.url)
        assert await heard(engine) == ("Half a sen", None)
        await engine.close()


async def test_label_bounds_sum_the_shown_variants_and_leave_room_for_what_is_not_shown() -> None:
    async with serving(well) as server:
        engine = await OpenAIEngine.open(server.url)
        (score,) = [score async for score in engine.score(HELLO, probes(1))]
        await engine.close()
    a, b = score.labels
    assert math.exp(a.lower) == pytest.approx(0.7)
    assert math.exp(a.upper) == pytest.approx(0.7)  # both variants were shown: exact
    assert math.exp(b.lower) == pytest.approx(0.2)
    assert math.exp(b.upper) == pytest.approx(0.3)  # " B" was not shown: at most the least shown, and the 0.1 left
    assert score.label_mass == pytest.approx(0.9)


async def test_whole_texts_are_refused_without_asking_the_server() -> None:
    async with serving(well) as server:
        engine = await OpenAIEngine.open(server.url)
        asked = len(server.requests)
        (score,) = [
            score async for score in engine.score(HELLO, [Probe("Q/texts", "Buses?", ("yes", "no"), texts=True)])
        ]
        await engine.close()
    assert not engine.info.scores_texts
    assert score.failure == "a server does not score whole texts; use an embedded model (a GGUF file)"
    assert len(server.requests) == asked


async def test_a_rate_limit_is_waited_out_as_the_server_asks_and_nothing_is_lost() -> None:
    refused: list[float] = []

    async def limited(request: Request, writer: asyncio.StreamWriter) -> None:
        if request.body.get("max_tokens") == 1 and "Question" in str(request.body) and not refused:
            refused.append(time.monotonic())
            await send_json(writer, 429, {"error": {"message": "slow down"}}, {"Retry-After": "1"})
        else:
            await well(request, writer)

    async with serving(limited) as server:
        engine = await OpenAIEngine.open(server.url)
        scores = [score async for score in engine.score(HELLO, probes(2))]
        waited = time.monotonic() - refused[0]
        await engine.close()
    assert [score.failure for score in scores] == [None, None]
    assert waited >= 1.0


async def test_no_more_requests_are_under_way_than_allowed() -> None:
    async def slow(request: Request, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(0.01)
        await well(request, writer)

    async with serving(slow) as server:
        engine = await OpenAIEngine.open(server.url, concurrency=3)
        scores = [score async for score in engine.score(HELLO, probes(12))]
        await engine.close()
    assert len(scores) == 12
    assert server.most_under_way == 3


async def test_a_probe_that_the_server_cannot_answer_fails_by_itself() -> None:
    async def fussy(request: Request, writer: asyncio.StreamWriter) -> None:
        if "Question 1?" in str(request.body):
            await send_json(writer, 400, {"error": {"message": "cannot do that"}})
        else:
            await well(request, writer)

    async with serving(fussy) as server:
        engine = await OpenAIEngine.open(server.url)
        scores = {score.key: score async for score in engine.score(HELLO, probes(3))}
        await engine.close()
    assert "cannot do that" in (scores["q1"].failure or "")
    assert scores["q0"].failure is None
    assert scores["q2"].failure is None


async def test_a_server_without_log_probabilities_says_so_and_never_pretends() -> None:
    async def plain(request: Request, writer: asyncio.StreamWriter) -> None:
        await send_json(writer, 200, completion("A"))

    async with serving(plain) as server:
        engine = await OpenAIEngine.open(server.url)
        scores = [score async for score in engine.score(HELLO, probes(1))]
        await engine.close()
    assert engine.info.log_probabilities == "none"
    assert "no log-probabilities" in (scores[0].failure or "")


async def test_parameters_that_a_server_refuses_are_not_sent_again() -> None:
    async def old(request: Request, writer: asyncio.StreamWriter) -> None:
        if "chat_template_kwargs" in request.body:
            await send_json(writer, 400, {"error": {"message": "Unrecognized request argument"}})
        elif request.body.get("top_logprobs", 0) > 5:  # type: ignore[operator]
            await send_json(writer, 400, {"error": {"message": "top_logprobs must be at most 5"}})
        else:
            await well(request, writer)

    async with serving(old) as server:
        engine = await OpenAIEngine.open(server.url)
        assert engine.info.log_probabilities == "top_k"
        before = len(server.requests)
        assert (await heard(engine))[0] == "Good day."
        await engine.close()
    assert all("chat_template_kwargs" not in request.body for request in server.requests[before:])


async def test_an_unreachable_server_is_one_line_that_says_what_to_do() -> None:
    async with serving(well) as server:
        url = server.url.replace("127.0.0.1", "127.0.0.2")
    with pytest.raises(EngineError, match=r"cannot reach http://127\.0\.0\.2:\d+/v1; is the server running"):
        await OpenAIEngine.open(url)


async def test_a_wrong_key_is_one_line_without_the_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_KEY", "secret-1234")

    async def locked(request: Request, writer: asyncio.StreamWriter) -> None:
        await send_json(writer, 401, {"error": {"message": "bad key secret-1234"}})

    async with serving(locked) as server:
        with pytest.raises(EngineError, match="refused the key; check MY_KEY") as raised:
            await OpenAIEngine.open(server.url, key_env="MY_KEY")
    assert "secret" not in str(raised.value)


async def test_an_unknown_model_names_the_nearest() -> None:
    async with serving(well, models=("qwen3-4b", "llama-3")) as server:
        with pytest.raises(EngineError, match='did you mean "qwen3-4b"'):
            await OpenAIEngine.open(server.url, "qwen3-4")
        with pytest.raises(EngineError, match="serves 2 models; name one"):
            await OpenAIEngine.open(server.url)


@pytest.mark.parametrize("named", [None, "b"])
async def test_models_with_names_that_are_none_are_told_in_one_short_line(named: str | None) -> None:
    long = [f"{number}{'d' * 900}" for number in range(20)]
    async with serving(well, models=("0\n\tb\x1b[2J", "0" + "c" * 2_000_000, *long)) as server:
        with pytest.raises(EngineError) as raised:
            await OpenAIEngine.open(server.url, named)
    assert str(raised.value).isprintable()
    assert len(str(raised.value)) < 2000


async def test_the_only_model_of_a_server_has_a_name_of_one_short_line() -> None:
    async with serving(well, models=("a\nb" + "c" * 2_000_000,)) as server:
        engine = await OpenAIEngine.open(server.url)
        await engine.close()
    assert engine.info.name.isprintable()
    assert len(engine.info.name) < 500


async def test_nothing_of_the_environment_but_its_own_key_reaches_a_server(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENAI_API_KEY", "OPENAI_ADMIN_KEY", "OPENAI_ORG_ID", "OPENAI_PROJECT_ID"):
        monkeypatch.setenv(name, "not-for-you")
    monkeypatch.setenv("OPENAI_CUSTOM_HEADERS", "X-Secret: not-for-you")
    async with serving(well) as server:
        engine = await OpenAIEngine.open(server.url)
        await heard(engine)
        await engine.close()
    sent = [header for request in server.requests for header in request.headers.items()]
    assert sent
    assert "not-for-you" not in str(sent)
    assert "authorization" not in dict(sent)


async def test_a_conversation_that_is_too_long_loses_its_oldest_turns_and_says_so() -> None:
    talk = [Message("system", "s")]
    talk += [Message("user" if n % 2 == 0 else "assistant", f"m{n}") for n in range(7)]
    async with serving(four_messages) as server:
        engine = await OpenAIEngine.open(server.url)
        pieces = [piece async for piece in engine.stream(talk, Sampling())]
        await engine.close()
    assert pieces[0].dropped_messages == 4
    sent = server.requests[-1].body["messages"]
    assert isinstance(sent, list)
    assert [message["content"] for message in sent] == ["s", "m4", "m5", "m6"]


async def test_probes_after_a_conversation_that_is_too_long_see_what_fits_of_it_and_say_what_is_missing() -> None:
    talk = [Message("system", "s")]
    talk += [Message("user" if n % 2 == 0 else "assistant", f"m{n} " * 100) for n in range(6)]
    asked = [Probe(f"q{n}", f"Question {n}", ("A", "B")) for n in range(5)]
    async with serving(four_messages) as server:
        engine = await OpenAIEngine.open(server.url)
        server.requests.clear()
        scores = [score async for score in engine.score(talk, asked)]
        await engine.close()
    assert [score.failure for score in scores] == [None] * 5
    assert {score.dropped_messages for score in scores} == {4}
    refused = [request for request in server.requests if len(cast("list[Any]", request.body["messages"])) > 4]
    assert len(refused) == 2, "found out once, not once by every probe"


async def test_a_probe_that_is_too_long_by_itself_fails_and_says_why() -> None:
    async with serving(short_messages) as server:
        engine = await OpenAIEngine.open(server.url)
        asked = [Probe("long", "m " * 99, ("A", "B")), Probe("short", "m", ("A", "B"))]
        scores = {score.key: score async for score in engine.score([Message("system", "s")], asked)}
        await engine.close()
    assert "maximum context length is 10 tokens" in str(scores["long"].failure)
    assert scores["short"].failure is None


async def test_a_message_that_is_too_long_by_itself_is_told_from_other_refusals() -> None:
    async with serving(short_messages) as server:
        engine = await OpenAIEngine.open(server.url)
        with pytest.raises(TooLongError, match=r"maximum context length is 10 tokens.*; shorten the message"):
            await anext(aiter(engine.stream([Message("user", "m " * 99)], Sampling())))
        await engine.close()
