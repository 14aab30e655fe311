"""Bytes that a server sent, read as answers: the one place where they become messages, and nothing is taken on trust.

A server may send anything. What is not an answer raises `UnreadableAnswerError`, and what reports a failure raises
`ReportedFailureError` with the server's own words; no other exception leaves this module.
"""

import json
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from chat_personas.text import printable
from eval.engine import FinishReason

LONGEST_QUOTE = 200
"""Characters of a server's own words that are shown."""
_LONGEST_WORDS = 2000
_MOST_LOG_PROBABILITY = 0.01
_LEAST = -1e6  # as good as -inf, and a whole number below it may be too long for a float
_NOT_FINISHED = frozenset({"", "null", "none"})
_CUT_OFF = frozenset({"length", "max_tokens", "max_length", "model_length"})
_WORDS_OF_FAILURE = ("message", "error", "detail", "msg", "error_message", "errors", "reason", "title", "description")
_DEEPEST_WORDS = 4


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
class Completion:
    """A whole answer.

    Attributes:
        text: the reply, or the words with which the model refused; "" for none.
        finish: why it ended, None if the server does not say.
        model: the model's name in the answer.
        prompt_tokens: the tokens of the prompt; 0 if the server does not say.
        log_probabilities: what it shows of the first token, as it was sent; see `likeliest`.
    """

    text: str
    finish: FinishReason | None
    model: str | None
    prompt_tokens: int
    log_probabilities: object


@dataclass(frozen=True, slots=True)
class Delta:
    """One event of a streamed answer: text, why the answer ended, or neither."""

    text: str
    finish: FinishReason | None


class End:
    """The event that ends a stream, `[DONE]`."""


END: Final = End()


@dataclass(frozen=True, slots=True)
class Event:
    """A server-sent event: its name, the lines of its data, and of `error`, a field that some servers add."""

    name: str
    data: tuple[str, ...]
    error: str | None


def as_json(raw: bytes, what: str = "an answer") -> Any:
    """Return the JSON document.

    Raises:
        UnreadableAnswerError: it is not UTF-8, not JSON, or nested too deep.
    """
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UnreadableAnswerError(f"{what} that is not text") from error
    return _document(text, what)


def _document(text: str, what: str) -> Any:
    try:
        return json.loads(text)
    except RecursionError as error:
        raise UnreadableAnswerError(f"{what} that is nested too deep") from error
    except ValueError as error:  # also a whole number with too many digits
        raise NotJsonError(f"{what} that is not JSON, or is cut off") from error


def completion(document: object) -> Completion:
    """Return the whole answer in a JSON document.

    Raises:
        ReportedFailureError: the document reports a failure.
        UnreadableAnswerError: it is not a chat completion.
    """
    choice = _first_choice(document)
    if not isinstance(document, dict) or choice is None:
        raise UnreadableAnswerError("an answer that is not a chat completion")
    message = choice.get("message")
    if message is not None and not isinstance(message, dict):
        raise UnreadableAnswerError("an answer that is not a chat completion")
    usage = document.get("usage")
    tokens = usage.get("prompt_tokens") if isinstance(usage, dict) else None
    model = document.get("model")
    return Completion(
        text="".join(_whole_characters(_said(message or {}))),
        finish=_finish(choice.get("finish_reason")),
        model=model if isinstance(model, str) else None,
        prompt_tokens=tokens if isinstance(tokens, int) and not isinstance(tokens, bool) and tokens >= 0 else 0,
        log_probabilities=choice.get("logprobs"),
    )


def model_names(document: object) -> list[str]:
    """Return the names of the models in a server's list of them.

    Raises:
        ReportedFailureError: the document reports a failure.
        UnreadableAnswerError: it is not a list of models.
    """
    if isinstance(document, dict) and not isinstance(document.get("data"), list):
        _raise_reported(document)
    entries = document.get("data") if isinstance(document, dict) else document
    if not isinstance(entries, list):
        raise UnreadableAnswerError("a list of models that cannot be read")
    names = [entry.get("id") if isinstance(entry, dict) else None for entry in entries]
    return [name for name in names if isinstance(name, str) and name]


