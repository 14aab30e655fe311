"""Deleting a conversation, from the list or by a command: the question before, the deletion, and what is said of it.

Imported when something is to be deleted: the first frame of the program needs none of it.
"""

import asyncio
from typing import TYPE_CHECKING

from chat_personas.corpus import UnknownConversationError
from chat_personas.reporting.wording.conversations import ALREADY_DELETED, deleted, deletion_question
from chat_personas.tui.screens.dialogs import ConfirmScreen

if TYPE_CHECKING:
    from textual.app import App

    from chat_personas.corpus import Corpus


async def agreed_to_delete(
    app: "App[object]", corpus: "Corpus", conversation_id: str, title: str, *, remark: str = ""
) -> tuple[str, ...]:
    """Ask whether a conversation is to be deleted, with `remark` after the question.

    Returns the keys of all that goes with it, which are two for a debate; none where the person does not want it.

    Raises:
        CorpusError: the corpus cannot be read.
    """
    going = await asyncio.to_thread(corpus.deleted_with, conversation_id)
    of_participant = await asyncio.to_thread(corpus.studies.is_talk, conversation_id)
    question = deletion_question(title, len(going), of_participant=of_participant)
    agreed = await app.push_screen_wait(ConfirmScreen(f"{question} {remark}".rstrip(), "Delete"))
    return going if agreed else ()


async def delete_for_good(corpus: "Corpus", conversation_id: str) -> str:
    """Delete a conversation with what goes with it, and return what is to be said of that.

    One that another program has deleted meanwhile is gone, as was asked for.

    Raises:
        CorpusError: it cannot be deleted.
    """
    try:
        why_left = await asyncio.to_thread(corpus.delete, conversation_id)
    except UnknownConversationError:
        return ALREADY_DELETED
    return deleted(why_left)
