"""A reply has a limit, in bytes, whatever a model or server sends."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat_personas.engines.reply_limit import ReplyLimit, longest_reply, within_limit
from eval.engine import Piece


@pytest.mark.parametrize(
    ("tokens", "most"), [(1, 4224), (400, 55_296), (4096, 528_384), (32_736, 4_194_304), (100_000, 4_194_304)]
)
def test_the_limit_grows_with_the_tokens_asked_for_up_to_four_mebibytes(tokens: int, most: int) -> None:
    assert longest_reply(tokens) == most


@given(st.lists(st.text("aé日🙂\n", max_size=3000), max_size=6))
def test_however_a_reply_is_cut_into_pieces_its_whole_characters_within_the_limit_are_taken(pieces: list[str]) -> None:
    limit = ReplyLimit(1)
    taken = "".join(limit.take(piece) for piece in pieces)
    said = "".join(pieces).encode()
    assert taken == said[:4224].decode("utf-8", "ignore")
    assert limit.reached == (len(said) > 4224)


def test_a_reply_of_exactly_the_limit_is_whole() -> None:
    limit = ReplyLimit(1)
    whole = Piece("x" * 4224, "stop")
    assert limit.cut(whole) is whole
    assert limit.cut(Piece("y", "stop")) == Piece("", "length")


def test_thoughts_and_reply_have_the_limit_together() -> None:
    limit = ReplyLimit(1)
    assert limit.cut(Piece("", thought="t" * 4220)).finish_reason is None
    assert limit.cut(Piece("reply", "stop")) == Piece("repl", "length")


def test_half_a_surrogate_pair_counts_as_one_byte() -> None:
    assert ReplyLimit(1).take("\ud800" + "x" * 10_000) == "?" + "x" * 4223


def test_an_answer_that_came_whole_is_cut_in_the_same_way() -> None:
    assert within_limit("x" * 4225, 1) == "x" * 4224
    assert within_limit("x" * 4224, 1) == "x" * 4224
