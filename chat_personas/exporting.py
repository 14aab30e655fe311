"""Exports from where a person talks, as `chat-personas export --own` would write the conversations that they choose.

Screen and sentences export with this: it knows every format, why one cannot hold what is chosen, which name to propose
and what was chosen last. Consent, masking, pseudonyms and the ledger are those of `corpus.export`, which writes.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType

from chat_personas.corpus import Corpus, Selection
from chat_personas.corpus.conversations import SHORT_NAME
from chat_personas.corpus.errors import ExportError
from chat_personas.corpus.export import (
    FORMATS,
    Format,
    Terms,
    TextFormat,
    Withheld,
    Written,
    export_to,
    what_stays,
    withheld,
)
from chat_personas.corpus.export.format import PARTICIPATION
from chat_personas.corpus.export.source import Source, reading
from chat_personas.paths import display_path
from chat_personas.reporting.conversation_copy import HTML, MARKDOWN
from chat_personas.storage.files import output_errors
from chat_personas.text import pluralize
from personas.inputs.suggestions import nearest, one_of, quoted

ALL: Mapping[str, Format] = MappingProxyType({MARKDOWN.name: MARKDOWN, HTML.name: HTML, **FORMATS})
"""Every format by its name, those for reading first."""
FROM_MEMORY = FORMATS["openai"]
"""The format in which a conversation can be written that the corpus does not have whole."""
_BY_ENDING = {form.ending: form for form in reversed(tuple(ALL.values())) if form.ending}
"""The format that is meant by an ending; of several the first."""
ENDINGS = tuple(dict.fromkeys(form.ending for form in ALL.values() if form.ending))
"""The endings by which a format is meant."""
LISTING = "formats"
"""What a person writes behind `/export` to be shown the formats."""
_LONGEST_SLUG = 40
_OF_PARTICIPANT = "participant"
"""Stands in a file's name for a participant's conversation, whose key and words must not be read from the name."""


# What is asked for


@dataclass(frozen=True, slots=True)
class Asked:
    """What a person writes behind `/export`: the name of a format and a path, each "" where it is left out."""

    form: str = ""
    path: str = ""


def asked_for(argument: str) -> Asked:
    """Read `markdown`, `markdown talk.md`, or `talk.md`, whose ending says which format is meant.

    A path that begins with a word and a blank is written `./my talk.md`: a first word is a format. One without an
    ending, as of a directory, is for the format that was chosen last.

    Raises:
        ExportError: the first word is neither a format nor the beginning of a path, or no format has the ending.
    """
    first, _, rest = argument.strip().partition(" ")
    if first.casefold() in ALL:
        return Asked(first.casefold(), rest.strip())
    path = argument.strip()
    if path.casefold() == LISTING:
        return Asked()
    meant = meant_by(path)
    if path and not re.search(r"[./~\\]", first):
        by_ending = meant_by(f"x.{first}")
        near = by_ending.name if by_ending is not None else nearest(first, tuple(ALL))
        likely = f"did you mean {quoted(near)}? " if near is not None else ""
        raise ExportError(f"there is no format {quoted(first)}; {likely}there is {one_of(list(ALL))}")
    if meant is None and (ending := Path(path).suffix):
        raise ExportError(
            f"no format is known by the ending {quoted(ending)}; there is {one_of(ENDINGS)}; to write another "
            f"name, begin with the format: /export {MARKDOWN.name} {path}"
        )
    return Asked("" if meant is None else meant.name, path)


@dataclass(frozen=True, slots=True)
class Chosen:
    """The conversations that are to be exported, by their keys.

    `from_memory` writes the conversation to a file, where the corpus does not have it whole.
    """

    keys: tuple[str, ...]
    from_memory: Callable[[Path], None] | None = None

    @property
    def selection(self) -> Selection:
        """What the command is asked for: these, if they are one's own or of participants who agreed to research."""
        return Selection(ids=self.keys, own=True)


@dataclass(frozen=True, slots=True)
class Outlook:
    """What can become of an export, before anything is written.

    `refused` says why nothing of what is chosen may leave, "" where something may. `obstacles` says by the name of a
    format why it cannot hold it. `remark` says how participants' words leave, and what stays. `stem` is the name that
    is proposed, without an ending.
    """

    refused: str
    obstacles: Mapping[str, str]
    remark: str
    stem: str

    def proposed(self, form: Format) -> str:
        """Return the name of the file or the directory that is proposed for a format."""
        plain = _BY_ENDING.get(form.ending) is form
        return f"{self.stem}{'' if plain else f'-{form.name}'}{form.ending}"


@dataclass(frozen=True, slots=True)
class Exported:
    """What was written where; `release` is the key in the ledger, None for no row."""

    form: Format
    path: Path
    written: Written
    release: str | None

    def __str__(self) -> str:
        ledger = "from memory, not in the ledger" if self.release is None else f"release {self.release}"
        what = f"{pluralize(self.written.units, self.form.unit)}, {self.form.name}, {ledger}"
        stayed = f"; not exported: {self.written.stays}" if self.written.stays else ""
        return f"Written to {display_path(self.path.absolute())} ({what}){stayed}"


# Exporting


