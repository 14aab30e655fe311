"""Which conversations an export is of, or why it cannot be."""

from chat_personas.corpus.corpus import Corpus
from chat_personas.corpus.known_persona import check_persona
from chat_personas.corpus.selection import Selection


def wanted(corpus: Corpus, selection: Selection) -> tuple[str, ...]:
    """Return the keys of the conversations that are meant, oldest first.

    Raises:
        UnknownConversationError: an identifier fits no conversation, or several; or none is with the persona.
    """
    for identifier in selection.ids:
        corpus.conversation(identifier)
    check_persona(corpus, selection.persona)
    return corpus.conversation_ids(selection)
