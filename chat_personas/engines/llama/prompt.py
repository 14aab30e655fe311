"""From messages to the tokens of a context, through the chat template in the model file."""

import re
from collections import Counter, OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cached_property, lru_cache
from itertools import pairwise, repeat

from chat_personas.engines.exact_prompt import PromptPart
from chat_personas.engines.llama.template import ChatTemplate, TemplatePart
from chat_personas.engines.llama.vocabulary import Vocabulary
from chat_personas.engines.reply_text import opens_thought
from eval.engine import Message, RequestError

RENDERING_VERSION = 2
"""Raise it when the same messages become other text or tokens; cached answers are then asked again."""

_UP_TO_THE_ANSWER = "\nAnswer:"
_REMEMBERED_REPLIES = 1024
_REMEMBERED_TEXTS = 4096


_WITHOUT_TOKEN = re.compile(rb"[^ -~\n\t]{0,64}")
"""Bytes that some vocabularies lack, as SmolLM2's does: the tokens of a text leave them out."""
_NO_WORD = re.compile(r"[^\w\s]")


class Prompter:
    """Renders messages with the model's chat template and splits the text into tokens as llama.cpp would.

    There are two exceptions on purpose. The content of a message never becomes a control token, even if it is spelled
    like one. And a reply that this model generated keeps the tokens it was generated with, since its text alone might
    be split in another way, and the cache would no longer match.
    """

    def __init__(
        self,
        vocabulary: Vocabulary,
        template: ChatTemplate,
        *,
        stops: Sequence[str] = (),
        question: ChatTemplate | None = None,
    ) -> None:
        """Make a prompter.

        Args:
            vocabulary: the model's.
            template: the form of conversations.
            stops: texts before which a reply ends, for templates without control tokens.
            question: the form of a probe in plain text after a conversation; None where a probe is a turn as any other.
        """
        self.stops = tuple(stops)
        self._question = question
        self._vocabulary = vocabulary
        self._template = template
        self._replies: OrderedDict[str, tuple[int, ...]] = OrderedDict()
        self._text_tokens = lru_cache(_REMEMBERED_TEXTS)(self._tokenise)

    def stops_after(self, messages: Sequence[Message]) -> tuple[str, ...]:
        """Return the texts before which a reply to these messages ends.

        In plain text it ends also where the model goes on for somebody whose words the messages have.
        """
        names = dict.fromkeys(f"\n{name}:" for message in messages for name in message.speakers)
        return (*self.stops, *names) if self.stops else ()

    def remember_reply(self, text: str, tokens: Sequence[int]) -> None:
        """Remember the tokens that a reply was generated with, for contexts in which it comes back as a message."""
        if text:
            self._replies[text] = tuple(tokens)
            self._replies.move_to_end(text)
        if len(self._replies) > _REMEMBERED_REPLIES:
            self._replies.popitem(last=False)

    def tokens(self, messages: Sequence[Message]) -> tuple[int, ...]:
        """Return the context that asks for a reply to `messages`. Raises EngineError if the template refuses them."""
        return self._tokens(self._template, self._template.parts(messages), messages)

    def counted(self, messages: Sequence[Message]) -> list[PromptPart]:
        """Return the context of `tokens` part by part, each with how many of those tokens are its own.

        Where the tokens do not spell the text, as in vocabularies that change it first, all of it is one part.

        Raises:
            EngineError: the template refuses the messages.
        """
        parts = _opening_apart(self._template.parts(messages), self._template.opening(messages))
        runs = list(self._runs(parts, messages))
        owned = [self._owned(run, tokens) for run, tokens in runs]
        if any(part.mixed for part in parts) or any(each is None for each in owned):
            return [PromptPart("whole", _text(parts), tokens=len(self.tokens(messages)))]
        counts = [count for each in owned for count in each or ()]
        own = [replace(part, tokens=count) for part, count in zip(_by_kind(parts), counts, strict=True)]
        split = [token for _, tokens in runs for token in tokens]
        begin = self._begun(split)[: len(self._begun(split)) - len(split)]
        added = PromptPart("template", self._vocabulary.text_of(begin, special=True), tokens=len(begin))
        return [part for part in (added, *own) if part.text or part.tokens]

    def _owned(self, run: Sequence[TemplatePart], tokens: Sequence[int]) -> list[int] | None:
        """Return how many of the tokens of a run each of its parts has; None where they do not spell its text.

        A token that holds text of several parts belongs to the first message among them.
        """
        if len(run) == 1:
            return [len(tokens)]
        text = _text(run).encode()
        owners = [number for number, part in enumerate(run) for _ in part.text.encode()]
        counts, place = Counter[int](), 0
        for piece in (self._vocabulary.piece(token, special=True) for token in tokens):
            begins = _place_of(piece, text, place)
            if begins is None:  # some vocabularies put a space before every text
                begins = _place_of(piece := piece.removeprefix(b" "), text, place)
            if begins is None:
                return None
            place = begins + len(piece)
            touched = owners[begins : max(place, begins + 1)] or owners[-1:]
            counts[next((owner for owner in touched if run[owner].message is not None), touched[0])] += 1
        return [counts[number] for number in range(len(run))] if _WITHOUT_TOKEN.fullmatch(text, place) else None

    def probes(self, prefix: Sequence[Message], prompts: Sequence[str]) -> Iterator[tuple[int, ...]]:
        """Yield for each prompt the context that asks for a reply to it after `prefix`.

        In plain text a prompt is `Probe.plain`, or one that becomes a question here.
        """
        for prompt in prompts:
            template = self._question or self._template
            if self._question is not None and not prompt.endswith(_UP_TO_THE_ANSWER):
                prompt = f"Question: {prompt}{_UP_TO_THE_ANSWER}"
            question = Message("user", prompt)
            messages = [*prefix, question]
            parts = template.parts(messages)
            template.check_question(parts, question)
            yield self._tokens(template, parts, messages)

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
    def opens_thought(self) -> bool:
        """Whether every context ends within a thought of the reply that follows."""
        return opens_thought(self._template.text([Message("user", "?")]))

    @cached_property
    def _last_word(self) -> str:
        """The word with which every context ends; empty where that is white space or a control token."""
        text = self._template.parts([Message("user", "?")])[-1].text
        text = text[max([0, *(found.end() for found in self._vocabulary.control.finditer(text))]) :]
        return "" if text[-1:].isspace() else (text.split() or [""])[-1]

    def size(self, text: str) -> int:
        """Return how many tokens `text` has by itself."""
        return len(self._text_tokens(text, False))

    def _tokens(
        self, template: ChatTemplate, parts: Sequence[TemplatePart], messages: Sequence[Message]
    ) -> tuple[int, ...]:
        if any(part.mixed for part in parts):
            self._refuse_control(template, parts[0].text, messages)
        return self._join(parts, messages)

    def _join(self, parts: Sequence[TemplatePart], messages: Sequence[Message]) -> tuple[int, ...]:
        """Split the parts into tokens: as one text where that is safe, apart where it is not."""
        return self._begun([token for _, tokens in self._runs(parts, messages) for token in tokens])

    def _runs(
        self, parts: Sequence[TemplatePart], messages: Sequence[Message]
    ) -> Iterator[tuple[list[TemplatePart], Sequence[int]]]:
        """Yield the parts that are split as one text, with the tokens of each such text."""
        run: list[TemplatePart] = []
        for part in parts:
            own = self._own_tokens(part, messages)
            if own is None:
                run.append(part)
                continue
            yield run, self._template_tokens(_text(run))
            yield [part], own
            run = []
        yield run, self._template_tokens(_text(run))

    def _refuse_control(self, template: ChatTemplate, text: str, messages: Sequence[Message]) -> None:
        """Raise EngineError if a message spells a control token, for a text in which contents do not stand apart.

        Then `text` has other control tokens than the same conversation without punctuation, or in other words.
        """
        control = self._vocabulary.control
        for harmless in (_NO_WORD.sub(" ", message.content) for message in messages), repeat("x"):
            others = [
                Message(message.role, content if message.content.strip() else message.content)
                for message, content in zip(messages, harmless, strict=False)
            ]
            if control.findall(template.text(others)) == control.findall(text):
                return
        spelled = next((found[0] for message in messages for found in control.finditer(message.content)), None)
        what = f"spells {spelled}, a control token" if spelled else "becomes a control token"
        raise RequestError(
            f"a message {what} of this model, whose chat template changes what is said, so that the two cannot be kept "
            "apart; write it otherwise"
        )

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


def _place_of(piece: bytes, text: bytes, start: int) -> int | None:
    """Return where a token's bytes stand from `start` on, after nothing but bytes for which there may be no token."""
    passed = _WITHOUT_TOKEN.match(text, start)
    found = text.find(piece, start, (passed.end() if passed else start) + len(piece))
    return None if found < 0 else found


def _text(parts: Sequence[TemplatePart]) -> str:
    return "".join(part.text for part in parts)


def _opening_apart(parts: list[TemplatePart], opening: str) -> list[TemplatePart]:
    """Return the parts with the opening of the reply as the last one; "": it is all that follows the last message."""
    *before, last = parts
    if last.message is not None or last.mixed or not opening or not last.text.endswith(opening):
        return parts
    return [*before, TemplatePart(last.text.removesuffix(opening)), TemplatePart(opening)]


def _by_kind(parts: Sequence[TemplatePart]) -> Iterator[PromptPart]:
    """Yield the parts by what they are; the last one opens the reply, unless it is a message."""
    for place, part in enumerate(parts, start=1):
        if part.message is None:
            yield PromptPart("opening" if place == len(parts) else "template", part.text)
        else:
            yield PromptPart("message", part.text, part.message)
