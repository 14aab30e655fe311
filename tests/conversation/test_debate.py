"""Two personas argue: what each model is given, whose words are whose, and that a debate survives whatever happens."""

import asyncio
import re
from pathlib import Path

import pytest
from hypothesis import given as given_examples
from hypothesis import strategies as st

from chat_personas.conversation.conversation import Conversation, ReplyEnded, ReplyText
from chat_personas.conversation.debate import Debate, DebateError
from chat_personas.corpus import Corpus, MessageRow, Words
from chat_personas.corpus.messages import OPENING, transcript, turns_of
from eval.engine import EngineError, Message, Piece
from eval.evaluation import steered_as
from personas import load_persona
from tests.corpus.making import DAY, bytes_on_disk
from tests.fakes import END, FakeEngine

DEMOCRAT, REPUBLICAN = load_persona("democrat"), load_persona("republican")
OPENED = f"{OPENING.format(first='A Democrat', second='A Republican')}: Guns?"


def begun(corpus: Corpus, engine: FakeEngine, *, rounds: int = 2) -> Debate:
    """A debate of a Democrat, who begins, and a Republican."""
    return Debate.start(corpus, (engine, engine), (DEMOCRAT, REPUBLICAN), "Guns?", rounds)


async def turn(debate: Debate) -> tuple[int, str]:
    """Let the next side speak; return its place and what it said."""
    heard = [(place, event) async for place, event in debate.turn()]
    return heard[0][0], "".join(event.text for _, event in heard if isinstance(event, ReplyText))


async def words_of(debate: Debate) -> None:
    """Wait until the first side has begun to speak."""
    while debate.sides[0].path[-1].author != "model" or not debate.sides[0].path[-1].text:
        await asyncio.sleep(0)


def given(engine: FakeEngine, asked: int) -> list[str]:
    """What the model was given for a reply, without the system prompt."""
    return [message.content for message in engine.asked[asked] if message.role != "system"]


def heard(debate: Debate) -> list[tuple[int | None, int, str]]:
    """All that was said: by whom, in which round, and the words."""
    return [(one.place, one.round, one.message.text) for one in debate.said()]


async def test_each_side_reads_who_speaks_and_takes_its_turn(corpus: Corpus) -> None:
    engine = FakeEngine(["Less.", END], ["More.", END], ["No.", END], ["Yes.", END])
    debate = begun(corpus, engine)

    assert [await turn(debate) for _ in range(4)] == [(0, "Less."), (1, "More."), (0, "No."), (1, "Yes.")]
    assert given(engine, 0) == [OPENED]
    assert given(engine, 1) == [f"{OPENED}\n\nA Democrat: Less."]
    assert given(engine, 2) == [OPENED, "Less.", "A Republican: More."]
    assert given(engine, 3) == [f"{OPENED}\n\nA Democrat: Less.", "More.", "A Democrat: No."]
    assert [asked[0].content for asked in engine.asked[:2]] == [side.system_prompt for side in debate.sides]
    assert heard(debate) == [
        (None, 1, "Guns?"), (0, 1, "Less."), (1, 1, "More."), (0, 2, "No."), (1, 2, "Yes.")
    ]  # fmt: skip
    assert debate.next_place is None
    with pytest.raises(DebateError, match="ended after 2 rounds"):
        await turn(debate)


async def test_the_words_of_the_other_side_have_a_model_for_their_author(corpus: Corpus) -> None:
    debate = begun(corpus, FakeEngine(["Less.", END], ["More.", END]))
    await turn(debate)
    await turn(debate)

    first, second = debate.sides
    rows = [[(row.role, row.author, row.speaker, row.text) for row in side.path] for side in debate.sides]
    opening = ("user", "person", OPENED.removesuffix(": Guns?"), "Guns?")
    assert rows[0] == [
        opening, ("assistant", "model", None, "Less."), ("user", "model", "A Republican", "More.")
    ]  # fmt: skip
    assert rows[1] == [
        opening, ("user", "model", "A Democrat", "Less."), ("assistant", "model", None, "More.")
    ]  # fmt: skip
    assert (first.path[2].quotes, second.path[1].quotes) == (second.path[2].id, first.path[1].id)


