"""What a server is and can do, found out by asking it: its models, its parameters, and how it keeps replies to a form.

OpenAI-compatible servers differ in the parameters that they accept. So the first request has everything that we would
like to send, and parameters that the server refuses are left out one by one.
"""

import hashlib
import json
import math
import re
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal, TypeVar

from chat_personas.engines.openai.connection import Connection
from chat_personas.engines.openai.events import UnreadableAnswerError
from chat_personas.engines.openai.overflow import refusal_in
from chat_personas.engines.openai.responses import most_bytes
from chat_personas.engines.openai.retrying import is_unreachable, through_hiccups
from chat_personas.engines.openai.wire import Completion, completion, likeliest, model_names, quotable
from eval.engine import EngineError, Percentages
from personas.inputs.redaction import shown_address
from personas.inputs.suggestions import quoted, suggestion

T = TypeVar("T")

_MOST_NAMED = 8
"""Models of a server that an error names."""
_MOST_TOP_K = 20
_MANY = 2000
"""Alternatives with which hardly anything is left unseen; servers of llama.cpp show that many, most others do not."""
_TOP_K_STEPS = (10, 5, 0)
"""How many alternatives are asked for after the most were refused."""
_HARDLY_ANYTHING = 1e-3
_SAME = 0.05
"""Two answers to one question agree if the log-probabilities of every token that both show differ by no more."""
_QUESTIONS = (
    "Answer with the letter A.",
    "Say any word.",
    "Name an animal, a colour or a town.",
)
"""What a server is asked while it is found out how many tokens it shows: one certain answer, then less certain ones."""
_FORBIDDEN = frozenset({403, 405})
_PARAMETER = (
    r"\b(seed|temperature|top_p|(top_)?logprobs|chat_template_kwargs|max_completion_tokens"
    r"|stream_options|include_usage)\b"
)
_REFUSES = (
    r"\b(unsupported|unknown|unrecogni[sz]ed|unexpected|invalid|forbidden|deprecated|must|at most|support"
    r"|not (be )?(supported|allowed|permitted|accepted|available|known|implemented|valid))\b"
)
_NAMES_PARAMETER = re.compile(f"{_PARAMETER}.{{0,80}}{_REFUSES}|{_REFUSES}.{{0,80}}{_PARAMETER}", re.IGNORECASE)
_NOT_ABOUT_PARAMETERS = frozenset({408, 409, 429, 503, 529})


LabelWay = Literal["logprob_token_ids", "token_ids_logprob", "logit_bias"]
"""How a server is asked for the labels' own tokens, by the parameter that names them; see `label_tokens`."""


