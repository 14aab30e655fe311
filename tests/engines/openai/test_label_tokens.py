"""Letters that a server does not show are exact where it can be asked for their own tokens, and bounded where not.

The servers here have one vocabulary and one distribution for each question. They answer as the sources of vLLM, SGLang
and llama-cpp-python say: `logprob_token_ids` with tokens written as ids, `/generate` with `token_ids_logprob`, and a
`logit_bias` that the reported log-probabilities come after, or before.
"""

import asyncio
import math
import string
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat_personas.engines.openai import OpenAIEngine
from chat_personas.engines.openai.label_tokens import without_bias
from eval.engine import Message, Probe, ProbeScore, Sampling
from tests.engines.openai.scripted_server import Request, ScriptedServer, completion, send_json, serving

LETTERS = [f"{space}{letter}" for letter in string.ascii_uppercase[:6] for space in ("", " ")]
FILLERS = [f"w{number}" for number in range(40)]
VOCABULARY = [*LETTERS, *FILLERS]
PROBE = Probe("q", "Is it so?\nA. yes\nB. no\nC. perhaps", ("A", "B", "C"))
SHARES = {"A": 0.30, " A": 0.10, "B": 2e-4, " B": 1e-4, "C": 3e-7}
"""The letters' probabilities after the probe: B and C are not among the twenty likeliest tokens."""
RANDOM = {"A": 0.2, " A": 0.1, "B": 0.15, " B": 0.1, "C": 0.2}
"""And after the question with which a server is tried."""
Answer = Callable[[Request], Any]


def spread(letters: Mapping[str, float]) -> dict[str, float]:
    """Return a distribution over the vocabulary; other tokens share what the letters leave."""
    rest = 1 - sum(letters.values())
    others = [token for token in VOCABULARY if token not in letters]
    tiny = {token: 1e-9 for token in others if token in LETTERS}
    return {**letters, **tiny, **{token: (rest - sum(tiny.values())) / len(FILLERS) for token in FILLERS}}


def distribution(request: Request) -> dict[str, float]:
    messages: Any = request.body["messages"]
    return spread(SHARES if messages[-1]["content"] == PROBE.prompt else RANDOM)


def likeliest(probabilities: Mapping[str, float], most: int) -> list[tuple[str, float]]:
    ranked = sorted(probabilities, key=lambda token: -probabilities[token])
    return [(token, math.log(probabilities[token])) for token in ranked[:most]]


def biased(request: Request) -> dict[str, float]:
    """Return the distribution after the bias that the request asks for."""
    bias: Any = request.body.get("logit_bias", {})
    risen = {
        token: value * math.exp(bias.get(str(VOCABULARY.index(token)), 0.0))
        for token, value in distribution(request).items()
    }
    return {token: value / sum(risen.values()) for token, value in risen.items()}


def chat(request: Request) -> Any:
    """Twenty tokens at most, and no parameter beyond OpenAI's has an effect."""
    if int(str(request.body["top_logprobs"])) > 20:
        return {"error": {"message": "no more than that"}}
    return completion("A", likeliest(distribution(request), 20))


def vllm(request: Request) -> Any:
    wanted: Any = request.body.get("logprob_token_ids")
    if not wanted:
        return chat(request)
    assert request.body["logprobs"] is True
    assert request.body["return_tokens_as_token_ids"] is True
    probabilities = distribution(request)
    shown = {VOCABULARY.index("w7"), *wanted}  # the token that was chosen, and those that were asked for
    values = [(f"token_id:{each}", max(math.log(probabilities[VOCABULARY[each]]), -9999.0)) for each in shown]
    return completion("w7", values)


def ignores_the_ids(request: Request) -> Any:
    answer = chat(request)
    if "return_tokens_as_token_ids" in request.body:  # older than `logprob_token_ids`
        top = likeliest(distribution(request), 20)
        return completion("A", [(f"token_id:{VOCABULARY.index(token)}", value) for token, value in top])
    return answer


