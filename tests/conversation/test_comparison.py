"""The same message to several personas: conversations of their own that belong together."""

import asyncio
from dataclasses import replace

import pytest

from chat_personas.conversation.comparison import Comparison, ComparisonError
from chat_personas.conversation.conversation import ReplyEnded, ReplyText
from chat_personas.corpus import Corpus, CorpusError
from eval.engine import EngineError, TooLongError
from eval.evaluation import steered_as
from personas import load_persona
from personas.composing import with_own_prompt
from tests.corpus.full_disk import read_only
from tests.corpus.making import branch_of, texts
from tests.fakes import END, FakeEngine

DEMOCRAT, REPUBLICAN = load_persona("democrat"), load_persona("republican")


async def say(comparison: Comparison, text: str) -> list[tuple[int, str]]:
    """Say something to all columns; return the pieces of the replies with their columns."""
    heard = [(place, event) async for place, event in comparison.say(text)]
    return [(place, event.text) for place, event in heard if isinstance(event, ReplyText)]


async def test_every_column_is_asked_the_same_under_its_own_prompt_and_with_nothing_before_it(corpus: Corpus) -> None:
    engine = FakeEngine(["Less.", END], ["More.", END])
    comparison = Comparison.start(corpus, [engine] * 2, [DEMOCRAT, REPUBLICAN])

    assert await say(comparison, "Guns?") == [(0, "Less."), (1, "More.")]
    assert [[message.content for message in asked][1:] for asked in engine.asked] == [["Guns?"], ["Guns?"]]
    assert [asked[0].content for asked in engine.asked] == [column.system_prompt for column in comparison.columns]


async def test_the_corpus_keeps_which_conversations_belong_together(corpus: Corpus) -> None:
    comparison = Comparison.start(corpus, [FakeEngine(["1", END], ["2", END])] * 2, [DEMOCRAT, REPUBLICAN])
    assert corpus.compared(comparison.id) == ()
    await say(comparison, "Guns?")

    ids = tuple(column.id for column in comparison.columns)
    assert corpus.compared(comparison.id) == ids
    assert [corpus.comparison_of(key) for key in ids] == [comparison.id, comparison.id]
    assert [[message.text for message in branch_of(corpus, key)] for key in ids] == [["Guns?", "1"], ["Guns?", "2"]]


async def test_a_comparison_is_taken_up_again_and_goes_on_in_every_column(corpus: Corpus) -> None:
    begun = Comparison.start(corpus, [FakeEngine(["1", END], ["2", END])] * 2, [REPUBLICAN, DEMOCRAT])
    await say(begun, "Guns?")
    engine = FakeEngine(["3", END], ["4", END])
    resumed = Comparison.resume(corpus, dict.fromkeys(corpus.compared(begun.id), engine), begun.id)

    assert resumed.names == ("A Republican", "A Democrat")
    await say(resumed, "Why?")
    assert [[message.content for message in asked][1:] for asked in engine.asked] == [
        ["Guns?", "1", "Why?"],
        ["Guns?", "2", "Why?"],
    ]


async def test_without_its_other_conversations_a_comparison_cannot_be_taken_up(corpus: Corpus) -> None:
    begun = Comparison.start(corpus, [FakeEngine(["1", END], ["2", END])] * 2, [DEMOCRAT, REPUBLICAN])
    await say(begun, "Guns?")
    corpus.delete(begun.columns[0].id)

    assert corpus.compared(begun.id) == (begun.columns[1].id,)
    with pytest.raises(ComparisonError, match="not there"):
        Comparison.resume(corpus, {begun.columns[1].id: FakeEngine()}, begun.id)


async def test_one_persona_under_two_steerings_has_both_in_its_names(corpus: Corpus) -> None:
    comparison = Comparison.start(corpus, [FakeEngine()] * 3, [DEMOCRAT, steered_as(DEMOCRAT, "bio"), REPUBLICAN])

    assert comparison.names == ("A Democrat (portray)", "A Democrat (bio)", "A Republican")
    own = with_own_prompt(load_persona("democrat"), "You are from Iowa.")
    renamed = replace(own, persona=own.persona.model_copy(update={"title": "A Democrat"}))
    pair = Comparison.start(corpus, [FakeEngine()] * 2, [load_persona("democrat"), renamed])
    assert pair.names == ("A Democrat (portray)", "A Democrat (own prompt)"), "the prompt is not that of portray"


