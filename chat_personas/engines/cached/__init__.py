"""Answers of language models that were paid for once: kept as they come, and served when the same is asked again."""

from chat_personas.engines.cached.engine import AnswerMemory, CachedEngine, CacheStats
from chat_personas.engines.cached.store import AnswerStore, CacheError, Run

__all__ = ["AnswerMemory", "AnswerStore", "CacheError", "CacheStats", "CachedEngine", "Run"]
