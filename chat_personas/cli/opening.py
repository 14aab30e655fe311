"""What a model is and can do, found out by opening it.

Opening the model of a command that asks many questions of it.

Opening the corpus for a command, and closing it whatever happens.
"""

import asyncio
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from typing import TYPE_CHECKING

from chat_personas.cli.progress import busy
from chat_personas.engines.open import open_engine, shown_model

if TYPE_CHECKING:
    from chat_personas.corpus import Corpus
    from chat_personas.settings import Settings
    from eval.engine import Engine, EngineInfo


def described_engine(model: str, settings: "Settings") -> "EngineInfo":
    """Open `model`, close it again, and return its description.

    Raises:
        UnknownModelError: no model goes by that name.
        EngineError: the file is no model, or the server does not answer.
    """
    return asyncio.run(_describe(model, settings))


async def _describe(model: str, settings: "Settings") -> "EngineInfo":
    from chat_personas.cli.progress import busy
    from chat_personas.engines.open import open_engine, shown_model

    with busy(f"opening {shown_model(model)}…"):
        engine = await open_engine(model, settings)
    try:
        return engine.info
    finally:
        await engine.close()


async def opened_model(model: str, settings: "Settings", opened: AsyncExitStack) -> "Engine":
    """Open a model, saying so where somebody waits; it is closed with `opened`.

    Raises:
        UnknownModelError: there is no such model.
        EngineError: it cannot be opened.
    """
    with busy(f"opening {shown_model(model)}…"):
        engine = await open_engine(model, settings)
    opened.push_async_callback(engine.close)
    return engine


@contextmanager
def open_corpus(*, read_only: bool = False) -> Iterator["Corpus"]:
    """Open the user's corpus. Raises CorpusError: it cannot be opened, or (read only) there is none yet."""
    from chat_personas.corpus import Corpus
    from chat_personas.paths import corpus_path, make_private

    path = corpus_path()
    if not read_only:
        make_private(path.parent)
    corpus = Corpus.open(path, read_only=read_only)
    try:
        yield corpus
    finally:
        corpus.close()
