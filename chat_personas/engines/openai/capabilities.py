"""What a server is and can do, found out by asking it: its models, its parameters, and how it keeps replies to a form.

OpenAI-compatible servers differ in the parameters that they accept. So the first request has everything that we would
like to send, and parameters that the server refuses are left out one by one.
"""

import hashlib
import json
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

from chat_personas.engines.openai.connection import redact_url
from eval.engine import EngineError, Percentages
from personas.inputs.suggestions import quoted, suggestion

if TYPE_CHECKING:
    from openai import AsyncOpenAI

_MOST_TOP_K = 20


@dataclass(frozen=True, slots=True)
class Dialect:
    """Which parameters a server accepts.

    Attributes:
        token_limit: the name of the parameter that limits a reply's tokens.
        top_k: how many of the likeliest first tokens it shows with their log-probabilities; 0 for none.
        quiet: whether it accepts a field that asks reasoning models not to think.
        temperature: whether it accepts `temperature` and `top_p`.
        seed: whether it accepts `seed`.
    """

    token_limit: str = "max_tokens"  # noqa: S105
    top_k: int = _MOST_TOP_K
    quiet: bool = True
    temperature: bool = True
    seed: bool = True

    def showing(self, count: int) -> "Dialect":
        """Return this dialect for a server that showed `count` likeliest tokens when it was asked for `top_k`."""
        return replace(self, top_k=min(self.top_k, count))

    def limit(self, tokens: int) -> dict[str, Any]:
        """Return the parameter that limits a reply to `tokens` tokens."""
        return {self.token_limit: tokens}

    def extra(self) -> dict[str, Any]:
        """Return the fields that ask a reasoning model not to think."""
        return {"chat_template_kwargs": {"enable_thinking": False}} if self.quiet else {}

    def sampling(self, temperature: float, top_p: float) -> dict[str, Any]:
        """Return the sampling parameters, if the server accepts them."""
        return {"temperature": temperature, "top_p": top_p} if self.temperature else {}


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
    """

    model: str
    dialect: Dialect
    answered: str | None = None
    seconds: float = 0.0


async def discover(client: "AsyncOpenAI", url: str, model: str | None) -> Capabilities:
    """Ask the server for its models and for one token with log-probabilities.

    Raises:
        NoSuchModelError: several models and none named, or none of that name.
        openai.OpenAIError: the server does not answer, refuses the key, or fails.
    """
    name = await _choose_model(client, url, model)
    return await _learn_dialect(client, name)


async def _choose_model(client: "AsyncOpenAI", url: str, model: str | None) -> str:
    served = [entry.id async for entry in client.models.list()]
    if model is None:
        if len(served) == 1:
            return served[0]
        listed = ", ".join(sorted(served)[:8]) or "none"
        raise NoSuchModelError(
            f"{redact_url(url)} serves {len(served)} models; name one: --model {redact_url(url)}#NAME ({listed})"
        )
    if served and model not in served:
        hint = suggestion(model, served, f"it serves {', '.join(sorted(served)[:8])}")
        raise NoSuchModelError(f"{redact_url(url)} has no model {quoted(model)}; {hint}")
    return model


async def _learn_dialect(client: "AsyncOpenAI", model: str) -> Capabilities:
    import openai

    dialect = Dialect()
    while True:
        asked = time.monotonic()
        try:
            answer = await client.chat.completions.create(
                model=model,
                messages=[{"role": "user", "content": "Answer with the letter A."}],
                logprobs=True if dialect.top_k else openai.omit,
                top_logprobs=dialect.top_k or openai.omit,
                seed=0 if dialect.seed else openai.omit,
                extra_body=dialect.extra(),
                **dialect.limit(1),
                **dialect.sampling(1.0, 1.0),
            )
        except (openai.BadRequestError, openai.UnprocessableEntityError) as error:
            if (simpler := _without_refused(dialect, str(error))) is None:
                raise
            dialect = simpler
            continue
        seconds, answered = time.monotonic() - asked, getattr(answer, "model", None)
        shows = dialect.showing(_shown_count(answer))
        return Capabilities(model, shows, answered if isinstance(answered, str) else None, seconds)


def _without_refused(dialect: Dialect, complaint: str) -> Dialect | None:
    """Return the dialect to try next after the server refused a request with `complaint`; None if none is left.

    If the complaint names a parameter, it is that one; otherwise the least usual one is left out first.
    """
    text = complaint.lower()
    if "max_completion_tokens" in text and dialect.token_limit == "max_tokens":  # noqa: S105
        return replace(dialect, token_limit="max_completion_tokens")  # noqa: S106
    if "logprob" in text and dialect.top_k:
        return replace(dialect, top_k=5 if dialect.top_k > 5 else 0)
    if ("temperature" in text or "top_p" in text) and dialect.temperature:
        return replace(dialect, temperature=False)
    if "seed" in text and dialect.seed:
        return replace(dialect, seed=False)
    if dialect.quiet:
        return replace(dialect, quiet=False)
    if dialect.seed:
        return replace(dialect, seed=False)
    if dialect.top_k:
        return replace(dialect, top_k=5 if dialect.top_k > 5 else 0)
    return None


def _shown_count(answer: object) -> int:
    """Return how many alternatives the server showed for the first token: it may ignore a parameter."""
    choices = getattr(answer, "choices", None) or []
    content = getattr(getattr(choices[0], "logprobs", None), "content", None) if choices else None
    return len(content[0].top_logprobs or []) if content else 0


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


async def find_form(client: "AsyncOpenAI", model: str, dialect: "Dialect") -> Form:
    """Find out how the server keeps replies to a form.

    It is asked for a greeting in the form of percentages: only a server that keeps replies to the form gives those.

    Raises:
        openai.OpenAIError: the server fails for another reason than the form.
    """
    import openai

    for form in _FORMS_TRIED:
        try:
            answer = await client.chat.completions.create(
                model=model,
                messages=[{"role": "user", "content": "Say hello."}],
                response_format=response_format(form, _TRIAL),
                extra_body=dialect.extra(),
                **dialect.limit(64),
                **dialect.sampling(0.0, 1.0),
            )
        except (openai.BadRequestError, openai.UnprocessableEntityError, openai.InternalServerError):
            continue
        if answer.choices and _has_form(answer.choices[0].message.content or ""):
            return form
    return "none"


def _has_form(reply: str) -> bool:
    try:
        found = json.loads(reply)
    except (ValueError, RecursionError):
        return False
    return isinstance(found, dict) and set(found) == set(_TRIAL.keys)
