"""The export: writing conversations as a dataset that other programs load, to a file, a directory or standard output.

`FORMATS` lists every format but those for reading, which belong to the reports (`reporting.conversation_copy`).
"""

from collections.abc import Mapping, Sequence
from itertools import islice
from pathlib import Path
from types import MappingProxyType

from chat_personas.corpus.conversations import Selection
from chat_personas.corpus.corpus import Corpus
from chat_personas.corpus.errors import ExportError, UnknownConversationError, display_path
from chat_personas.corpus.export import chat_json, convokit, csv, huggingface, oasst, sqlite, trl_preference
from chat_personas.corpus.export.format import DirectoryFormat, FileFormat, Format, TextFormat
from chat_personas.corpus.export.masking import Mask, masked
from chat_personas.corpus.export.permission import Withheld
from chat_personas.corpus.export.source import Source, reading
from chat_personas.storage.files import atomic_directory, atomic_file, atomic_write, output_errors, standard_output
from chat_personas.text import pluralize
from personas.inputs.suggestions import one_of, quoted, suggestion

__all__ = ["FORMATS", "Format", "TextFormat", "Withheld", "export_stdout", "export_to", "withheld"]

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


def export_to(
    corpus: Corpus, form: Format, selection: Selection, out: Path, *, force: bool = False, mask: Mask = masked
) -> int:
    """Write the conversations that a filter chooses, all of them or nothing; return how many of the format's units.

    What is written is readable by its owner only, as the corpus is. An existing file, or a directory that holds nothing
    but an earlier export in this format, is replaced only with `force`. `mask` is applied to what participants wrote.

    Raises:
        ExportError: nothing of what was chosen may leave (`permission`), there is something in its place already, it
            cannot have this name, or there are several conversations for a format that takes one.
        UnknownConversationError: one of the identifiers, the persona, the model or the study is not in the corpus.
        CorpusError: the corpus cannot be read.
        OutputError: the file or the directory cannot be written.
    """
    _check_selection(corpus, selection)
    with output_errors(display_path(out)), reading(corpus.path, selection, mask=mask) as source:
        _check_leaving(source.withheld())
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


def export_stdout(corpus: Corpus, form: Format, selection: Selection, *, mask: Mask = masked) -> int:
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
    with output_errors("standard output"), reading(corpus.path, selection, mask=mask) as source:
        _check_leaving(source.withheld())
        _check_one(form, source)
        for text in form.texts(source):
            out.write(f"{text}\n".encode())
            count += 1
        out.flush()
    return count


def withheld(corpus: Corpus, selection: Selection) -> Withheld:
    """Count the conversations that a filter chooses and that may leave, and those that may not.

    Raises:
        CorpusError: the corpus cannot be read.
    """
    with reading(corpus.path, selection) as source:
        return source.withheld()


def _check_selection(corpus: Corpus, selection: Selection) -> None:
    """Raise UnknownConversationError where an identifier fits no conversation or several, or a name has none."""
    for identifier in selection.ids:
        corpus.conversation(identifier)
    corpus.require_persona(selection.persona)
    if selection.model is not None and not corpus.conversation_ids(Selection(model=selection.model)):
        models = sorted({summary.model for summary in corpus.conversations()})
        raise _unknown("conversation on the model", selection.model, models)
    if selection.study is not None and not corpus.studies.studies(selection.study):
        raise _unknown("study", selection.study, sorted({study.name for study in corpus.studies.studies()}))


def _unknown(what: str, name: str, known: Sequence[str]) -> UnknownConversationError:
    likely = suggestion(name, known, f"there is {one_of(known)}" if known else "the corpus has none")
    return UnknownConversationError(f"there is no {what} {quoted(name)} in the corpus; {likely}")


def _check_leaving(found: Withheld) -> None:
    """Raise ExportError where conversations were chosen and none of them may leave."""
    if found.leaving or not (found.own or found.of_participants):
        return
    reasons = []
    if found.own:
        reasons.append(f"{pluralize(found.own, 'conversation')} of your own (add --own to export them)")
    if found.of_participants:
        reasons.append(
            f"{pluralize(found.of_participants, 'conversation')} of participants whose consent does not cover it, "
            "who withdrew or were tests (see --scope)"
        )
    raise ExportError(f"nothing that was chosen may leave the corpus: {'; '.join(reasons)}")


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
