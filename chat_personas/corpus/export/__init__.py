"""The corpus as datasets that other programs load: a registry of formats, and the two ways out.

Which conversations an export is of, or why it cannot be.
"""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from chat_personas.corpus.conversations import Selection
from chat_personas.corpus.corpus import Corpus
from chat_personas.corpus.errors import CorpusError
from chat_personas.corpus.export import openai
from chat_personas.corpus.export.format import Format
from chat_personas.storage.files import atomic_write, standard_output


def wanted(corpus: Corpus, selection: Selection) -> tuple[str, ...]:
    """Return the keys of the conversations that are meant, oldest first.

    Raises:
        UnknownConversationError: an identifier fits no conversation, or several; or none is with the persona.
    """
    for identifier in selection.ids:
        corpus.conversation(identifier)
    corpus.require_persona(selection.persona)
    return corpus.conversation_ids(selection)


__all__ = ["FORMATS", "Format", "export_file", "export_stdout"]

FORMATS: Mapping[str, Format] = MappingProxyType({form.name: form for form in (openai.FORMAT,)})
"""Every format by its name."""


def export_file(corpus: Corpus, form: str, selection: Selection, out: Path, *, force: bool = False) -> int:
    """Write the conversations that are meant to a file, all of them or nothing; return how many were written.

    The file is readable by its owner only, as the corpus is. An existing one is replaced only with `force`.

    Raises:
        ExportError: the file is there already, or it cannot have this name, or no conversation is of that persona.
        UnknownConversationError: one of the identifiers is not in the corpus.
        CorpusError: the corpus cannot be read, or the file not be written.
    """
    conversations = wanted(corpus, selection)
    count = 0
    with atomic_write(out, force=force) as stream:
        for line in FORMATS[form].lines(corpus, conversations):
            stream.write(f"{line}\n".encode())
            count += 1
    return count


def export_stdout(corpus: Corpus, form: str, selection: Selection) -> int:
    """Write the conversations that are meant to standard output, in UTF-8; return how many. Raises as `export_file`."""
    count, out = 0, standard_output()
    try:
        for line in FORMATS[form].lines(corpus, wanted(corpus, selection)):
            out.write(f"{line}\n".encode())
            count += 1
        out.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        raise CorpusError(f"standard output cannot be written: {error.strerror or error}") from error
    return count
