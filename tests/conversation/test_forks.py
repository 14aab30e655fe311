"""A conversation is forked, goes to the version beside any of its messages, and is drawn as the person chose."""

import asyncio
import threading
from typing import Any

import pytest

from chat_personas.conversation.branches import Place
from chat_personas.conversation.conversation import Conversation
from chat_personas.corpus import Corpus
from eval.engine import Sampling
from personas import load_persona
from personas.persona import PersonaSampling
from tests.conversation.test_versions import begun, heard
from tests.corpus.making import texts
from tests.fakes import END, FakeEngine


async def test_a_fork_is_taken_up_with_what_was_said_and_leaves_the_original_as_it_is(corpus: Corpus) -> None:
    conversation = begun(corpus, "Fewer.", "For the children.")
    await heard(conversation.send("Guns?"))
    await heard(conversation.send("Why?"))
    key = await conversation.fork(conversation.path[1].id)
    engine = FakeEngine(["Yes.", END])
    fork = Conversation.resume(corpus, engine, key)
    assert fork.system_prompt == conversation.system_prompt
    await heard(fork.send("Really?"))
    assert [message.content for message in engine.asked[0]][1:] == ["Guns?", "Fewer.", "Really?"]
    assert texts(conversation.path) == ["Guns?", "Fewer.", "Why?", "For the children."]
    again = Conversation.resume(corpus, engine, conversation.id)
    assert [row.id for row in again.path] == [row.id for row in conversation.path]


async def test_only_a_message_of_the_path_is_forked(corpus: Corpus) -> None:
    conversation = begun(corpus, "Fewer.", "More.")
    await heard(conversation.send("Guns?"))
    left = conversation.path[-1].id
    await heard(conversation.regenerate())
    with pytest.raises(ValueError, match="not on the path"):
        await conversation.fork(left)


async def test_the_versions_of_an_early_message_are_gone_to_one_by_one_and_not_beyond_the_last(corpus: Corpus) -> None:
    conversation = begun(corpus, "To guns.", "More.", "To schools.")
    await heard(conversation.send("Guns?"))
    await heard(conversation.send("And?"))
    guns = conversation.path[0].id
    await heard(conversation.edit(guns, "Schools?"))
    assert await conversation.go_beside(conversation.path[0].id, +1) is None
    assert await conversation.go_beside(conversation.path[0].id, -1) == Place(1, 2)
    assert texts(conversation.path) == ["Guns?", "To guns.", "And?", "More."]
    assert await conversation.go_beside(guns, -1) is None
    assert await conversation.go_beside(guns, +1) == Place(2, 2)
    assert texts(conversation.path) == ["Schools?", "To schools."]
    with pytest.raises(ValueError, match="not on the path"):
        await conversation.go_beside(guns, +1)


async def test_an_early_message_is_edited_and_both_branches_stay(corpus: Corpus) -> None:
    conversation = begun(corpus, "To guns.", "More.", "To schools.")
    await heard(conversation.send("Guns?"))
    await heard(conversation.send("And?"))
    before = conversation.path
    await heard(conversation.edit(before[0].id, "Schools?"))
    assert texts(conversation.path) == ["Schools?", "To schools."]
    assert await conversation.place(conversation.path[0].id) == Place(2, 2)
    assert texts(corpus.branch(before[-1].id)) == ["Guns?", "To guns.", "And?", "More."]


async def test_a_chosen_sampling_holds_from_the_next_reply_is_recorded_and_is_kept(corpus: Corpus) -> None:
    engine = FakeEngine(["One.", END], ["Two.", END])
    conversation = Conversation.start(corpus, engine, load_persona("democrat"))
    asked = conversation.sampling
    await conversation.choose_sampling(PersonaSampling(temperature=0.2, seed=5))
    assert conversation.sampling == Sampling(0.2, asked.top_p, asked.max_tokens, 5)
    await heard(conversation.send("Guns?"))
    await conversation.choose_sampling(PersonaSampling(max_tokens=7))
    await heard(conversation.send("Why?"))
    drawn = engine.samplings[1].seed
    assert asked.seed is None
    assert drawn is not None
    assert [(each.temperature, each.max_tokens, each.seed) for each in engine.samplings] == [
        (0.2, asked.max_tokens, 5),
        (asked.temperature, 7, drawn),
    ]
    made = [corpus.generation(message.id) for message in conversation.path if message.role == "assistant"]
    assert [(row.temperature, row.max_tokens, row.seed) for row in made if row is not None] == [
        (0.2, asked.max_tokens, 5),
        (asked.temperature, 7, drawn),
    ]
    assert Conversation.resume(corpus, engine, conversation.id).sampling.max_tokens == 7
    await conversation.choose_sampling(PersonaSampling())
    assert corpus.conversation(conversation.id).sampling is None
    assert Conversation.resume(corpus, engine, conversation.id).sampling == asked


async def test_a_sampling_chosen_before_the_first_message_is_kept_with_it(corpus: Corpus) -> None:
    engine = FakeEngine(["One.", END])
    conversation = Conversation.start(corpus, engine, load_persona("democrat"))
    await conversation.choose_sampling(PersonaSampling(top_p=0.5))
    assert corpus.conversation_ids() == ()
    await heard(conversation.send("Guns?"))
    assert Conversation.resume(corpus, engine, conversation.id).sampling.top_p == 0.5


async def test_a_fork_goes_on_with_the_persona_of_the_moment_from_which_it_was_forked(corpus: Corpus) -> None:
    conversation = begun(corpus, "Fewer.", "More.")
    await heard(conversation.send("Guns?"))
    early = conversation.path[-1].id
    await conversation.change_persona(load_persona("republican"))
    at_once = await conversation.fork(early)
    await heard(conversation.send("And now?"))
    before, after = await conversation.fork(early), await conversation.fork(conversation.path[-1].id)
    forks = [Conversation.resume(corpus, FakeEngine(), key) for key in (at_once, before, after)]
    assert [fork.persona.name for fork in forks] == ["republican", "democrat", "republican"]
    assert list(forks[2].speakers.values()) == ["A Democrat", "A Republican"]


async def test_what_is_chosen_while_the_first_message_is_being_stored_is_kept(
    corpus: Corpus, monkeypatch: pytest.MonkeyPatch
) -> None:
    storing, go_on = asyncio.Event(), threading.Event()
    loop, begin_turn = asyncio.get_running_loop(), corpus.begin_turn

    def slowly(*given: Any, **named: Any) -> Any:
        loop.call_soon_threadsafe(storing.set)
        assert go_on.wait(60)
        return begin_turn(*given, **named)

    monkeypatch.setattr(corpus, "begin_turn", slowly)
    conversation = Conversation.start(corpus, FakeEngine(["One.", END]), load_persona("democrat"))
    saying = asyncio.create_task(heard(conversation.send("Guns?")))
    await storing.wait()
    choosing = asyncio.create_task(conversation.choose_sampling(PersonaSampling(max_tokens=7)))
    renaming = asyncio.create_task(conversation.rename("About guns"))
    loop.call_soon(go_on.set)
    await asyncio.gather(saying, choosing, renaming)

    resumed = Conversation.resume(corpus, FakeEngine(), conversation.id)
    assert (resumed.sampling.max_tokens, resumed.title) == (7, "About guns")
