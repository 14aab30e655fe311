"""Two programs in one conversation: neither goes on from an old end of it without the person being told."""

import pytest

from chat_personas.conversation.comparison import Comparison
from chat_personas.conversation.conversation import Conversation
from chat_personas.conversation.debate import Debate
from chat_personas.corpus import Corpus, CorpusError, Words
from chat_personas.corpus.errors import GoneOnElsewhereError, GrowingElsewhereError
from eval.engine import Sampling, TooLongError
from personas import load_persona
from tests.conversation.test_versions import begun, heard
from tests.corpus.making import INFO, branch_of, talk, texts
from tests.fakes import END, FakeEngine

DEMOCRAT, REPUBLICAN = load_persona("democrat"), load_persona("republican")
SAYS = "another program has gone on with this conversation"


def gone_on(corpus: Corpus, key: str, said: str) -> None:
    """Another program says something in a conversation, and has a reply."""
    leaf = corpus.conversation(key).active_leaf_id
    _, reply = corpus.begin_turn(key, leaf, said, INFO, Sampling())
    corpus.end_reply(reply.id, "Indeed.", "complete")


async def test_a_message_is_not_stored_where_another_program_has_gone_on_and_said_again_is_another_version(
    corpus: Corpus,
) -> None:
    here = begun(corpus, "First.", "Third.", "Fourth.")
    await heard(here.send("One?"))
    gone_on(corpus, here.id, "Two?")
    with pytest.raises(GoneOnElsewhereError, match=SAYS):
        await heard(here.send("Three?"))
    assert texts(branch_of(corpus, here.id)) == ["One?", "First.", "Two?", "Indeed."], "nothing was stored"
    assert texts(here.path) == ["One?", "First."]
    assert here.left_behind

    gone_on(corpus, here.id, "And more?")
    with pytest.raises(GoneOnElsewhereError):
        await heard(here.send("Three?"))
    await heard(here.send("Three?"))
    assert texts(branch_of(corpus, here.id)) == ["One?", "First.", "Three?", "Third."]
    assert str(await here.place(here.path[2].id)) == "2/2"
    assert not here.left_behind
    await heard(here.send("Four?"))


async def test_another_reply_and_an_edit_are_not_begun_there_either(corpus: Corpus) -> None:
    here = begun(corpus, "First.", "Again.", "Edited.")
    await heard(here.send("One?"))
    gone_on(corpus, here.id, "Two?")
    with pytest.raises(GoneOnElsewhereError):
        await heard(here.regenerate())
    gone_on(corpus, here.id, "Three?")
    with pytest.raises(GoneOnElsewhereError):
        await heard(here.edit(here.path[0].id, "Uno?"))
    assert texts(branch_of(corpus, here.id))[-2:] == ["Three?", "Indeed."]
    await heard(here.regenerate())
    assert texts(branch_of(corpus, here.id)) == ["One?", "Again."]


async def test_two_programs_that_begin_in_one_conversation_do_not_miss_each_other(corpus: Corpus) -> None:
    here = begun(corpus, "First.")
    await heard(here.send("One?"))
    there = Conversation.resume(corpus, FakeEngine(["Second.", END]), here.id)
    await heard(there.send("Two?"))
    with pytest.raises(GoneOnElsewhereError):
        await heard(here.send("Three?"))
    again = Conversation.resume(corpus, FakeEngine(["Third.", END]), here.id)
    await heard(again.send("Three?"))
    assert texts(again.path) == ["One?", "First.", "Two?", "Second.", "Three?", "Third."]


async def test_what_a_program_does_itself_is_not_taken_for_another_one(corpus: Corpus) -> None:
    replies = [[f"Reply {number}.", END] for number in range(8)]
    engine = FakeEngine(*replies[:4], [TooLongError("too long")], *replies[4:])
    here = Conversation.start(corpus, engine, DEMOCRAT)
    await heard(here.send("One?"))
    await heard(here.regenerate())
    await here.next_version()
    await heard(here.send("Two?"))
    await here.go_beside(here.path[1].id, +1)
    await heard(here.edit(here.path[0].id, "Uno?"))
    with pytest.raises(TooLongError):
        await heard(here.send("Too much"))
    await here.fork(here.path[-1].id)
    await heard(here.send("Three?"))
    await here.switch(here.path[0].id)
    await here.change_persona(REPUBLICAN)
    await heard(here.send("Four?"))
    await heard(Conversation.resume(corpus, engine, await here.fork(here.path[-1].id)).send("Five?"))
    assert texts(here.path)[-2:] == ["Four?", "Reply 5."]


