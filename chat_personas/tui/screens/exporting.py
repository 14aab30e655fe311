"""Writing one conversation to a file, as chat JSON Lines that other programs load."""

import asyncio
from typing import TYPE_CHECKING

from chat_personas.text import printable
from chat_personas.tui.screens.path import PathScreen, in_short

if TYPE_CHECKING:
    from textual.app import App

    from chat_personas.corpus import Corpus

FORMAT = "openai"


async def export_conversation(app: "App[None]", corpus: "Corpus", conversation_id: str) -> None:
    """Ask where to, write, and say what was written or why it was not. Call it in a worker: it waits for an answer."""
    from chat_personas.corpus import CorpusError, Selection
    from chat_personas.corpus.export import export_file

    what = "Export this conversation as JSON Lines (OpenAI chat format) to:"
    path = await app.push_screen_wait(PathScreen(what, f"conversation-{conversation_id[-8:].lower()}.jsonl"))
    if path is None:
        return
    selection = Selection(ids=(conversation_id,))
    try:
        await asyncio.to_thread(export_file, corpus, FORMAT, selection, path, force=True)
    except (CorpusError, OSError) as error:
        app.notify(printable(f"Not exported: {error}"), severity="error", markup=False)
    else:
        app.notify(printable(f"Written to {in_short(path)}"), markup=False)
