"""Where forks, debates, comparisons, changes of persona and studies meet, each keeps what it promises."""

from functools import partial
from pathlib import Path

import pytest

from chat_personas.conversation.audit import Audit
from chat_personas.conversation.comparison import Comparison
from chat_personas.conversation.conversation import Conversation
from chat_personas.conversation.debate import Debate, DebateError
from chat_personas.corpus import Corpus, Selection
from chat_personas.corpus.errors import ProtectedConversationError
from chat_personas.corpus.export import FORMATS, export_to
from chat_personas.engines.llama import LlamaEngine
from chat_personas.models import pocket_path
from eval.engine import Sampling
from personas import PersonaError, load_persona
from personas.composing import composed, groups_in
from tests.conversation.test_versions import heard
from tests.corpus.export.participants import conversation_of, take_part
from tests.corpus.making import branch_of, bytes_on_disk, compare, talk, texts
from tests.fakes import END, FakeEngine

DEMOCRAT, REPUBLICAN = load_persona("democrat"), load_persona("republican")
BY_BIO = composed(groups_in("POLPARTY=Democrat"), "bio")


async def debated(corpus: Corpus, *words: str, rounds: int = 2) -> Debate:
    """A debate in which so many turns were taken."""
    engine = FakeEngine(*([each, END] for each in words))
    debate = Debate.start(corpus, (engine, engine), (DEMOCRAT, REPUBLICAN), "Guns?", rounds)
    for _ in words:
        async for _ in debate.turn():
            pass
    return debate


async def test_another_reply_in_a_fork_is_not_drawn_with_the_seed_of_the_copy(corpus: Corpus) -> None:
    engine = FakeEngine(["One.", END], ["Two.", END], ["Three.", END], ["Four.", END])
    original = Conversation.start(corpus, engine, DEMOCRAT, sampling=Sampling(seed=7))
    await heard(original.send("Guns?"))
    await heard(original.regenerate())
    fork = Conversation.resume(corpus, engine, await original.fork(original.path[-1].id), sampling=Sampling(seed=7))
    await heard(fork.regenerate())
    await heard(fork.regenerate())
    seeds = [sampling.seed for sampling in engine.samplings]
    assert seeds[:2] == [7, 8]
    assert len({8, *seeds[2:]}) == 3, "the copy and both other replies"


async def test_a_fork_of_a_side_of_a_debate_goes_on_alone_and_the_debate_goes_on_as_before(corpus: Corpus) -> None:
    debate = await debated(corpus, "Less.", "More.")
    side = debate.sides[0]
    engine = FakeEngine(["Alone.", END], ["No.", END])
    fork = Conversation.resume(corpus, engine, await side.fork(side.path[-1].id))
    assert corpus.debate_of(fork.id) is None
    assert [(each.text, each.author, each.quotes is not None) for each in fork.path] == [
        ("Guns?", "person", False), ("Less.", "model", False), ("More.", "model", True),
    ]  # fmt: skip
    assert [each.speaker for each in fork.path] == [each.speaker for each in side.path]
    assert fork.context() == side.context()
    await heard(fork.send("Why?"))
    await fork.change_persona(REPUBLICAN)
    with pytest.raises(DebateError, match="not in the corpus"):
        Debate.resume(corpus, (engine, engine), fork.id)
    again = Debate.resume(corpus, (engine, engine), debate.id)
    async for _ in again.turn():
        pass
    assert texts(again.sides[0].path) == ["Guns?", "Less.", "More.", "No."]
    corpus.delete(side.id)
    assert corpus.conversation_ids() == (fork.id,), "both sides are gone, and the fork is not"
    assert [each.author for each in fork.path][:3] == ["person", "model", "model"]
    assert corpus.problems() == ()


async def test_the_columns_of_a_comparison_keep_their_personas(corpus: Corpus) -> None:
    engine = FakeEngine(["Less.", END], ["More.", END])
    comparison = Comparison.start(corpus, [engine] * 2, (DEMOCRAT, REPUBLICAN))
    async for _ in comparison.say("Guns?"):
        pass
    column = Conversation.resume(corpus, engine, comparison.columns[0].id)
    with pytest.raises(PersonaError, match="the columns of a comparison keep their personas"):
        await column.change_persona(REPUBLICAN)
    assert Comparison.resume(corpus, dict.fromkeys(corpus.compared(comparison.id), engine), comparison.id).names == (
        "A Democrat",
        "A Republican",
    )
    fork = Conversation.resume(corpus, engine, await column.fork(column.path[-1].id))
    await fork.change_persona(REPUBLICAN)
    assert corpus.compared(comparison.id) == tuple(each.id for each in comparison.columns)


async def test_a_conversation_of_a_participant_keeps_the_persona_of_its_condition(corpus: Corpus) -> None:
    engine = FakeEngine(["Less.", END])
    way = take_part(corpus)
    talk = Conversation.start(corpus, engine, DEMOCRAT)
    assert talk.unspoken is not None
    corpus.studies.attach(way.id, talk.unspoken)
    await heard(talk.send("Guns?"))
    with pytest.raises(PersonaError, match="participant"):
        await talk.change_persona(REPUBLICAN)
    assert corpus.persona_changes(talk.id) == ()
    fork = Conversation.resume(corpus, engine, await talk.fork(talk.path[-1].id))
    await fork.change_persona(REPUBLICAN)
    assert fork.persona.name == "republican"


