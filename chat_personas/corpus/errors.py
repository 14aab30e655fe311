"""What can go wrong with the corpus, each as one line that says what is wrong and what to do."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from chat_personas.paths import display_path
from chat_personas.storage.sqlite import explain
from personas.errors import ReportedError
from personas.inputs.suggestions import quoted

GONE_ON_ELSEWHERE = "another program has gone on with this conversation meanwhile"
GROWING_ELSEWHERE = "another program is still writing a reply in this conversation; say it again when that has ended"
WHAT_TO_DO = "open it again to see how. What you send once more is said from here, as another version"
_NOT_TEXT = "Could not decode to UTF-8"

__all__ = ["CorpusError", "ExportError", "NoCorpusError", "UnknownConversationError", "display_path", "storage_errors"]


class CorpusError(ReportedError):
    """The corpus could not be read or written."""

    exit_code = 4


class UnknownConversationError(CorpusError):
    """No conversation has the identifier that was asked for."""

    exit_code = 2


class UnknownParticipationError(CorpusError):
    """No participation in a study has the identifier that was asked for."""

    exit_code = 2


class UnknownParticipantError(CorpusError):
    """No participant has the identifier that was asked for."""

    exit_code = 2


class ProtectedConversationError(CorpusError):
    """The conversation belongs to a participant of a study, and cannot be changed by anybody else."""

    exit_code = 2


class ConversationGoneError(CorpusError):
    """Another program deleted the conversation that is written to."""


class GoneOnElsewhereError(CorpusError):
    """Another program has gone on with the conversation that is written to, up to the message `leaf_id`."""

    def __init__(self, message: str, conversation_id: str = "", leaf_id: str | None = None) -> None:
        super().__init__(message)
        self.conversation_id = conversation_id
        self.leaf_id = leaf_id


class GrowingElsewhereError(GoneOnElsewhereError):
    """Another program is still writing a reply after which something was to be said."""


class NoCorpusError(CorpusError):
    """There is no corpus to read yet."""

    exit_code = 2


class RatingError(CorpusError):
    """What is asked for is not a rating, or not on its scale."""

    exit_code = 2


class SameCorpusError(CorpusError):
    """A corpus cannot be merged with itself."""

    exit_code = 2


class ExportError(CorpusError):
    """The export that was asked for cannot be made."""

    exit_code = 2


def foreign(path: Path) -> CorpusError:
    """Return the error for a database that another program marked as its own."""
    return CorpusError(f"{display_path(path)} is the database of another program; choose another file for the corpus")


def conversation_gone(path: Path) -> ConversationGoneError:
    """Return the error for a conversation that is written to, or kept something with, and is not there any more."""
    return ConversationGoneError(
        f"the conversation is no longer in the corpus {display_path(path)} (another program deleted it?); "
        "start a new one"
    )


def not_a_corpus(path: Path) -> CorpusError:
    """Return the error for a file that is not a database."""
    return CorpusError(
        f"{display_path(path)} is not a corpus (not an SQLite database); move it away or choose another file"
    )


def unreadable_row(table: str, key: object, columns: str) -> CorpusError:
    """Return the error for a row that this program cannot have written; its values are not repeated."""
    return CorpusError(
        f"a row of the corpus cannot be read (table {table}, {quoted(str(key))}: {columns}); "
        "see what else is wrong: chat-personas corpus doctor"
    )


@contextmanager
def storage_errors(path: Path) -> Iterator[None]:
    """Turn what SQLite and the file system raise into a `CorpusError`; a bug of ours passes unchanged."""
    try:
        yield
    except sqlite3.IntegrityError as error:
        if "FOREIGN KEY" not in str(error):
            _raise_if_altered(path, error)
            raise
        raise conversation_gone(path) from error
    except (sqlite3.Error, OSError) as error:
        if getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_NOTADB:
            raise not_a_corpus(path) from error
        shown = display_path(path)
        if str(error).startswith(_NOT_TEXT):  # of which SQLite knows nothing: it stores whatever bytes it is given
            raise CorpusError(
                f"the corpus {shown} has a text that is none; see where: chat-personas corpus doctor"
            ) from error
        advice = explain(error, f"the corpus {shown}", if_damaged=f"keep a copy, then try `sqlite3 {shown} .recover`")
        if advice is None:
            _raise_if_altered(path, error)
            raise
        raise CorpusError(advice) from error


def _raise_if_altered(path: Path, error: Exception) -> None:
    """Raise CorpusError where a query failed because a corpus is not as this program makes it; else it is our bug."""
    from chat_personas.corpus.migrations import altered_parts

    try:
        altered = altered_parts(path)
    except (sqlite3.Error, OSError):
        return
    if altered:
        shown, part = display_path(path), quoted(altered[0])
        raise CorpusError(
            f"the corpus {shown} is not as this program makes it ({part} was changed by another program); "
            f"keep a copy, then try `sqlite3 {shown} .recover`"
        ) from error
