"""Drafts: what a person typed in a conversation and has not sent, in files that only the person can read.

They lie in a directory beside the corpus and never in it, so that no export, merge or backup holds words that nobody
sent. A file is replaced as a whole: a process that is killed leaves the draft before.
"""

import json
from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path

from chat_personas.paths import make_private
from chat_personas.storage.files import atomic_write, remove_left_behind

ENDING = ".json"
NEW = "new-"
"""Begins the names of drafts of conversations in which nothing was said; the name of the program follows."""


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
    """Return several texts as one, a line for each; those that are blank are left out."""
    return "\n".join(text for text in texts if text.strip())


class Drafts:
    """The drafts beside one corpus, by the key of the conversation; None stands for one in which nothing was said.

    Every method waits for the disk and raises OSError where it fails. `program` is the name of this program's lock: the
    drafts of new conversations are its own until it ends.
    """

    def __init__(self, directory: Path, program: str) -> None:
        self._directory = directory
        self._program = program

    def of(self, conversation: str | None) -> Draft | None:
        """Return the draft of a conversation, None where there is none."""
        return _read(self._file(conversation))

    def keep(self, conversation: str | None, draft: Draft) -> None:
        """Keep a draft in place of the one before; a blank one erases that."""
        if not draft:
            self._file(conversation).unlink(missing_ok=True)
            return
        make_private(self._directory)
        with atomic_write(self._file(conversation)) as stream:
            stream.write(json.dumps(asdict(draft)).encode())

    def take_over(self, living: Collection[str]) -> Draft | None:
        """Return what was typed in new conversations here and by programs that have ended, as one draft of our own.

        `living` are the names of the programs that have not ended.
        """
        ended = (
            file
            for file in sorted(self._directory.glob(f"{NEW}*{ENDING}"))
            if file.name.removeprefix(NEW).removesuffix(ENDING) not in living
        )
        found = {file: draft for file in ended if (draft := _read(file)) is not None}
        own = self.of(None)
        if not found:
            return own
        whole = Draft(joined(*(draft.whole for draft in found.values()), own.whole if own is not None else ""))
        self.keep(None, whole)  # before the others go: a process that is killed here has it twice, never not at all
        for file in found:  # and not those that another version wrote, which cannot be read here
            file.unlink(missing_ok=True)
        return whole

    def forget_the_deleted(self, existing: Callable[[], Collection[str]]) -> None:
        """Erase the drafts of conversations that are not among the `existing` ones, which are asked for if need be.

        Parts of drafts go, too, that a program left when it was killed.
        """
        remove_left_behind(self._directory)
        kept = {file.stem: file for file in self._directory.glob(f"*{ENDING}") if not file.name.startswith(NEW)}
        if kept:
            for name in kept.keys() - set(map(_name_of, existing())):
                kept[name].unlink(missing_ok=True)

    def _file(self, conversation: str | None) -> Path:
        name = NEW + self._program if conversation is None else _name_of(conversation)
        return self._directory / f"{name}{ENDING}"


def _name_of(conversation: str) -> str:
    """Return a key as a file's name. Ours are; a corpus from elsewhere may hold one that leads out of the directory."""
    return conversation if conversation.isalnum() else sha256(conversation.encode()).hexdigest()


def _read(file: Path) -> Draft | None:
    """Return the draft of a file; None where there is none, or one that this version cannot read."""
    with suppress(FileNotFoundError, ValueError, TypeError):
        found = Draft(**json.loads(file.read_bytes()))
        if isinstance(found.text, str) and isinstance(found.beside, str):
            return found or None
    return None
