"""Keeping replies to a form: servers take a JSON schema in different ways, or not at all, and some only seem to."""

import json
from typing import TYPE_CHECKING, Any, Literal

from eval.engine import Percentages

if TYPE_CHECKING:
    from openai import AsyncOpenAI

    from chat_personas.engines.openai.dialect import Dialect

Form = Literal["json_schema", "json_object", "none"]
"""How a server takes a schema: as `json_schema`; inside `json_object`, as llama.cpp's servers do; or not."""
TRIED: tuple[Form, ...] = ("json_object", "json_schema")
"""In this order: llama-cpp-python's server fails on `json_schema`, and others refuse or pass over what is first."""
_TRIAL = Percentages(("A", "B"))


def response_format(form: Form, wanted: Percentages) -> Any:
    """Return the request's `response_format` for `wanted`, for a server that takes it in this form."""
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
    """Ask for a greeting in the form of percentages: only a server that keeps replies to a form gives those.

    Raises:
        openai.OpenAIError: the server fails for another reason than the form.
    """
    import openai

    for form in TRIED:
        try:
            answer = await client.chat.completions.create(
                model=model,
                messages=[{"role": "user", "content": "Say hello."}],
                response_format=response_format(form, _TRIAL),
                extra_body=dialect.extra(),
                **dialect.limit(64),
                **dialect.drawing(0.0, 1.0),
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
