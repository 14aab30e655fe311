"""A persona by which conversations are chosen: one that none was had with is likely a slip of the pen."""

from chat_personas.corpus.corpus import Corpus
from chat_personas.corpus.errors import UnknownConversationError
from chat_personas.corpus.selection import Selection
from personas.inputs.suggestions import shown, suggestion


def check_persona(corpus: Corpus, persona: str | None) -> None:
    """Make sure that there is a conversation with the persona; None is any.

    Raises:
        UnknownConversationError: there is none; the message names the persona in the corpus that is most like it.
    """
    if persona is None or corpus.conversation_ids(Selection(persona=persona)):
        return
    names = sorted({summary.persona_name for summary in corpus.conversations()})
    likely = suggestion(persona, names, "see: chat-personas corpus list" if names else "the corpus is empty")
    raise UnknownConversationError(
        f"there is no conversation with the persona {shown(persona)} in the corpus; {likely}"
    )
