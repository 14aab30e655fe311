"""The pocket model's vocabulary: byte-level BPE as GPT-2 splits text, so that llama.cpp's "gpt-2" splits the same.

Every answer letter is one token, alone and after a space, because a probe reads the probability of one token.
"""

from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path
from string import ascii_uppercase

from tokenizers import Tokenizer, decoders, pre_tokenizers
from tokenizers.models import BPE
from tokenizers.trainers import BpeTrainer

from pocket.document import Document

BEGIN, SYSTEM, USER, ASSISTANT, END = SPECIAL = ("<|begin|>", "<|system|>", "<|user|>", "<|assistant|>", "<|end|>")
VOCABULARY = 4096
LETTER_LINES = 20_000


class TokenizerError(Exception):
    """The trained vocabulary does not hold what the recipe relies on. One line says what."""


def train_tokenizer(documents: Iterable[Document], vocabulary: int = VOCABULARY) -> Tokenizer:
    """Learn a vocabulary of at most `vocabulary` tokens from the text of `documents`; ids 0 to 4 are `SPECIAL`.

    Raises:
        TokenizerError: an answer letter is not a single token (the text is too small).
    """
    tokenizer = Tokenizer(BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = BpeTrainer(
        vocab_size=vocabulary,
        special_tokens=list(SPECIAL),
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    tokenizer.train_from_iterator(chain(_letters(), _texts(documents)), trainer)
    tokenizer.encode_special_tokens = True
    check_letters(tokenizer)
    return tokenizer


def load_tokenizer(path: Path) -> Tokenizer:
    """Read a tokenizer that `train_tokenizer` made and `Tokenizer.save` wrote."""
    tokenizer = Tokenizer.from_file(str(path))
    tokenizer.encode_special_tokens = True
    return tokenizer


def encode_text(tokenizer: Tokenizer, text: str) -> list[int]:
    """Return the tokens of plain text; what looks like a special token in it is spelled out, never obeyed."""
    return list(tokenizer.encode(text, add_special_tokens=False).ids)


def token_id(tokenizer: Tokenizer, token: str) -> int:
    """Return the id of a token that must be there. Raises TokenizerError if it is not."""
    found: int | None = tokenizer.token_to_id(token)
    if found is None:
        raise TokenizerError(f"the tokenizer has no token {token!r}: train it with this recipe")
    return found


def check_letters(tokenizer: Tokenizer) -> None:
    """Raise TokenizerError unless each of A to Z is one token, with and without a space before it."""
    for letter in ascii_uppercase:
        for text in (letter, f" {letter}"):
            if len(tokenizer.encode(text).ids) != 1:
                raise TokenizerError(f"the answer label {text!r} is not a single token: train on more text")


def _letters() -> Iterator[str]:
    line = " ".join(["", *ascii_uppercase])
    return (line for _ in range(LETTER_LINES))


def _texts(documents: Iterable[Document]) -> Iterator[str]:
    return (turn.text for document in documents for turn in document.turns)
