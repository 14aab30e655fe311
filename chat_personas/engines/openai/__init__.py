"""OpenAI-compatible servers, on this machine or elsewhere.

The engine is imported when it is first used, since the rest of the program needs only what may be shown of an address;
the `openai` package when an engine is opened.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from chat_personas.engines.openai.engine import OpenAIEngine

__all__ = ["OpenAIEngine"]


def __getattr__(name: str) -> object:
    if name != "OpenAIEngine":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from chat_personas.engines.openai.engine import OpenAIEngine

    return OpenAIEngine
