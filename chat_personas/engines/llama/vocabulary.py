"""The model's vocabulary: from text to tokens and back, and the probability of answer labels."""

import codecs
import ctypes
import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from functools import cached_property
from string import ascii_letters, digits, punctuation
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chat_personas.engines.llama.bindings import native
from chat_personas.engines.reply_text import is_marker
from eval.engine import EngineError, LabelScore

_SENTENCEPIECE = 1  # LLAMA_VOCAB_TYPE_SPM: its first token of a text carries a space that is not in the text
_SURROUNDINGS = ("", " ", "\n")


class Vocabulary:
    """llama.cpp's vocabulary, typed and checked. It belongs to the model, and is valid as long as the model is loaded.

    `size` is the number of tokens; their ids are 0 to `size` - 1. `pointer` is llama.cpp's own structure.
    """

    def __init__(self, model: Any) -> None:
        self._library = native()
        self.pointer = self._library.llama_model_get_vocab(model)
        self.size = int(self._library.llama_vocab_n_tokens(self.pointer))

    def tokenise(self, text: str, *, special: bool) -> list[int]:
        """Return the tokens of `text`, without a beginning or an end added.

        `special`: where the text spells out a control token, it becomes that token. False for text of a person.
        """
        data = text.encode("utf-8")
        room = len(data) + 8
        for _ in range(2):
            buffer = (self._library.llama_token * room)()
            count = self._library.llama_tokenize(self.pointer, data, len(data), buffer, room, False, special)
            if count >= 0:
                return self._checked(buffer[:count])
            room = -count
        raise EngineError(f"a text of {len(data):,} bytes could not be split into tokens; shorten it")

    def _checked(self, tokens: list[int]) -> list[int]:
        if tokens and not 0 <= min(tokens) <= max(tokens) < self.size:
            raise EngineError("the model's vocabulary does not fit its tokeniser; the model file is damaged")
        return tokens

    def piece(self, token: int, *, special: bool = False) -> bytes:
        """Return the bytes of `token`; those of a control token are empty unless `special`."""
        if not 0 <= token < self.size:
            raise ValueError(f"token {token} is outside 0..{self.size - 1}")
        room = 64
        for _ in range(2):
            buffer = ctypes.create_string_buffer(room)
            count = self._library.llama_token_to_piece(self.pointer, token, buffer, room, 0, special)
            if count >= 0:
                return buffer.raw[:count]
            room = -count
        raise EngineError(f"token {token} has no text; the model file is damaged")

    def detokeniser(self) -> "Detokeniser":
        """Return a detokeniser for one reply; of control tokens only markers of thoughts and channels have a text."""
        leads_with_space = int(self._library.llama_vocab_type(self.pointer)) == _SENTENCEPIECE
        return Detokeniser(self._piece_of_reply, strip_leading_space=leads_with_space)

    def _piece_of_reply(self, token: int) -> bytes:
        return self.piece(token, special=token in self._markers)

    def ends_reply(self, token: int) -> bool:
        """Whether `token` ends a reply (end of text, of turn, of message, as the model file marks them)."""
        return bool(self._library.llama_vocab_is_eog(self.pointer, token))

    @property
    def begin(self) -> int | None:
        """The token that begins a context, if the model has one."""
        return self._or_none(self._library.llama_vocab_bos(self.pointer))

    @property
    def adds_begin(self) -> bool:
        """Whether the model expects every context to begin with `begin`."""
        return bool(self._library.llama_vocab_get_add_bos(self.pointer)) and self.begin is not None

    @property
    def end(self) -> int | None:
        """The token that ends a text, if the model has one."""
        return self._or_none(self._library.llama_vocab_eos(self.pointer))

    def _or_none(self, token: Any) -> int | None:
        return int(token) if 0 <= token < self.size else None

    @cached_property
    def can_constrain(self) -> bool:
        """Whether a grammar can keep replies to a form: a token ends them, and others spell every ASCII character."""
        return (
            self.end is not None
            and self.ends_reply(self.end)
            and self.spells(ascii_letters + digits + punctuation + " ")
        )

    def spells(self, text: str) -> bool:
        """Whether there are tokens for each character of `text` by itself."""
        spelled = {each: self.text_of(self.tokenise(each, special=False)) for each in set(text)}
        return all(each in found and found.strip() == each.strip() for each, found in spelled.items())

    def cannot_spell(self, text: str) -> str:
        """Return the characters of `text` that no tokens spell, whatever becomes of case and compatible forms."""
        return "".join(each for each in text if not self.spells_whole(each))

    def spells_whole(self, text: str) -> bool:
        """Whether the tokens of `text` spell all of it, whatever becomes of white space, case and compatible forms."""
        return _bare(self.text_of(self.tokenise(text, special=False))) == _bare(text)

    def text_of(self, tokens: Iterable[int], *, special: bool = False) -> str:
        """Return the text of `tokens`; control tokens are part of it only if `special`."""
        return b"".join(self.piece(token, special=special) for token in tokens).decode("utf-8", "replace")

    def spelling(self, token: int | None) -> str:
        """Return a control token as chat templates write it; empty for None."""
        return "" if token is None else self.piece(token, special=True).decode("utf-8", "replace")

    @cached_property
    def control(self) -> re.Pattern[str]:
        """A pattern that finds the spelling of any control token; of two that begin alike, the longer one."""
        ordered = sorted(set(filter(None, self._controls.values())), key=len, reverse=True)
        return re.compile("|".join(map(re.escape, ordered)) or r"(?!)")

    @cached_property
    def _controls(self) -> dict[int, str]:
        """The spelling of each control token."""
        library, pointer = self._library, self.pointer
        hidden = library.LLAMA_TOKEN_ATTR_CONTROL | library.LLAMA_TOKEN_ATTR_UNKNOWN
        return {
            token: self.spelling(token)
            for token in range(self.size)
            if library.llama_vocab_get_attr(pointer, token) & hidden
        }

    @cached_property
    def _markers(self) -> frozenset[int]:
        """The control tokens between which a model thinks, or that name its channels."""
        return frozenset(token for token, spelling in self._controls.items() if is_marker(spelling))

    def ends_channel(self, token: int) -> bool:
        """Whether `token` ends one channel of a reply and another follows, in a model that writes in channels."""
        return self._controls.get(token) == "<|end|>" and "<|channel|>" in self._controls.values()


