"""The chat template in a model file: from messages to the one text that the model is given.

The template is Jinja, run in a sandbox, with the names that Hugging Face's `transformers` gives it.
"""

import hashlib
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from functools import cached_property
from itertools import combinations
from typing import Any, NoReturn

from chat_personas.engines.llama.template_bounds import EndlessTemplateError, bounded_environment, rendered
from eval.engine import EngineError, Message

CHATML = (
    "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>\\n' }}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"
)
"""The commonest chat format, for those who know that a model without a template was trained on it."""

PLAIN = (
    "{% for message in messages %}{% if message['role'] == 'user' %}{{ 'Question: ' + message['content'] + '\n' }}"
    "{% else %}{{ ('Answer: ' if message['role'] == 'assistant' else '') + message['content'] + '\n\n' }}{% endif %}"
    "{% endfor %}{% if add_generation_prompt %}{{ 'Answer:' }}{% endif %}"
)
"""The plain text of OpinionQA, which a model without a chat template goes on writing: base models know no turns."""

_TURN = (
    "{% if message['role'] == 'system' %}{{ message['content'] + '\n\n' }}"
    "{% elif message['role'] == 'user' %}{{ 'Interviewer: ' + message['content'] + '\n' }}"
    "{% else %}{{ 'Respondent: ' + message['content'] + '\n\n' }}{% endif %}"
)
TRANSCRIPT = f"{{% for message in messages %}}{_TURN}{{% endfor %}}{{{{ 'Respondent:' }}}}"
"""A conversation as the transcript of an interview, which a base model goes on writing."""

AFTER_TRANSCRIPT = (
    f"{{% for message in messages %}}{{% if loop.last %}}{{{{ message['content'] }}}}{{% else %}}{_TURN}{{% endif %}}"
    "{% endfor %}"
)
"""The same transcript, and after it the last message as it is: a question in plain text, up to its answer."""

TRANSCRIPT_STOPS = ("\nInterviewer:", "\nRespondent:")
PLAIN_STOPS = ("\nQuestion:", "\nAnswer:")
"""Where a reply in each of these forms ends: a base model goes on with the next turn by itself."""

_CLOCK = "strftime_now"
"""The function that templates call to write the date into every prompt."""
_ROLES = ("system", "user", "assistant")
_TRIAL = (
    ("system", "Sentence 4930517."),
    ("user", "Question 8162049?\nA. yes\nB. no"),
    ("assistant", "Answer 3750926."),
    ("user", "Question 5294618?\nA. good\nB. bad"),
)
"""A conversation by which a template shows how it takes messages. Numbers survive whatever it does to letters."""
_FAULTS = (ArithmeticError, AttributeError, LookupError, MemoryError, RecursionError, TypeError, ValueError)
"""What a template may raise besides Jinja's own errors: it is a program of somebody else's."""


_LOSES_WORDS = (
    "the model's chat template leaves out words of the messages, so that questions would not reach the model; use "
    "another file of this model, a server, or another template (--template)"
)


@dataclass(frozen=True, slots=True)
class TemplatePart:
    """A stretch of a rendered context: the template's own text, or what became of the content of a message.

    `message` is that message's number. `mixed` means that text and contents could not be told apart.
    """

    text: str
    message: int | None = None
    mixed: bool = False


@dataclass(frozen=True, slots=True)
class _Form:
    """How a template takes messages.

    `typed` are the roles whose content is a list of typed parts, and `system` says whether there is a system role.
    `tools`: whether the template is given `tools` as None, as by `transformers`, or not at all.
    """

    typed: frozenset[str] = frozenset()
    system: bool = True
    tools: bool = True


