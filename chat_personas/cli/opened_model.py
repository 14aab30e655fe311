"""Opening the model of a command that asks many questions of it."""

from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

from chat_personas.cli.progress import busy
from chat_personas.engines.open import open_engine, shown_model

if TYPE_CHECKING:
    from chat_personas.settings import Settings
    from eval.engine import Engine


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