def _bare(text: str) -> str:
    return "".join(unicodedata.normalize("NFKC", text.replace("\u2581", " ")).casefold().split())  # a space's stand-in


class Detokeniser:
    """The text of a growing list of tokens, never cutting a character in two.

    A token of a byte-level vocabulary can end inside a character, whose text is held back until the rest arrives.
    `tokens` are those whose text is complete, so that `text` and `tokens` always belong together.
    """

    def __init__(self, piece: Callable[[int], bytes], *, strip_leading_space: bool = False) -> None:
        self._piece = piece
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._strip = strip_leading_space
        self._waiting: list[int] = []
        self.text = ""
        self.tokens: list[int] = []

    def add(self, token: int) -> str:
        """Take one more token and return the text that has become complete, mostly just that of the token."""
        added = self._decoder.decode(self._piece(token))
        if self._strip and added:
            added, self._strip = added.removeprefix(" "), False
        self._waiting.append(token)
        self.text += added
        if not self._decoder.getstate()[0]:
            self.tokens += self._waiting
            self._waiting.clear()
        return added


class UnknownLabelError(ValueError):
    """No single token of the model spells the label."""


class LabelScorer:
    """Finds the tokens of answer labels, and computes the labels' probabilities from the logits after a prompt."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._vocabulary = vocabulary
        self._found: dict[str, tuple[int, ...]] = {}
        self._scratch = np.empty(vocabulary.size, dtype=np.float32)

    def variants(self, label: str) -> tuple[int, ...]:
        """Return the distinct tokens that spell `label`, bare or after white space ("A", " A").

        Raises:
            UnknownLabelError: there is none, so that the first token of an answer does not tell the labels apart.
        """
        if label not in self._found:
            ends = (self._vocabulary.tokenise(space + label, special=False)[-1:] for space in _SURROUNDINGS)
            found = sorted({token for end in ends for token in end if self._spells(token, label)})
            if not found:
                raise UnknownLabelError(f"the model has no single token for the label {label!r}")
            self._found[label] = tuple(found)
        return self._found[label]

    def of_tokens(self, tokens: Sequence[int], logits: NDArray[np.float32]) -> list[float]:
        """Return the natural log-probability of each of `tokens` as the next one; NaN where the output is damaged."""
        total, largest = self._log_total(logits)
        return [float(logits[token]) - largest - total for token in tokens]

    def scores(self, labels: Sequence[str], logits: NDArray[np.float32]) -> tuple[tuple[LabelScore, ...], float]:
        """Return the log-probability of each label, exact, and the mass of all together (0 to 1).

        This is log-softmax over the whole vocabulary, with the variants v of a label summed:
        log Σ_v exp(l_v − m) − log Σ_t exp(l_t − m), where t are all tokens and m is the largest logit.
        """
        total, largest = self._log_total(logits)
        scores = []
        for label in labels:
            raw = logits[list(self.variants(label))].astype(np.float64) - largest
            logprob = float(np.logaddexp.reduce(raw) - total) if np.isfinite(total) else np.nan
            scores.append(LabelScore(label, logprob, logprob))
        mass = sum(float(np.exp(score.lower)) for score in scores)
        return tuple(scores), min(mass, 1.0)

    def _log_total(self, logits: NDArray[np.float32]) -> tuple[float, float]:
        """Return log Σ_t exp(l_t − m) and m."""
        # Vocabularies are large: the exponentials go to a buffer that is used again. Their sum is in double precision.
        largest = float(logits.max())
        if not np.isfinite(largest):
            return np.nan, largest
        np.exp(np.subtract(logits, np.float32(largest), out=self._scratch), out=self._scratch)
        return float(np.log(self._scratch.sum(dtype=np.float64))), largest

    def _spells(self, token: int, label: str) -> bool:
        return self._vocabulary.piece(token).decode("utf-8", "replace").strip() == label
