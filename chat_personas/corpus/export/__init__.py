"""The export: writing conversations as a dataset that other programs load, to a file, a directory or standard output.

`FORMATS` lists every format but those for reading, which belong to the reports (`reporting.conversation_copy`).
"""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from datetime import date
from itertools import islice
from pathlib import Path
from types import MappingProxyType
from typing import BinaryIO, Self

from chat_personas import __version__
from chat_personas.corpus.conversations import Selection
from chat_personas.corpus.corpus import Corpus
from chat_personas.corpus.errors import CorpusError, ExportError, UnknownConversationError, display_path
from chat_personas.corpus.export import (
    chat_json,
    convokit,
    csv,
    huggingface,
    oasst,
    prism,
    spss,
    sqlite,
    trl_preference,
)
from chat_personas.corpus.export.format import (
    COMPLETE,
    PARTICIPATION,
    SHOWN,
    DirectoryFormat,
    FileFormat,
    Format,
    TextFormat,
)
from chat_personas.corpus.export.masking import unmasked
from chat_personas.corpus.export.permission import Withheld
from chat_personas.corpus.export.source import Held, Source, Terms, reading
from chat_personas.corpus.releases import STANDARD_OUTPUT, Fingerprint, ReleaseRow, fingerprint, model_terms
from chat_personas.storage.files import atomic_directory, atomic_file, atomic_write, output_errors, standard_output
from chat_personas.text import pluralize
from personas.inputs.suggestions import one_of, quoted, suggestion

__all__ = [
    "FORMATS",
    "Format",
    "Terms",
    "TextFormat",
    "Withheld",
    "Written",
    "export_stdout",
    "export_to",
    "what_stays",
    "withheld",
]

_ALL: tuple[Format, ...] = (
    chat_json.OPENAI,
    chat_json.SHAREGPT,
    trl_preference.FORMAT,
    oasst.FORMAT,
    convokit.FORMAT,
    huggingface.FORMAT,
    prism.FORMAT,
    csv.FORMAT,
    spss.FORMAT,
    sqlite.FORMAT,
)
_HOLD_ALL = " (csv, sqlite, markdown and html hold what was said to its end)"
"""Said where a format holds nothing, because no reply is complete."""
FORMATS: Mapping[str, Format] = MappingProxyType({form.name: form for form in _ALL})
"""The formats by their names."""


@dataclass(frozen=True, slots=True)
class Written:
    """What an export wrote: how many of the format's units, and what of the chosen did not leave (`stays`), or ""."""

    units: int
    stays: str


def export_to(
    corpus: Corpus,
    form: Format,
    selection: Selection,
    out: Path,
    *,
    force: bool = False,
    terms: Terms | None = None,
    told: Callable[[int], None] = lambda _: None,
) -> Written:
    """Write the conversations that a filter chooses, all of them or nothing; return what was written.

    What is written is readable by its owner only, as the corpus is. An existing file, or a directory that holds nothing
    but an earlier export in this format, is replaced only with `force`. The release is in the ledger before it is in
    its place. `told` is called at every conversation, with how many these were so far.

    Raises:
        ExportError: nothing of what was chosen may leave (`permission`), or the format can hold nothing of it; there is
            something in its place already, or it cannot have this name; there are several conversations for a format
            that takes one; packages that the format needs are not installed.
        UnknownConversationError: one of the identifiers, the persona, the model or the study is not in the corpus.
        CorpusError: the corpus cannot be read, or the release cannot be recorded in it.
        OutputError: the file or the directory cannot be written.
    """
    _check_selection(corpus, selection)
    terms = terms or Terms()
    selection = _fitting(selection, form, terms)
    with (
        output_errors(display_path(out)),
        reading(corpus.path, selection, terms) as source,
        _Entry(corpus, form, selection, terms, out.name) as entry,
    ):
        found = source.withheld()
        _check_leaving(found, form)
        _check_participations(found, form)
        _check_destination(out, form, force=force)
        _check_packages(form)
        if out.exists() and out.samefile(corpus.path):
            raise ExportError(f"{display_path(out)} is the corpus itself; choose another name")
        if isinstance(form, TextFormat):
            _check_one(form, source)
        source.tell(told)
        if isinstance(form, DirectoryFormat):
            with atomic_directory(out) as folder:
                written = _written(form.write(source, folder), found, form, source.held)
                entry.add(written.units, source.held, fingerprint(folder))
        elif isinstance(form, FileFormat):
            with atomic_file(out) as file:
                written = _written(form.write(source, file), found, form, source.held)
                entry.add(written.units, source.held, fingerprint(file))
        else:
            with atomic_write(out, mode=0o600) as stream:
                count, sha256 = _write_texts(form, source, stream)
                written = _written(count, found, form, source.held)
                entry.add(written.units, source.held, Fingerprint(sha256))
        return written