def likeliest(log_probabilities: object) -> list[tuple[str, float]] | None:
    """Return the likeliest first tokens with their log-probabilities, as sent; None where the server sent none.

    Raises:
        UnreadableAnswerError: they cannot be read, or are not logarithms of probabilities.
    """
    content = log_probabilities.get("content") if isinstance(log_probabilities, dict) else None
    first = content[0] if isinstance(content, list) and content else None
    top = first.get("top_logprobs") if isinstance(first, dict) else None
    if not top:
        return None
    found = []
    for entry in top if isinstance(top, list) else [None]:
        token = entry.get("token") if isinstance(entry, dict) else None
        value = entry.get("logprob") if isinstance(entry, dict) else None
        if not isinstance(token, str) or not isinstance(value, int | float) or not _is_log_probability(value):
            raise UnreadableAnswerError("log-probabilities that cannot be read")
        found.append((token, float(value) if value > _LEAST else -math.inf))
    return found


def _is_log_probability(value: float) -> bool:
    """Whether this is the logarithm of a probability; rounding may take it a little above 0."""
    return not isinstance(value, bool) and value <= _MOST_LOG_PROBABILITY


def delta(event: Event) -> Delta | End | None:
    """Return what one event adds to a streamed answer; None for an event without any, such as one that keeps alive.

    Raises:
        ReportedFailureError: the event reports a failure.
        UnreadableAnswerError: it is not a part of an answer.
    """
    text = "\n".join(event.data).strip()
    if event.error is not None or event.name == "error":
        raise reported(_loosely(event.error if event.error is not None else text))
    if not text:
        return None
    if text.strip("\"'") == "[DONE]":
        return END
    document = _document(text, "an event")
    if not isinstance(document, dict):
        raise UnreadableAnswerError("an event that is not a part of a reply")
    choice = _first_choice(document)
    if choice is None:
        return None
    said = choice.get("delta", choice.get("message"))
    if said is not None and not isinstance(said, dict):
        raise UnreadableAnswerError("an event that is not a part of a reply")
    return Delta(_said(said or {}), _finish(choice.get("finish_reason")))


def _first_choice(document: object) -> dict[str, Any] | None:
    """Return the first of the choices, None for none. Raises as `completion` does."""
    if not isinstance(document, dict):
        raise UnreadableAnswerError("an answer that is not a chat completion")
    if document.get("error") or not isinstance(document.get("choices"), list):
        _raise_reported(document)
    choices = document.get("choices")
    if not choices:
        return None
    if not isinstance(choices, list) or not isinstance(choices[0], dict):
        raise UnreadableAnswerError("an answer that is not a chat completion")
    choice: dict[str, Any] = choices[0]
    if choice.get("error") or choice.get("finish_reason") == "error":
        raise reported(choice.get("error") or document)
    return choice


def _raise_reported(document: Mapping[str, Any]) -> None:
    """Raise ReportedFailureError if the document reports a failure."""
    if any(document.get(key) for key in ("error", "detail", "message", "errors", "error_message")):
        raise reported(document)


def _said(message: Mapping[str, Any]) -> str:
    """Return the text of a message or of a part of one: what the model says, or with what it refuses."""
    return _text(message.get("content")) + _text(message.get("refusal"))


def _text(content: object) -> str:
    """Return the text of `content`: a text, a list of typed parts, or nothing. Raises UnreadableAnswerError."""
    match content:
        case None:
            return ""
        case str():
            return content
        case list() if all(isinstance(part, dict) for part in content):
            return "".join(_text(part.get("text")) for part in content if isinstance(part.get("text"), str))
        case _:
            raise UnreadableAnswerError("a reply that is not text")


def _finish(reason: object) -> FinishReason | None:
    if not isinstance(reason, str) or reason.lower() in _NOT_FINISHED:
        return None
    return "length" if reason.lower() in _CUT_OFF else "stop"


def _whole_characters(text: str) -> Iterator[str]:
    joiner = SurrogateJoiner()
    yield joiner.add(text)
    yield joiner.end()


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
        return whole.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")

    def end(self) -> str:
        """Return what still waits."""
        return "\ufffd" if self._half else ""


