"""Messages are a tree, listed and walked without surprises."""

from dataclasses import replace

import pytest

from chat_personas.corpus import Corpus, CorpusError, Selection, UnknownConversationError
from eval.engine import Sampling
from tests.corpus.making import DAY, INFO, branch_of, conversation_row, talk, texts, without_waiting_for_the_disk


def test_a_branch_is_read_from_its_first_message_to_its_leaf(corpus: Corpus) -> None:
    identifier = talk(corpus, ("Q1", "A1"), ("Q2", "A2"))
    branch = branch_of(corpus, identifier)
    assert texts(branch) == ["Q1", "A1", "Q2", "A2"]
    assert [message.role for message in branch] == ["user", "assistant"] * 2
    assert [message.parent_id for message in branch] == [None, *(message.id for message in branch[:-1])]


def test_a_very_long_conversation_is_no_trouble(corpus: Corpus) -> None:
    """Deeper than SQLite's limit of 1,000 nested triggers, which a cascade from parent to child would meet."""
    without_waiting_for_the_disk(corpus)
    turns = 600
    identifier = talk(corpus, *[(f"Q{n}", f"A{n}") for n in range(turns)])
    assert len(branch_of(corpus, identifier)) == 2 * turns
    first = branch_of(corpus, identifier)[0]
    assert corpus.activate(identifier, first.id) == branch_of(corpus, identifier)[-1].id
    corpus.delete(identifier)
    assert corpus.conversations() == ()


def test_going_back_to_a_message_takes_the_newest_way_on(corpus: Corpus) -> None:
    identifier = talk(corpus, ("Q1", "A1"))
    question, answer = branch_of(corpus, identifier)
    other = corpus.begin_reply(identifier, question.id, INFO, Sampling())
    corpus.end_reply(other.id, "B1", "complete")
    assert texts(corpus.siblings(answer.id)) == ["A1", "B1"]
    assert corpus.activate(identifier, answer.id) == answer.id
    assert texts(branch_of(corpus, identifier)) == ["Q1", "A1"]
    assert corpus.activate(identifier, question.id) == other.id


def test_a_message_of_another_conversation_cannot_be_a_parent_or_a_leaf(corpus: Corpus) -> None:
    one, two = talk(corpus, ("Q1", "A1")), talk(corpus, ("Q2", "A2"))
    stranger = branch_of(corpus, two)[-1]
    with pytest.raises(CorpusError, match="no longer in the corpus"):
        corpus.begin_turn(one, stranger.id, "Q3", INFO, Sampling())
    with pytest.raises(CorpusError, match="is not in the conversation"):
        corpus.activate(one, stranger.id)
    assert texts(branch_of(corpus, one)) == ["Q1", "A1"]
    with pytest.raises(CorpusError, match="there is no message nowhere"):
        corpus.activate(one, "nowhere")


def test_a_reply_to_a_deleted_conversation_does_not_bring_it_back(corpus: Corpus) -> None:
    identifier = talk(corpus, ("Q1", "A1"))
    last = branch_of(corpus, identifier)[-1]
    _, reply = corpus.begin_turn(identifier, last.id, "Q2", INFO, Sampling())
    corpus.delete(identifier)
    with pytest.raises(CorpusError, match="deleted by another program"):
        corpus.flush_reply(reply.id, "still talking")
    with pytest.raises(CorpusError, match="no longer in the corpus"):
        corpus.begin_turn(identifier, last.id, "Q3", INFO, Sampling())
    assert corpus.conversations() == ()


def test_the_list_shows_counts_and_the_latest_activity_first(corpus: Corpus) -> None:
    old, new = talk(corpus, ("Q1", "A1"), ("Q2", "A2")), talk(corpus, ("Q", "A"))
    assert [(row.id, row.messages, row.measurements) for row in corpus.conversations()] == [(new, 2, 0), (old, 4, 0)]
    leaf = branch_of(corpus, old)[-1]
    corpus.begin_turn(old, leaf.id, "Q3", INFO, Sampling())
    assert [row.id for row in corpus.conversations()] == [old, new]
    assert [row.id for row in corpus.conversations(limit=1, offset=1)] == [new]


