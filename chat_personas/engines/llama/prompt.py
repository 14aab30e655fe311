"""From messages to the tokens of a context, through the chat template in the model file."""

import hashlib
import re
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from functools import cached_property, lru_cache
from itertools import pairwise
from typing import Any, NoReturn

from chat_personas.engines.llama.vocabulary import Vocabulary
from eval.engine import EngineError, Message

RENDERING_VERSION = 1
"""Raise it when the same messages become other text or tokens; cached answers are then asked again."""

CHATML = (
    "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>\\n' }}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"
)
"""The commonest chat format, for model files without a template; llama.cpp assumes the same."""

PLAIN = (
    "{% for message in messages %}{% if message['role'] == 'user' %}{{ 'Question: ' + message['content'] + '\n' }}"
    "{% else %}{{ ('Answer: ' if message['role'] == 'assistant' else '') + message['content'] + '\n\n' }}{% endif %}"
    "{% endfor %}{% if add_generation_prompt %}{{ 'Answer:' }}{% endif %}"
)
"""The plain text of OpinionQA, which a model without a chat template goes on writing: base models know no turns."""

_CLOCK = "strftime_now"
"""The function that templates call to write the date into every prompt."""
_SPACE = "\t\n\t"
_SLOT = re.compile(r"(?P<left>\t\n\t)?\ue000(?P<number>\d+)\ue001(?P<right>\t\n\t)?")
_REMEMBERED_REPLIES = 1024
_REMEMBERED_TEXTS = 4096


@dataclass(frozen=True, slots=True)
class TemplatePart:
    """A stretch of a rendered context: the template's own text, or the content of message number `message`.

    `trim_left` and `trim_right`: the template removes white space there.
    """

    text: str
    message: int | None = None
    trim_left: bool = False
    trim_right: bool = False

    def holding(self, content: str) -> "TemplatePart":
        """Return this part with other content, trimmed as the template would."""
        content = content.lstrip() if self.trim_left else content
        content = content.rstrip() if self.trim_right else content
        return TemplatePart(content, self.message, self.trim_left, self.trim_right)