class ChatTemplate:
    """The Jinja template of a model file, run in a sandbox: the file may come from anywhere.

    `date` is the day that it writes into prompts (ISO 8601), None if it writes none.
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
        self._names = {"bos_token": begin, "eos_token": end, **_without_thinking(source)}
        self._template = _compiled(source, today)

    @cached_property
    def sha256(self) -> str:
        """The hash of the template's text."""
        return hashlib.sha256(self._source.encode()).hexdigest()

    def text(self, messages: Sequence[Message]) -> str:
        """Render `messages`, ending with the start of the assistant's reply; reasoning models are asked not to think.

        Raises:
            EngineError: the template does not accept these messages.
        """
        return self._render(messages, [message.content for message in messages])

    def parts(self, messages: Sequence[Message]) -> list[TemplatePart]:
        """Return `text` cut into the template's own words and the messages' contents, so that they stay apart.

        The template is run again on contents between two marks. Where the result without its marks is the text itself,
        the marks show what became of each content, whatever the template does to it. A template may look at a content
        and trim it, or leave out earlier reasoning: so marks are tried outside and inside the white space around
        it, and not at all for replies. If none of these gives the text, it is one part that is `mixed`.

        Raises:
            EngineError: the template does not accept these messages.
        """
        wanted = self.text(messages)
        marks = _Marks([message.content for message in messages])
        for place in (marks.around, marks.within):
            for marked in (_ROLES, ("system", "user")):
                contents = [
                    place(number, message.content) if message.role in marked else message.content
                    for number, message in enumerate(messages)
                ]
                try:
                    parts = list(marks.split(self._render(messages, contents)))
                except EngineError:
                    continue
                if "".join(part.text for part in parts) == wanted:
                    return parts
        return [TemplatePart(wanted, mixed=True)]

    def opening(self, messages: Sequence[Message]) -> str:
        """Return the end of `text` that opens the reply; empty for a template that writes the same if none is wanted.

        Raises:
            EngineError: the template does not accept these messages.
        """
        contents = [message.content for message in messages]
        whole, before = self._render(messages, contents), self._render(messages, contents, opened=False)
        return whole[len(before) :] if whole.startswith(before) else ""

    @cached_property
    def after_reply(self) -> str:
        """What the template writes between a reply and the message that answers it; empty where that is not clear."""
        said, answered = _messages(_TRIAL)[-2:]
        try:
            text = self.text(_messages(_TRIAL))
        except EngineError:
            return ""
        _, _, rest = text.partition(said.content)
        between, follows, _ = rest.partition(answered.content)
        return between if follows else ""

    def check(self) -> None:
        """Check that the words of messages reach the model.

        Raises:
            EngineError: the template does not accept a question, or two questions or conversations become one prompt,
            or prompts lack words of the messages.
        """
        _, _, _, last = trial = _messages(_TRIAL)
        for messages in ([last], trial):
            other = [*messages[:-1], Message("user", last.content.replace("5294618", "7086351"))]
            try:
                texts = [self.text(messages), self.text(other)]
            except EngineError:
                if len(messages) == 1:
                    raise
                return  # a template for one question and no conversation; what it refuses, it refuses with its reason
            if texts[0] == texts[1] or not all(map(_holds, texts, (messages, other))):
                raise EngineError(_LOSES_WORDS)

    @cached_property
    def keeps_apart(self) -> bool:
        """Whether what is said stands apart from the template's own words, so that it may spell a control token."""
        for messages in (_messages(_TRIAL), _messages(_TRIAL[-1:])):
            try:
                return not any(part.mixed for part in self.parts(messages))
            except EngineError:
                continue
        return True

    @staticmethod
    def check_question(parts: Sequence[TemplatePart], question: Message) -> None:
        """Check that `question` is whole in the `parts` of a conversation that it ends; raise EngineError if not."""
        whole = any(part.text.strip() == question.content.strip() for part in parts)
        if not whole and not _holds("".join(part.text for part in parts), [question]):
            raise EngineError(_LOSES_WORDS)

    @cached_property
    def _form(self) -> _Form:
        """The first form in which the template shows everything that is said in a conversation, or at least to it."""
        for messages in (_messages(_TRIAL), _messages(_TRIAL[:2]), _messages(_TRIAL[1:2])):
            for system in (True, False):
                for form in _forms(system):
                    try:
                        text = self._render_in(form, messages, [message.content for message in messages])
                    except EndlessTemplateError:
                        raise
                    except EngineError:
                        continue
                    # A list that is printed as it is has all the words, and is not what the template is for.
                    if _holds(text, messages) and not re.search(r"['\"]type['\"]", text):
                        return form
        return _Form()

    def _render(self, messages: Sequence[Message], contents: Sequence[str], *, opened: bool = True) -> str:
        """Render; a template that refuses a system prompt only here gets it in the first turn instead."""
        try:
            return self._render_in(self._form, messages, contents, opened=opened)
        except EndlessTemplateError:
            raise
        except EngineError:
            if not self._form.system or messages[0].role != "system":
                raise
            form = _Form(self._form.typed, False, self._form.tools)
            return self._render_in(form, messages, contents, opened=opened)

    def _render_in(
        self, form: _Form, messages: Sequence[Message], contents: Sequence[str], *, opened: bool = True
    ) -> str:
        from jinja2 import TemplateError

        turns = [
            {"role": message.role, "content": content} for message, content in zip(messages, contents, strict=True)
        ]
        if not form.system and turns and turns[0]["role"] == "system":
            turns = _without_system(turns)
        given: list[dict[str, Any]] = [
            {**turn, "content": [{"type": "text", "text": turn["content"]}]} if turn["role"] in form.typed else turn
            for turn in turns
        ]
        tools = {"tools": None} if form.tools else {}
        try:
            text = rendered(self._template, messages=given, add_generation_prompt=opened, **tools, **self._names)
        except (TemplateError, *_FAULTS) as error:
            why = " ".join(str(error).split()) or f"it raises {type(error).__name__}"
            raise EngineError(f"the model's chat template does not accept the conversation: {why}") from error
        return text