def export_stdout(corpus: Corpus, form: Format, selection: Selection, *, terms: Terms | None = None) -> Written:
    """Write the conversations that a filter chooses to standard output, in UTF-8; return what was written.

    Raises:
        ExportError: the format is not one text, or as `export_to`.
        UnknownConversationError: as `export_to`.
        CorpusError: the corpus cannot be read, or the release cannot be recorded in it.
        OutputError: standard output cannot be written.
        BrokenPipeError: whoever reads has stopped reading; then nothing is recorded but that something left.
    """
    if not isinstance(form, TextFormat):
        what = "several files" if isinstance(form, DirectoryFormat) else "no text"
        raise ExportError(f"{form.name} is {what} and cannot go to standard output; give a name with --out")
    _check_selection(corpus, selection)
    terms, out = terms or Terms(), standard_output()
    selection = _fitting(selection, form, terms)
    with output_errors("standard output"), reading(corpus.path, selection, terms) as source:
        entry = _Entry(corpus, form, selection, terms, STANDARD_OUTPUT)
        found = source.withheld()
        _check_leaving(found, form)
        _check_one(form, source)
        try:
            count, sha256 = _write_texts(form, source, out)
            out.flush()
        except BrokenPipeError:
            entry.add(0, source.held, Fingerprint(hashlib.sha256().hexdigest()), whole=False)
            raise
        written = _written(count, found, form, source.held)
        if count:
            entry.add(count, source.held, Fingerprint(sha256))
        return written


def _fitting(selection: Selection, form: Format, terms: Terms) -> Selection:
    """Return a selection without sides of debates that quote, if the format cannot tell who wrote what is said in them.

    Where the release is not recorded, it is also without what participants did.
    """
    selection = replace(selection, quoting=form.tells_authors)
    return selection if terms.recorded else replace(selection, scope=None)


def _write_texts(form: TextFormat, source: Source, stream: BinaryIO) -> tuple[int, str]:
    """Write the texts of a format, each with a newline; return how many there were, and the hash of it all."""
    count, digest = 0, hashlib.sha256()
    for text in form.texts(source):
        line = f"{text}\n".encode()
        digest.update(line)
        stream.write(line)
        count += 1
    return count, digest.hexdigest()


class _Entry:
    """The entry of a release in the ledger, which is removed again where the release does not come to its place."""

    def __init__(self, corpus: Corpus, form: Format, selection: Selection, terms: Terms, name: str) -> None:
        self._corpus = corpus
        self._form = form
        self._selection = selection
        self._terms = terms
        self._name = name
        self._added: str | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is not None and self._added is not None:
            with suppress(CorpusError):  # a row of nothing is better than no word of what went wrong
                self._corpus.releases.remove(self._added)

    def add(self, units: int, held: Held, found: Fingerprint, *, whole: bool = True) -> None:
        """Enter the release, unless it is not to be recorded."""
        if not self._terms.recorded:
            return
        counts: dict[str, object] = {
            "unit": self._form.unit,
            "units": units,
            "conversations": held.conversations,
            "of_participants": held.of_participants,
            "participants": len(held.participants),
        }
        if found.files:
            counts["files"] = dict(found.files)
        if not whole:
            counts["whole"] = False
        row = ReleaseRow(
            id=self._terms.release,
            format=self._form.name,
            file=self._name,
            sha256=found.sha256,
            filters=json.dumps(self._filters()),
            counts=json.dumps(counts),
            masked=self._terms.mask is not unmasked,
            licence_people=self._terms.licence_people,
            licence_model=self._terms.licence_model,
            model_terms=model_terms(held.models),
            secret=self._terms.secret,
            program_version=__version__,
        )
        self._corpus.releases.add(row, held.participants)
        self._added = row.id

    def _filters(self) -> dict[str, object]:
        """Return what of the selection was given, as JSON has it."""
        chosen = asdict(replace(self._selection, quoting=False))  # which is of the format, not of what was given
        given = {name: value for name, value in chosen.items() if value not in (None, (), False)}
        days = {name: value.isoformat() for name, value in given.items() if isinstance(value, date)}
        return given | days | {"masking": self._terms.masking}