def after_the_bias(request: Request) -> Any:
    return (
        {**chat(request), **completion("A", likeliest(biased(request), 20))}
        if "logit_bias" in request.body
        else chat(request)
    )


class Sglang:
    """`/tokenize` gives an id for each message list; `/generate` knows the distribution behind it."""

    def __init__(self) -> None:
        self.prompts: list[Request] = []

    def __call__(self, request: Request) -> Any:
        if request.path == "/generate":
            assert request.body["return_logprob"] is True
            prompt: Any = request.body["input_ids"]
            wanted: Any = request.body["token_ids_logprob"]
            probabilities = distribution(self.prompts[prompt[-1]])
            rows = [[math.log(probabilities[VOCABULARY[each]]), each, None] for each in reversed(wanted)]
            return {"text": "w7", "meta_info": {"completion_tokens": 1, "output_token_ids_logprobs": [rows]}}
        if "messages" in request.body and request.path == "/tokenize":
            assert request.body["chat_template_kwargs"] == {"enable_thinking": False}
            self.prompts.append(request)
            return {"tokens": [1, 2, len(self.prompts) - 1], "count": 3, "max_model_len": 4096}
        return chat(request)


def server(answer: Answer, tokenizer: str | None = "/tokenize") -> Callable[..., Awaitable[None]]:
    """Return a server that answers so, and turns a text into tokens at `tokenizer`."""

    async def reply(request: Request, writer: asyncio.StreamWriter) -> None:
        if request.path == tokenizer and "messages" not in request.body:
            text = str(request.body["input" if tokenizer == "/extras/tokenize" else "prompt"])
            known = text if text in VOCABULARY else text.strip()
            begin = [999] if tokenizer == "/extras/tokenize" else []  # llama-cpp-python begins with a special token
            await send_json(
                writer, 200, {"tokens": [*begin, *([50] if known != text else []), VOCABULARY.index(known)]}
            )
        elif request.path.startswith("/v1") or (isinstance(answer, Sglang) and request.path != "/extras/tokenize"):
            found = answer(request)
            await send_json(writer, 400 if "error" in found else 200, found)
        else:
            await send_json(writer, 404, {"detail": "Not Found"})

    return reply


async def counted(reply: Callable[..., Awaitable[None]]) -> int | None:
    """Return how many tokens a prompt has, as the engine on such a server says."""
    async with serving(reply) as scripted:
        engine = await OpenAIEngine.open(scripted.url)
        try:
            talk = [Message("system", "s"), Message("user", "Hello")]
            prompt = await engine.exact_prompt(talk, Sampling())
            assert [part.text for part in prompt.parts] == ["s", "Hello"]
            return prompt.tokens
        finally:
            await engine.close()


async def test_a_prompt_is_counted_by_a_server_that_applies_its_template_to_messages() -> None:
    assert await counted(server(Sglang())) == 3


@pytest.mark.parametrize("answer", [vllm, chat])
async def test_where_the_server_only_cuts_texts_into_tokens_the_prompt_is_not_counted(answer: Answer) -> None:
    assert await counted(server(answer)) is None
    assert await counted(server(answer, "/extras/tokenize")) is None


async def scored(reply: Callable[..., Awaitable[None]]) -> tuple[ProbeScore, str | None, ScriptedServer]:
    async with serving(reply) as scripted:
        engine = await OpenAIEngine.open(scripted.url)
        try:
            (score,) = [score async for score in engine.score([Message("system", "s")], [PROBE])]
            return score, engine.info.label_shares, scripted
        finally:
            await engine.close()


