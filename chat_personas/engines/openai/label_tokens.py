"""Exact figures for the labels from servers that show only their likeliest tokens, by naming the labels' own tokens.

A server that turns text into tokens lets one find the tokens of a label: the last token of the label bare, after a
space and after a line break, as the embedded engine does. Then there are three ways to ask for their log-probabilities:

`logprob_token_ids`: vLLM's `/v1/chat/completions` takes a list of token ids (at most 128) and shows exactly those
besides the token that it chose; with `return_tokens_as_token_ids` each is written `token_id:N`. The ids come from its
`/tokenize` (`prompt`, `add_special_tokens`).

`token_ids_logprob`: SGLang's `/generate` takes the ids of a prompt (`input_ids`) and of tokens, and with
`return_logprob` answers `output_token_ids_logprobs` in its `meta_info`: for each token that it writes a list of
[log-probability, id, text]. The prompt's ids come from its `/tokenize`, which applies the chat template to `messages`.

`logit_bias`: the same bias b > 0 on the tokens of all labels, on servers whose log-probabilities come after the bias.
With p a token's probability without the bias and m the sum of p over the tokens L that have it, its probability is then

    p'(l) = p(l) e^b / (1 + m (e^b - 1))   for l in L,

so labels that were cut off become likely enough to be shown, and the ratios among them are as they were. One label that
is shown without the bias, too, gives the rest: p(l) = p'(l) p(a) / p'(a), which is as exact as what the server sends.
Where none is shown, the sum m' over L with the bias gives m = m' / (e^b - m' (e^b - 1)). A relative error d of m' then
is one of d / (1 - m') in m / (1 - m), so that is done only while 1 - m' is large against the rounding of what is sent.

Each way is tried once on one question, and used only if it shows what was asked for and agrees with the plain answer.
"""

import asyncio
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from chat_personas.engines.openai.capabilities import Asking, Capabilities, Dialect, LabelWay
from chat_personas.engines.openai.connection import Connection
from chat_personas.engines.openai.events import UnreadableAnswerError
from chat_personas.engines.openai.responses import label_bounds, most_bytes
from chat_personas.engines.openai.wire import (
    completion,
    likeliest,
    token_ids,
    token_ids_shown,
    token_log_probabilities,
)
from eval.engine import LabelScore

Top = Sequence[tuple[str, float]]
"""The likeliest first tokens as a server shows them, each with its natural log-probability."""

BIAS = 20.0
"""Far above what separates likely tokens from rare ones (ln 1e8 = 18), and well within what servers allow (100)."""
WITH_TEMPLATE = "/tokenize"
"""Takes messages, too, on the servers of vLLM and SGLang, and applies the chat template to them."""
_TOKENIZERS = (WITH_TEMPLATE, "/extras/tokenize")
"""vLLM, SGLang and llama-server; llama-cpp-python."""
_SURROUNDINGS = ("", " ", "\n")
_HARDLY_ANYTHING = 1e-3
_ROUNDING = 1e-6
"""The relative rounding of a probability from the logarithm of one in single precision."""
_MOST_ERROR = 1e-3
"""The most relative error of the labels' odds for which they are computed from biased figures alone."""
_SAME = 0.05
"""Two answers to one question agree if a label's log-probabilities differ by no more; they differ by batching."""
_LABELS = ("A", "B", "C")
_QUESTION = "Choose one of the letters A, B and C at random. Answer with this letter only."
_WAYS: tuple[LabelWay, ...] = ("logprob_token_ids", "token_ids_logprob", "logit_bias")
_CHAT = "/chat/completions"
_LONGEST = 1 << 20
_SECONDS = 10.0
"""How long a server may take for the tokens of a few letters; one may not know the path and never answer."""


