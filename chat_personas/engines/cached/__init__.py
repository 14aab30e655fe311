"""Answers of language models that were paid for once: kept as they come, and served when the same is asked again."""

from chat_personas.engines.cached.engine import Memory, RememberingEngine, Tally
from chat_personas.engines.cached.store import AnswerStore, CacheError, Run

__all__ = ["AnswerStore", "CacheError", "Memory", "RememberingEngine", "Run", "Tally"]
