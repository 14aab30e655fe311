"""A persona by which conversations are chosen: one that none was had with is likely a slip of the pen."""

from chat_personas.corpus.corpus import Corpus
from chat_personas.corpus.errors import ExportError
from chat_personas.corpus.selection import Selection


def check_persona(corpus: Corpus, persona: str | None) -> None:
    """Make sure that there is a conversation with the persona; None is any.

    Raises:
        ExportError: there is none; the message names the persona in the corpus that is most like it.
    """
    if persona is not None and not corpus.conversation_ids(Selection(persona=persona)):
        raise ExportError(_no_such_persona(corpus, persona))


def _no_such_persona(corpus: Corpus, persona: str) -> str:
    import difflib

    names = sorted({summary.persona_name for summary in corpus.conversations()})
    near = difflib.get_close_matches(persona, names, n=1)
    otherwise = "see: chat-personas corpus list" if names else "the corpus is empty"
    hint = f"did you mean {near[0]}?" if near else otherwise
    return f"there is no conversation with the persona {persona} in the corpus; {hint}"
