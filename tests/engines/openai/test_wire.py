"""Whatever bytes a server sends, they are an answer or one failure with a sentence, and a reply is kept whole."""

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat_personas.engines.openai.events import (
    Event,
    EventReader,
    ReportedFailureError,
    SurrogateJoiner,
    UnreadableAnswerError,
    as_json,
)
from chat_personas.engines.openai.wire import (
    END,
    LONGEST_QUOTE,
    Delta,
    completion,
    counts_in,
    delta,
    likeliest,
    model_names,
    quotable,
    token_ids,
    token_ids_shown,
    token_log_probabilities,
    words_of,
)

DEEP = "[" * 100_000
NAMES = st.sampled_from(
    [
        "choices",
        "message",
        "delta",
        "content",
        "reasoning_content",
        "thinking",
        "refusal",
        "error",
        "finish_reason",
        "logprobs",
        "top_logprobs",
        "token",
        "logprob",
        "data",
        "id",
        "usage",
        "prompt_tokens",
        "code",
        "detail",
        "text",
        "type",
        "model",
        "status",
        "tokens",
        "meta_info",
        "output_token_ids_logprobs",
    ]
)
DOCUMENTS = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=5)
    | st.sampled_from(["error", "stop", "\ud800", "m\udfff", "\ud83d\ude8c"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=20,
)


def parts(*pieces: bytes) -> list[Any]:
    """Return what a stream of these bytes says, event by event."""
    reader = EventReader()
    events = [event for piece in pieces for event in reader.feed(piece)]
    return [delta(event) for event in [*events, *reader.end()]]


def event(text: object, finish: str | None = None, **fields: object) -> bytes:
    choice = {"index": 0, "delta": {"content": text, **fields}, "finish_reason": finish}
    return f"data: {json.dumps({'choices': [choice]})}\n\n".encode()


@given(st.binary(max_size=60))
def test_any_bytes_are_a_document_or_one_failure(raw: bytes) -> None:
    with suppress(UnreadableAnswerError):
        assert isinstance(completion(as_json(raw)).text, str)


@given(DOCUMENTS)
def test_any_document_is_an_answer_or_one_failure(document: object) -> None:
    raw = json.dumps(document).encode()
    for read in (completion, model_names, likeliest):
        with suppress(UnreadableAnswerError):
            read(as_json(raw))


@given(DOCUMENTS)
def test_any_document_is_tokens_with_their_figures_or_one_failure(document: object) -> None:
    rows = {"meta_info": {"output_token_ids_logprobs": [document]}}
    for read in (token_ids, token_log_probabilities, lambda each: token_log_probabilities(rows)):
        with suppress(UnreadableAnswerError):
            read(document)


def test_figures_of_tokens_are_found_by_the_ids_of_these() -> None:
    assert token_ids({"tokens": [1, 32], "count": 2}) == [1, 32]
    assert token_ids_shown([("token_id:32", -0.5), ("token_id:7", -9999.0)]) == {32: -0.5, 7: -9999.0}
    rows = [[[-0.5, 32, None], [-1.5, 33, " B"]], [[-9.0, 32, None]]]
    assert token_log_probabilities({"meta_info": {"output_token_ids_logprobs": rows}}) == {32: -0.5, 33: -1.5}


@pytest.mark.parametrize("token", ["A", "token_id:", "token_id:-1", "token_id:²", "token_id:" + "9" * 5000])
def test_a_token_that_is_not_written_as_an_id_is_none(token: str) -> None:
    with pytest.raises(UnreadableAnswerError, match="tokens without their ids"):
        token_ids_shown([(token, -0.5)])


@pytest.mark.parametrize("row", [[0.5, 32], [float("nan"), 32], [-0.5, "32"], [-0.5, True], [-0.5], None, [None, 32]])
def test_a_figure_of_a_token_that_cannot_be_one_is_a_failure(row: object) -> None:
    with pytest.raises(UnreadableAnswerError, match="cannot be read"):
        token_log_probabilities({"meta_info": {"output_token_ids_logprobs": [[row]]}})


@given(st.sampled_from([2**31, 2**63 - 1, 2**63, 10**30]) | st.integers(min_value=2**31), st.booleans())
def test_a_number_that_no_context_can_have_is_no_count_of_tokens(number: int, of_prompt: bool) -> None:
    prompt, reply = (number, 1) if of_prompt else (1, number)
    usage = {"prompt_tokens": prompt, "completion_tokens": reply}
    choice = {"message": {"content": "day."}}
    assert counts_in({"usage": usage}) is None
    assert completion({"choices": [choice], "usage": usage}).prompt_tokens == (0 if of_prompt else 1)
    assert counts_in({"usage": {"prompt_tokens": 2**31 - 1, "completion_tokens": 2**31 - 1}}) == (2**31 - 1, 2**31 - 1)


@given(DOCUMENTS)
def test_every_text_of_a_body_can_be_stored(document: object) -> None:
    raw = json.dumps({"\ud800": [document, "m\ud800", "\ud83d\ude8c"]}).encode()
    document = as_json(raw)
    assert document["\ufffd"][1:] == ["m\ufffd", "🚌"]
    json.dumps(document, ensure_ascii=False).encode()


@given(st.lists(st.binary(max_size=20) | DOCUMENTS.map(lambda each: f"data: {json.dumps(each)}\n\n".encode())))
def test_any_stream_is_parts_of_a_reply_or_one_failure(pieces: list[bytes]) -> None:
    with suppress(UnreadableAnswerError):
        assert all(part is None or part is END or isinstance(part, Delta) for part in parts(*pieces))


@given(st.data(), st.sampled_from(["\n", "\r\n", "\r"]))
def test_a_stream_says_the_same_however_its_bytes_are_cut(data: st.DataObject, end: str) -> None:
    lines = [
        ": alive",
        "event: x",
        'data: {"choices": [{"delta": {"content": "Grüße 🚌"}}]}',
        "",
        "data:",
        "",
        "data: [DONE]",
    ]
    raw = "".join(line + end for line in [*lines, ""]).encode()
    cuts = sorted(data.draw(st.lists(st.integers(0, len(raw)), max_size=8)))
    pieces = [raw[start:stop] for start, stop in zip([0, *cuts], [*cuts, len(raw)], strict=True)]
    assert parts(*pieces) == parts(raw) == [Delta("Grüße 🚌", None), None, END]


@given(st.text(st.characters(codec="utf-8"), max_size=20), st.data())
def test_characters_that_are_cut_in_two_are_put_together(text: str, data: st.DataObject) -> None:
    units = text.encode("utf-16-le")
    cut = 2 * data.draw(st.integers(0, len(units) // 2))
    joiner = SurrogateJoiner()
    first, second = (part.decode("utf-16-le", "surrogatepass") for part in (units[:cut], units[cut:]))
    assert joiner.add(first) + joiner.add(second) + joiner.end() == text


@pytest.mark.parametrize(
    ("cut", "whole"),
    [
        (["\ud83d", "\ude8c"], "🚌"),
        (["a\ud83d", "b"], "a\ufffdb"),
        (["\ude8c"], "\ufffd"),
        (["a\ud83d"], "a\ufffd"),
    ],
)
def test_half_a_character_that_stays_alone_is_shown_as_missing(cut: list[str], whole: str) -> None:
    joiner = SurrogateJoiner()
    assert "".join(map(joiner.add, cut)) + joiner.end() == whole


@pytest.mark.parametrize(
    "between",
    [
        b"data: \n\n",
        b"data:\n\n",
        b": keep-alive\n\n",
        b"\n\n",
        b"event: ping\ndata: {}\n\n",
        b"id: 7\nretry: 9\n\n",
        b'data: {"choices": [], "usage": {"total_tokens": 3}}\n\n',
        b'data: {"choices": null}\n\n',
        b"event: ping\n\n",
    ],
)
def test_what_only_keeps_a_connection_alive_is_no_part_of_the_reply(between: bytes) -> None:
    found = [part for part in parts(event("Good "), between, event("day.", "stop"), b"data: [DONE]\n\n") if part]
    assert found == [Delta("Good ", None), Delta("day.", "stop"), END]


@pytest.mark.parametrize(
    "odd",
    [
        b"data: [1]\n\n",
        b'data: "text"\n\n',
        b"data: {half\n\n",
        b"data: \xff\xfe\n\n",
        f"data: {DEEP}\n\n".encode(),
        b"data: " + b"9" * 5000 + b"\n\n",
        b'data: {"choices": {"0": 1}}\n\n',
        b'data: {"choices": [null]}\n\n',
        b'data: {"choices": [{"delta": [1]}]}\n\n',
        event(7),
    ],
)
def test_an_event_that_is_no_part_of_a_reply_is_a_failure_with_a_sentence(odd: bytes) -> None:
    reader = EventReader()
    assert [delta(each) for each in reader.feed(event("Good "))] == [Delta("Good ", None)]
    with pytest.raises(UnreadableAnswerError, match=r"^an? (event|answer|reply) that is "):
        [delta(each) for each in reader.feed(odd)]


@pytest.mark.parametrize(
    ("sent", "words"),
    [
        (b'error: {"code": 500, "message": "failed to decode"}\n\n', "failed to decode"),
        (b"error: out of memory\n\n", "out of memory"),
        (b'event: error\ndata: {"code": 500, "message": "failed to decode"}\n\n', "failed to decode"),
        (b"event: error\ndata: it broke\n\n", "it broke"),
        (b"event: error\n\n", "without words"),
        (b'data: {"error": {"message": "overloaded", "type": "server_error"}}\n\n', "overloaded"),
        (b'data: {"error": "overloaded"}\n\n', "overloaded"),
        (b'data: {"object": "error", "message": "overloaded", "code": 40303}\n\n', "overloaded"),
        (b'data: {"detail": [{"loc": ["body"], "msg": "overloaded"}]}\n\n', "overloaded"),
        (
            b'data: {"choices": [{"delta": {}, "finish_reason": "error", "error": {"message": "overloaded"}}]}\n\n',
            "overloaded",
        ),
        (b'data: {"choices": [], "error": {"metadata": 1, "error": {"message": "overloaded"}}}\n\n', "overloaded"),
    ],
)
def test_a_failure_within_a_stream_is_told_in_the_servers_own_words(sent: bytes, words: str) -> None:
    with pytest.raises(ReportedFailureError) as raised:
        parts(event("Good "), sent)
    assert str(raised.value) == words


def test_lines_of_data_without_empty_lines_between_them_are_events_of_their_own() -> None:
    run_together = event("Good ").rstrip() + b"\n" + event("day.", "stop").rstrip() + b"\ndata: [DONE]\n"
    assert parts(run_together) == [Delta("Good ", None), Delta("day.", "stop"), END]


def test_documents_without_the_name_of_a_field_are_events() -> None:
    bare = event("Good ").removeprefix(b"data: ").rstrip() + b"\n" + event("day.", "stop").removeprefix(b"data: ")
    assert parts(bare) == [Delta("Good ", None), Delta("day.", "stop")]
    with pytest.raises(ReportedFailureError, match="out of memory"):
        parts(b'{"error": {"message": "out of memory"}}')


def test_a_document_over_several_lines_of_data_is_one_event() -> None:
    assert parts(b'data: {"choices": [{"delta":\ndata: {"content": "Hi"}}]}\n\n') == [Delta("Hi", None)]


@pytest.mark.parametrize(
    ("message", "text"),
    [
        ({"content": None, "refusal": "I cannot take a side."}, "I cannot take a side."),
        ({"content": "Well. ", "refusal": "No."}, "Well. No."),
        ({"content": [{"type": "text", "text": "Good "}, {"type": "text", "text": "day."}]}, "Good day."),
        ({"content": [{"type": "refusal", "refusal": "No."}]}, "No."),
        ({"content": None, "reasoning_content": "Let me see."}, ""),
        ({}, ""),
    ],
)
def test_the_reply_is_what_the_model_says_or_with_what_it_refuses(message: dict[str, object], text: str) -> None:
    assert completion({"choices": [{"message": message}]}).text == text
    (part,) = parts(f"data: {json.dumps({'choices': [{'delta': message}]})}\n\n".encode())
    assert part.text == text


THINKING_PARTS = [
    {"type": "thinking", "thinking": [{"type": "text", "text": "Let me"}]},
    {"type": "text", "text": "Hi"},
]


@pytest.mark.parametrize(
    ("message", "thought", "text"),
    [
        ({"content": None, "reasoning_content": "Let me"}, "Let me", ""),
        ({"content": "", "reasoning": "Let me"}, "Let me", ""),
        ({"content": "Hi", "reasoning_content": "Let me", "reasoning": "Let me"}, "Let me", "Hi"),
        ({"content": THINKING_PARTS}, "Let me", "Hi"),
        ({"content": [{"type": "thinking", "thinking": "Let me"}]}, "Let me", ""),
        ({"content": "Hi", "reasoning_content": {"odd": 1}, "reasoning": 7}, "", "Hi"),
        ({"content": "Hi", "thinking": "Let me"}, "Let me", "Hi"),
        (
            {
                "content": "Hi",
                "reasoning_details": [
                    {"type": "reasoning.summary", "summary": "Let "},
                    {"type": "reasoning.text", "text": "me", "signature": None},
                    {"type": "reasoning.encrypted", "data": "c2VjcmV0"},
                    "odd",
                ],
            },
            "Let me",
            "Hi",
        ),
        ({"reasoning": "Let me", "reasoning_details": [{"type": "reasoning.text", "text": "Let me"}]}, "Let me", ""),
        ({"content": [{"type": "thinking", "thinking": [7, {"text": None}]}]}, "", ""),
    ],
)
def test_what_a_server_tells_apart_as_a_thought_is_not_the_reply(
    message: dict[str, object], thought: str, text: str
) -> None:
    (part,) = parts(f"data: {json.dumps({'choices': [{'delta': message}]})}\n\n".encode())
    assert (part.thought, part.text) == (thought, text)
    whole = completion({"choices": [{"message": message}]})
    assert (whole.thought, whole.text) == (thought, text)


@pytest.mark.parametrize("content", ["<think>Let me</think>\n\nHi", "Let me</think>\n\nHi"])
def test_a_thought_between_markers_is_not_the_reply_of_a_whole_answer(content: str) -> None:
    whole = completion({"choices": [{"message": {"content": content}}]})
    assert (whole.thought, whole.text) == ("Let me", "Hi")


@pytest.mark.parametrize(
    ("reason", "finish"),
    [
        ("stop", "stop"),
        ("length", "length"),
        ("eos_token", "stop"),
        ("end_turn", "stop"),
        ("content_filter", "filtered"),
        ("Content_Filter", "filtered"),
        ("MAX_TOKENS", "length"),
        ("", None),
        ("null", None),
        (None, None),
        (3, None),
    ],
)
def test_reasons_to_end_are_understood_by_their_usual_names(reason: Any, finish: str | None) -> None:
    assert completion({"choices": [{"message": {"content": "Well"}, "finish_reason": reason}]}).finish == finish


@pytest.mark.parametrize("value", [True, "often", None, 0.4, float("nan"), float("inf"), 10**400, [1]])
def test_what_is_not_the_logarithm_of_a_probability_is_never_taken_for_one(value: object) -> None:
    with pytest.raises(UnreadableAnswerError, match="log-probabilities that cannot be read"):
        likeliest({"content": [{"top_logprobs": [{"token": "A", "logprob": value}]}]})


def test_tokens_that_a_server_has_cut_off_may_have_no_probability_at_all() -> None:
    shown = [
        {"token": "A", "logprob": -0.1},
        {"token": "B", "logprob": float("-inf")},
        {"token": "C", "logprob": -(10**400)},
    ]
    infinite = float("-inf")
    assert likeliest({"content": [{"top_logprobs": shown}]}) == [("A", -0.1), ("B", infinite), ("C", infinite)]


@pytest.mark.parametrize(
    "log_probabilities", [None, [], {}, {"content": None}, {"content": []}, {"content": [{}]}, {"content": [None]}]
)
def test_a_server_may_show_no_log_probabilities(log_probabilities: object) -> None:
    assert likeliest(log_probabilities) is None


@given(DOCUMENTS)
def test_a_servers_words_are_one_line_that_does_nothing_to_a_terminal(document: object) -> None:
    said = quotable(words_of(document))
    assert 0 < len(said) <= LONGEST_QUOTE + 1
    assert "\n" not in said
    assert said.isprintable() or not any(character < " " or "\x7f" <= character <= "\x9f" for character in said)


@pytest.mark.parametrize(
    ("document", "words"),
    [
        ({"error": {"message": "no \x1b[31mroom\n left"}}, "no ␛[31mroom left"),
        ({"error": '{"error": {"message": "behind a gateway"}}'}, "behind a gateway"),
        ("<html><head><title>502 Bad Gateway</title></head></html>", "502 Bad Gateway"),
        ("<!DOCTYPE html><p>busy</p>", "a web page"),
        ({"errors": ["first", "second"]}, "first; second"),
        ({"weird": 1}, '{"weird": 1}'),
        ("", "without words"),
    ],
)
def test_the_words_are_found_wherever_a_server_puts_them(document: object, words: str) -> None:
    assert words_of(document) == words


def test_events_are_named_and_hold_lines() -> None:
    assert list(EventReader().feed(b"event: x\ndata: 1\ndata: 2\n\n")) == [
        Event("x", ("1",), None),
        Event("x", ("2",), None),
    ]


@pytest.mark.parametrize(
    ("usage", "counts"),
    [
        ({"prompt_tokens": 90, "completion_tokens": 7, "total_tokens": 97}, (90, 7)),
        ({"prompt_tokens": 90}, None),
        ({"prompt_tokens": True, "completion_tokens": 7}, None),
        ({"prompt_tokens": "90", "completion_tokens": 7}, None),
        ({"prompt_tokens": 0, "completion_tokens": 0}, None),
        (None, None),
    ],
)
def test_the_tokens_of_a_streamed_reply_are_those_that_the_server_reports_or_not_known(
    usage: object, counts: tuple[int, int] | None
) -> None:
    choice = {"index": 0, "delta": {}, "finish_reason": "stop"}
    last = Event("", (json.dumps({"choices": [choice], "usage": usage}),), None)
    assert delta(last) == Delta("", "stop", counts=counts)
