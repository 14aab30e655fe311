"""chat-personas: talk with a model steered toward a demographic group, and measure its opinions.

The names below are what a script or a notebook needs of the application: models, the person's surveys, and the corpus.
docs/python.md shows how they are used. Each is imported when it is first used.
"""

from importlib import import_module

TYPE_CHECKING = False  # as `typing` has it, whose import takes most of the time until Ctrl+C is listened to (__main__)

if TYPE_CHECKING:
    from chat_personas.corpus import Corpus, CorpusError
    from chat_personas.engines.open import UnknownModelError, open_engine, open_engine_sync
    from chat_personas.paths import corpus_path
    from chat_personas.surveys import find_survey
else:
    _MODULES = {
        "chat_personas.corpus": ("Corpus", "CorpusError"),
        "chat_personas.engines.open": ("UnknownModelError", "open_engine", "open_engine_sync"),
        "chat_personas.paths": ("corpus_path",),
        "chat_personas.surveys": ("find_survey",),
    }
    _MODULE_OF = {name: module for module, names in _MODULES.items() for name in names}

    # The same lines stand in eval and personas: nothing of ours may be imported here, since the console command settles
    # which packages of these names are meant only afterwards (cli/bootstrap.py).
    def __getattr__(name: str) -> object:
        """Import a public name when it is first used (PEP 562)."""
        if name not in _MODULE_OF:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        globals()[name] = found = getattr(import_module(_MODULE_OF[name]), name)
        return found


__version__ = "0.1.0"

__all__ = [
    "Corpus",
    "CorpusError",
    "UnknownModelError",
    "__version__",
    "corpus_path",
    "find_survey",
    "open_engine",
    "open_engine_sync",
]


def __dir__() -> list[str]:
    """Return the public names, imported or not, for completion in a notebook."""
    return sorted({*globals(), *__all__})
