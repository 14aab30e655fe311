"""Repeated calls visit every version of the end of a conversation."""

from collections.abc import AsyncIterator

from chat_personas.conversation.branches import Place, Version
from chat_personas.conversation.conversation import Conversation, ReplyEvent
from chat_personas.corpus import Corpus
from personas import load_persona
from tests.fakes import END, FakeEngine


async def heard(events: AsyncIterator[ReplyEvent]) -> None:
    async for _ in events:
        pass


def begun(corpus: Corpus, *replies: str) -> Conversation:
    """A new conversation with a model that will say these, one after the other."""
    return Conversation.start(corpus, FakeEngine(*([text, END] for text in replies)), load_persona("democrat"))


async def test_there_is_no_other_version_of_what_was_said_once(corpus: Corpus) -> None:
    conversation = begun(corpus, "To guns.")
    assert await conversation.next_version() is None
    await heard(conversation.send("Guns?"))
    assert await conversation.next_version() is None


async def test_replies_are_gone_round(corpus: Corpus) -> None:
    conversation = begun(corpus, "One.", "Two.")
    await heard(conversation.send("Guns?"))
    await heard(conversation.regenerate())
    assert await conversation.next_version() == Version(reply=Place(1, 2))
    assert conversation.path[-1].text == "One."
    assert await conversation.next_version() == Version(reply=Place(2, 2))
    assert conversation.path[-1].text == "Two."


async def test_all_replies_to_all_versions_of_a_message_are_gone_round(corpus: Corpus) -> None:
    conversation = begun(corpus, "To guns.", "To schools.", "To books.")
    await heard(conversation.send("Guns?"))
    await heard(conversation.edit(conversation.path[0].id, "Schools?"))
    await heard(conversation.regenerate())
    went = [(await conversation.next_version(), conversation.path[-1].text) for _ in range(4)]
    guns = Version(message=Place(1, 2)), "To guns."
    assert went == [
        guns,
        (Version(message=Place(2, 2), reply=Place(1, 2)), "To schools."),
        (Version(reply=Place(2, 2)), "To books."),
        guns,
    ]
