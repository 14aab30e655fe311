"""What a model is and can do, found out by opening it."""

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from chat_personas.settings import Settings
    from eval.engine import EngineInfo


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