async def test_one_persona_on_two_models_is_asked_on_each_and_each_is_in_its_name(corpus: Corpus) -> None:
    alpha, beta = FakeEngine(["Less.", END], name="alpha"), FakeEngine(["More.", END], name="beta")
    comparison = Comparison.start(corpus, [alpha, beta], [DEMOCRAT, DEMOCRAT])

    assert comparison.names == ("A Democrat on alpha", "A Democrat on beta")
    assert await say(comparison, "Guns?") == [(0, "Less."), (1, "More.")]
    assert [len(alpha.asked), len(beta.asked)] == [1, 1]
    assert [corpus.last_model(column.id).name for column in comparison.columns] == ["alpha", "beta"]


async def test_steering_and_model_are_both_named_where_both_differ(corpus: Corpus) -> None:
    alpha, beta = FakeEngine(name="alpha"), FakeEngine(name="beta")
    personas = [DEMOCRAT, steered_as(DEMOCRAT, "bio"), REPUBLICAN]

    assert Comparison.start(corpus, [alpha, beta, beta], personas).names == (
        "A Democrat (portray) on alpha",
        "A Democrat (bio) on beta",
        "A Republican on beta",
    )


async def test_a_column_without_its_model_is_left_out_and_still_belongs_to_the_comparison(corpus: Corpus) -> None:
    alpha, beta = FakeEngine(["1", END], ["2", END], name="alpha"), FakeEngine(["3", END], name="beta")
    begun = Comparison.start(corpus, [alpha, beta, alpha], [DEMOCRAT, DEMOCRAT, REPUBLICAN])
    await say(begun, "Guns?")
    first, _, third = corpus.compared(begun.id)
    again = FakeEngine(["4", END], ["5", END], name="alpha")
    resumed = Comparison.resume(corpus, {first: again, third: again}, begun.id)

    assert await say(resumed, "Why?") == [(0, "4"), (1, "5")]
    assert corpus.compared(begun.id) == tuple(column.id for column in begun.columns), "each keeps its place"
    with pytest.raises(ComparisonError, match="fewer than two columns"):
        Comparison.resume(corpus, {first: again}, begun.id)


async def test_the_model_of_a_conversation_is_that_of_its_newest_reply(corpus: Corpus) -> None:
    begun = Comparison.start(corpus, [FakeEngine(["1", END], ["2", END], name="alpha")] * 2, [DEMOCRAT, REPUBLICAN])
    await say(begun, "Guns?")
    beta = FakeEngine(["3", END], ["4", END], name="beta")
    await say(Comparison.resume(corpus, dict.fromkeys(corpus.compared(begun.id), beta), begun.id), "Why?")

    assert [corpus.last_model(column.id).name for column in begun.columns] == ["beta", "beta"]


@pytest.mark.parametrize(
    ("names", "why"),
    [
        (("democrat",), "choose 2 to 4"),
        (("democrat", "republican", "independent", "woman", "man"), "choose 2 to 4"),
        (("democrat", "republican", "democrat"), r"democrat \(portray\) is in two columns"),
    ],
)
def test_too_few_too_many_or_the_same_twice_cannot_be_compared(
    corpus: Corpus, names: tuple[str, ...], why: str
) -> None:
    with pytest.raises(ComparisonError, match=why):
        Comparison.start(corpus, [FakeEngine()] * len(names), [load_persona(name) for name in names])


async def test_a_column_whose_model_fails_says_why_and_the_next_one_is_asked_all_the_same(corpus: Corpus) -> None:
    engine = FakeEngine(["I", EngineError("the server is gone")], ["More.", END])
    comparison = Comparison.start(corpus, [engine] * 2, [DEMOCRAT, REPUBLICAN])

    ends = [(place, event.why) async for place, event in comparison.say("Guns?") if isinstance(event, ReplyEnded)]
    assert ends == [(0, "the server is gone"), (1, None)]
    assert len(corpus.compared(comparison.id)) == 2


async def stopped(corpus: Corpus, engine: FakeEngine) -> Comparison:
    """A comparison that was stopped while the first of two columns replied."""
    comparison = Comparison.start(corpus, [engine] * 2, [DEMOCRAT, REPUBLICAN])
    await stopped_at_once(comparison, "Guns?")
    return comparison


async def stopped_at_once(comparison: Comparison, text: str) -> None:
    """Say something, and stop at the first word of a reply."""
    async for _, event in comparison.say(text):
        if isinstance(event, ReplyText):
            await comparison.stop()


async def test_after_a_stop_the_columns_after_it_are_told_and_not_asked_and_are_named(corpus: Corpus) -> None:
    engine = FakeEngine(["So far", asyncio.Event()], ["More.", END])
    comparison = await stopped(corpus, engine)

    assert [texts(column.path) for column in comparison.columns] == [["Guns?", "So far"], ["Guns?"]]
    assert len(engine.asked) == 1
    assert comparison.behind == ("A Republican",)
    assert comparison.unsaid == ""