async def test_nobody_but_the_participant_says_anything_in_the_talk_of_a_study(corpus: Corpus) -> None:
    engine = FakeEngine(["Less.", END], ["More.", END], ["Mine.", END])
    way = take_part(corpus)
    talk = Conversation.start(corpus, engine, DEMOCRAT)
    assert talk.unspoken is not None
    corpus.studies.attach(way.id, talk.unspoken)
    await heard(talk.send("Guns?"))
    opened = Conversation.resume(corpus, engine, talk.id)
    assert opened.protected
    for change in (opened.send("What I say"), opened.edit(opened.path[0].id, "Taxes?"), opened.regenerate()):
        with pytest.raises(ProtectedConversationError, match="a participant of a study"):
            await heard(change)
    with pytest.raises(ProtectedConversationError):
        await opened.switch(opened.path[0].id)
    assert texts(Conversation.resume(corpus, engine, talk.id).path) == ["Guns?", "Less."]

    await heard(Conversation.resume(corpus, engine, talk.id, in_study=True).send("And now?"))
    fork = Conversation.resume(corpus, engine, await opened.fork(opened.path[-1].id))
    await heard(fork.send("What I say"))
    assert texts(fork.path) == ["Guns?", "Less.", "What I say", "Mine."]


async def test_a_fork_of_an_early_message_has_its_persona_however_fast_the_change_followed(corpus: Corpus) -> None:
    engine = FakeEngine(["Fewer.", END], ["More.", END])
    conversation = Conversation.start(corpus, engine, DEMOCRAT)
    await heard(conversation.send("Guns?"))
    await conversation.change_persona(REPUBLICAN)
    await heard(conversation.send("And now?"))
    with corpus._connections.writing() as connection:
        connection.execute(
            "UPDATE persona_changes SET created_at = (SELECT min(updated_at) FROM messages WHERE role = 'assistant')"
        )
        connection.execute(
            "UPDATE messages SET created_at = '2026-01-01T00:00:00.000Z' WHERE text IN ('Guns?', 'Fewer.')"
        )
    keys = [await conversation.fork(message.id) for message in conversation.path]
    forks = [Conversation.resume(corpus, engine, key) for key in keys]
    again = [Conversation.resume(corpus, engine, await fork.fork(fork.path[-1].id)) for fork in forks]
    for each in (forks, again):
        assert [one.persona.name for one in each] == ["democrat", "democrat", "republican", "republican"]
    assert list(forks[3].speakers.values()) == ["A Democrat", "A Republican"]
    assert corpus.problems() == ()


async def test_an_audit_of_a_fork_makes_its_copies_again_under_their_own_persona_and_seed(corpus: Corpus) -> None:
    open_pocket = partial(LlamaEngine.open, pocket_path(), tried=True)
    pocket = await open_pocket()
    original = Conversation.start(corpus, pocket, DEMOCRAT, sampling=Sampling(seed=7, max_tokens=12))
    await heard(original.send("What do you think about guns?"))
    await heard(original.regenerate())
    await original.change_persona(BY_BIO)
    await heard(original.send("Why?"))
    await heard(original.regenerate())
    early = await original.fork(original.path[1].id)
    fork = Conversation.resume(
        corpus, pocket, await original.fork(original.path[-1].id), sampling=Sampling(seed=7, max_tokens=12)
    )
    await heard(fork.regenerate())
    await heard(fork.send("Really?"))
    await pocket.close()
    corpus.delete(original.id)
    audit = Audit(corpus, open_pocket)
    assert [reply.finding async for reply in audit.replies(early)] == ["identical"]
    assert [reply.finding async for reply in audit.replies(fork.id)] == ["identical"] * 4
    await audit.close()


async def test_a_release_of_a_fork_says_that_a_models_terms_are_not_known_whose_debate_was_deleted(
    corpus: Corpus, tmp_path: Path
) -> None:
    one, other = FakeEngine(["Less.", END], name="one.gguf"), FakeEngine(["More.", END], name="other.gguf")
    debate = Debate.start(corpus, (one, other), (DEMOCRAT, REPUBLICAN), "Guns?", 1)
    for _ in range(2):
        async for _ in debate.turn():
            pass
    side = debate.sides[1]
    await side.fork(side.path[-1].id)
    corpus.delete(side.id)
    export_to(corpus, FORMATS["csv"], Selection(own=True), tmp_path / "out")
    (release,) = corpus.releases.all()
    assert release.model_terms == "a model whose conversation was deleted: not known; other.gguf: not known"


async def test_a_person_who_withdraws_goes_from_a_comparison_of_forks_too(corpus: Corpus, corpus_file: Path) -> None:
    way = take_part(corpus, ("I am a wombat", "Hello."))
    key = corpus.fork(branch_of(corpus, conversation_of(corpus, way))[-1].id)
    own = talk(corpus, ("Guns?", "Fewer."))
    compare(corpus, "COMPARED", key, own)
    _, why_left = corpus.withdraw_participant(way.participant_id)
    assert why_left is None
    assert corpus.compared("COMPARED") == (own,)
    assert b"wombat" not in bytes_on_disk(corpus_file)
    assert corpus.problems() == ()
