"""From messages to the tokens of a context."""

from collections import OrderedDict
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import pairwise

from chat_personas.engines.llama.template import ChatTemplate, Part
from chat_personas.engines.llama.vocabulary import Vocabulary
from eval.engine import Message

_REMEMBERED_REPLIES = 1024
_REMEMBERED_TEXTS = 4096


class Prompter:
    """Renders messages with the model's chat template and splits the text into tokens as llama.cpp would.

    Two exceptions, both on purpose. What somebody wrote never becomes a control token, even if it is spelled like
    one. And a reply that this model generated keeps the tokens it was generated with, since its text alone might be
    split in another way, and the cache would no longer match.
    """

    def __init__(self, vocabulary: Vocabulary, template: ChatTemplate) -> None:
        self._vocabulary = vocabulary
        self._template = template
        self._replies: OrderedDict[str, tuple[int, ...]] = OrderedDict()
        self._text_tokens = lru_cache(_REMEMBERED_TEXTS)(self._tokenise)

    def remember_reply(self, text: str, tokens: Sequence[int]) -> None:
        """Keep the tokens that a reply was generated with, for the contexts in which it comes back as a message."""
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

    def size(self, text: str) -> int:
        """Return how many tokens `text` has by itself."""
        return len(self._text_tokens(text, False))

    def _join(self, parts: Sequence[Part], messages: Sequence[Message]) -> tuple[int, ...]:
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

    def _own_tokens(self, part: Part, messages: Sequence[Message]) -> tuple[int, ...] | None:
        """Return the tokens of a part that must not be split as one text with its surroundings, else None."""
        if part.message is None:
            return None
        if messages[part.message].role == "assistant" and part.text in self._replies:
            return self._replies[part.text]
        if self._vocabulary.control.search(part.text):
            return self._text_tokens(part.text, False)
        return None

    def _template_tokens(self, text: str) -> list[int]:
        """Split text that may hold control tokens, piece by piece from one to the next, so that pieces can be
        remembered.

        llama.cpp cuts a text at its control tokens before anything else; cutting before them changes nothing.
        """
        cuts = [0, *(found.start() for found in self._vocabulary.control.finditer(text) if found.start()), len(text)]
        return [token for start, end in pairwise(cuts) for token in self._text_tokens(text[start:end], True)]

    def _tokenise(self, text: str, special: bool) -> tuple[int, ...]:
        return tuple(self._vocabulary.tokenise(text, special=special)) if text else ()

    def _begun(self, tokens: list[int]) -> tuple[int, ...]:
        """Put the token that begins a context in front, once: some templates write it, some leave it to the program."""
        begin = self._vocabulary.begin
        if begin is not None and self._vocabulary.adds_begin and tokens[:1] != [begin]:
            return (begin, *tokens)
        return tuple(tokens)