class _Marks:
    """Marks around contents, by which they are found again in a rendered text: three characters that are in none."""

    def __init__(self, contents: Sequence[str]) -> None:
        said = set("".join(contents))
        free = (chr(code) for code in range(0xE000, 0xF900) if chr(code) not in said)
        self._open, self._numbered, self._close = next(free), next(free), next(free)
        self._marked = re.compile(f"{self._open}(\\d+){self._numbered}(.*?){self._close}", re.DOTALL)

    def around(self, number: int, content: str) -> str:
        """Return the content of message `number` between marks; an empty one stays as it is, and can be noticed."""
        return f"{self._open}{number}{self._numbered}{content}{self._close}" if content.strip() else content

    def within(self, number: int, content: str) -> str:
        """Return the content with the marks inside the white space around it, so that a template can trim it."""
        core = content.strip()
        left = content[: len(content) - len(content.lstrip())]
        return f"{left}{self.around(number, core)}{content[len(left) + len(core) :]}"

    def split(self, rendered: str) -> Iterator[TemplatePart]:
        """Yield the parts of a rendered text, without the marks."""
        end = 0
        for found in self._marked.finditer(rendered):
            if found.start() > end:
                yield TemplatePart(rendered[end : found.start()])
            yield TemplatePart(found[2], int(found[1]))
            end = found.end()
        if rendered[end:]:
            yield TemplatePart(rendered[end:])


def _messages(turns: Sequence[tuple[str, str]]) -> list[Message]:
    return [Message(role, content) for role, content in turns]  # type: ignore[arg-type]


def _forms(system: bool) -> Iterator[_Form]:
    """Yield the forms to try, the usual ones first."""
    for tools in (True, False):
        for count in range(len(_ROLES) + 1):
            for typed in combinations(_ROLES, count):
                yield _Form(frozenset(typed), system, tools)


def _holds(text: str, messages: Sequence[Message]) -> bool:
    """Whether `text` has every word of the messages, in capitals or not, and also as JSON."""
    text = re.sub(r"\\u([0-9a-fA-F]{4})", lambda code: chr(int(code[1], 16)), text)
    text = re.sub(r"\\[nrtbf]", " ", text)
    text = text.casefold()
    words = set(re.findall(r"\w+", " ".join(message.content for message in messages).casefold()))
    return all(word in text for word in words)


def _without_system(turns: list[dict[str, str]]) -> list[dict[str, str]]:
    """Put the system prompt at the head of the first turn after it, for templates without a system role."""
    system, rest = turns[0]["content"], turns[1:]
    if not rest:
        return [{"role": "user", "content": system}]
    return [{**rest[0], "content": f"{system}\n\n{rest[0]['content']}"}, *rest[1:]]


def _without_thinking(source: str) -> dict[str, Any]:
    """Return the names by which a template is asked for a reply without reasoning, or with as little as it offers."""
    names: dict[str, Any] = {"enable_thinking": False}
    if re.search(r"\bthinking\b", source):
        names["thinking"] = False
    if re.search(r"\bthinking_budget\b", source):
        names["thinking_budget"] = 0
    if re.search(r"\breasoning_effort\b", source):
        compared = re.findall(r"reasoning_effort\s*(?:==|!=|in|not in)\s*([^%}]*)", source)
        offered = set(re.findall(r"['\"](\w+)['\"]", " ".join(compared)))
        names["reasoning_effort"] = next((least for least in ("none", "minimal") if least in offered), "low")
    return names


def _compiled(source: str, today: date) -> Any:
    from jinja2 import TemplateError, TemplateSyntaxError
    from jinja2.ext import Extension

    class Generation(Extension):
        """`{% generation %}` marks replies for training in `transformers`; here what is between the tags stands."""

        tags = {"generation"}  # noqa: RUF012 - so declared in the base class

        def parse(self, parser: Any) -> Any:
            next(parser.stream)
            return parser.parse_statements(("name:endgeneration",), drop_needle=True)

    def refuse(message: str) -> NoReturn:
        raise TemplateError(message)

    environment = bounded_environment()(
        trim_blocks=True, lstrip_blocks=True, extensions=["jinja2.ext.loopcontrols", Generation]
    )
    environment.globals["raise_exception"] = refuse
    environment.globals[_CLOCK] = datetime.combine(today, time()).astimezone().strftime
    environment.filters["tojson"] = _to_json
    environment.bound_filters()
    try:
        return environment.from_string(source)
    except TemplateSyntaxError as error:
        raise EngineError(f"the model's chat template is not valid (line {error.lineno}): {error.message}") from error


def _to_json(
    value: object,
    ensure_ascii: bool = False,
    indent: int | None = None,
    separators: tuple[str, str] | None = None,
    sort_keys: bool = False,
) -> str:
    """Return `value` as JSON, as `transformers` does: Jinja's own filter would escape what HTML takes for markup."""
    return json.dumps(value, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)
