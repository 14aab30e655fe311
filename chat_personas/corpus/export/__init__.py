"""The export: writing conversations as a dataset that other programs load, to a file or to standard output."""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from chat_personas.corpus.conversations import Selection
from chat_personas.corpus.corpus import Corpus
from chat_personas.corpus.errors import ExportError, display_path
from chat_personas.corpus.export import openai
from chat_personas.corpus.export.format import Format
from chat_personas.storage.files import atomic_write, output_errors, standard_output

__all__ = ["FORMATS", "Format", "export_file", "export_stdout"]

FORMATS: Mapping[str, Format] = MappingProxyType({form.name: form for form in (openai.FORMAT,)})
"""Every format by its name."""


def export_file(corpus: Corpus, form: str, selection: Selection, out: Path, *, force: bool = False) -> int:
    """Write the conversations that a filter chooses to a file, all of them or nothing; return how many were written.

    The file is readable by its owner only, as the corpus is. An existing one is replaced only with `force`.

    Raises:
        ExportError: the file exists, or it cannot have this name, or there is no conversation with that persona.
        UnknownConversationError: one of the identifiers is not in the corpus.
        CorpusError: the corpus cannot be read.
        OutputError: the file cannot be written.
    """
    conversations = _chosen(corpus, selection)
    count = 0
    with output_errors(display_path(out)):
        _check_destination(out, force=force)
        with atomic_write(out, mode=0o600) as stream:
            for line in FORMATS[form].lines(corpus, conversations):
                stream.write(f"{line}\n".encode())
                count += 1
    return count


def export_stdout(corpus: Corpus, form: str, selection: Selection) -> int:
    """Write the conversations that a filter chooses to standard output, in UTF-8; return how many were written.

    Raises:
        UnknownConversationError: as `export_file`.
        CorpusError: the corpus cannot be read.
        OutputError: standard output cannot be written.
        BrokenPipeError: whoever reads has stopped reading.
    """
    count, out = 0, standard_output()
    with output_errors("standard output"):
        for line in FORMATS[form].lines(corpus, _chosen(corpus, selection)):
            out.write(f"{line}\n".encode())
            count += 1
        out.flush()
    return count


def _chosen(corpus: Corpus, selection: Selection) -> tuple[str, ...]:
    """Return the keys of the conversations that a filter chooses, oldest first.

    Raises:
        UnknownConversationError: an identifier fits no conversation or several, or there is none with the persona.
    """
    for identifier in selection.ids:
        corpus.conversation(identifier)
    corpus.require_persona(selection.persona)
    return corpus.conversation_ids(selection)


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
