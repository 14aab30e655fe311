"""An audit generates logged replies again: those of the built-in model come out again, and a change is named."""

import sqlite3
from collections.abc import AsyncIterator
from contextlib import aclosing
from functools import partial
from pathlib import Path

import pytest

from chat_personas.conversation.audit import AFTER_UNKNOWN, Audit, AuditedReply
from chat_personas.conversation.conversation import Conversation, ReplyText
from chat_personas.corpus import Corpus
from chat_personas.engines.llama import LlamaEngine
from chat_personas.models import pocket_path
from chat_personas.paths import directions_directory
from eval.engine import Probe, Sampling
from personas import LoadedPersona, load_persona
from tests.corpus.making import talk
from tests.engines.llama.tiny import write_tiny_model
from tests.examples import slow_but_first
from tests.steering.directions import inside, keep_random_direction

TURNS = ("What do you think about guns?", "Why do you think so?", "And what about taxes?")
PROBES = [
    Probe(f"tax-{order}", f"Are taxes too high?\nA. {first}\nB. {second}\nAnswer:", ("A", "B"))
    for order, first, second in (("survey", "Yes", "No"), ("reversed", "No", "Yes"))
]
open_pocket = partial(LlamaEngine.open, pocket_path(), tried=True)


@pytest.fixture
async def pocket() -> AsyncIterator[LlamaEngine]:
    """The built-in model, as somebody talks with it."""
    engine = await open_pocket()
    yield engine
    await engine.close()


async def said(conversation: Conversation, text: str, pieces: int | None = None) -> None:
    """Say something and listen to the reply; stop it after so many `pieces`."""
    heard = 0
    async for event in conversation.send(text):
        heard += isinstance(event, ReplyText)
        if heard == pieces:
            await conversation.stop()


async def measured(engine: LlamaEngine, conversation: Conversation) -> None:
    async with aclosing(engine.score(conversation.context(), PROBES)) as scores:
        assert [score.failure async for score in scores] == [None, None]


async def audited(corpus: Corpus, open_engine: partial[object] = open_pocket) -> list[AuditedReply]:
    audit = Audit(corpus, open_engine)  # type: ignore[arg-type]
    try:
        return [reply for each in corpus.conversation_ids() async for reply in audit.replies(each)]
    finally:
        await audit.close()


def altered(file: Path, sql: str, *values: str | None) -> None:
    with sqlite3.connect(file) as connection:
        connection.execute(sql, values)


async def test_replies_of_the_built_in_model_come_out_again_also_after_measuring(
    corpus: Corpus, pocket: LlamaEngine
) -> None:
    conversation = Conversation.start(corpus, pocket, load_persona("democrat"))
    for turn in TURNS:
        await said(conversation, turn)
        await measured(pocket, conversation)
    found = await audited(corpus)
    assert [(reply.number, reply.finding) for reply in found] == [(1, "identical"), (2, "identical"), (3, "identical")]


@pytest.mark.slow
async def test_a_reply_that_was_stopped_matches_as_far_as_it_came_and_those_after_it_whole(
    corpus: Corpus, pocket: LlamaEngine
) -> None:
    conversation = Conversation.start(corpus, pocket, load_persona("democrat"))
    await said(conversation, TURNS[0], pieces=5)
    await said(conversation, TURNS[1])
    async for _ in conversation.regenerate():
        pass
    first, *_ = conversation.path[1:]
    assert first.status == "stopped"
    assert [reply.finding for reply in await audited(corpus)] == ["identical"] * 3


@pytest.mark.slow
async def test_a_conversation_that_was_taken_up_again_comes_out_again(corpus: Corpus, pocket: LlamaEngine) -> None:
    conversation = Conversation.start(corpus, pocket, load_persona("republican"))
    await said(conversation, TURNS[0])
    later = await open_pocket()
    resumed = Conversation.resume(corpus, later, conversation.id)
    await resumed.read_ahead()
    await said(resumed, TURNS[1])
    await later.close()
    assert [reply.finding for reply in await audited(corpus)] == ["identical"] * 2