@pytest.mark.parametrize(
    ("answer", "tokenizer", "way"),
    [
        (vllm, "/tokenize", "logprob_token_ids"),
        (Sglang(), "/tokenize", "token_ids_logprob"),
        (after_the_bias, "/tokenize", "logit_bias"),
        (after_the_bias, "/extras/tokenize", "logit_bias"),
    ],
    ids=["vLLM", "SGLang", "a bias", "a bias, and another tokenizer"],
)
async def test_letters_beyond_the_likeliest_tokens_are_exact_and_it_is_recorded_how(
    answer: Answer, tokenizer: str, way: str
) -> None:
    score, label_shares, _ = await scored(server(answer, tokenizer))
    assert score.failure is None
    assert label_shares == f"top 20, {way} where unsure"
    assert [math.exp(label.lower) for label in score.labels] == pytest.approx([0.4, 3e-4, 3.01e-7], rel=1e-6)
    assert [label.upper - label.lower for label in score.labels] == pytest.approx([0, 0, 0], abs=1e-6)
    assert score.label_mass == pytest.approx(0.4003003)


@pytest.mark.parametrize(
    ("answer", "tokenizer"),
    [(chat, "/tokenize"), (chat, None), (ignores_the_ids, "/tokenize"), (after_the_bias, None)],
    ids=["nothing has an effect", "no tokenizer", "it writes ids but chooses the tokens", "a bias, and no tokenizer"],
)
async def test_a_server_that_cannot_be_asked_so_is_asked_once_and_bounded(
    answer: Answer, tokenizer: str | None
) -> None:
    score, label_shares, scripted = await scored(server(answer, tokenizer))
    assert label_shares == "top 20"
    assert score.failure is None
    lower, upper = zip(*((math.exp(label.lower), math.exp(label.upper)) for label in score.labels), strict=True)
    assert lower == pytest.approx((0.4, 0, 0))
    assert upper[1] > 3e-4
    assert "logprob_token_ids" not in scripted.requests[-1].body
    assert "logit_bias" not in scripted.requests[-1].body


async def test_figures_that_contradict_the_plain_answer_are_not_used() -> None:
    def other(request: Request) -> Any:
        answer = vllm(request)
        if "logprob_token_ids" in request.body:
            for shown in answer["choices"][0]["logprobs"]["content"][0]["top_logprobs"]:
                shown["logprob"] -= 1.0
        return answer

    _, label_shares, _ = await scored(server(other))
    assert label_shares == "top 20"


async def test_a_server_that_stops_answering_so_is_bounded_from_then_on() -> None:
    def once(request: Request) -> Any:
        messages: Any = request.body["messages"]
        is_gone = messages[-1]["content"] == PROBE.prompt and "logprob_token_ids" in request.body
        return {"error": {"message": "gone"}} if is_gone else vllm(request)

    score, label_shares, _ = await scored(server(once))
    assert score.failure is None
    assert math.exp(score.labels[0].lower) == pytest.approx(0.4)
    assert score.labels[1].lower == -math.inf
    assert label_shares == "top 20, logprob_token_ids where unsure", "it was opened so, and is cached so"


probability = st.floats(1e-7, 0.2)


@given(probability, probability, probability)
def test_figures_after_a_bias_are_taken_back_to_those_before_it(a: float, b: float, rest: float) -> None:
    others = {"x": 0.5 * rest, "y": 0.3 * rest, "z": 1 - a - b - 0.8 * rest}
    risen = {"A": a * math.exp(5), "B": b * math.exp(5), **others}
    after = [(token, math.log(value / sum(risen.values()))) for token, value in risen.items()]
    for before in ([("A", math.log(a))], [("x", math.log(others["x"]))]):  # a label is shown without it, or none is
        found = without_bias(("A", "B"), before, after, bias=5.0)
        assert found is not None
        assert [math.exp(label.lower) for label in found] == pytest.approx([a, b], rel=1e-6)


def test_the_mass_of_labels_is_not_computed_from_a_bias_that_leaves_nothing_to_others() -> None:
    after = [("A", math.log(0.6)), ("B", math.log(0.3999)), ("x", math.log(1e-5))]
    assert without_bias(("A", "B"), [("x", -1.0)], after) is None
    known = without_bias(("A", "B"), [("A", math.log(0.006))], after)
    assert known is not None
    assert math.exp(known[1].lower) == pytest.approx(0.006 * 0.3999 / 0.6), "the ratio holds, and one label is known"