class Prompter:
    """Renders messages with the model's chat template and splits the text into tokens as llama.cpp would.

    There are two exceptions on purpose. The content of a message never becomes a control token, even if it is spelled
    like one. And a reply that this model generated keeps the tokens it was generated with, since its text alone might
    be split in another way, and the cache would no longer match.
    """

    def __init__(self, vocabulary: Vocabulary, template: "ChatTemplate") -> None:
        self._vocabulary = vocabulary
        self._template = template
        self._replies: OrderedDict[str, tuple[int, ...]] = OrderedDict()
        self._text_tokens = lru_cache(_REMEMBERED_TEXTS)(self._tokenise)

    def remember_reply(self, text: str, tokens: Sequence[int]) -> None:
        """Remember the tokens that a reply was generated with, for contexts in which it comes back as a message."""
        if text:
            self._replies[text] = tuple(tokens)
            self._replies.move_to_end(text)
        if len(self._replies) > _REMEMBERED_REPLIES:
            self._replies.popitem(last=False)

    def tokens(self, messages: Sequence[Message]) -> tuple[int, ...]:
        """Return the context that asks for a reply to `messages`. Raises EngineError if the template refuses them."""
        return self._join(self._template.parts(messages), messages)

    def probes(self, prefix: Sequence[Message], prompts: Sequence[str]) -> Iterator[tuple[int, ...]]:
        """Yield for each prompt the context that asks for a reply to it after `prefix`, rendering the prefix once."""
        if not prompts:
            return
        messages = [*prefix, Message("user", prompts[0])]
        parts = self._template.parts(messages)
        last = len(prefix)
        for prompt in prompts:
            yield self._join([part.holding(prompt) if part.message == last else part for part in parts], messages)

    def reply_tokens(self, text: str) -> tuple[int, ...]:
        """Return the tokens of `text` as the reply that follows a context of `tokens` or `probes`.

        After a template that ends in a word, such as `Answer:`, a space comes before the text, and the two are split
        as one: most vocabularies have tokens that begin with a space.
        """
        if not self._last_word:
            return self._text_tokens(text, False)
        before = self._text_tokens(self._last_word, False)
        whole = self._text_tokens(f"{self._last_word} {text}", False)
        return whole[len(before) :] if whole[: len(before)] == before else self._text_tokens(f" {text}", False)

    @cached_property
    def _last_word(self) -> str:
        """The word with which every context ends; empty where that is white space or a control token."""
        text = self._template.parts([Message("user", "?")])[-1].text
        text = text[max([0, *(found.end() for found in self._vocabulary.control.finditer(text))]) :]
        return "" if text[-1:].isspace() else (text.split() or [""])[-1]

    def size(self, text: str) -> int:
        """Return how many tokens `text` has by itself."""
        return len(self._text_tokens(text, False))

    def _join(self, parts: Sequence[TemplatePart], messages: Sequence[Message]) -> tuple[int, ...]:
        """Split the parts into tokens: as one text where that is safe, apart where it is not."""
        tokens: list[int] = []
        text = ""
        for part in parts:
            own = self._own_tokens(part, messages)
            if own is None:
                text += part.text
                continue
            tokens += self._template_tokens(text)
            tokens += own
            text = ""
        tokens += self._template_tokens(text)
        return self._begun(tokens)

    def _own_tokens(self, part: TemplatePart, messages: Sequence[Message]) -> tuple[int, ...] | None:
        """Return the tokens of a part that must not be split as one text with its surroundings, else None."""
        if part.message is None:
            return None
        if messages[part.message].role == "assistant" and part.text in self._replies:
            return self._replies[part.text]
        if self._vocabulary.control.search(part.text):
            return self._text_tokens(part.text, False)
        return None

    def _template_tokens(self, text: str) -> list[int]:
        """Split text that may hold control tokens, in pieces from one to the next, so that pieces can be remembered.

        llama.cpp cuts a text at its control tokens before anything else, so the cuts change nothing.
        """
        cuts = [0, *(found.start() for found in self._vocabulary.control.finditer(text) if found.start()), len(text)]
        return [token for start, end in pairwise(cuts) for token in self._text_tokens(text[start:end], True)]

    def _tokenise(self, text: str, special: bool) -> tuple[int, ...]:
        return tuple(self._vocabulary.tokenise(text, special=special)) if text else ()

    def _begun(self, tokens: list[int]) -> tuple[int, ...]:
        """Add the token that begins a context, unless it is there: some templates write it, some do not."""
        begin = self._vocabulary.begin
        if begin is not None and self._vocabulary.adds_begin and tokens[:1] != [begin]:
            return (begin, *tokens)
        return tuple(tokens)


