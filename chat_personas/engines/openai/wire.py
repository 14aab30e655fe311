"""What the documents and events of a server say: the one place where they become answers, and nothing is trusted.

A server may send anything. What is not an answer raises `UnreadableAnswerError`, and what reports a failure raises
`ReportedFailureError` with the server's own words; no other exception leaves this module and `events`.
"""

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeGuard

from chat_personas.engines.openai.events import (
    Event,
    ReportedFailureError,
    UnreadableAnswerError,
    read_document,
)
from chat_personas.engines.reply_text import parted
from chat_personas.text import printable, whole_characters
from eval.engine import FinishReason

LONGEST_QUOTE = 200
"""Characters of a server's own words that are shown."""
_LONGEST_WORDS = 2000
_LONGEST_NAME = 1000
"""Characters of a model's name, which may be a path."""
_MOST_LOG_PROBABILITY = 0.01
_LONGEST_ID = 12
_MOST_TOKENS = 2**31 - 1
"""No model has a longer context or vocabulary: a larger number is no count, and SQLite has no room for some."""
_LEAST = -1e6  # as good as -inf, and a whole number below it may be too long for a float
_NOT_FINISHED = frozenset({"", "null", "none"})
_FILTERED = "content_filter"
_CALL_FIELDS = ("tool_calls", "function_call")
_THOUGHT_FIELDS = ("reasoning_content", "reasoning", "thinking")
_THOUGHT_DETAILS = "reasoning_details"
_CUT_OFF = frozenset({"length", "max_tokens", "max_length", "model_length"})
_WORDS_OF_FAILURE = ("message", "error", "detail", "msg", "error_message", "errors", "reason", "title", "description")
_DEEPEST_WORDS = 4
_DOCUMENT = ("{", "[", '"')


@dataclass(frozen=True, slots=True)
class Completion:
    """A whole answer.

    Attributes:
        text: the reply, or the words with which the model refused; "" for none. Thoughts are not a part of it.
        finish: why it ended, None if the server does not say.
        model: the model's name in the answer.
        prompt_tokens: the tokens of the prompt; 0 if the server does not say.
        log_probabilities: what it shows of the first token, as it was sent; see `likeliest`.
        thought: what the model thought before the reply, between markers or in a field of its own; "" for nothing.
    """

    text: str
    finish: FinishReason | None
    model: str | None
    prompt_tokens: int
    log_probabilities: object
    thought: str = ""


@dataclass(frozen=True, slots=True)
class Delta:
    """One event of a streamed answer: text, why the answer ended, or neither.

    `thought` is what the server itself tells apart as a thought. Markers of thoughts in the text are left in it.
    `counts` are the tokens of prompt and reply, where the event reports both; often one after the end does.
    `thought_tokens` are those of the reply with which the model thought, as far as the server says.
    `called`: it is a part of a call of a tool.
    """

    text: str
    finish: FinishReason | None
    thought: str = ""
    counts: tuple[int, int] | None = None
    thought_tokens: int = 0
    called: bool = False

    @property
    def says_something(self) -> bool:
        """Whether the answer goes on with it: events without a word, or only with counts, may come without an end."""
        return bool(self.text or self.thought or self.finish or self.called)


class End:
    """The event that ends a stream, `[DONE]`."""


END: Final = End()


def completion(document: object) -> Completion:
    """Return the whole answer in a JSON document.

    Raises:
        ReportedFailureError: the document reports a failure.
        UnreadableAnswerError: it is not a chat completion.
    """
    choice = _first_choice(document)
    if not isinstance(document, dict) or choice is None:
        raise UnreadableAnswerError("an answer that is not a chat completion")
    message = choice.get("message", _of_completions(choice))
    if message is not None and not isinstance(message, dict):
        raise UnreadableAnswerError("an answer that is not a chat completion")
    said = parted(whole_characters(_said(message or {})))
    finish = _finish(choice.get("finish_reason"))
    if not said.reply and finish == "filtered":
        raise filtered()
    usage = document.get("usage")
    tokens = usage.get("prompt_tokens") if isinstance(usage, dict) else None
    model = document.get("model")
    return Completion(
        text=said.reply,
        finish=finish,
        model=_model_name(model) if isinstance(model, str) else None,
        prompt_tokens=tokens if _is_count(tokens) else 0,
        log_probabilities=choice.get("logprobs"),
        thought=whole_characters(_thought(message or {})) + said.thought,
    )


