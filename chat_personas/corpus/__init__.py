"""The corpus: every conversation, with how each reply was made and what was measured, in one SQLite file."""

from chat_personas.corpus.conversations import Selection
from chat_personas.corpus.corpus import Corpus
from chat_personas.corpus.errors import CorpusError, ExportError, UnknownConversationError
from chat_personas.corpus.rows import (
    ConversationRow,
    ConversationSummary,
    DebateSideRow,
    GenerationRow,
    GroupRow,
    MeasurementRow,
    MessageRow,
    PersonaChangeRow,
    ProbeRow,
    RatingRow,
    ReplyModel,
    ReplyPersona,
    SearchHit,
    Status,
    Thought,
    Words,
)

__all__ = [
    "ConversationRow",
    "ConversationSummary",
    "Corpus",
    "CorpusError",
    "DebateSideRow",
    "ExportError",
    "GenerationRow",
    "GroupRow",
    "MeasurementRow",
    "MessageRow",
    "PersonaChangeRow",
    "ProbeRow",
    "RatingRow",
    "ReplyModel",
    "ReplyPersona",
    "SearchHit",
    "Selection",
    "Status",
    "Thought",
    "UnknownConversationError",
    "Words",
]
