"""The corpus as datasets that other programs load: a registry of formats, and the two ways out.

Which conversations an export is of, or why it cannot be.
"""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from chat_personas.corpus.conversations import Selection
from chat_personas.corpus.corpus import Corpus, check_persona
from chat_personas.corpus.errors import ExportError, display_path
from chat_personas.corpus.export import openai
from chat_personas.corpus.export.format import Format
from chat_personas.storage.files import atomic_write, output_errors, standard_output


def wanted(corpus: Corpus, selection: Selection) -> tuple[str, ...]:
    """Return the keys of the conversations that are meant, oldest first.

    Raises:
        UnknownConversationError: an identifier fits no conversation, or several; or none is with the persona.
    """
    for identifier in selection.ids:
        corpus.conversation(identifier)
    check_persona(corpus, selection.persona)
    return corpus.conversation_ids(selection)


__all__ = ["FORMATS", "Format", "export_file", "export_stdout"]

FORMATS: Mapping[str, Format] = MappingProxyType({form.name: form for form in (openai.FORMAT,)})
"""Every format by its name."""


def export_file(
    corpus: Corpus,
    form: str,
    selection: Selection,
    out: Path,
    *,
    force: bool = False,
    unfinished: bool = False,
) -> int:
    """Write the conversations that are meant to a file, all of them or nothing; return how many were written.

    `unfinished` keeps a last reply that was stopped or broke off, and the words it answers. The file is readable by its
    owner only, as the corpus is. An existing one is replaced only with `force`.

    Raises:
        ExportError: the file is there already, or it cannot have this name, or no conversation is of that persona.
        UnknownConversationError: one of the identifiers is not in the corpus.
        CorpusError: the corpus cannot be read.
        OutputError: the file cannot be written.
    """
    conversations = wanted(corpus, selection)
    count = 0
    with output_errors(display_path(out)):
        _check_destination(out, force=force)
        with atomic_write(out, mode=0o600) as stream:
            for line in FORMATS[form].lines(corpus, conversations, unfinished):
                stream.write(f"{line}\n".encode())
                count += 1
    return count


def export_stdout(corpus: Corpus, form: str, selection: Selection, *, unfinished: bool = False) -> int:
    """Write the conversations that are meant to standard output, in UTF-8; return how many. Raises as `export_file`."""
    count, out = 0, standard_output()
    with output_errors("standard output"):
        for line in FORMATS[form].lines(corpus, wanted(corpus, selection), unfinished):
            out.write(f"{line}\n".encode())
            count += 1
        out.flush()
    return count


def _check_destination(path: Path, *, force: bool) -> None:
    """Raise ExportError where an export cannot go to `path`, or would replace a file without `force`."""
    if path.is_dir():
        raise ExportError(f"{display_path(path)} is a directory; give the name of a file in it")
    if path.exists() and not path.is_file():  # a device or a pipe would be replaced by a file
        raise ExportError(f"{display_path(path)} is not a regular file; give - for standard output")
    if not path.parent.is_dir():
        raise ExportError(f"there is no directory {display_path(path.parent)}; create it first")
    if path.exists() and not force:
        raise ExportError(f"{display_path(path)} is there already; choose another name or add --force")
