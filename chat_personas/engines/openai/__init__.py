"""OpenAI-compatible servers, on this machine or elsewhere.

The `openai` package is imported when an engine is opened, not here.
"""

from chat_personas.engines.openai.engine import OpenAIEngine

__all__ = ["OpenAIEngine"]
