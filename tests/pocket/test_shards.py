"""Documents become tokens in the chat format, each with the loss weight it should have."""

from itertools import cycle
from pathlib import Path

import pytest

pytest.importorskip("tokenizers")

from tokenizers import Tokenizer

from pocket.document import Document, Turn
from pocket.shards import encode_document, open_shards, shard_facts, write_shard
from pocket.tokenizer import SPECIAL, TokenizerError, train_tokenizer

SURVEY = Document((Turn("system", "S", 0.0), Turn("user", "U", 0.125), Turn("assistant", "B", 5.0)))


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    return train_tokenizer([SURVEY], vocabulary=400)


def test_special_tokens_come_first(tokenizer: Tokenizer) -> None:
    assert [tokenizer.token_to_id(special) for special in SPECIAL] == [0, 1, 2, 3, 4]


def test_a_document_is_laid_out_in_the_chat_format(tokenizer: Tokenizer) -> None:
    letters = [tokenizer.token_to_id(letter) for letter in "SUB"]
    assert encode_document(tokenizer, SURVEY).tokens == [0, 1, letters[0], 4, 2, letters[1], 4, 3, letters[2], 4]


def test_a_letter_keeps_its_weight_and_marks_weigh_nothing_but_the_end_of_an_answer(tokenizer: Tokenizer) -> None:
    assert encode_document(tokenizer, SURVEY).weights == [0, 0, 0, 0, 0, 0.125, 0, 0, 5.0, 1.0]


def test_what_others_answer_is_a_further_target_at_the_same_place(tokenizer: Tokenizer, tmp_path: Path) -> None:
    letters = {letter: tokenizer.token_to_id(letter) for letter in "UB"}
    crowd = Document((Turn("user", "U", 0.0), Turn("assistant", "B", 3.0, (("U", 2.0),))))
    encoded = encode_document(tokenizer, crowd)
    assert encoded.others == [(5, letters["U"], 2.0)]
    assert encoded.tokens[5] == letters["B"]
    write_shard(cycle([crowd]), tokenizer, 10, 20, tmp_path / "00")
    [shard] = open_shards(tmp_path)
    assert shard.others[:2].tolist() == [[5, letters["U"], 2.0], [12, letters["U"], 2.0]]


def test_a_vocabulary_without_room_for_the_answer_letters_is_refused() -> None:
    with pytest.raises(TokenizerError, match="train on more text"):
        train_tokenizer([SURVEY], vocabulary=261)


def test_documents_too_long_for_the_context_are_left_out_and_counted(tokenizer: Tokenizer, tmp_path: Path) -> None:
    long = Document((Turn("user", "x" * 50),))
    write_shard(cycle([SURVEY, long]), tokenizer, 100, 20, tmp_path / "00")
    facts = shard_facts(tmp_path)
    assert facts == {"tokens": 10 * facts["documents"], "documents": facts["left_out"], "left_out": facts["left_out"]}
    [shard] = open_shards(tmp_path)
    assert shard.tokens[:10].tolist() == encode_document(tokenizer, SURVEY).tokens
    assert shard.offsets[:3].tolist() == [0, 10, 20]


def test_missing_shards_say_which_stage_makes_them(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="run the stage 'shards' first"):
        open_shards(tmp_path)
