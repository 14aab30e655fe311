"""Drafts: what a person typed in a conversation and has not sent, in files that only the person can read.

They lie in a directory beside the corpus and never in it, so that no export, merge or backup holds words that nobody
sent. A file is replaced as a whole: a process that is killed leaves the draft before. Each program writes files of its
own, so that two programs in one conversation cannot overwrite each other's words.
"""

import json
import os
import tempfile
from collections.abc import Awaitable, Callable, Collection, Iterable
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from hashlib import sha256
from pathlib import Path

from chat_personas.paths import make_private
from chat_personas.storage.files import atomic_write, document_in, remove_left_behind
from personas.errors import ReportedError

ENDING = ".json"
NEW = "new"
"""Stands in the names of files for a conversation in which nothing was said."""
PROMPT = "prompt"
"""Begins the key of a steering prompt that is being written: it belongs to no conversation, and goes with none."""
BY = "-"
"""Separates the conversation from the program that wrote the draft. Older versions wrote the conversation alone."""


@dataclass(frozen=True, slots=True)
class Draft:
    """What is typed in a conversation: `text`, which is to replace the message `replaces` where that is not None.

    `beside` is what else was typed there: text that was set aside for the edit, and messages that wait to be sent.
    """

    text: str = ""
    beside: str = ""
    replaces: str | None = None

    def __bool__(self) -> bool:
        return bool(self.text.strip() or self.beside.strip())

    @property
    def whole(self) -> str:
        """All that was typed, for a message that replaces none."""
        return joined(self.beside, self.text)


def joined(*texts: str) -> str:
    """Return several texts as one, a paragraph for each; those that are blank are left out."""
    return "\n\n".join(text for text in texts if text.strip())


def why_refused(error: Exception) -> str:
    """Say why the disk does not take what is typed, as the system says it."""
    return (error.strerror if isinstance(error, OSError) else None) or str(error)


def merged(drafts: Iterable[Draft]) -> Draft:
    """Return several drafts of one conversation as one.

    There is one edit at a time: the last one stays an edit, and all other words stand beside it, in order.
    """
    *others, last = sorted(drafts, key=lambda draft: draft.replaces is not None) or [Draft()]
    if last.replaces is None:
        return Draft(joined(*(draft.whole for draft in (*others, last))))
    return Draft(last.text, joined(*(draft.whole for draft in others), last.beside), last.replaces)


def _anywhere(_: str | None) -> None: ...