class Exporter:
    """Exports from one corpus, for one person, who exports again what they exported last. Its methods take time.

    Every method raises CorpusError where the corpus cannot be read.
    """

    def __init__(self, corpus: Corpus) -> None:
        self.corpus = corpus
        self._last: str | None = None
        self.folder = Path()

    def last_format(self) -> str:
        """Return the name of the format that was chosen last here; before that, what the ledger says.

        The ledger tells it by the last release of one's own conversations that were chosen one by one. Without one it
        is Markdown, which everybody can read.
        """
        if self._last is None:
            mine = (row.format for row in reversed(self.corpus.releases.all()) if {"own", "ids"} <= row.chosen.keys())
            self._last = next((name for name in mine if name in ALL), MARKDOWN.name)
        return self._last

    def first_choice(self, outlook: Outlook) -> str:
        """Return the name of the format to propose: the last one, or another where that cannot hold what is chosen."""
        last = self.last_format()
        return next((name for name in (last, *ALL) if name not in outlook.obstacles), last)

    def outlook(self, chosen: Chosen) -> Outlook:
        """Say what can become of an export."""
        if chosen.from_memory is not None:
            why = f"not all is stored yet, and {FROM_MEMORY.name} alone can be written from memory"
            obstacles = {name: why for name in ALL if name != FROM_MEMORY.name}
            return Outlook("", obstacles, "", chosen.keys[0][-SHORT_NAME:].lower())
        with reading(self.corpus.path, chosen.selection) as source:
            found = source.withheld()
            obstacles = dict(_obstacles(source, found))
        debates = withheld(self.corpus, FROM_MEMORY, chosen.selection).quoting
        for form in ALL.values():
            if not form.tells_authors and debates == found.leaving > 0:
                obstacles[form.name] = "it would show a debate's model as a person"
        own = withheld(self.corpus, MARKDOWN, replace(chosen.selection, scope=None)).leaving
        remark = "Participants' words leave masked, under pseudonyms." if found.leaving > own else ""
        stays = f"Not exported: {stays}." if (stays := what_stays(found, MARKDOWN)) else ""
        return Outlook(_refused(found), obstacles, " ".join(filter(None, (remark, stays))), self._stem(chosen))

    def export(
        self,
        chosen: Chosen,
        form: Format,
        path: Path,
        *,
        replacing: bool = False,
        told: Callable[[int], None] = lambda _: None,
    ) -> Exported:
        """Write what is chosen to a path, all or nothing, and remember format and folder as the last choice.

        `told` is called at every conversation, with how many these were so far. What is at the path is replaced only
        if `replacing`.

        Raises:
            ExportError, OutputError: as `export_to`.
            CorpusError: the corpus cannot be read, or the release cannot be recorded in it.
        """
        if chosen.from_memory is not None:
            with output_errors(display_path(path)):
                chosen.from_memory(path)
            done = Exported(form, path, Written(1, ""), None)
        else:
            terms = Terms()
            done = Exported(
                form,
                path,
                export_to(self.corpus, form, chosen.selection, path, force=replacing, terms=terms, told=told),
                terms.release,
            )
        self._last, self.folder = form.name, path.parent
        return done

    def _stem(self, chosen: Chosen) -> str:
        """Return the short name of a conversation with its title, as `k3v9qx-what-about-guns`; of several, how many."""
        if len(chosen.keys) > 1:
            return f"{len(chosen.keys)}-conversations"
        (key,) = chosen.keys
        if self.corpus.studies.is_talk(key):
            return f"{_OF_PARTICIPANT}-conversation"
        title = slug(self.corpus.conversation(key).title)
        return "-".join(filter(None, (self.corpus.short_names()[key], title)))


def slug(title: str) -> str:
    """Return a title as part of a file's name: its words, in lower case, joined by dashes, as many as fit."""
    words = re.findall(r"\w+", title.casefold())
    while len(words) > 1 and len("-".join(words)) > _LONGEST_SLUG:
        words.pop()
    return "-".join(words)[:_LONGEST_SLUG]


def meant_by(path: str) -> Format | None:
    """Return the format that is meant by the ending of a name, None where it has none of theirs."""
    return _BY_ENDING.get(Path(path).suffix.lower())


def with_ending(path: str, form: Format) -> str:
    """Return a path with the ending of a format, where it has that of another one."""
    return path.removesuffix(Path(path).suffix) + form.ending if meant_by(path) is not None else path


def _obstacles(source: Source, found: Withheld) -> Iterator[tuple[str, str]]:
    """Yield the formats that cannot hold what is chosen, or cannot be written here, each with the reason."""
    with source.looking():
        spoken = next(source.dialogues(), None) is not None
        begun = spoken or next(source.dialogues(whole=True), None) is not None
    for form in ALL.values():
        if form.unit == PARTICIPATION and not found.participations:
            yield form.name, "it is for studies; csv is for conversations"
        elif (lacking := form.lacking()) is not None:
            yield form.name, lacking
        elif isinstance(form, TextFormat) and form.one and found.leaving > 1:
            yield form.name, f"it takes one conversation; these are {found.leaving}"
        elif form.unit == PARTICIPATION:
            continue
        elif form.unit == "preference pair" and not _has_text(source, form):
            yield form.name, "it needs two replies to a message, rated differently"
        elif form.whole:
            if not begun:
                yield form.name, "nothing was said yet"
        elif not spoken and not _keeps_unfinished(source, form):
            yield form.name, f"it needs {form.holds}"


def _keeps_unfinished(source: Source, form: Format) -> bool:
    """Whether a format holds something of conversations without a complete reply on the branch."""
    if form.name == FORMATS["sqlite"].name:
        return True
    return form.name == FORMATS["oasst"].name and _has_text(source, form)


def _has_text(source: Source, form: Format) -> bool:
    assert isinstance(form, TextFormat)
    with source.looking():
        return next(form.texts(source), None) is not None


def _refused(found: Withheld) -> str:
    """Say why nothing of what was chosen may leave, "" where something may."""
    if found.leaving:
        return ""
    if not found.of_participants:
        return "there is nothing to export"
    whose = "this is a participant's" if found.of_participants == 1 else "these are participants'"
    return f"{whose} and may not leave: without consent to research, withdrawn, a test, or a fork"