class LabelTokens:
    """The tokens of labels in the vocabulary of a server's model, each found once."""

    def __init__(self, connection: Connection, model: str, path: str) -> None:
        """`path` is where the server turns text into tokens, at its root."""
        self._connection = connection
        self._model = model
        self._path = path
        self._found: dict[str, tuple[int, ...]] = {}
        self._finding = asyncio.Lock()

    async def of(self, labels: Sequence[str]) -> dict[str, tuple[int, ...]]:
        """Return the distinct tokens of each label.

        Raises:
            openai.OpenAIError: the server does not answer, or refuses.
            UnreadableAnswerError: it sends something else than tokens, or a label has more than one character: its last
                token may be a part of it.
        """
        async with self._finding:
            for label in labels:
                if label not in self._found:
                    self._found[label] = await self._find(label)
        return {label: self._found[label] for label in labels}

    async def _find(self, label: str) -> tuple[int, ...]:
        if len(label) != 1:
            raise UnreadableAnswerError("no single token for a label of several characters")
        ends = set()
        for space in _SURROUNDINGS:
            text = f"{space}{label}"
            # one body for all of them: vLLM and SGLang read `prompt`, llama-server `content`, llama-cpp-python `input`
            body = {"model": self._model, "prompt": text, "content": text, "input": text, "add_special_tokens": False}
            ends.add(token_ids(await self._connection.post(self._path, body, most=_LONGEST, at_root=True))[-1])
        return tuple(sorted(ends))


async def with_label_way(asking: Asking, found: Capabilities) -> Capabilities:
    """Return what was found out about a server, with a way to ask for the labels' own tokens if it has one.

    A server that shows many alternatives, or hardly leaves anything unseen, is not asked.
    """
    if found.dialect.many or not found.dialect.top_k or found.unseen <= _HARDLY_ANYTHING:
        return found
    for path in _TOKENIZERS:
        if (ids := await _label_ids(LabelTokens(asking.connection, found.model, path))) is not None:
            way = await _find_way(asking, found.model, found.dialect, ids)
            dialect = replace(found.dialect, label_way=way, tokenizer=path if way else "")
            return replace(found, dialect=dialect)
    return found


async def _label_ids(tokens: LabelTokens) -> dict[str, tuple[int, ...]] | None:
    import openai

    try:
        async with asyncio.timeout(_SECONDS):
            return await tokens.of(_LABELS)
    except (TimeoutError, openai.OpenAIError, UnreadableAnswerError):
        return None


async def _find_way(
    asking: Asking, model: str, dialect: Dialect, ids: Mapping[str, tuple[int, ...]]
) -> LabelWay | None:
    import openai

    messages = [{"role": "user", "content": _QUESTION}]
    try:
        answer = await asking.answer(dialect.first_token(model, messages, seed=0), 1)
        plain = likeliest(answer.log_probabilities) or []
    except (openai.OpenAIError, UnreadableAnswerError):
        return None
    for way in _WAYS:
        prompt = Prompt(asking.connection, replace(dialect, label_way=way), model, messages)
        try:
            if way == "logit_bias":
                works = _comes_after_bias(plain, await prompt.biased(ids))
            else:
                works = _agree(plain, await prompt.exact(ids))
        except (openai.OpenAIError, UnreadableAnswerError):
            continue
        if works:
            return way
    return None


def _agree(plain: Top, exact: Sequence[LabelScore]) -> bool:
    """Whether exact figures are within the bounds of the plain answer, which has to show at least one label."""
    bounds = label_bounds([label.label for label in exact], plain)
    shown = any(bound.lower > -math.inf for bound in bounds)
    within = (
        bound.lower - _SAME <= label.lower <= bound.upper + _SAME for label, bound in zip(exact, bounds, strict=True)
    )
    return shown and all(within)


def _comes_after_bias(plain: Top, biased: Top) -> bool:
    """Whether reported log-probabilities come after the bias, so that the labels rise together.

    Two labels at least have to be shown without and with it, at the same distance, and with it hardly anything else may
    be left, as with such a bias and labels that have some probability.
    """
    without, having = _unique(plain), _unique(biased)
    shifts = [having[token] - without[token] for token in without.keys() & having.keys() if token.strip() in _LABELS]
    if len(shifts) < 2 or max(shifts) - min(shifts) > _SAME:
        return False
    before, after = _sum(without), _sum(having)
    return before < 1 - _HARDLY_ANYTHING and after > 1 - _HARDLY_ANYTHING


def _unique(top: Top) -> dict[str, float]:
    """Return the log-probability of each text that one token alone has."""
    texts = [token for token, _ in top]
    return {token: value for token, value in top if texts.count(token) == 1}


