"""A short name is the end of a conversation's key, as long as it must be to be the only one."""

import pytest

from chat_personas.corpus import Corpus, UnknownConversationError
from tests.corpus.making import conversation_row, talk

ONE, TWO, THREE = (
    "01M8HXF0G2" + "AAAAAAAAXXABCDEF",
    "01M8HXF0G2" + "AAAAAAAAYXABCDEF",
    "01M8HXF0G2" + "AAAAAAAAYXABCDEG",
)


@pytest.fixture
def three(corpus: Corpus) -> Corpus:
    """A corpus with three conversations of one day, two of which have nearly the same end."""
    for key in (ONE, TWO, THREE):
        talk(corpus, ("Hello?", "Good day."), row=conversation_row().model_copy(update={"id": key}))
    return corpus


def test_names_are_at_least_six_characters_and_longer_where_that_is_not_unique(three: Corpus) -> None:
    assert three.short_names() == {ONE: "xxabcdef", TWO: "yxabcdef", THREE: "abcdeg"}


def test_a_conversation_is_found_by_its_short_name(three: Corpus) -> None:
    for key, name in three.short_names().items():
        assert three.conversation(name).id == key


@pytest.mark.parametrize("name", ["abcdef", "01m8hx"])
def test_a_name_of_several_is_refused_with_their_keys(three: Corpus, name: str) -> None:
    with pytest.raises(UnknownConversationError, match=f"several conversations begin or end with {name}"):
        three.conversation(name)


@pytest.mark.parametrize("name", ["bcdeg", "g", "*", "nobody"])
def test_less_than_a_short_name_at_the_end_names_nothing(three: Corpus, name: str) -> None:
    with pytest.raises(UnknownConversationError, match="there is no conversation"):
        three.conversation(name)
