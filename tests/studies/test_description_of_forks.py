"""A description counts every word once, and as the words of who wrote it, also where conversations were forked."""

from chat_personas.conversation.debate import Debate
from chat_personas.corpus import Corpus, MessageRow, RatingRow
from chat_personas.studies.description import describe
from personas import load_persona
from tests.corpus.export.participants import conversation_of, take_part
from tests.corpus.making import branch_of, talk
from tests.corpus.test_forks import goes_on
from tests.corpus.test_measurements import PROBES, measurement
from tests.fakes import END, FakeEngine


def test_a_fork_of_a_participants_conversation_is_not_the_owners_own(corpus: Corpus) -> None:
    way = take_part(corpus, ("I am a wombat of the town", "Hello."))
    test = take_part(corpus, ("I am a rehearsing wombat here", "Hello."), test=True)
    for each in (way, test):
        corpus.fork(branch_of(corpus, conversation_of(corpus, each))[-1].id)
    talk(corpus, ("Guns?", "Fewer."))
    found = describe(corpus)
    assert found.people.own_conversations == 1
    assert found.lengths.conversations == 2
    assert found.lengths.words_said is not None
    assert found.lengths.words_said.n == 2


def test_the_copies_with_which_a_fork_begins_are_described_once(corpus: Corpus) -> None:
    original = talk(corpus, ("What do you think about guns in schools?", "Ban them."))
    reply = branch_of(corpus, original)[-1].id
    forks = [corpus.fork(reply) for _ in range(2)]
    goes_on(corpus, forks[0], "Why?", "For the children.")
    found = describe(corpus)
    lengths = found.lengths
    assert lengths.words_said is not None
    assert lengths.words_replied is not None
    assert (lengths.conversations, lengths.words_said.n, lengths.words_replied.n) == (2, 2, 2)
    if found.near_duplicates is not None:
        assert found.near_duplicates.groups == ()
    corpus.delete(original)
    assert describe(corpus).lengths.words_said == lengths.words_said, "a copy stands for what was deleted, once"


async def test_what_a_side_of_a_debate_quotes_is_not_described_as_a_persons_words(corpus: Corpus) -> None:
    engine = FakeEngine(["Fewer guns by far.", END], ["More guns.", END])
    debate = Debate.start(corpus, (engine, engine), (load_persona("democrat"), load_persona("republican")), "Guns?", 1)
    for _ in range(2):
        async for _ in debate.turn():
            pass
    corpus.fork(debate.sides[1].path[-1].id)
    lengths = describe(corpus).lengths
    assert lengths.words_said is not None
    assert lengths.words_replied is not None
    assert (lengths.words_said.n, lengths.words_said.greatest) == (1, 1), "the topic, said once to both sides"
    assert lengths.words_replied.n == 2
    assert lengths.conversations == 1
    assert lengths.turns is not None
    assert (lengths.turns.n, lengths.turns.least) == (1, 1), (
        "a debate is one conversation, and the fork says nothing new"
    )


def measured(corpus: Corpus, message: MessageRow, alignment: float) -> None:
    corpus.add_measurement(measurement(message).model_copy(update={"alignment": alignment, "verdict": "sound"}), PROBES)


def test_the_alignment_after_a_turn_is_that_of_the_conversation_in_which_it_was_said(corpus: Corpus) -> None:
    """A fork that is measured where it begins measures the same words again: they are one conversation there."""
    original = talk(corpus, ("Guns?", "Ban them."), ("Why?", "For peace."))
    first, second = branch_of(corpus, original)[1::2]
    forked = corpus.fork(second.id)
    goes_on(corpus, forked, "And then?", "Peace.")
    copies = branch_of(corpus, forked)
    measured(corpus, first, 0.75)
    measured(corpus, copies[1], 0.75)  # once more after the same words
    measured(corpus, copies[3], 0.5)  # only in the fork, after words of the original
    measured(corpus, copies[5], 0.25)
    measured(corpus, branch_of(corpus, talk(corpus, ("Guns?", "Keep them.")))[-1], 0.5)
    found = describe(corpus).alignment
    assert [(row.turn, row.conversations, row.mean) for row in found] == [(1, 2, 0.625), (2, 1, 0.5), (3, 1, 0.25)]


def test_a_reply_that_is_rated_again_in_a_fork_is_one_reply(corpus: Corpus) -> None:
    reply = branch_of(corpus, talk(corpus, ("Guns?", "Ban them.")))[-1]
    copy = branch_of(corpus, corpus.fork(reply.id))[-1]
    for message, value in ((reply, 2.0), (copy, 6.0)):
        corpus.add_rating(RatingRow(message_id=message.id, scale="realism 1-7", value=value))
    (scale,) = describe(corpus).ratings
    assert (scale.ratings.n, scale.ratings.mean) == (1, 6.0)