async def test_the_moderator_speaks_to_both_sides_in_the_order_in_which_it_was_said(corpus: Corpus) -> None:
    engine = FakeEngine(["Less.", END], ["More.", END], ["No.", END])
    debate = begun(corpus, engine)
    await turn(debate)
    assert await debate.interject("Be brief.")
    await turn(debate)
    await turn(debate)

    assert given(engine, 1) == [f"{OPENED}\n\nA Democrat: Less.\n\nModerator: Be brief."]
    assert given(engine, 2) == [OPENED, "Less.", "Moderator: Be brief.\n\nA Republican: More."]
    opened, _, told = (message for message in engine.asked[2] if message.role != "system")
    assert opened.speakers == ("Moderator", "A Democrat", "A Republican"), "known before anybody has spoken"
    assert told.speakers == ("Moderator", "A Republican")
    assert [[row.text for row in side.path if row.author == "person"] for side in debate.sides] == [
        ["Guns?", "Be brief."]
    ] * 2


NAMES = st.text(st.characters(codec="utf-8", exclude_characters="\n"), min_size=1)


@given_examples(NAMES, NAMES)
def test_the_opening_has_the_names_of_both_sides_whatever_they_are_called(first: str, second: str) -> None:
    opening = Words("Guns?", OPENING.format(first=first, second=second))
    row = MessageRow(
        id="M", conversation_id="C", parent_id=None, role="user", text=opening.text, status="complete",
        created_at=DAY, updated_at=DAY, speaker=opening.speaker,
    )  # fmt: skip
    (message,) = transcript("", [row])
    assert {"Moderator", first, second} <= set(message.speakers)


async def test_a_side_that_says_nothing_three_times_is_not_asked_for_ever(corpus: Corpus) -> None:
    silent = [Piece("", finish_reason="stop")]
    debate = begun(corpus, FakeEngine(silent, silent, silent, ["Less.", END]))
    assert [await turn(debate) for _ in range(2)] == [(0, ""), (0, "")]
    with pytest.raises(EngineError, match="A Democrat has ended 3 turns without a word; go on to try once more"):
        await turn(debate)
    assert await turn(debate) == (0, "Less."), "the person may try again"


async def test_what_the_moderator_says_during_a_turn_waits_for_its_end(corpus: Corpus) -> None:
    go_on = asyncio.Event()
    debate = begun(corpus, FakeEngine(["Le", go_on, "ss.", END], ["More.", END]))
    speaking = asyncio.create_task(turn(debate))
    await words_of(debate)

    assert not await debate.interject("Wait!")
    assert debate.waiting == ("Wait!",)
    go_on.set()
    await speaking
    assert debate.waiting == ()
    assert [row.text for row in debate.sides[0].path] == ["Guns?", "Less.", "Wait!"]
    assert [row.text for row in debate.sides[1].path] == ["Guns?", "Less.", "Wait!"]


async def test_a_turn_that_is_stopped_counts_as_far_as_it_came_and_the_debate_goes_on(corpus: Corpus) -> None:
    engine = FakeEngine(["Le", asyncio.Event()], ["More.", END])
    debate = begun(corpus, engine)
    speaking = asyncio.create_task(turn(debate))
    await words_of(debate)
    await debate.stop()
    await speaking

    assert debate.next_place == 1
    await turn(debate)
    assert given(engine, 1) == [f"{OPENED}\n\nA Democrat: Le"]


async def test_a_side_whose_model_failed_has_its_turn_again_and_nothing_is_quoted(corpus: Corpus) -> None:
    engine = FakeEngine(["Less.", END], [EngineError("the server is gone")], ["More.", END])
    debate = begun(corpus, engine)
    await turn(debate)
    ended = [event async for _, event in debate.turn() if isinstance(event, ReplyEnded)]

    assert ended[0].why == "the server is gone"
    assert debate.next_place == 1
    assert await turn(debate) == (1, "More.")
    assert given(engine, 2) == given(engine, 1)
    assert [row.text for row in debate.sides[0].path] == ["Guns?", "Less.", "More."]


async def test_a_debate_is_taken_up_where_it_was_and_can_have_more_rounds(corpus: Corpus) -> None:
    first = begun(corpus, FakeEngine(["Less.", END], ["More.", END]), rounds=1)
    await turn(first)
    engine = FakeEngine(["More.", END], ["No.", END])
    debate = Debate.resume(corpus, (engine, engine), first.id)

    assert (debate.next_place, debate.topic, debate.names) == (1, "Guns?", ("A Democrat", "A Republican"))
    await turn(debate)
    await debate.extend(1)
    assert await turn(debate) == (0, "No.")
    assert Debate.resume(corpus, (engine, engine), first.id).rounds == 2


async def test_what_was_not_passed_on_before_the_program_died_is_passed_on_when_it_is_taken_up(corpus: Corpus) -> None:
    """The reply is on the disk, and the other side has not heard it: this is what a kill between the two leaves."""
    first = begun(corpus, FakeEngine(["Less.", END]))
    async for _ in first.sides[0].regenerate():
        pass
    engine = FakeEngine(["More.", END])
    debate = Debate.resume(corpus, (engine, engine), first.id)
    assert heard(debate) == [(None, 1, "Guns?"), (0, 1, "Less.")]

    await turn(debate)
    assert given(engine, 0) == [f"{OPENED}\n\nA Democrat: Less."]


