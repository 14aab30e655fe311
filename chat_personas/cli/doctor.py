"""`chat-personas doctor`: is everything there, and where."""

import sys
from collections.abc import Callable

from chat_personas.cli.exit_codes import CHECK_FAILED, DONE

EXAMPLE = "Example: chat-personas doctor"


def doctor() -> int:
    """Check the installation: versions, settings, corpus, built-in model, survey and library."""
    checks: tuple[tuple[str, Callable[[], str]], ...] = (
        ("program", _program),
        ("settings", _settings),
        ("corpus", _corpus),
        ("embedded engine", _engine),
        ("survey", _survey),
        ("personas", _personas),
    )
    failed = 0
    for title, check in checks:
        try:
            print(f"  ok    {title:16} {check()}")
        except Exception as error:  # each check stands for itself; the error is the finding
            failed += 1
            print(f"  FAIL  {title:16} {' '.join(str(error).split())}")
    return CHECK_FAILED if failed else DONE


def _program() -> str:
    from chat_personas import __version__

    return f"chat-personas {__version__}, Python {sys.version.split()[0]}"


def _settings() -> str:
    from chat_personas.config import load_settings
    from chat_personas.paths import settings_path

    settings = load_settings()
    there = settings_path() if settings_path().exists() else f"defaults ({settings_path()} is not there)"
    return f"{there}; persona {settings.persona}, model {settings.model}, survey {settings.survey}"


def _corpus() -> str:
    from chat_personas.cli.storage import open_corpus
    from chat_personas.corpus.selection import Selection
    from chat_personas.paths import corpus_path

    if not corpus_path().exists():
        return f"none yet; it will be {corpus_path()}"
    with open_corpus(read_only=True) as corpus:
        return f"{corpus_path()}, {len(corpus.conversations(Selection()))} conversations"


def _engine() -> str:
    import asyncio

    from chat_personas.config import load_settings
    from chat_personas.engines.open import open_engine

    async def ask() -> str:
        engine = await open_engine("pocket", load_settings())
        try:
            info = engine.info
            return f"{info.name}, {info.quantization}, context {info.context_length}"
        finally:
            await engine.close()

    return asyncio.run(ask())


def _survey() -> str:
    from chat_personas.config import load_settings
    from eval.survey import load_survey

    loaded = load_survey(load_settings().survey)
    return f"{loaded.survey.name}, {len(loaded.survey.questions)} questions"


def _personas() -> str:
    from personas import library_names, load_persona

    names = library_names()
    for name in names:
        load_persona(name)
    return f"{len(names)} in the library"
