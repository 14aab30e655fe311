"""Answers of language models that were paid for once: kept as they come, and served when the same is asked again."""

from chat_personas.answer_cache.errors import CacheError
from chat_personas.answer_cache.memory import Memory
from chat_personas.answer_cache.remembering import RememberingEngine
from chat_personas.answer_cache.store import AnswerStore, Run
from chat_personas.answer_cache.tally import Tally

__all__ = ["AnswerStore", "CacheError", "Memory", "RememberingEngine", "Run", "Tally"]