def _sum(top: Mapping[str, float]) -> float:
    return math.fsum(math.exp(value) for token, value in top.items() if token.strip() in _LABELS)


@dataclass(frozen=True, slots=True)
class Prompt:
    """Messages to a model behind `connection`, after which the labels' own tokens are asked for in its dialect."""

    connection: Connection
    dialect: Dialect
    model: str
    messages: Sequence[Mapping[str, str]]

    async def exact(self, ids: Mapping[str, tuple[int, ...]]) -> tuple[LabelScore, ...]:
        """Return the log-probability of each label, exact: both bounds are equal.

        `ids` are the tokens of each label.

        Raises:
            openai.OpenAIError: the server does not answer, or refuses.
            UnreadableAnswerError: it does not show every token that was asked for, or many that were not.
        """
        wanted = sorted({each for of_label in ids.values() for each in of_label})
        ask = self._from_sglang if self.dialect.label_way == "token_ids_logprob" else self._from_vllm
        shown = await ask(wanted)
        if not shown.keys() >= set(wanted) or len(shown) > len(wanted) + 1:
            raise UnreadableAnswerError("other tokens than those that were asked for")
        return tuple(_label_score(label, [shown[each] for each in of_label]) for label, of_label in ids.items())

    async def biased(self, ids: Mapping[str, tuple[int, ...]]) -> Top:
        """Return the likeliest first tokens with `BIAS` on the tokens of all labels. Raises as `exact`."""
        return await self._top({"logit_bias": {str(each): BIAS for of_label in ids.values() for each in of_label}})

    async def _top(self, more: Mapping[str, Any]) -> Top:
        body = {**self.dialect.first_token(self.model, self.messages), **more}
        answer = completion(await self.connection.post(_CHAT, body, most=most_bytes(1)))
        return likeliest(answer.log_probabilities) or []

    async def _from_vllm(self, wanted: list[int]) -> dict[int, float]:
        return token_ids_shown(await self._top({"logprob_token_ids": wanted, "return_tokens_as_token_ids": True}))

    async def tokens(self) -> list[int]:
        """Return the ids of all tokens of the prompt, those of the chat template among them. Raises as `exact`."""
        body = self.dialect.first_token(self.model, self.messages)
        kept = ("model", "messages", "chat_template_kwargs")
        prompt: dict[str, Any] = {key: body[key] for key in kept if key in body}
        # a token of the prompt has some ten characters with what surrounds it
        longest = _LONGEST + 16 * sum(len(message["content"]) for message in self.messages)
        return token_ids(await self.connection.post(WITH_TEMPLATE, prompt, most=longest, at_root=True))

    async def _from_sglang(self, wanted: list[int]) -> dict[int, float]:
        asked = {
            "input_ids": await self.tokens(),
            "sampling_params": {"max_new_tokens": 1, "temperature": 1.0, "top_p": 1.0},
            "return_logprob": True,
            "token_ids_logprob": wanted,
        }
        return token_log_probabilities(await self.connection.post("/generate", asked, most=most_bytes(1), at_root=True))


def _label_score(label: str, values: Sequence[float]) -> LabelScore:
    total = math.fsum(map(math.exp, values))
    figure = math.log(total) if total > 0 else -math.inf
    return LabelScore(label, figure, figure)


def without_bias(labels: Sequence[str], plain: Top, biased: Top, bias: float = BIAS) -> tuple[LabelScore, ...] | None:
    """Return bounds on the log-probability of each label without the bias, from answers without and with it.

    See the head of this module for the formulas. None: no label is shown without the bias, and with it they leave too
    little to others to tell how likely they were.
    """
    without, having = _unique(plain), _unique(biased)
    common = [token for token in without.keys() & having.keys() if token.strip() in labels]
    if common:
        token = max(common, key=lambda each: (without[each], each))
        shift = without[token] - having[token]
    else:
        mass = math.fsum(math.exp(value) for token, value in biased if token.strip() in labels)
        if (1 - mass) * _MOST_ERROR < _ROUNDING:
            return None
        shift = -bias - math.log1p(-mass * -math.expm1(-bias))  # m / m'
    return tuple(
        LabelScore(each.label, each.lower + shift, min(0.0, each.upper + shift))
        for each in label_bounds(labels, biased)
    )
