"""The model's vocabulary: text to tokens and back."""

import ctypes
import re
from functools import cached_property
from typing import Any

from chat_personas.engines.llama.library import native
from eval.engine import EngineError

_SENTENCEPIECE = 1  # LLAMA_VOCAB_TYPE_SPM: its first token of a text carries a space that is not in the text


class Vocabulary:
    """A typed and checked face of llama.cpp's vocabulary, owned by the model that it belongs to."""

    def __init__(self, model: Any) -> None:
        self._library = native()
        self._pointer = self._library.llama_model_get_vocab(model)
        self.size = int(self._library.llama_vocab_n_tokens(self._pointer))

    def tokenise(self, text: str, *, special: bool) -> list[int]:
        """Return the tokens of `text`, without any added around it.

        `special`: control tokens spelled out in the text become those tokens. Never so for what a person wrote.
        """
        data = text.encode("utf-8")
        room = len(data) + 8
        for _ in range(2):
            buffer = (self._library.llama_token * room)()
            count = self._library.llama_tokenize(self._pointer, data, len(data), buffer, room, False, special)
            if count >= 0:
                return list(buffer[:count])
            room = -count
        raise EngineError(f"a text of {len(data)} bytes could not be split into tokens; shorten it")

    def piece(self, token: int, *, special: bool = False) -> bytes:
        """Return the bytes that `token` stands for; control tokens are empty unless `special`."""
        if not 0 <= token < self.size:
            raise ValueError(f"token {token} is outside 0..{self.size - 1}")
        room = 64
        for _ in range(2):
            buffer = ctypes.create_string_buffer(room)
            count = self._library.llama_token_to_piece(self._pointer, token, buffer, room, 0, special)
            if count >= 0:
                return buffer.raw[:count]
            room = -count
        raise EngineError(f"token {token} has no text; the model file is damaged")

    def ends_reply(self, token: int) -> bool:
        """Whether `token` ends a reply (end of text, of turn, of message, as the model file marks them)."""
        return bool(self._library.llama_vocab_is_eog(self._pointer, token))

    @property
    def pointer(self) -> Any:
        """llama.cpp's own vocabulary, valid as long as the model is loaded."""
        return self._pointer

    @property
    def can_constrain(self) -> bool:
        """Whether replies can be kept to a grammar: there is a token that ends them."""
        return self.end is not None and self.ends_reply(self.end)

    @property
    def begin(self) -> int | None:
        """The token that begins a context, if the model has one."""
        token = int(self._library.llama_vocab_bos(self._pointer))
        return token if 0 <= token < self.size else None

    @property
    def adds_begin(self) -> bool:
        """Whether the model expects every context to begin with `begin`."""
        return bool(self._library.llama_vocab_get_add_bos(self._pointer)) and self.begin is not None

    def spelling(self, token: int | None) -> str:
        """Return a control token as chat templates write it; empty for None."""
        return "" if token is None else self.piece(token, special=True).decode("utf-8", "replace")

    @property
    def end(self) -> int | None:
        """The token that ends a text, if the model has one."""
        token = int(self._library.llama_vocab_eos(self._pointer))
        return token if 0 <= token < self.size else None

    @property
    def leads_with_space(self) -> bool:
        """Whether the first token of a reply carries a space that the reply does not have."""
        return int(self._library.llama_vocab_type(self._pointer)) == _SENTENCEPIECE

    @cached_property
    def control(self) -> re.Pattern[str]:
        """A pattern that finds the spelling of any control token, the longest first."""
        library, pointer = self._library, self._pointer
        hidden = library.LLAMA_TOKEN_ATTR_CONTROL | library.LLAMA_TOKEN_ATTR_UNKNOWN
        spellings = {
            self.spelling(token) for token in range(self.size) if library.llama_vocab_get_attr(pointer, token) & hidden
        }
        ordered = sorted(filter(None, spellings), key=len, reverse=True)
        return re.compile("|".join(map(re.escape, ordered)) or r"(?!)")
