"""A persona that is steered from inside talks under its direction, on a real model; the knob leaves no trace."""

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from chat_personas.conversation.conversation import Conversation, ReplyText
from chat_personas.conversation.sampling import sampling_of
from chat_personas.corpus import Corpus
from chat_personas.engines.llama import LlamaEngine
from chat_personas.paths import persona_folders_path
from chat_personas.steering.applied import steered_for
from chat_personas.steering.direction_file import kept_directions
from chat_personas.steering.errors import SteeringError
from eval.engine import Message
from personas import LoadedPersona, load_persona
from tests.engines.llama.tiny import write_tiny_model
from tests.steering.directions import inside, keep_random_direction

STRONG = 3.0


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_model(tmp_path_factory.mktemp("model") / "tiny.gguf", layers=3, context=1024)


@pytest.fixture
async def engine(model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[LlamaEngine]:
    """The tiny model, for which the direction `party` is kept."""
    monkeypatch.setenv("CHAT_PERSONAS_HOME", str(tmp_path / "home"))
    opened = await LlamaEngine.open(model, threads=1)
    keep_random_direction(opened.info, layers=3)
    yield opened
    await opened.close()


def loud(strength: float = STRONG) -> LoadedPersona:
    persona = inside(activation={"direction": "party", "strength": strength})
    return LoadedPersona(persona, Path("inside.toml"), "ab" * 32)


async def said(conversation: Conversation, text: str) -> str:
    return "".join([event.text async for event in conversation.send(text) if isinstance(event, ReplyText)])


async def test_replies_are_those_of_the_model_under_the_direction(corpus: Corpus, engine: LlamaEngine) -> None:
    conversation = Conversation.start(corpus, engine, loud())
    reply = await said(conversation, "Guns?")
    expected = await steered_for(engine, loud()).complete([Message("user", "Guns?")], sampling_of(conversation.persona))
    plain = await engine.complete([Message("user", "Guns?")], sampling_of(conversation.persona))
    assert [reply] == expected != plain


async def test_what_was_on_is_recorded_with_each_reply(corpus: Corpus, engine: LlamaEngine) -> None:
    conversation = Conversation.start(corpus, engine, loud(0.5))
    await said(conversation, "Guns?")
    conversation.knob.turn(-1.25)
    await said(conversation, "Why?")
    conversation.knob.off()
    await said(conversation, "Really?")
    made = [corpus.generation(row.id) for row in conversation.path if row.role == "assistant"]
    on = [row.interventions for row in made if row is not None]
    assert [[key.rsplit(", ", 1)[1] for key in keys] for keys in on] == [["strength 0.5"], ["strength -1.25"], []]
    assert conversation.persona.activation[0].strength == 0.5


async def test_turning_there_and_back_changes_no_later_reply(corpus: Corpus, engine: LlamaEngine) -> None:
    """Each conversation hears the same; in one the knob is turned, and the model read ahead, before every message."""

    async def talked(turned: bool) -> list[str]:
        conversation = Conversation.start(corpus, engine, loud())
        replies = []
        for text in ("Guns?", "Why?", "Really?"):
            if turned:
                conversation.knob.turn(-STRONG)
                await conversation.read_ahead()
                conversation.knob.off()
                await conversation.read_ahead()
                conversation.knob.on()
            replies.append(await said(conversation, text))
        return replies

    assert await talked(turned=True) == await talked(turned=False)


async def test_the_knob_acts_from_the_next_reply_and_not_on_what_was_said(corpus: Corpus, engine: LlamaEngine) -> None:
    conversation = Conversation.start(corpus, engine, loud())
    before = await said(conversation, "Guns?")
    history = conversation.context()
    conversation.knob.turn(-STRONG)
    assert conversation.context() == history
    assert history[-1] == Message("assistant", before)
    after = await said(conversation, "Why?")
    under = conversation.knob.engine
    assert [after] == await under.complete([*history, Message("user", "Why?")], sampling_of(conversation.persona))


async def test_it_is_taken_up_under_its_direction_and_refused_where_that_is_missing(
    corpus: Corpus, engine: LlamaEngine, tmp_path: Path
) -> None:
    conversation = Conversation.start(corpus, engine, loud())
    await said(conversation, "Guns?")
    assert (
        Conversation.resume(corpus, engine, conversation.id).engine.info.interventions
        == engine.steered(conversation.knob.interventions).info.interventions
    )
    rows = corpus.branch(conversation.path[-1].id)
    other = await LlamaEngine.open(write_tiny_model(tmp_path / "other.gguf", seed=9), threads=1)
    with pytest.raises(
        SteeringError, match="the direction party is kept for other models and not for this one; train it on this one"
    ):
        Conversation.resume(corpus, other, conversation.id)
    await other.close()
    assert corpus.branch(conversation.path[-1].id) == rows


@pytest.fixture
def apart(tmp_path: Path, engine: LlamaEngine) -> LoadedPersona:
    """A persona in a directory of its own, with the file of its direction beside it."""
    folder = tmp_path / "apart"
    folder.mkdir()
    (kept,) = kept_directions()
    (folder / "beside.gguf").write_bytes(kept.read_bytes())
    persona = inside(activation={"direction": "beside.gguf", "strength": STRONG})
    return LoadedPersona(persona, folder / "inside.toml", "cd" * 32)


async def test_a_direction_beside_the_personas_file_is_found_from_any_directory(
    corpus: Corpus, engine: LlamaEngine, apart: LoadedPersona, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(apart.path.parent)
    begun = Conversation.start(corpus, engine, replace(apart, path=Path("inside.toml")))
    await said(begun, "Guns?")
    monkeypatch.chdir(tmp_path)
    resumed = Conversation.resume(corpus, engine, begun.id)
    assert resumed.engine.info.interventions == begun.engine.info.interventions != ()
    assert str(tmp_path) not in begun._active.row.model_dump_json()


async def test_without_knowing_where_the_persona_was_it_is_looked_for_in_the_current_directory(
    corpus: Corpus, engine: LlamaEngine, apart: LoadedPersona, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = Conversation.start(corpus, engine, apart)
    await said(begun, "Guns?")
    for unknown in ("", "[]", '{"x": 1}', json.dumps({apart.sha256: str(tmp_path / "gone")})):
        persona_folders_path().write_text(unknown)
        monkeypatch.chdir(tmp_path)
        with pytest.raises(SteeringError, match=r"beside\.gguf"):
            Conversation.resume(corpus, engine, begun.id)
        monkeypatch.chdir(apart.path.parent)
        assert Conversation.resume(corpus, engine, begun.id).engine.info.interventions


async def test_a_conversation_begins_also_where_nothing_can_be_remembered(
    corpus: Corpus, engine: LlamaEngine, apart: LoadedPersona
) -> None:
    persona_folders_path().parent.parent.mkdir(parents=True, exist_ok=True)
    persona_folders_path().parent.write_text("a file where the directory should be")
    assert Conversation.start(corpus, engine, apart).engine.info.interventions


async def test_a_persona_of_the_library_is_talked_with_as_before(corpus: Corpus, engine: LlamaEngine) -> None:
    conversation = Conversation.start(corpus, engine, load_persona("democrat"))
    assert conversation.engine is engine