def withheld(corpus: Corpus, form: Format, selection: Selection) -> Withheld:
    """Count the conversations that a filter chooses and that may leave in a format, and those that may not.

    Raises:
        CorpusError: the corpus cannot be read.
    """
    with reading(corpus.path, replace(selection, quoting=form.tells_authors)) as source:
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


def _check_leaving(found: Withheld, form: Format) -> None:
    """Raise ExportError where something was chosen and nothing of it may leave."""
    reasons = [in_full for _, in_full in _kept_back(found, form)]
    if reasons and not (found.leaving or found.participations):
        raise ExportError(f"nothing that was chosen may leave the corpus: {'; '.join(reasons)}")


def _written(units: int, found: Withheld, form: Format, held: Held) -> Written:
    """Return what was written, and how much of what was chosen is not in it.

    Raises:
        ExportError: something was chosen, and the format holds nothing of it.
    """
    reasons = [*_kept_back(found, form), *_not_held(form, held)]
    with_people = found.participations and not isinstance(form, TextFormat)
    if reasons and not units and not with_people:
        raise ExportError(f"nothing that was chosen can be in {form.name}: {'; '.join(full for _, full in reasons)}")
    return Written(units, ", ".join(in_short for in_short, _ in reasons))


def _not_held(form: Format, held: Held) -> Iterator[tuple[str, str]]:
    """Yield how much the format cannot hold for each reason: in short, and in full, as `_kept_back`."""
    if held.left:
        lacking = f"{pluralize(held.left, 'conversation')} without {form.holds}"
        yield lacking, f"{lacking}{_HOLD_ALL if form.holds.startswith(COMPLETE) else ''}"
    if held.cut:
        end = f"the end of {pluralize(held.cut, 'conversation')} (no complete reply to it {SHOWN})"
        yield end, end
    if held.branches_cut:
        end = f"the end of {pluralize(held.branches_cut, 'branch', 'branches')} (no complete reply to it)"
        yield end, end
    if held.repeated:
        repeated = f"{pluralize(held.repeated, 'fork')} without a new complete reply"
        yield repeated, repeated
    if held.growing:
        growing = f"{pluralize(held.growing, 'reply', 'replies')} still being written"
        yield growing, growing


def what_stays(found: Withheld, form: Format) -> str:
    """Say how much of what was chosen may not leave, or not in this format, if any; see `permission`."""
    return ", ".join(in_short for in_short, _ in _kept_back(found, form))


def _kept_back(found: Withheld, form: Format) -> Iterator[tuple[str, str]]:
    """Yield how much may not leave for each reason: in short, beside what leaves, and in full, where nothing does."""
    if found.own:
        yield (
            f"{found.own} of your own (--own exports them)",
            f"{pluralize(found.own, 'conversation')} of your own (add --own to export them)",
        )
    if found.of_participants:
        yield (
            f"{found.of_participants} of participants (no consent to it, withdrawn, tests or forks)",
            f"{pluralize(found.of_participants, 'conversation')} of participants whose consent does not cover it, who "
            "withdrew or were tests; forks of theirs never leave (see --scope; without a ledger none of them leave)",
        )
    if found.silent:
        silent = f"{pluralize(found.silent, 'participation')} without a conversation"
        yield (
            f"{silent} (no consent to it, withdrawn or tests)",
            f"{silent}, by people whose consent does not cover it, who withdrew or were tests",
        )
    if found.quoting:
        debates = f"{pluralize(found.quoting, 'conversation')} of debates"
        shown = f"{form.name} would show a model's words as a person's"
        yield f"{debates} ({shown})", f"{debates}, where {shown}"


def _check_participations(found: Withheld, form: Format) -> None:
    """Raise ExportError where a format for studies would have no row: no package helps then, nor another name."""
    if form.unit == PARTICIPATION and not found.participations:
        raise ExportError(
            f"no participation may leave the corpus, and {form.name} has a row for each; see --scope and --study; "
            "csv is for conversations"
        )


def _check_one(form: TextFormat, source: Source) -> None:
    """Raise ExportError where a format for reading would get several conversations."""
    with source.looking():
        several = form.one and len(list(islice(source.dialogues(whole=form.whole), 2))) > 1
    if several:
        raise ExportError(f"{form.name} takes one conversation; choose it with --id (see: chat-personas corpus list)")


def _check_packages(form: Format) -> None:
    """Raise ExportError where packages that a format needs are not installed."""
    lacking = form.lacking()
    if lacking is not None:
        raise ExportError(lacking)


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