def model_names(document: object) -> list[str]:
    """Return the names of the models in a server's list of them, each fit for a line (`_model_name`).

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
    return [_model_name(name) for name in names if isinstance(name, str) and name]


def _model_name(name: str) -> str:
    """Return a model's name as the server has it; one that cannot be one is made fit for a line.

    It is shown in errors, in the status line and in reports, and a server may send anything.
    """
    return name if name.isprintable() and len(name) <= _LONGEST_NAME else quotable(name)


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


def token_ids(document: object) -> list[int]:
    """Return the ids of the tokens into which a server cut a text, at least one. Raises as `model_names`."""
    if isinstance(document, dict) and document.get("tokens") is None:
        _raise_reported(document)
    found = document.get("tokens") if isinstance(document, dict) else None
    if not isinstance(found, list) or not found or not all(map(_is_count, found)):
        raise UnreadableAnswerError("tokens that cannot be read")
    return found


def token_ids_shown(top: Sequence[tuple[str, float]]) -> dict[int, float]:
    """Return the log-probabilities by token id, where a server writes tokens as `token_id:N`.

    Raises:
        UnreadableAnswerError: it writes them in another way.
    """
    found = {}
    for token, value in top:
        number = token.removeprefix("token_id:")
        if number == token or not (number.isascii() and number.isdigit()) or len(number) > _LONGEST_ID:
            raise UnreadableAnswerError("tokens without their ids")
        found[int(number)] = value
    return found


def token_log_probabilities(document: object) -> dict[int, float]:
    """Return the log-probabilities by token id that SGLang's `/generate` shows for the first token that it wrote.

    Raises:
        ReportedFailureError: the document reports a failure.
        UnreadableAnswerError: it shows none that can be read.
    """
    if isinstance(document, dict) and "meta_info" not in document:
        _raise_reported(document)
    about = document.get("meta_info") if isinstance(document, dict) else None
    rows = about.get("output_token_ids_logprobs") if isinstance(about, dict) else None
    first = rows[0] if isinstance(rows, list) and rows else None
    found = {}
    for row in first if isinstance(first, list) else [None]:
        value, token = row[:2] if isinstance(row, list) and len(row) > 1 else (None, None)
        if not isinstance(value, int | float) or not _is_log_probability(value) or not _is_count(token):
            raise UnreadableAnswerError("log-probabilities that cannot be read")
        found[token] = float(value) if value > _LEAST else -math.inf
    return found


def _is_count(value: object) -> TypeGuard[int]:
    """Whether this can be a number of tokens, or the number of one."""
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _MOST_TOKENS


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
    if _is_plain_words(text):
        raise reported(text)
    document = read_document(text, "an event", halves=True)
    if document is None or isinstance(document, bool | int | float):
        return None  # it keeps the connection alive
    if isinstance(document, list) and any(isinstance(each, dict) and each.get("error") for each in document):
        raise reported(next(each for each in document if isinstance(each, dict) and each.get("error")))
    if not isinstance(document, dict):
        raise UnreadableAnswerError("an event that is not a part of a reply")
    choice = _first_choice(document)
    counts = counts_in(document)
    thought_tokens = thought_tokens_in(document)
    if choice is None:
        return Delta("", None, counts=counts, thought_tokens=thought_tokens) if counts is not None else None
    said = choice.get("delta", choice.get("message", _of_completions(choice)))
    if said is not None and not isinstance(said, dict):
        raise UnreadableAnswerError("an event that is not a part of a reply")
    return Delta(
        _said(said or {}),
        _finish(choice.get("finish_reason")),
        thought=_thought(said or {}),
        counts=counts,
        thought_tokens=thought_tokens,
        called=any((said or {}).get(field) for field in _CALL_FIELDS),
    )


def counts_in(document: Mapping[str, Any]) -> tuple[int, int] | None:
    """Return the tokens of prompt and reply that a document reports; None unless it reports both."""
    usage = document.get("usage")
    found = [usage.get(key) for key in ("prompt_tokens", "completion_tokens")] if isinstance(usage, dict) else []
    prompt, reply = found or (None, None)
    return (prompt, reply) if _is_count(prompt) and prompt > 0 and _is_count(reply) else None


def thought_tokens_in(document: Mapping[str, Any]) -> int:
    """Return how many of the tokens of a reply are those of its thoughts, as far as a document reports that."""
    usage = document.get("usage")
    details = usage.get("completion_tokens_details") if isinstance(usage, dict) else None
    found = details.get("reasoning_tokens") if isinstance(details, dict) else None
    return found if _is_count(found) else 0


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


def _of_completions(choice: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the message of a server that answers in the form of the older interface, text completions."""
    text = choice.get("text")
    return {"content": text} if isinstance(text, str) else None


