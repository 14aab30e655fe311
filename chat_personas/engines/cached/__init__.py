"""Answers of a model that are asked for once: stored as they come, and taken from the cache when asked again."""

from chat_personas.engines.cached.engine import CachedEngine, CacheStats, remembering
from chat_personas.engines.cached.store import AnswerStore, CacheError, Run

__all__ = ["AnswerStore", "CacheError", "CacheStats", "CachedEngine", "Run", "remembering"]
