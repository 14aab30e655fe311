"""The export: writing conversations as a dataset that other programs load, to a file, a directory or standard output.

`FORMATS` lists every format but those for reading, which belong to the reports (`reporting.conversation_copy`).
"""

from collections.abc import Mapping
from itertools import islice
from pathlib import Path
from types import MappingProxyType

from chat_personas.corpus.conversations import Selection
from chat_personas.corpus.corpus import Corpus
from chat_personas.corpus.errors import ExportError, display_path
from chat_personas.corpus.export import chat_json, convokit, csv, huggingface, oasst, sqlite, trl_preference
from chat_personas.corpus.export.format import DirectoryFormat, FileFormat, Format, Source, TextFormat, reading
from chat_personas.storage.files import atomic_directory, atomic_file, atomic_write, output_errors, standard_output
from chat_personas.text import pluralize

__all__ = ["FORMATS", "Format", "TextFormat", "export_stdout", "export_to"]

_ALL: tuple[Format, ...] = (
    chat_json.OPENAI,
    chat_json.SHAREGPT,
    trl_preference.FORMAT,
    oasst.FORMAT,
    convokit.FORMAT,
    huggingface.FORMAT,
    csv.FORMAT,
    sqlite.FORMAT,
)
FORMATS: Mapping[str, Format] = MappingProxyType({form.name: form for form in _ALL})
"""The formats by their names."""


def export_to(corpus: Corpus, form: Format, selection: Selection, out: Path, *, force: bool = False) -> int:
    """Write the conversations that a filter chooses, all of them or nothing; return how many of the format's units.

    What is written is readable by its owner only, as the corpus is. An existing file, or a directory that holds nothing
    but an earlier export in this format, is replaced only with `force`.

    Raises:
        ExportError: there is something in its place already, it cannot have this name, there is no conversation with
            that persona, or there are several for a format that takes one.
        UnknownConversationError: one of the identifiers is not in the corpus.
        CorpusError: the corpus cannot be read.
        OutputError: the file or the directory cannot be written.
    """
    _check_selection(corpus, selection)
    with output_errors(display_path(out)), reading(corpus.path, selection) as source:
        _check_destination(out, form, force=force)
        if out.exists() and out.samefile(corpus.path):
            raise ExportError(f"{display_path(out)} is the corpus itself; choose another name")
        if isinstance(form, DirectoryFormat):
            with atomic_directory(out) as folder:
                return form.write(source, folder)
        if isinstance(form, FileFormat):
            with atomic_file(out) as file:
                return form.write(source, file)
        _check_one(form, source)
        count = 0
        with atomic_write(out, mode=0o600) as stream:
            for text in form.texts(source):
                stream.write(f"{text}\n".encode())
                count += 1
        return count


def export_stdout(corpus: Corpus, form: Format, selection: Selection) -> int:
    """Write the conversations that a filter chooses to standard output, in UTF-8; return how many units were written.

    Raises:
        ExportError: the format is not one text, or as `export_to`.
        UnknownConversationError: as `export_to`.
        CorpusError: the corpus cannot be read.
        OutputError: standard output cannot be written.
        BrokenPipeError: whoever reads has stopped reading.
    """
    if not isinstance(form, TextFormat):
        what = "several files" if isinstance(form, DirectoryFormat) else "no text"
        raise ExportError(f"{form.name} is {what} and cannot go to standard output; give a name with --out")
    _check_selection(corpus, selection)
    count, out = 0, standard_output()
    with output_errors("standard output"), reading(corpus.path, selection) as source:
        _check_one(form, source)
        for text in form.texts(source):
            out.write(f"{text}\n".encode())
            count += 1
        out.flush()
    return count


def _check_selection(corpus: Corpus, selection: Selection) -> None:
    """Raise UnknownConversationError where an identifier fits no conversation or several, or a persona has none."""
    for identifier in selection.ids:
        corpus.conversation(identifier)
    corpus.require_persona(selection.persona)


def _check_one(form: TextFormat, source: Source) -> None:
    """Raise ExportError where a format for reading would get several conversations."""
    if form.one and len(list(islice(source.dialogues(), 2))) > 1:
        raise ExportError(f"{form.name} takes one conversation; choose it with --id (see: chat-personas corpus list)")


def _check_destination(path: Path, form: Format, *, force: bool) -> None:
    """Raise ExportError where an export cannot go to `path`, or would replace something without `force`."""
    shown = display_path(path)
    if not path.parent.is_dir():
        raise ExportError(f"there is no directory {display_path(path.parent)}; create it first")
    if isinstance(form, DirectoryFormat):
        _check_directory(path, form)
    elif path.is_dir():
        raise ExportError(f"{shown} is a directory; give the name of a file in it")
    elif path.exists() and not path.is_file():  # a device or a pipe would be replaced by a file
        raise ExportError(f"{shown} is not a regular file; give - for standard output")
    if path.exists() and not force:
        raise ExportError(f"{shown} is there already; choose another name or add --force")


def _check_directory(path: Path, form: DirectoryFormat) -> None:
    """Raise ExportError where `path` is a file, or a directory in which something else lies than an earlier export."""
    shown = display_path(path)
    if path.exists() and not path.is_dir():
        raise ExportError(f"{form.name} is several files and {shown} is a file; give the name of a new directory")
    others = sorted(file.name for file in path.iterdir() if file.name not in form.entries) if path.is_dir() else []
    if others:
        more = f" and {pluralize(len(others) - 1, 'other')}" if len(others) > 1 else ""
        raise ExportError(
            f"{shown} holds something else than an earlier export ({others[0]}{more}); give the name of a new directory"
        )
