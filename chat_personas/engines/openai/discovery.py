"""Finding out what a server is: which models it serves, and what it takes and gives."""

import difflib
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from chat_personas.engines.openai.address import shown
from chat_personas.engines.openai.dialect import Dialect, without_refused
from eval.engine import EngineError

if TYPE_CHECKING:
    from openai import AsyncOpenAI


class NoSuchModelError(EngineError):
    """The server works, but serves no model of that name, or several and none was named: wrong input."""


@dataclass(frozen=True, slots=True)
class Capabilities:
    """The model that is talked to (as the server names it) and how.

    `answered` is the name in its answer, if any; `seconds` is what that short answer took.
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
            f"{shown(url)} serves {len(served)} models; name one: --model {shown(url)}#NAME ({listed})"
        )
    if served and model not in served:
        near = difflib.get_close_matches(model, served, n=1)
        hint = f"did you mean {near[0]}?" if near else f"it serves {', '.join(sorted(served)[:8])}"
        raise NoSuchModelError(f"{shown(url)} has no model {model!r}; {hint}")
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
                **dialect.drawing(1.0, 1.0),
            )
        except (openai.BadRequestError, openai.UnprocessableEntityError) as error:
            if (simpler := without_refused(dialect, str(error))) is None:
                raise
            dialect = simpler
            continue
        seconds, answered = time.monotonic() - asked, getattr(answer, "model", None)
        shows = dialect.showing(_shown_count(answer))
        return Capabilities(model, shows, answered if isinstance(answered, str) else None, seconds)


def _shown_count(answer: object) -> int:
    """How many alternatives the server really showed for the first token: it may ignore what it does not know."""
    choices = getattr(answer, "choices", None) or []
    content = getattr(getattr(choices[0], "logprobs", None), "content", None) if choices else None
    return len(content[0].top_logprobs or []) if content else 0