async def test_the_context_that_a_side_is_measured_after_ends_with_its_own_turn(corpus: Corpus) -> None:
    debate = begun(corpus, FakeEngine(["Less.", END]))
    assert debate.measured_after(0) == ([Message("system", debate.sides[0].system_prompt)], None)
    await turn(debate)
    await debate.interject("Be brief.")

    context, key = debate.measured_after(0)
    assert [message.content for message in context][1:] == [OPENED, "Less."]
    assert key == debate.sides[0].path[1].id
    assert debate.measured_after(1)[1] is None


async def test_a_debate_of_which_one_side_was_gone_on_with_alone_does_not_go_on(corpus: Corpus) -> None:
    engine = FakeEngine(["Less.", END], ["Hm.", END])
    debate = begun(corpus, engine)
    await turn(debate)
    alone = Conversation.resume(corpus, engine, debate.sides[0].id)
    async for _ in alone.send("And you?"):
        pass

    with pytest.raises(DebateError, match="gone on with alone"):
        Debate.resume(corpus, (engine, engine), debate.id)


async def test_the_words_of_the_other_side_cannot_be_edited_as_if_they_were_ones_own(corpus: Corpus) -> None:
    debate = begun(corpus, FakeEngine(["Less.", END]))
    await turn(debate)
    quoted = debate.sides[1].path[-1]

    with pytest.raises(ValueError, match="only what a person said"):
        await anext(debate.sides[1].edit(quoted.id, "I never said that."))


async def test_a_debate_is_deleted_as_a_whole_because_each_side_holds_the_others_words(corpus: Corpus) -> None:
    debate = begun(corpus, FakeEngine(["wombat", END]))
    await turn(debate)
    assert set(corpus.deleted_with(debate.sides[1].id)) == {side.id for side in debate.sides}
    corpus.delete(debate.sides[0].id)

    assert corpus.conversation_ids() == ()
    assert corpus.debate_sides(debate.id) == ()
    assert b"wombat" not in bytes_on_disk(corpus.path)


@pytest.mark.parametrize(("topic", "rounds", "why"), [(" ", 1, "needs a topic"), ("Guns?", 0, "1 to 50 rounds")])
def test_a_debate_that_cannot_be_is_refused(corpus: Corpus, topic: str, rounds: int, why: str) -> None:
    engine = FakeEngine()
    with pytest.raises(DebateError, match=why):
        Debate.start(corpus, (engine, engine), (DEMOCRAT, REPUBLICAN), topic, rounds)
    assert corpus.conversation_ids() == ()


def test_sides_of_one_title_are_told_apart_by_steering_or_model_and_not_at_all_otherwise(corpus: Corpus) -> None:
    one, other = FakeEngine(name="small"), FakeEngine(name="large")
    by_steering = Debate.start(corpus, (one, one), (DEMOCRAT, steered_as(DEMOCRAT, "bio")), "Guns?", 1)
    assert by_steering.names == ("A Democrat (portray)", "A Democrat (bio)")
    by_model = Debate.start(corpus, (one, other), (DEMOCRAT, DEMOCRAT), "Guns?", 1)
    assert by_model.names == ("A Democrat (on small)", "A Democrat (on large)")
    with pytest.raises(DebateError, match="on the same model"):
        Debate.start(corpus, (one, one), (DEMOCRAT, DEMOCRAT), "Guns?", 1)


async def test_the_promised_views_count_turns_and_keep_authors_apart(corpus: Corpus) -> None:
    engine = FakeEngine(["Less.", END], ["More.", END], ["No.", END])
    debate = begun(corpus, engine)
    await turn(debate)
    await debate.interject("Be brief.")
    await turn(debate)
    await turn(debate)
    first, second = (side.id for side in debate.sides)
    query = "SELECT turn, author, text FROM v_dialogue WHERE conversation_id = ? ORDER BY place"
    turns = "SELECT turn, text, quoted, reply FROM v_turns WHERE conversation_id = ? ORDER BY turn"
    database = corpus.database()

    assert list(database.execute(query, (first,))) == [
        (1, "person", "Guns?"), (1, "model", "Less."), (2, "person", "Be brief."), (2, "model", "More."),
        (2, "model", "No."),
    ]  # fmt: skip
    assert list(database.execute(turns, (first,))) == [
        (1, "Guns?", None, "Less."), (2, "Be brief.", "More.", "No."),
    ]  # fmt: skip
    assert next(iter(database.execute(turns, (second,)))) == (1, "Guns?\n\nBe brief.", "Less.", "More.")
    assert turns_of(debate.sides[0].path)[debate.sides[0].path[-1].id] == 2


