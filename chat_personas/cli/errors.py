"""Exit codes, and which error means which."""

from typing import Final

DONE: Final = 0
CHECK_FAILED: Final = 1
BAD_INPUT: Final = 2
MODEL_FAILED: Final = 3
STORAGE_FAILED: Final = 4
INTERNAL_ERROR: Final = 70
"""An error that nobody foresaw. Not Python's own 1, which a script would take for a check that did not hold."""
INTERRUPTED: Final = 130


class UsageError(Exception):
    """The command line asks for something that cannot be done. The message is one line."""


class CommandLineError(UsageError):
    """The command line itself is wrong: an unknown option, a value that is missing. The message is one line."""


class StoppedError(Exception):
    """The person broke it off. The message is one line that says what is kept."""


class CheckFailedError(Exception):
    """A check that was asked for did not hold. The message is one line."""


def exit_code(error: BaseException) -> int | None:
    """Return the exit code for an error that is part of the interface, or None for one that is a mistake of ours."""
    from chat_personas.corpus.errors import CorpusError, ExportError, NoCorpusError, UnknownConversationError
    from chat_personas.engines.cached.store import CacheError
    from chat_personas.engines.open import UnknownModelError
    from chat_personas.engines.openai.capabilities import NoSuchModelError
    from chat_personas.paths import UnwritableError
    from chat_personas.settings import SettingsError
    from eval.engine import EngineError
    from eval.errors import AnswerError, ReportError, SurveyError
    from personas.errors import PersonaError

    wrong_input = (
        *(UsageError, SettingsError, PersonaError, SurveyError, AnswerError, ReportError),
        *(UnknownModelError, NoSuchModelError),
        *(ExportError, NoCorpusError, UnknownConversationError),  # storage works: what was asked of it is wrong
    )
    table: tuple[tuple[tuple[type[BaseException], ...], int], ...] = (
        ((CheckFailedError,), CHECK_FAILED),
        ((StoppedError,), INTERRUPTED),
        (wrong_input, BAD_INPUT),
        ((EngineError,), MODEL_FAILED),
        ((CorpusError, CacheError, UnwritableError), STORAGE_FAILED),
    )
    return next((code for kinds, code in table if isinstance(error, kinds)), None)
