"""Bytes that a server sent, cut into documents and server-sent events, and the errors for those that are none."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from chat_personas.text import whole_characters, whole_strings


class UnreadableAnswerError(Exception):
    """A server sent something that is not an answer, such as half a JSON document. The message names it."""


class NotJsonError(UnreadableAnswerError):
    """A server sent no JSON document, or not a whole one."""


class ReportedFailureError(UnreadableAnswerError):
    """A server reported a failure in place of an answer, or within one. The message is the server's own words.

    `code` is the code or kind that it gave, and `status` that code as an HTTP status, None if it gave none.
    """

    def __init__(self, words: str, code: str | None = None, status: int | None = None) -> None:
        super().__init__(words)
        self.code = code
        self.status = status


@dataclass(frozen=True, slots=True)
class Event:
    """A server-sent event: its name, the lines of its data, and of `error`, a field that some servers add."""

    name: str
    data: tuple[str, ...]
    error: str | None


def as_json(raw: bytes, what: str = "an answer") -> Any:
    """Return the JSON document, with whole characters only: what is no character becomes U+FFFD.

    JSON may write half a surrogate pair in any string, and neither a file, a database nor a terminal takes it.

    Raises:
        UnreadableAnswerError: it is not UTF-8, not JSON, or nested too deep.
    """
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UnreadableAnswerError(f"{what} that is not text") from error
    return read_document(text, what)


def read_document(text: str, what: str, *, halves: bool = False) -> Any:
    """Return the JSON document that `text` is; with `halves`, halves of characters stay. Raises as `as_json`.

    The text of a streamed reply may be cut within a character, so its events keep them for a `SurrogateJoiner`.
    """
    try:
        document = json.loads(text)
        return document if halves or "\\u" not in text else whole_strings(document)
    except RecursionError as error:
        raise UnreadableAnswerError(f"{what} that is nested too deep") from error
    except ValueError as error:  # also a whole number with too many digits
        raise NotJsonError(f"{what} that is not JSON, or is cut off") from error


class EventReader:
    """Reads server-sent events from bytes, however these are cut.

    Lines end in LF, CR LF or CR; an empty line ends an event (WHATWG HTML, 9.2). Some servers leave the empty lines or
    the name of the field out and write one JSON document a line, so lines of data that are not one document together
    are events of their own.
    """

    def __init__(self, most: int = 1 << 26) -> None:
        """Read events of at most about `most` bytes each."""
        self._most = most
        self._size = 0
        self._begun: list[bytes] = []  # pieces of a line without an end yet; joined, every further one would copy them
        self._name = ""
        self._data: list[str] = []
        self._error: str | None = None
        self._complete_once = False
        self._other = ""  # the first line that is no field of an event

    def feed(self, some: bytes) -> Iterator[Event]:
        """Yield the events that `some` bytes complete.

        Raises:
            UnreadableAnswerError: a line is not UTF-8, or an event is too long.
        """
        self._size += len(some)
        if self._begun and self._begun[-1].endswith(b"\r"):
            some = self._begun.pop() + some
        *lines, rest = _LINE_END.split(some)
        for line in lines:
            if not (line or self._begun or self._data or self._name or self._error is not None):
                self._size = 0  # an empty line after another one ends nothing, and a flood of them is quickly read
                continue
            whole = b"".join([*self._begun, line])
            self._begun = []
            yield from self._take(whole)
        self._begun += [rest] if rest else []
        if self._size > self._most:
            raise UnreadableAnswerError(f"an event without an end (more than {self._most:,} bytes)")

    def end(self) -> Iterator[Event]:
        """Yield the events that no empty line has ended. Raises as `feed`.

        An answer without any event that has words is one of these: gateways report failures in plain text.
        """
        yield from self._take(b"".join(self._begun))
        yield from self._take(b"")
        if self._other and not self._complete_once:
            yield Event("error", (), self._other)

    def _take(self, raw: bytes) -> Iterator[Event]:
        try:
            line = raw.decode("utf-8").removeprefix("\ufeff")
        except UnicodeDecodeError as error:
            raise UnreadableAnswerError("an event that is not text") from error
        field, _, value = line.partition(":")
        value = value.removeprefix(" ")
        match field:
            case "data":
                self._data.append(value)
            case "event":
                self._name = value.strip()
            case "error":
                self._error = value
            case "" if not line:
                yield from self._complete()
            case _ if line.startswith("{"):  # a document in place of an event
                self._data.append(line)
            case _ if field not in _IGNORED:
                self._other = self._other or line[:_LONGEST_OTHER]

    def _complete(self) -> Iterator[Event]:
        name, data, error = self._name, tuple(self._data), self._error
        self._name, self._data, self._error, self._size = "", [], None, 0
        if len(data) > 1 and not _is_document("\n".join(data)):
            yield from (Event(name, (line,), None) for line in data)
            data = ()
            self._complete_once = True
        if data or error is not None or name == "error":
            self._complete_once = True
            yield Event(name, data, error)


_IGNORED = ("", "id", "retry")
_LONGEST_OTHER = 2000
_LINE_END = re.compile(rb"\r\n|\n|\r(?=.)", re.DOTALL)
"""A CR at the end of what has come may be the first half of a CR LF, and waits."""


def _is_document(text: str) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


class SurrogateJoiner:
    """Puts characters together that a server cut in two: JSON may write half a surrogate pair, UTF-8 cannot.

    A half that stays alone becomes U+FFFD.
    """

    def __init__(self) -> None:
        self._half = ""

    def add(self, text: str) -> str:
        """Return `text` with whole characters only; half a character at its end waits for the next one."""
        if not self._half and text.isascii():
            return text
        text = self._half + text
        self._half = text[-1] if text and "\ud800" <= text[-1] <= "\udbff" else ""
        whole = text[: len(text) - len(self._half)]
        return whole_characters(whole)

    def end(self) -> str:
        """Return what still waits."""
        return "\ufffd" if self._half else ""