async def test_a_comparison_says_nothing_where_another_program_has_gone_on_with_a_column(corpus: Corpus) -> None:
    engine = FakeEngine(*([each, END] for each in ("A.", "B.", "C.", "D.")))
    comparison = Comparison.start(corpus, [engine, engine], [DEMOCRAT, REPUBLICAN])
    await all_of(comparison, "Guns?")
    gone_on(corpus, comparison.columns[1].id, "Alone?")
    with pytest.raises(CorpusError, match=SAYS):
        await all_of(comparison, "Taxes?")
    assert comparison.unsaid == "Taxes?"
    assert [len(column.path) for column in comparison.columns] == [2, 2]
    await all_of(comparison, comparison.unsaid)
    assert [len(column.path) for column in comparison.columns] == [4, 4]


async def test_a_debate_waits_where_another_program_has_gone_on_with_a_side(corpus: Corpus) -> None:
    engine = FakeEngine(["Less.", END], ["More.", END])
    debate = Debate.start(corpus, (engine, engine), (DEMOCRAT, REPUBLICAN), "Guns?", 2)
    async for _ in debate.turn():
        pass
    gone_on(corpus, debate.sides[0].id, "Alone?")
    with pytest.raises(CorpusError, match=SAYS):
        await debate.interject("Be brief.")
    assert debate.waiting == ("Be brief.",)
    async for _ in debate.turn():
        pass
    assert "Be brief." in texts(debate.sides[0].path)


def growing(corpus: Corpus, key: str, said: str, so_far: str) -> str:
    """Another program, which is alive, says something in a conversation, and its reply has come so far."""
    _, reply = corpus.begin_turn(key, corpus.conversation(key).active_leaf_id, said, INFO, Sampling())
    corpus.flush_reply(reply.id, so_far)
    return reply.id


async def test_nothing_is_said_or_measured_after_a_reply_that_another_program_is_still_writing(corpus: Corpus) -> None:
    there = begun(corpus, "First.")
    await heard(there.send("One?"))
    reply = growing(corpus, there.id, "Two?", "It is")
    engine = FakeEngine(["Third.", END])
    here = Conversation.resume(corpus, engine, there.id)
    assert texts(here.path)[-1] == "It is"
    assert here.unanswered, "there is no whole reply to measure after"
    for speak in (lambda: here.send("Three?"), here.regenerate, lambda: here.edit(here.path[0].id, "Uno?")):
        with pytest.raises(GrowingElsewhereError, match="still writing"):
            await heard(speak())
    assert texts(branch_of(corpus, here.id)) == ["One?", "First.", "Two?", "It is"], "nothing was stored"

    corpus.end_reply(reply, "It is whole now.", "complete")
    await heard(here.send("Three?"))
    assert "It is whole now." in [message.content for message in engine.asked[0]]
    assert texts(here.path)[3:] == ["It is whole now.", "Three?", "Third."]


async def test_a_reply_is_caught_up_with_where_the_program_that_wrote_it_has_died(corpus: Corpus) -> None:
    with Corpus.open(corpus.path) as other:
        there = begun(other, "First.")
        await heard(there.send("One?"))
        growing(other, key := there.id, "Two?", "It is")
        here = Conversation.resume(corpus, FakeEngine(), key)
        assert not await here.catch_up()
    assert await here.catch_up()
    assert (here.path[-1].text, here.path[-1].status) == ("It is", "interrupted")
    assert not here.unanswered


async def test_a_message_without_a_reply_is_not_stored_after_one_that_another_program_is_still_writing(
    corpus: Corpus,
) -> None:
    key = talk(corpus, ("One?", "First."))
    reply = growing(corpus, key, "Two?", "It is")
    with pytest.raises(GrowingElsewhereError):
        corpus.tell([(key, reply, Words("Three?"))])
    assert texts(branch_of(corpus, key))[-1] == "It is"


async def test_a_debate_quotes_no_turn_that_another_program_is_still_writing(corpus: Corpus) -> None:
    engine = FakeEngine(["Less.", END], ["More.", END])
    debate = Debate.start(corpus, (engine, engine), (DEMOCRAT, REPUBLICAN), "Guns?", 2)
    side = debate.sides[0].id
    reply = corpus.begin_reply(side, corpus.conversation(side).active_leaf_id or "", INFO, Sampling())
    corpus.flush_reply(reply.id, "Far")
    here = Debate.resume(corpus, (engine, engine), debate.id)
    with pytest.raises(GrowingElsewhereError):
        async for _ in here.turn():
            pass
    corpus.end_reply(reply.id, "Far fewer guns.", "complete")
    async for _ in here.turn():
        pass
    assert texts(here.sides[1].path)[-2:] == ["Far fewer guns.", "Less."]


async def all_of(comparison: Comparison, text: str) -> None:
    async for _ in comparison.say(text):
        pass