def test_conversations_are_chosen_by_persona_date_and_identifier(corpus: Corpus) -> None:
    eve = DAY.replace(day=20, hour=23, minute=59)
    early = talk(corpus, ("Q", "A"), row=conversation_row(persona="republican", began=eve))
    late = talk(corpus, ("Q", "A"), row=conversation_row(began=DAY.replace(hour=0)))
    chosen = {
        "persona": Selection(persona="republican"),
        "until": Selection(until=eve.date()),
        "since": Selection(since=DAY.date()),
        "ids": Selection(ids=(early[:8] + early[8:].lower(), "nothing", "*")),
        "all of it": Selection(persona="democrat", until=eve.date()),
        "nothing": Selection(ids=("*",)),
    }
    assert {name: corpus.conversation_ids(selection) for name, selection in chosen.items()} == {
        "persona": (early,),
        "until": (early,),
        "since": (late,),
        "ids": (early,),
        "all of it": (),
        "nothing": (),
    }


def test_an_identifier_may_be_shortened_as_far_as_it_is_the_only_one(corpus: Corpus) -> None:
    one, two = talk(corpus, ("Q", "A")), talk(corpus, ("Q", "A"))
    assert corpus.conversation(one).id == one
    common = next(length for length in range(26) if one[length] != two[length])
    assert corpus.conversation(two[: common + 1]).id == two
    with pytest.raises(UnknownConversationError, match="several conversations begin or end with"):
        corpus.conversation(one[:common])
    for unknown in ("", "7", "*", "ZZZZZZ", "?????"):
        with pytest.raises(UnknownConversationError, match="there is no conversation"):
            corpus.conversation(unknown)


def test_a_short_identifier_that_fits_several_names_them_and_one_that_fits_one_says_how_much_to_give(
    corpus: Corpus,
) -> None:
    one = talk(corpus, ("Q", "A"))
    with pytest.raises(UnknownConversationError, match=f"^0 is too short .*; give at least {one[:4]}$"):
        corpus.conversation("0")
    two = talk(corpus, ("Q", "A"))
    said = f"^several conversations begin or end with 0: {two}, {one}; give more"
    with pytest.raises(UnknownConversationError, match=said):
        corpus.conversation("0")
    for _ in range(2):
        talk(corpus, ("Q", "A"))
    with pytest.raises(UnknownConversationError, match=f"{two}, …; give more of the identifier"):
        corpus.conversation("0")


def test_renaming_and_deleting_what_is_not_there_says_so(corpus: Corpus) -> None:
    with pytest.raises(UnknownConversationError):
        corpus.rename("nothing", "x")
    with pytest.raises(UnknownConversationError):
        corpus.delete("nothing")


def test_keys_increase_even_within_a_millisecond(corpus: Corpus) -> None:
    keys = [conversation_row().id for _ in range(1_000)]
    assert keys == sorted(set(keys))
    assert {len(key) for key in keys} == {26}


def test_what_a_model_read_before_a_reply_is_what_it_said_since_its_cache_was_empty(corpus: Corpus) -> None:
    made = list[str]()
    for name, reused in (("a", 0), ("b", 0), ("a", 14), ("other", 0), ("a", 14), ("a", 14)):
        info = replace(INFO, sha256=name * 8)
        key = talk(corpus, ("Guns?", "Fewer."), model=info)
        made.append(branch_of(corpus, key)[-1].id)
        with corpus._connections.writing() as connection:
            connection.execute(
                "UPDATE generations SET started_at = ?, reused_tokens = ? WHERE message_id = ?",
                (f"2026-11-30T12:00:0{len(made)}.000Z", reused, made[-1]),
            )
    assert corpus.made_before(made[5], since=None) == (made[0], made[2], made[4])
    assert corpus.made_before(made[5], since=made[2]) == (made[4],)
    assert corpus.made_before(made[0], since=None) == corpus.made_before(made[1], since=None) == ()
    copied = branch_of(corpus, corpus.fork(made[4]))[-1].id
    assert copied not in corpus.made_before(made[5], since=None)