class EventReader:
    """Reads server-sent events from bytes, however these are cut.

    Lines end in LF, CR LF or CR; an empty line ends an event (WHATWG HTML, 9.2). Some servers leave the empty lines out
    and write one JSON document a line, so lines of data that are no document together are events of their own.
    """

    def __init__(self) -> None:
        self._bytes = b""
        self._name = ""
        self._data: list[str] = []
        self._error: str | None = None

    def feed(self, some: bytes) -> Iterator[Event]:
        """Yield the events that `some` bytes complete. Raises UnreadableAnswerError: a line is not UTF-8."""
        *lines, self._bytes = _LINE_END.split(self._bytes + some)
        for line in lines:
            yield from self._take(line)

    def end(self) -> Iterator[Event]:
        """Yield the events that no empty line has ended. Raises as `feed`."""
        yield from self._take(self._bytes)
        yield from self._take(b"")

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

    def _complete(self) -> Iterator[Event]:
        name, data, error = self._name, tuple(self._data), self._error
        self._name, self._data, self._error = "", [], None
        if len(data) > 1 and not _is_document("\n".join(data)):
            yield from (Event(name, (line,), None) for line in data)
            data = ()
        if data or error is not None or name == "error":
            yield Event(name, data, error)


_LINE_END = re.compile(rb"\r\n|\n|\r(?=.)", re.DOTALL)
"""A CR at the end of what has come may be the first half of a CR LF, and waits."""


def _is_document(text: str) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def reported(document: object) -> ReportedFailureError:
    """Return the failure that a document reports, of whatever form."""
    error = document.get("error", document) if isinstance(document, dict) else document
    inner = error if isinstance(error, dict) else document if isinstance(document, dict) else {}
    codes = [inner.get(key) for key in ("code", "type", "error_type", "status")]
    named = [code for code in codes if isinstance(code, str) and code]
    numbers = [_status(code) for code in codes]
    return ReportedFailureError(
        words_of(document), named[0] if named else None, next((number for number in numbers if number), None)
    )


def _status(code: object) -> int | None:
    if isinstance(code, str) and re.fullmatch(r"[1-5]\d\d", code):
        return int(code)
    return code if isinstance(code, int) and not isinstance(code, bool) and 100 <= code < 600 else None


def words_of(document: object) -> str:
    """Return a server's own words in what it sent for a failure: one line, without characters that control a terminal.

    The document may be of any form. The words of a web page are its title.
    """
    return _line(_words(document, _DEEPEST_WORDS)) or _line(_compact(document))


def quotable(words: str) -> str:
    """Return the words as they are shown: `LONGEST_QUOTE` characters at most."""
    line = _line(words)
    return line if len(line) <= LONGEST_QUOTE else f"{line[:LONGEST_QUOTE].rstrip()}…"


def _line(text: str) -> str:
    return printable(" ".join(text[: 4 * _LONGEST_WORDS].split()))[:_LONGEST_WORDS]


def _words(found: object, deepest: int) -> str:
    if isinstance(found, str):
        if found.lstrip()[:1] in ("{", "[") and deepest:  # gateways put the document that they were sent into a text
            return _words(_loosely(found), deepest - 1) if not isinstance(_loosely(found), str) else found
        return _page_title(found)
    if not deepest:
        return ""
    if isinstance(found, list):
        return "; ".join(filter(None, (_words(each, deepest - 1) for each in found[:3])))
    if isinstance(found, dict):
        each = (_words(found[key], deepest - 1) for key in _WORDS_OF_FAILURE if found.get(key))
        return next(filter(None, each), "")
    return ""


def _page_title(text: str) -> str:
    """Return `text`, or the title of a web page."""
    if not text.lstrip()[:15].lower().startswith(("<!doctype", "<html")):
        return text.strip()
    title = re.search(r"<title[^>]{0,200}>([^<]{0,500})", text[:20_000], re.IGNORECASE)
    return title[1].strip() if title and title[1].strip() else "a web page"


def _loosely(text: str) -> object:
    """Return the JSON document, or the text itself."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def _compact(document: object) -> str:
    try:
        return "without words" if document in (None, "", {}, []) else json.dumps(document, ensure_ascii=False)
    except (ValueError, RecursionError):
        return "something that cannot be read"