def _raise_reported(document: Mapping[str, Any]) -> None:
    """Raise ReportedFailureError if the document reports a failure."""
    if any(document.get(key) for key in ("error", "detail", "message", "errors", "error_message")):
        raise reported(document)


def _said(message: Mapping[str, Any]) -> str:
    """Return the text of a message or of a part of one: what the model says, or with what it refuses."""
    return _text(message.get("content")) + _text(message.get("refusal"))


def _thought(message: Mapping[str, Any]) -> str:
    """Return what a server marks as a thought in a part of a message, "" for none or what cannot be read."""
    named = [message.get(key) for key in _THOUGHT_FIELDS]  # some send the same under several names
    named.append(_details_of_thought(message.get(_THOUGHT_DETAILS)))
    field = next((thought for thought in named if isinstance(thought, str) and thought), "")
    content = message.get("content")
    parts = [part.get("thinking") for part in content if isinstance(part, dict)] if isinstance(content, list) else []
    return field + "".join(_thought_part(part) for part in parts)


def _details_of_thought(details: object) -> str:
    """Return the texts and summaries of thoughts in OpenRouter's list of typed parts."""
    parts = [part for part in details if isinstance(part, dict)] if isinstance(details, list) else []
    texts = (part.get(kind) for part in parts for kind in ("text", "summary"))
    return "".join(text for text in texts if isinstance(text, str))


def _thought_part(thinking: object) -> str:
    """Return the text of a part of the type `thinking`, which may be a list of parts with text."""
    if isinstance(thinking, list):
        texts = (part.get("text") for part in thinking if isinstance(part, dict))
        return "".join(text for text in texts if isinstance(text, str))
    return thinking if isinstance(thinking, str) else ""


def _text(content: object) -> str:
    """Return the text of `content`: a text, a list of typed parts, or nothing. Raises UnreadableAnswerError."""
    match content:
        case None:
            return ""
        case str():
            return content
        case list() if all(isinstance(part, dict) for part in content):
            said = (part.get(kind) for part in content for kind in ("text", "refusal"))
            return "".join(text for text in said if isinstance(text, str))
        case _:
            raise UnreadableAnswerError("a reply that is not text")


def _finish(reason: object) -> FinishReason | None:
    if not isinstance(reason, str) or reason.lower() in _NOT_FINISHED:
        return None
    if reason.lower() == _FILTERED:
        return "filtered"
    return "length" if reason.lower() in _CUT_OFF else "stop"


def filtered() -> ReportedFailureError:
    """Return the failure of a reply of which a content filter left nothing."""
    return ReportedFailureError("its content filter let no reply through", _FILTERED, 403)


def reported(document: object) -> ReportedFailureError:
    """Return the failure that a document reports, of whatever form."""
    error = document.get("error", document) if isinstance(document, dict) else document
    inner = error if isinstance(error, dict) else document if isinstance(document, dict) else {}
    codes = [inner.get(key) for key in ("code", "type", "error_type", "status")]
    named = [whole_characters(code) for code in codes if isinstance(code, str) and code]
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


def _is_plain_words(text: str) -> bool:
    """Whether an event holds words in place of a document, not even a damaged one."""
    words = not text.startswith(_DOCUMENT) and any(map(str.isalpha, text))
    return words and isinstance(_loosely(text), str)


def _compact(document: object) -> str:
    try:
        return "without words" if document in (None, "", {}, []) else json.dumps(document, ensure_ascii=False)
    except (ValueError, RecursionError):
        return "something that cannot be read"
