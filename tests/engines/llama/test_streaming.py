"""Text as it is generated."""

from hypothesis import given
from hypothesis import strategies as st

from chat_personas.engines.llama.vocabulary import Detokeniser


def byte(token: int) -> bytes:
    return bytes([token])


@given(st.text())
def test_no_character_is_cut_in_two_however_its_bytes_are_split(text: str) -> None:
    data = text.encode("utf-8", "surrogatepass")
    detokeniser = Detokeniser(byte)
    pieces = [detokeniser.add(token) for token in data]
    assert "".join(pieces) == detokeniser.text == data.decode("utf-8", "replace")


def test_tokens_and_text_belong_together_when_a_reply_stops_inside_a_character() -> None:
    detokeniser = Detokeniser(byte)
    for token in "né".encode()[:-1]:
        detokeniser.add(token)
    assert detokeniser.text == "n"
    assert detokeniser.tokens == [ord("n")]


def test_the_space_that_some_vocabularies_put_in_front_is_taken_off_once() -> None:
    words = {1: b" Good", 2: b" day"}
    detokeniser = Detokeniser(words.__getitem__, strip_leading_space=True)
    assert [detokeniser.add(1), detokeniser.add(2)] == ["Good", " day"]