async def test_a_conversation_that_begins_as_another_one_of_the_same_program_did_comes_out_again(
    corpus: Corpus, pocket: LlamaEngine
) -> None:
    # With this seed the two ways in which the words get into the cache draw other words.
    for seed in (1, 1931942220):
        sampling = Sampling(temperature=0.7, top_p=0.95, max_tokens=60, seed=seed)
        await said(Conversation.start(corpus, pocket, load_persona("democrat"), sampling=sampling), "reset; clear")
    found = await audited(corpus)
    assert [(reply.number, reply.finding) for reply in found] == [(1, "identical"), (1, "identical")]


async def test_a_text_that_was_altered_is_named_with_the_place(
    corpus: Corpus, corpus_file: Path, pocket: LlamaEngine
) -> None:
    conversation = Conversation.start(corpus, pocket, load_persona("democrat"))
    await said(conversation, TURNS[0])
    await said(conversation, TURNS[1])
    reply = conversation.path[-1]
    altered(corpus_file, "UPDATE messages SET text = ? WHERE id = ?", reply.text[:10] + "#" + reply.text[11:], reply.id)
    first, second = await audited(corpus)
    assert first.finding == "identical"
    assert (second.message_id, second.number, second.finding, second.at) == (reply.id, 2, "differs", 11)


@slow_but_first(
    ("column", "value", "why"),
    [
        ("model_sha256", "00", "made by pocket; name that model with --model"),
        ("engine", "openai", "made by a server"),
        ("seed", None, "the seed is not recorded"),
        ("context_length", "4711", "the context had 4711 tokens"),
        ("template_sha256", "00", "the chat template was another one"),
        ("flash_attention", "1", "flash attention was on then"),
    ],
    quick=2,
)
async def test_a_reply_that_cannot_be_generated_again_is_not_called_different(
    corpus: Corpus, corpus_file: Path, pocket: LlamaEngine, column: str, value: str | None, why: str
) -> None:
    conversation = Conversation.start(corpus, pocket, load_persona("democrat"))
    await said(conversation, TURNS[0])
    altered(corpus_file, f"UPDATE generations SET {column} = ?", value)
    (found,) = await audited(corpus)
    assert found.finding == "cannot"
    assert why in str(found.why)


async def test_a_steered_reply_comes_out_under_the_strength_it_had_and_not_without_its_direction(
    corpus: Corpus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CHAT_PERSONAS_HOME", str(tmp_path / "home"))
    opening = partial(LlamaEngine.open, write_tiny_model(tmp_path / "tiny.gguf", layers=3, context=1024), threads=1)
    engine = await opening()
    keep_random_direction(engine.info, layers=3)
    persona = LoadedPersona(inside(activation={"direction": "party", "strength": 3.0}), Path("inside.toml"), "ab" * 32)
    conversation = Conversation.start(corpus, engine, persona)
    await said(conversation, "Guns?")
    conversation.knob.turn(-1.25)
    await said(conversation, "Why?")
    conversation.knob.off()
    await said(conversation, "Really?")
    await engine.close()
    assert [reply.finding for reply in await audited(corpus, opening)] == ["identical"] * 3
    for file in directions_directory().rglob("*.gguf"):
        file.unlink()
    first, second, _ = await audited(corpus, opening)
    assert (first.finding, second.finding) == ("cannot", "cannot")
    assert "party" in str(first.why)


@pytest.mark.slow
async def test_a_reply_after_one_that_cannot_be_generated_is_not_called_different(
    corpus: Corpus, corpus_file: Path, pocket: LlamaEngine
) -> None:
    conversation = Conversation.start(corpus, pocket, load_persona("democrat"))
    await said(conversation, TURNS[0])
    await said(conversation, TURNS[1])
    first, last = conversation.path[1], conversation.path[-1]
    altered(corpus_file, "UPDATE generations SET seed = NULL WHERE message_id = ?", first.id)
    altered(corpus_file, "UPDATE messages SET text = '#' || text WHERE id = ?", last.id)
    assert [(reply.finding, reply.why) for reply in await audited(corpus)] == [
        ("cannot", "the seed is not recorded"),
        ("cannot", AFTER_UNKNOWN),
    ]


async def test_a_reply_without_a_record_of_how_it_was_made_is_left_out(corpus: Corpus, corpus_file: Path) -> None:
    talk(corpus, ("What about guns?", "Fewer of them."))
    altered(corpus_file, "DELETE FROM generations")
    (found,) = await audited(corpus)
    assert (found.finding, found.why) == ("cannot", "how it was made is not recorded")
