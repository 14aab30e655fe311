"""What a server shows of its first token bounds every letter; sums are worked out by hand."""

import asyncio
import json
import math
from collections.abc import AsyncGenerator, Sequence
from types import SimpleNamespace

import httpx2
import pytest

from chat_personas.engines.openai import responses
from chat_personas.engines.openai.connection import Incoming
from chat_personas.engines.openai.events import UnreadableAnswerError
from chat_personas.engines.openai.responses import label_bounds, stream_pieces


def shown(*top: tuple[str, float], labels: Sequence[str] = ("A", "B")) -> dict[str, tuple[float, float]]:
    """Return the least and the greatest probability of each label when a server shows these tokens."""
    scores = label_bounds(labels, [(token, math.log(probability)) for token, probability in top])
    return {score.label: (math.exp(score.lower), math.exp(score.upper)) for score in scores}


def test_variants_of_a_letter_add_up_and_what_is_hidden_is_at_most_as_likely_as_the_last_one_shown() -> None:
    found = shown(("A", 0.6), (" A", 0.1), ("B", 0.2), ("Well", 0.04))
    assert found["A"] == pytest.approx((0.7, 0.7))
    assert found["B"] == pytest.approx((0.2, 0.2 + 0.04))


@pytest.mark.parametrize("space", ["\u2581", "\u0120"])
def test_letters_spelled_as_in_the_vocabulary_of_the_server_are_found(space: str) -> None:
    found = shown(("A", 0.6), (f"{space}A", 0.1), (f"{space}B", 0.2), ("Well", 0.04))
    assert found["A"] == pytest.approx((0.7, 0.7))
    assert found["B"] == pytest.approx((0.2, 0.2 + 0.04))


def test_nothing_hidden_can_be_more_than_what_is_left_of_one() -> None:
    assert shown(("A", 0.6), ("Well", 0.37))["B"] == pytest.approx((0.0, 0.03))


def test_two_tokens_with_the_same_text_both_count() -> None:
    assert shown(("A", 0.5), ("A", 0.2), ("B", 0.3))["A"][0] == pytest.approx(0.7)


def test_a_letter_after_a_line_break_counts_and_hides_nothing_else() -> None:
    found = shown(("A", 0.5), ("\nA", 0.2), ("B", 0.1))
    assert found["A"] == pytest.approx((0.7, 0.7 + 0.1))


@pytest.mark.parametrize("flood", [b"\n", b":\n", b"retry: 1\n"])
async def test_a_flood_that_says_nothing_lets_keys_in_between(flood: bytes) -> None:
    """A server may send more than can be read in time; what is read at once must not hold the screen."""
    turns = 0

    async def person() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    async def pieces() -> AsyncGenerator[bytes, None]:
        yield flood * (60_000 // len(flood))
        yield b'data: {"choices": [{"delta": {"content": "day."}, "finish_reason": "stop"}]}\n\n'

    typing = asyncio.create_task(person())
    incoming = Incoming("text/event-stream", pieces(), httpx2.Request("POST", "http://127.0.0.1/v1"))
    reply = stream_pieces(incoming, 0.0, 1, 0, tokens=400, patience=9.0, counted=False)
    said = [piece.text async for piece in reply]
    typing.cancel()
    assert said == ["day."]
    assert turns > 10


def choice(**said: object) -> bytes:
    return f"data: {json.dumps({'choices': [{'index': 0, 'delta': said, 'finish_reason': None}]})}\n\n".encode()


NO_WORD = [
    b": still here\n\n",
    b"data: null\n\n",
    choice(content=""),
    choice(role="assistant"),
    choice(tool_calls=[]),
    b'data: {"choices": [], "usage": {"prompt_tokens": 9, "completion_tokens": 1}}\n\n',
]


async def replied(monkeypatch: pytest.MonkeyPatch, events: Sequence[bytes], patience: float) -> str:
    """Return a reply of which an event comes every second."""
    clock = 0.0

    async def pieces() -> AsyncGenerator[bytes, None]:
        nonlocal clock
        for event in events:
            clock += 1.0
            yield event

    monkeypatch.setattr(responses, "time", SimpleNamespace(monotonic=lambda: clock))
    incoming = Incoming("text/event-stream", pieces(), httpx2.Request("POST", "http://127.0.0.1/v1"))
    reply = stream_pieces(incoming, 0.0, 1, 0, tokens=400, patience=patience, counted=False)
    return "".join([piece.text async for piece in reply])


@pytest.mark.parametrize("event", NO_WORD)
async def test_a_reply_goes_on_only_as_long_as_something_is_said(monkeypatch: pytest.MonkeyPatch, event: bytes) -> None:
    with pytest.raises(UnreadableAnswerError, match="nothing of a reply for 9 seconds"):
        await replied(monkeypatch, [choice(content="Good "), *[event] * 20, choice(content="day.")], 9.0)


@pytest.mark.parametrize("event", NO_WORD)
async def test_a_server_may_be_silent_for_as_long_as_is_waited_for_it(
    monkeypatch: pytest.MonkeyPatch, event: bytes
) -> None:
    """It may think for as long before its first word, and between two."""
    events = [*[event] * 8, choice(content="Good "), *[event] * 8, choice(content="day.")]
    assert await replied(monkeypatch, events, 9.0) == "Good day."


@pytest.mark.parametrize(
    "event", [choice(reasoning="Well. "), choice(tool_calls=[{"index": 0}]), choice(function_call={"name": "f"})]
)
async def test_a_server_that_thinks_or_calls_a_tool_is_not_silent(
    monkeypatch: pytest.MonkeyPatch, event: bytes
) -> None:
    assert await replied(monkeypatch, [*[event] * 20, choice(content="Good day.")], 9.0) == "Good day."
