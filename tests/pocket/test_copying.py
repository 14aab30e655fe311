"""Every answer of the first lesson stands further up, word for word."""

from random import Random

from hypothesis import given
from hypothesis import strategies as st

from pocket.copying import lettered_list, passage

PHRASES = tuple(f"{word} thing{number}" for word in ("red", "green", "blue") for number in range(4))


@given(st.integers())
def test_a_passage_is_said_again_word_for_word(seed: int) -> None:
    request, reply = passage(PHRASES, Random(seed))
    assert request.text.endswith(f": {reply.text}")
    assert len(reply.text.split()) >= 12


@given(st.integers())
def test_every_letter_and_every_phrase_is_that_of_the_list(seed: int) -> None:
    turns = lettered_list(PHRASES, Random(seed))
    *listing, first = turns[0].text.splitlines()
    listed = dict(line.split(". ") for line in listing)
    questions = [first, *(turn.text for turn in turns[2::2])]
    pairs = list(zip(questions, (turn.text for turn in turns[1::2]), strict=True))
    assert len(pairs) == len(listed)
    for question, answer in pairs:
        assert listed.get(answer) == question or listed.get(question) == answer
