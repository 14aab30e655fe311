"""Which conversations an export is of, or why it cannot be."""

from chat_personas.corpus.corpus import Corpus
from chat_personas.corpus.errors import ExportError
from chat_personas.corpus.selection import Selection


def wanted(corpus: Corpus, selection: Selection) -> tuple[str, ...]:
    """Return the keys of the conversations that are meant, oldest first.

    Raises:
        UnknownConversationError: an identifier fits no conversation, or several.
        ExportError: there is no conversation with the persona, which is likely a slip of the pen.
    """
    for identifier in selection.ids:
        corpus.conversation(identifier)
    if selection.persona is not None and not corpus.conversation_ids(Selection(persona=selection.persona)):
        raise ExportError(_no_such_persona(corpus, selection.persona))
    return corpus.conversation_ids(selection)


def _no_such_persona(corpus: Corpus, persona: str) -> str:
    import difflib

    names = sorted({summary.persona_name for summary in corpus.conversations()})
    near = difflib.get_close_matches(persona, names, n=1)
    otherwise = "see: chat-personas corpus list" if names else "the corpus is empty"
    hint = f"did you mean {near[0]}?" if near else otherwise
    return f"there is no conversation with the persona {persona} in the corpus; {hint}"