@dataclass(frozen=True, slots=True)
class Dialect:
    """Which parameters a server accepts.

    Attributes:
        token_limit: the name of the parameter that limits a reply's tokens.
        top_k: how many of the likeliest first tokens it may be asked for with their log-probabilities; 0 for none.
        quiet: whether it accepts a field that asks reasoning models not to think.
        temperature: whether it accepts `temperature` and `top_p`.
        seed: whether it accepts `seed`.
        usage: whether it may be asked how many tokens a streamed reply took, by `stream_options`.
        many: the same as `top_k` where those leave too much unseen, which takes some servers long; 0 for no more.
        n_probs: whether `many` is asked for under the name that llama-server gives it.
        label_way: how it can be asked for the labels' own tokens where `top_k` leaves too much unseen; None: not.
        tokenizer: where it turns text into tokens, for `label_way`; "" for nowhere.
        vectors: the fields in which every request brings what is added to the model's hidden states; see `steering`.
    """

    token_limit: str = "max_tokens"  # noqa: S105
    top_k: int = _MOST_TOP_K
    quiet: bool = True
    temperature: bool = True
    seed: bool = True
    usage: bool = True
    many: int = 0
    n_probs: bool = False
    label_way: LabelWay | None = None
    tokenizer: str = ""
    vectors: Mapping[str, Any] = field(default_factory=dict)

    def request(
        self,
        model: str,
        messages: Sequence[Mapping[str, str]],
        *,
        tokens: int,
        temperature: float,
        top_p: float,
        seed: int | None = None,
    ) -> dict[str, Any]:
        """Return the body of a request for a reply of at most `tokens` tokens, without what the server refuses."""
        return {
            "model": model,
            "messages": messages,
            self.token_limit: tokens,
            **({"temperature": temperature, "top_p": top_p} if self.temperature else {}),
            **({"seed": seed} if self.seed and seed is not None else {}),
            **({"chat_template_kwargs": {"enable_thinking": False}} if self.quiet else {}),
            **self.vectors,
        }

    def streamed(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """Return the body of a request whose reply is to be streamed, with a count of its tokens at the end."""
        asked = {"stream_options": {"include_usage": True}} if self.usage else {}
        return {**body, "stream": True, **asked}

    def first_token(
        self, model: str, messages: Sequence[Mapping[str, str]], *, seed: int | None = None, many: bool = False
    ) -> dict[str, Any]:
        """Return the body of a request for one token, with its alternatives if the server shows any."""
        count = self.many if many and not self.n_probs else self.top_k
        shown = {"logprobs": True, "top_logprobs": count} if count else {}
        more = {"n_probs": self.many} if many and self.n_probs else {}
        return {**self.request(model, messages, tokens=1, temperature=1.0, top_p=1.0, seed=seed), **shown, **more}


class NoSuchModelError(EngineError):
    """The server works, but serves no model of that name, or several and none was named: wrong input."""

    exit_code = 2


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What `discover` found.

    Attributes:
        model: the name by which the server is asked for the model.
        dialect: the parameters that it accepts.
        answered: the model's name in the server's answer, if there is one.
        seconds: the time of one short answer.
        shown: the most likeliest tokens that it showed in any answer.
        unseen: the probability of all tokens that it did not show in its answer to the first question.
    """

    model: str
    dialect: Dialect
    answered: str | None = None
    seconds: float = 0.0
    shown: int = 0
    unseen: float = 0.0


@dataclass(frozen=True, slots=True)
class Asking:
    """How a server is asked while it is found out what it can do: `connection`, and how often after a hiccup."""

    connection: Connection
    retries: int

    async def answer(self, body: Mapping[str, Any], tokens: int) -> Completion:
        """Return the answer to a request for at most `tokens` tokens. Raises as `Connection.post` and `completion`."""

        async def once() -> Completion:
            return completion(await self.connection.post("/chat/completions", body, most=most_bytes(tokens)))

        return await self.through_hiccups(once)

    async def through_hiccups(self, request: Callable[[], Awaitable[T]]) -> T:
        """Return the result of `request`, made again after a hiccup. Raises as `retrying.through_hiccups`."""
        return await through_hiccups(request, self.retries, here=self.connection.here)


async def discover(asking: Asking, url: str, model: str | None) -> Capabilities:
    """Ask the server for its models and for one token with log-probabilities.

    Raises:
        NoSuchModelError: several models and none named, or none of that name.
        openai.OpenAIError: the server does not answer, refuses the key, or fails.
        UnreadableAnswerError: what it sends is not an answer.
    """
    name = await _choose_model(asking, url, model)
    return await _learn_dialect(asking, name)


async def _choose_model(asking: Asking, url: str, model: str | None) -> str:
    served = model_names(await asking.through_hiccups(lambda: asking.connection.get("/models")))
    if model is None:
        if len(served) == 1:
            return served[0]
        listed = _some_of(served) or "none"
        raise NoSuchModelError(
            f"{shown_address(url)} serves {len(served)} models; name one: --model {shown_address(url)}#NAME ({listed})"
        )
    if served and model not in served:
        hint = suggestion(model, served, f"it serves {_some_of(served)}")
        raise NoSuchModelError(f"{shown_address(url)} has no model {quoted(model)}; {hint}")
    return model


def _some_of(served: Sequence[str]) -> str:
    return ", ".join(map(quotable, sorted(served)[:_MOST_NAMED]))


async def _learn_dialect(asking: Asking, model: str) -> Capabilities:
    """Find out what the server accepts and how many tokens it shows.

    One answer does not tell how many it shows: a server may show only tokens of some likelihood, which are few where it
    is sure. So where an answer shows fewer than were asked for, other questions follow, and the most shown counts.
    """
    import openai

    first, *others = _QUESTIONS
    dialect, answer, seconds = await _accepted(asking, model, Dialect(), first)
    shown = shown_count(answer)
    for question in others:
        if shown >= dialect.top_k:
            break
        try:
            dialect, other, took = await _accepted(asking, model, dialect, question)
        except (openai.OpenAIError, UnreadableAnswerError):
            break  # it answered once, and will say what is wrong when a person asks
        shown, seconds = max(shown, shown_count(other)), min(seconds, took)
    unseen = _unseen(answer)
    if shown and dialect.top_k == _MOST_TOP_K and unseen > _HARDLY_ANYTHING:
        dialect = await _with_many(asking, model, dialect, answer)
    return Capabilities(model, dialect if shown else replace(dialect, top_k=0), answer.model, seconds, shown, unseen)


def _unseen(answer: Completion) -> float:
    """Return the probability of all tokens that the answer does not show."""
    return 1.0 - math.fsum(math.exp(value) for _, value in _shown(answer))


async def _with_many(asking: Asking, model: str, dialect: Dialect, few: Completion) -> Dialect:
    """Return the dialect of a server that shows many more alternatives where it is asked for them, or the same.

    `few` is its answer in `dialect` to the first question. An answer with more alternatives has to agree with it: a
    server that lists tokens by their text may show the least likely of those with one text.
    """
    import openai

    waiting = [replace(dialect, many=_MANY), replace(dialect, many=_MANY, n_probs=True)]
    while waiting:
        more = waiting.pop(0)
        try:
            body = more.first_token(model, [{"role": "user", "content": _QUESTIONS[0]}], seed=0, many=True)
            answer = await asking.answer(body, 1)
        except (openai.OpenAIError, UnreadableAnswerError) as error:
            most = _named_limit(error, dialect.top_k, more.many)
            waiting = [replace(dialect, many=most), *waiting] if most else waiting
            continue
        if shown_count(answer) > dialect.top_k and _agree(few, answer):
            return more
    return dialect


def _named_limit(error: Exception, above: int, below: int) -> int | None:
    """Return the largest number between these two in the words of a refusal, which is how many the server allows."""
    refusal = refusal_in(error)
    numbers = [int(number) for number in re.findall(r"\d{1,5}", refusal.words)] if refusal is not None else []
    return max((number for number in numbers if above < number < below), default=None)


def _agree(one: Completion, other: Completion) -> bool:
    """Whether all tokens with a text that both answers show have the same log-probability in both."""
    first, second = dict(_shown(one)), dict(_shown(other))
    common = [token for token in first.keys() & second.keys() if token.strip("\ufffd \n")]
    return bool(common) and all(math.isclose(first[token], second[token], abs_tol=_SAME) for token in common)


async def _accepted(asking: Asking, model: str, dialect: Dialect, question: str) -> tuple[Dialect, Completion, float]:
    """Return the fullest dialect in which the server answers `question`, its answer, and the seconds that it took."""
    import openai

    while True:
        asked = time.monotonic()
        try:
            answer = await asking.answer(dialect.first_token(model, [{"role": "user", "content": question}], seed=0), 1)
        except (openai.OpenAIError, UnreadableAnswerError) as error:
            if (simpler := simpler_than(dialect, error)) is None:
                raise
            dialect = simpler
        else:
            return dialect, answer, time.monotonic() - asked


def simpler_than(dialect: Dialect, error: Exception) -> Dialect | None:
    """Return the dialect to try next after a request in `dialect` met `error`; None if no other may help.

    If a refusal names a parameter, it is that one. A server that says only that a request is not valid is asked without
    the least usual parameter first; one that forbids it, without log-probabilities. One that fails, breaks off, or
    sends nothing that can be read is asked for fewer alternatives: some fail on many.
    """
    import openai

    refusal = refusal_in(error)
    if refusal is not None:
        if refusal.status in _NOT_ABOUT_PARAMETERS or refusal.is_overflow or refusal.is_about_money:
            return None
        if (named := _without_named(dialect, refusal.words)) is not None:
            return named
        if refusal.status in (400, 422):
            return _without_least_usual(dialect)
        if refusal.status in _FORBIDDEN and dialect.top_k:
            return replace(dialect, top_k=0)
        return fewer_alternatives(dialect) if (refusal.status or 0) >= 500 else None
    if isinstance(error, openai.APITimeoutError) or is_unreachable(error):
        return None
    return fewer_alternatives(dialect)


def contradicted(dialect: Dialect, error: Exception, *, probing: bool) -> Dialect | None:
    """Return the dialect of a server that accepted `dialect` before and now fails with `error`; None if it is the same.

    In the middle of a run many other things fail. So only a parameter counts that a refusal names as one, and where
    alternatives were asked for (`probing`) that the connection broke off each time.
    """
    import openai

    refusal = refusal_in(error)
    if refusal is not None:
        names_one = refusal.status not in _NOT_ABOUT_PARAMETERS and _NAMES_PARAMETER.search(refusal.words)
        return _without_named(dialect, refusal.words) if names_one and not refusal.is_overflow else None
    broke_off = isinstance(error, openai.APIConnectionError) and not isinstance(error, openai.APITimeoutError)
    return fewer_alternatives(dialect) if probing and broke_off and not is_unreachable(error) else None


def fewer_alternatives(dialect: Dialect) -> Dialect | None:
    """Return the dialect that asks for fewer of the likeliest tokens, at last for none; None if it asks for none."""
    if not dialect.top_k:
        return None
    return replace(dialect, many=0, top_k=next(count for count in _TOP_K_STEPS if count < dialect.top_k))


def _without_named(dialect: Dialect, complaint: str) -> Dialect | None:
    text = complaint.lower()
    if ("stream_options" in text or "include_usage" in text) and dialect.usage:
        return replace(dialect, usage=False)
    if "max_completion_tokens" in text and dialect.token_limit == "max_tokens":  # noqa: S105
        return replace(dialect, token_limit="max_completion_tokens")  # noqa: S106
    if ("logprob" in text or "log prob" in text or "log-prob" in text) and dialect.top_k:
        return fewer_alternatives(dialect)
    if ("temperature" in text or "top_p" in text) and dialect.temperature:
        return replace(dialect, temperature=False)
    if "seed" in text and dialect.seed:
        return replace(dialect, seed=False)
    if ("chat_template_kwargs" in text or "enable_thinking" in text) and dialect.quiet:
        return replace(dialect, quiet=False)
    return None


def _without_least_usual(dialect: Dialect) -> Dialect | None:
    if dialect.quiet:
        return replace(dialect, quiet=False)
    if dialect.seed:
        return replace(dialect, seed=False)
    return fewer_alternatives(dialect)


def shown_count(answer: Completion) -> int:
    """Return how many alternatives the server showed for the first token: it may ignore a parameter."""
    return len(_shown(answer))


def _shown(answer: Completion) -> list[tuple[str, float]]:
    try:
        return likeliest(answer.log_probabilities) or []
    except UnreadableAnswerError:
        return []


def details(capabilities: Capabilities, account: str | None = None) -> dict[str, str]:
    """Return what tells models at one address apart, ways of asking one model, and accounts (see `account_of`).

    `answers as` is the model's name in the server's answers: behind an alias, it is the version that answers now.
    `names` is the start of the SHA-256 of both names in full, since the names that are shown leave directories out.
    """
    dialect, answered = capabilities.dialect, capabilities.answered or ""
    taken = {
        dialect.token_limit: True,
        "temperature": dialect.temperature,
        "seed": dialect.seed,
        "chat_template_kwargs": dialect.quiet,
    }
    names = hashlib.sha256(f"{capabilities.model}\0{answered}".encode()).hexdigest()
    return {
        "answers as": without_directories(answered),
        "names": names[:16],
        "parameters": ", ".join(name for name, takes in taken.items() if takes),
        **({"alternatives where unsure": str(dialect.many)} if dialect.many else {}),
        **({"labels where unsure": dialect.label_way} if dialect.label_way else {}),
        **({} if account is None else {"account": account}),
    }


def without_directories(model: str) -> str:
    """Return a model's name without the directories of a path; `organisation/model` is not a path and stays."""
    is_path = model.startswith(("/", "~", ".")) or "\\" in model or model.count("/") > 1
    return model.replace("\\", "/").rpartition("/")[2] if is_path else model


Form = Literal["json_schema", "json_object", "none"]
"""How a server accepts a schema: as `json_schema`; inside `json_object`, as llama.cpp's servers do; or not at all."""
_FORMS_TRIED: tuple[Form, ...] = ("json_object", "json_schema")
"""In this order: llama-cpp-python's server fails on `json_schema`, and others refuse or ignore `json_object`."""
_TRIAL = Percentages(("A", "B"))


def response_format(form: Form, wanted: Percentages) -> Any:
    """Return the request's `response_format` for `wanted`, for a server that accepts a schema in this form."""
    schema = {
        "type": "object",
        "properties": {key: {"type": "integer", "minimum": 0, "maximum": 100} for key in wanted.keys},
        "required": list(wanted.keys),
        "additionalProperties": False,
    }
    if form == "json_object":
        return {"type": "json_object", "schema": schema}
    return {"type": "json_schema", "json_schema": {"name": "percentages", "strict": True, "schema": schema}}


async def find_form(asking: Asking, model: str, dialect: "Dialect") -> Form:
    """Find out how the server keeps replies to a form.

    It is asked for a greeting in the form of percentages: only a server that keeps replies to the form gives those.

    Raises:
        openai.OpenAIError: the server fails for another reason than the form.
    """
    import openai

    body = dialect.request(model, [{"role": "user", "content": "Say hello."}], tokens=64, temperature=0.0, top_p=1.0)
    for form in _FORMS_TRIED:
        try:
            answer = await asking.answer({**body, "response_format": response_format(form, _TRIAL)}, 64)
        except (
            openai.BadRequestError,
            openai.UnprocessableEntityError,
            openai.InternalServerError,
            UnreadableAnswerError,
        ):
            continue
        if _has_form(answer.text):
            return form
    return "none"


def _has_form(reply: str) -> bool:
    try:
        found = json.loads(reply)
    except (ValueError, RecursionError):
        return False
    return isinstance(found, dict) and set(found) == set(_TRIAL.keys)