class ChatTemplate:
    """The Jinja template of a model file, run in a sandbox: the file may come from anywhere.

    The template gets stand-ins instead of the messages' contents. So its own text and the contents stay apart, and no
    message can pass for a part of the template. `date` is the day that it writes into prompts (ISO 8601), None if none.
    """

    def __init__(self, source: str, *, begin: str, end: str, today: date | None = None) -> None:
        """Compile the template.

        Args:
            source: the template.
            begin: the spelling of the token that begins a context.
            end: the spelling of the token that ends a text.
            today: the day that the template gets if it asks for the time, by default that of this call. It stays the
                same, at midnight, so that all prompts of a run are alike.

        Raises:
            EngineError: the template is not valid Jinja.
        """
        self._source = source
        today = datetime.now().astimezone().date() if today is None else today
        self.date = today.isoformat() if _CLOCK in source else None
        self._names = {"bos_token": begin, "eos_token": end}
        self._template = _compiled(source, today)

    @cached_property
    def sha256(self) -> str:
        """The hash of the template's text."""
        return hashlib.sha256(self._source.encode()).hexdigest()

    def parts(self, messages: Sequence[Message]) -> list[TemplatePart]:
        """Render `messages`, ending with the start of the assistant's reply; reasoning models are asked not to think.

        A template may look at content, for example to leave out earlier reasoning. So the result is compared with the
        text for the real contents. If they differ, the template gets the assistant's messages as they are, and this
        result is taken if it makes the texts equal.

        Raises:
            EngineError: the template does not accept these messages.
        """
        contents = [message.content for message in messages]
        stand_ins = [_stand_in(number) if content.strip() else content for number, content in enumerate(contents)]
        apart = _split(self._render(messages, stand_ins), contents)
        wanted = self._render(messages, contents)
        if _joined(apart) == wanted or any("\ue000" in content for content in contents):
            return apart
        shown = [
            message.content if message.role == "assistant" else stand_in
            for message, stand_in in zip(messages, stand_ins, strict=True)
        ]
        seen = _split(self._render(messages, shown), contents)
        return seen if _joined(seen) == wanted else apart

    def _render(self, messages: Sequence[Message], contents: Sequence[str]) -> str:
        """Render; a template that refuses or ignores a system prompt gets it in the first turn instead."""
        turns = [
            {"role": message.role, "content": content} for message, content in zip(messages, contents, strict=True)
        ]
        if not turns or turns[0]["role"] != "system":
            return self._run(turns)
        try:
            text = self._run(turns)
        except EngineError:
            return self._run(_without_system(turns))
        return text if contents[0].strip() in text else self._run(_without_system(turns))

    def _run(self, turns: list[dict[str, str]]) -> str:
        from jinja2 import TemplateError

        try:
            text: str = self._template.render(
                messages=turns, add_generation_prompt=True, enable_thinking=False, tools=None, **self._names
            )
        except (TemplateError, TypeError, ValueError, KeyError, IndexError, AttributeError) as error:
            why = " ".join(str(error).split())
            raise EngineError(f"the model's chat template does not accept the conversation: {why}") from error
        return text


def _without_system(turns: list[dict[str, str]]) -> list[dict[str, str]]:
    """Put the system prompt at the head of the first turn after it, for templates without a system role."""
    system, rest = turns[0]["content"], turns[1:]
    if not rest:
        return [{"role": "user", "content": system}]
    return [{**rest[0], "content": f"{system}\n\n{rest[0]['content']}"}, *rest[1:]]


def _compiled(source: str, today: date) -> Any:
    from jinja2 import TemplateError, TemplateSyntaxError
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    def refuse(message: str) -> NoReturn:
        raise TemplateError(message)

    environment = ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=["jinja2.ext.loopcontrols"]
    )
    environment.globals["raise_exception"] = refuse
    environment.globals[_CLOCK] = datetime.combine(today, time()).astimezone().strftime
    try:
        return environment.from_string(source)
    except TemplateSyntaxError as error:
        raise EngineError(f"the model's chat template is not valid (line {error.lineno}): {error.message}") from error


def _stand_in(number: int) -> str:
    """Return a text that no template writes itself, in white space that shows whether the template trims."""
    return f"{_SPACE}\ue000{number}\ue001{_SPACE}"


def _split(rendered: str, contents: Sequence[str]) -> list[TemplatePart]:
    """Cut a rendered text at its stand-ins and put the contents in their place."""
    parts: list[TemplatePart] = []
    end = 0
    for slot in _SLOT.finditer(rendered):
        number = int(slot["number"])
        parts.append(TemplatePart(rendered[end : slot.start()]))
        blank = TemplatePart("", number, trim_left=slot["left"] is None, trim_right=slot["right"] is None)
        parts.append(blank.holding(contents[number]))
        end = slot.end()
    parts.append(TemplatePart(rendered[end:]))
    return [part for part in parts if part.text or part.message is not None]


def _joined(parts: Sequence[TemplatePart]) -> str:
    return "".join(part.text for part in parts)