async def test_people_are_not_said_to_have_said_what_a_model_did(corpus: Corpus) -> None:
    """Counts of words and searches: what a side quotes is counted and found where it was said, and only there."""
    debate = begun(corpus, FakeEngine(["Fewer wombats please.", END], ["More.", END]))
    await turn(debate)
    await turn(debate)

    democrat, republican = sorted(corpus.counts(), key=lambda row: row.persona)
    assert (democrat.messages, democrat.words_said, democrat.words_replied) == (1, 1, 3)
    assert (republican.messages, republican.words_said, republican.words_replied) == (0, 0, 1)
    assert [(hit.role, hit.persona_name) for hit in corpus.search("wombats")] == [("assistant", "democrat")]


async def test_what_the_moderator_says_to_both_sides_was_said_once(corpus: Corpus) -> None:
    """The topic, and twice the same in mid-debate: what the corpus counts and what its view says agree with SQL."""
    debate = begun(corpus, FakeEngine(["Fewer guns.", END], ["More.", END], ["No more.", END]))
    for _ in range(3):
        await turn(debate)
        await debate.interject("Go on")
    first, second = (side.id for side in debate.sides)
    database = corpus.database()
    stored = "SELECT text FROM messages WHERE conversation_id = ? AND quotes IS NULL AND role = 'user' ORDER BY id"
    moderator = [text for (text,) in database.execute(stored, (first,))]
    assert moderator == [text for (text,) in database.execute(stored, (second,))] == ["Guns?", *["Go on"] * 3]

    counted = corpus.counts()
    assert sum(row.messages for row in counted) == len(moderator)
    assert sum(row.words_said for row in counted) == sum(len(text.split()) for text in moderator) == 7
    assert sum(row.replies for row in counted) == 3
    once = "SELECT author, text FROM v_dialogue WHERE copy_of IS NULL ORDER BY created_at, message_id"
    assert list(database.execute(once)) == [
        ("person", "Guns?"), ("model", "Fewer guns."), ("person", "Go on"), ("model", "More."), ("person", "Go on"),
        ("model", "No more."), ("person", "Go on"),
    ]  # fmt: skip
    turns = "SELECT text FROM v_turns WHERE copy_of IS NULL AND text IS NOT NULL ORDER BY created_at"
    assert [text for (text,) in database.execute(turns)] == ["Guns?", "Go on\n\nGo on", "Go on"]


async def test_the_moderators_words_stay_once_where_only_forks_of_both_sides_are_left(corpus: Corpus) -> None:
    debate = begun(corpus, FakeEngine(["Fewer.", END], ["More.", END]))
    await turn(debate)
    await turn(debate)
    for side in debate.sides:
        corpus.fork(side.path[-1].id)
    assert sum(row.messages for row in corpus.counts()) == 1
    corpus.delete(debate.sides[0].id)
    assert sum(row.messages for row in corpus.counts()) == 1
    assert corpus.problems() == ()


async def test_a_debate_merges_into_another_corpus_with_who_said_what(corpus: Corpus, tmp_path: Path) -> None:
    debate = begun(corpus, FakeEngine(["Less.", END], ["More.", END]))
    await turn(debate)
    await turn(debate)
    with Corpus.open(tmp_path / "other.db") as other:
        merged = other.merge(corpus.path)
        engine = FakeEngine(["No.", END])
        taken_up = Debate.resume(other, (engine, engine), debate.id)

        assert (merged.added["debates"], merged.conflicts, other.problems()) == (2, (), ())
        assert heard(taken_up) == heard(debate)
        assert await turn(taken_up) == (0, "No.")
        assert other.merge(corpus.path).conflicts == ()


async def test_the_query_on_the_page_finds_every_turn_of_both_sides(corpus: Corpus) -> None:
    page = (Path(__file__).parents[2] / "docs" / "debate.md").read_text(encoding="utf-8")
    (query,) = re.findall(r"```sql\n(.*?)```", page, re.S)
    debate = begun(corpus, FakeEngine(["Less.", END], ["More.", END]), rounds=1)
    await turn(debate)
    await turn(debate)

    assert list(corpus.database().execute(query)) == [
        (debate.id, 0, "democrat", 1, "Guns?", None, "Less."),
        (debate.id, 1, "republican", 1, "Guns?", "Less.", "More."),
    ]