@pytest.mark.parametrize("taken_up_again", [False, True])
async def test_a_column_that_is_behind_replies_first_so_that_all_have_the_same_conversation(
    corpus: Corpus, *, taken_up_again: bool
) -> None:
    engine = FakeEngine(["So far", asyncio.Event()], ["More.", END], ["3", END], ["4", END])
    comparison = await stopped(corpus, engine)
    if taken_up_again:
        comparison = Comparison.resume(corpus, dict.fromkeys(corpus.compared(comparison.id), engine), comparison.id)

    assert await say(comparison, "Why?") == [(1, "More."), (0, "3"), (1, "4")]
    assert [texts(column.path) for column in comparison.columns] == [
        ["Guns?", "So far", "Why?", "3"],
        ["Guns?", "More.", "Why?", "4"],
    ]
    assert comparison.behind == ()
    assert comparison.told_alike
    assert corpus.problems() == ()


async def test_a_message_is_said_to_nobody_where_a_column_that_is_behind_was_stopped_again(corpus: Corpus) -> None:
    comparison = await stopped(corpus, FakeEngine(["So far", asyncio.Event()], ["Mo", asyncio.Event()]))
    with pytest.raises(ComparisonError, match="before your message was said"):
        await stopped_at_once(comparison, "Why?")

    assert comparison.unsaid == "Why?"
    assert [texts(column.path) for column in comparison.columns] == [["Guns?", "So far"], ["Guns?", "Mo"]]


async def test_columns_of_which_one_was_gone_on_with_alone_were_not_told_alike(corpus: Corpus) -> None:
    engine = FakeEngine(["1", END], ["2", END], ["3", END])
    comparison = Comparison.start(corpus, [engine] * 2, [DEMOCRAT, REPUBLICAN])
    await say(comparison, "Guns?")
    assert comparison.told_alike
    async for _ in comparison.columns[1].send("Why?"):
        pass
    assert not comparison.told_alike


async def test_a_text_that_fits_into_no_column_is_said_to_nobody_and_leaves_nothing(corpus: Corpus) -> None:
    engine = FakeEngine([TooLongError("too long")], [TooLongError("too long")], ["1", END], ["2", END])
    comparison = Comparison.start(corpus, [engine] * 2, [DEMOCRAT, REPUBLICAN])
    with pytest.raises(TooLongError):
        await say(comparison, "Guns?")

    assert comparison.unsaid == "Guns?"
    assert corpus.conversation_ids() == corpus.compared(comparison.id) == ()
    assert await say(comparison, "Taxes?") == [(0, "1"), (1, "2")]
    assert {corpus.conversation(key).title for key in corpus.compared(comparison.id)} == {"Taxes?"}


async def test_a_text_too_long_for_one_column_stays_without_a_reply_there_and_the_next_one_is_asked(
    corpus: Corpus,
) -> None:
    comparison = Comparison.start(
        corpus, [FakeEngine([TooLongError("too long")]), FakeEngine(["More.", END])], [DEMOCRAT, REPUBLICAN]
    )
    with pytest.raises(TooLongError):
        await say(comparison, "Guns?")

    assert [texts(column.path) for column in comparison.columns] == [["Guns?"], ["Guns?", "More."]]
    assert comparison.behind == ("A Democrat",)
    assert comparison.unsaid == ""


async def test_what_cannot_be_stored_in_all_columns_is_stored_in_none(corpus: Corpus) -> None:
    comparison = Comparison.start(corpus, [FakeEngine(["1", END], ["2", END])] * 2, [DEMOCRAT, REPUBLICAN])
    await say(comparison, "Guns?")
    with read_only(corpus), pytest.raises(CorpusError):
        await say(comparison, "Guns?")

    assert comparison.unsaid == "Guns?"
    assert [texts(column.path) for column in comparison.columns] == [["Guns?", "1"], ["Guns?", "2"]]


async def test_a_merge_brings_comparisons_along(corpus: Corpus, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("other") / "corpus.db"
    with Corpus.open(path) as other:
        begun = Comparison.start(other, [FakeEngine(["1", END], ["2", END])] * 2, [DEMOCRAT, REPUBLICAN])
        await say(begun, "Guns?")

    assert corpus.merge(path).added["comparisons"] == 2
    assert corpus.compared(begun.id) == tuple(column.id for column in begun.columns)
    assert corpus.merge(path).added["comparisons"] == 0