class Drafts:
    """The drafts beside one corpus, by the key of the conversation; None stands for one in which nothing was said.

    Every method waits for the disk and raises OSError where it fails. `program` is the name of this program's lock: a
    draft that it keeps is its own until it is released or the program ends. `check_place` raises ReportedError where
    what is kept under a key would not come back, as that of a conversation which was deleted: it is refused then.

    What is refused is held in memory in place of what the disk has: it is found here while the program lives, and
    `words_held` are all of it. `typing` are awaited to keep what is typed on the screens that are open.
    """

    def __init__(self, directory: Path, program: str, check_place: Callable[[str | None], object] = _anywhere) -> None:
        self._directory = directory
        self._program = program
        self._check_place = check_place
        self._refused = dict[str | None, Draft]()  # could not be written
        self._apart = dict[str | None, Draft]()  # was not tried to be written, because something before that failed
        self._why = ""
        self.typing = set[Callable[[], Awaitable[object]]]()

    @property
    def words_held(self) -> str:
        """All that was typed and is on no disk; "" where there is none."""
        return joined(*(draft.whole for draft in {**self._apart, **self._refused}.values()))

    @property
    def why_held(self) -> str | None:
        """Why the disk did not take the last words that it refused; None where no words are held."""
        return self._why if self.words_held else None

    def hold(self, conversation: str | None, draft: Draft, error: Exception) -> None:
        """Hold a draft that could not be kept for this reason, until another one of the conversation is kept."""
        if self._refused.get(conversation) != draft:
            self._refused.pop(conversation, None)
            self._apart[conversation], self._why = draft, why_refused(error)

    def holds(self, conversation: str | None) -> bool:
        """Whether the disk lacks what is held of a conversation."""
        return conversation in self._refused or conversation in self._apart

    def has(self, conversation: str | None) -> bool:
        """Whether this program's draft of a conversation is still there and will come back: others can erase it."""
        try:
            self._check_place(conversation)
            return self._own(conversation).exists()
        except (OSError, ReportedError):
            return False

    def let_go(self, conversation: str | None) -> None:
        """Hold nothing of a conversation any more: the disk has what is typed there, or nothing is."""
        self._refused.pop(conversation, None)
        self._apart.pop(conversation, None)

    def try_again(self) -> None:
        """Write what could not be written before; what cannot be now is held on."""
        for conversation, draft in list(self._refused.items()):
            with suppress(OSError, ReportedError):
                self.keep(conversation, draft)

    def of(self, conversation: str | None, living: Collection[str]) -> Draft | None:
        """Return what was typed in a conversation, here and by others, as one draft; None where there is nothing.

        Drafts of other programs that are among the `living` ones, which have not ended, are left out.
        """
        return merged(self._found(conversation, living).values()) or None

    def keep(self, conversation: str | None, draft: Draft) -> None:
        """Keep a draft in place of this program's one before; a blank one erases that.

        Raises ReportedError, too: it would not come back.
        """
        try:
            if draft:
                self._check_place(conversation)
            self._write(conversation, draft)
        except (OSError, ReportedError) as error:
            self.let_go(conversation)
            self._refused[conversation], self._why = draft, why_refused(error)
            raise
        self.let_go(conversation)

    def _write(self, conversation: str | None, draft: Draft) -> None:
        if not draft:
            self._own(conversation).unlink(missing_ok=True)
            return
        make_private(self._directory)
        with atomic_write(self._own(conversation)) as stream:
            stream.write(json.dumps(asdict(draft)).encode())

    def add(self, conversation: str | None, typed: Draft) -> None:
        """Keep what was typed beside what this program has kept of a conversation. Of two edits that one stays one."""
        try:
            own = self._refused.get(conversation) or _read(self._own(conversation)) or Draft()
        except OSError as error:
            self.hold(conversation, typed, error)
            raise
        if own.replaces is None and typed.replaces is not None:
            self.keep(conversation, replace(typed, beside=joined(own.whole, typed.beside)))
        else:
            self.keep(conversation, replace(own, beside=joined(own.beside, typed.whole)))

    def take_over(self, conversation: str | None, living: Collection[str]) -> Draft | None:
        """Return what `of` does, as one draft of this program's own: nobody else takes it over while that lives."""
        found = self._found(conversation, living)
        others = found.keys() - {self._own(conversation)}
        whole = merged(found.values())
        if others:
            self._write(conversation, whole)  # before the others go: a process that is killed has it twice, never not
            self.let_go(conversation)
        for file in others:
            file.unlink(missing_ok=True)
        return whole or None

    def release(self, conversation: str | None) -> None:
        """Let any program take over this program's draft of a conversation from now on."""
        with suppress(FileNotFoundError):
            self._own(conversation).rename(self._file(conversation, os.urandom(8).hex()))  # the name of no program

    def forget_the_deleted(self, existing: Callable[[], Collection[str]]) -> None:
        """Erase the drafts of conversations that are not among the `existing` ones, which are asked for if need be.

        Parts of drafts go, too, that a program left when it was killed.
        """
        remove_left_behind(self._directory)
        kept = {file: file.stem.partition(BY)[0] for file in self._directory.glob(f"*{ENDING}")}
        if set(kept.values()) - {NEW}:
            there = {NEW, *map(_name_of, existing())}
            for file, name in kept.items():
                if name not in there and not name.startswith(PROMPT):
                    file.unlink(missing_ok=True)

    def _found(self, conversation: str | None, living: Collection[str]) -> dict[Path, Draft]:
        """Return the drafts of a conversation by their files, this program's last, without those of `living` others.

        What cannot be read is not among them and stays where it is: of another version, or of another user as after
        `sudo`. Only this program's own draft must be readable, because it would be replaced: else OSError is raised.
        """
        own, name = self._own(conversation), _name_of(conversation)
        kept_by_others = {self._file(conversation, program) for program in living} - {own}
        files = {*self._directory.glob(f"{name}{BY}*{ENDING}"), self._directory / f"{name}{ENDING}"} - kept_by_others
        if (held := self._refused.get(conversation)) is not None:
            files -= {own}
        found: dict[Path, Draft] = {}
        for file in sorted(files, key=lambda file: (file == own, file)):
            with suppress(*(() if file == own else (OSError,))):
                if (draft := _read(file)) is not None:
                    found[file] = draft
        return found if held is None else {**found, own: held}

    def _own(self, conversation: str | None) -> Path:
        return self._file(conversation, self._program)

    def _file(self, conversation: str | None, program: str) -> Path:
        return self._directory / f"{_name_of(conversation)}{BY}{program}{ENDING}"


def _name_of(conversation: str | None) -> str:
    """Return how a conversation is called in the names of files, without `BY`.

    Our keys are names. A corpus from elsewhere may hold one that leads out of the directory, or is our word for none.
    """
    if conversation is None:
        return NEW
    if conversation.isalnum() and conversation.lower() != NEW:
        return conversation
    return sha256(conversation.encode()).hexdigest()


def _read(file: Path) -> Draft | None:
    """Return the draft of a file; None where there is none, or one that this version cannot read."""
    with suppress(FileNotFoundError, TypeError):
        found = Draft(**document_in(file))  # type: ignore[arg-type]
        if all(isinstance(text, str) for text in (found.text, found.beside, found.replaces or "")):
            return found or None
    return None


def rescue_words(words: str) -> Path | None:
    """Write words that cannot be kept to a new file in the temporary directory; return it, None where that fails."""
    path = Path(tempfile.gettempdir()) / f"chat-personas-not-sent-{os.urandom(4).hex()}.txt"
    try:
        with atomic_write(path) as stream:
            stream.write(f"{words}\n".encode())
    except OSError:
        return None
    return path
