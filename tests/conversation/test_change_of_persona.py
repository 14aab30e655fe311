"""A conversation goes on with another persona: every reply keeps the one under which it was made."""

import asyncio
import csv
import json
import sqlite3
import threading
from functools import partial
from pathlib import Path

import pytest

from chat_personas.conversation.audit import Audit
from chat_personas.conversation.conversation import Conversation
from chat_personas.corpus import Corpus, CorpusError, RatingRow, ReplyPersona
from chat_personas.corpus.errors import ExportError
from chat_personas.corpus.export import FORMATS, export_to
from chat_personas.corpus.rows import PersonaChangeRow, Words
from chat_personas.corpus.search import Query
from chat_personas.corpus.sql import new_key
from chat_personas.engines.llama import LlamaEngine
from chat_personas.models import pocket_path
from chat_personas.steering.errors import SteeringError
from eval.engine import Message, Sampling
from personas import LoadedPersona, PersonaError, load_persona, system_prompt
from personas.composing import composed, groups_in
from personas.persona import PersonaSampling
from tests.corpus.export.talks import EVERYTHING, json_lines
from tests.corpus.full_disk import read_only
from tests.corpus.test_measurements import measurement
from tests.fakes import END, FakeEngine

DEMOCRAT = load_persona("democrat")
REPUBLICAN = load_persona("republican")
BY_BIO = composed(groups_in("POLPARTY=Democrat"), "bio")


def under(loaded: LoadedPersona) -> ReplyPersona:
    return ReplyPersona(loaded.persona.name, loaded.sha256, system_prompt(loaded.persona))


async def say(conversation: Conversation, text: str) -> str:
    """Say something; return the id of the reply."""
    async for _ in conversation.send(text):
        pass
    return conversation.path[-1].id


async def changed(corpus: Corpus, engine: FakeEngine) -> Conversation:
    """A turn with the Democrat, and one with the Republican."""
    conversation = Conversation.start(corpus, engine, DEMOCRAT)
    await say(conversation, "Guns?")
    await conversation.change_persona(REPUBLICAN)
    await say(conversation, "And now?")
    return conversation


async def test_the_next_reply_is_made_under_the_new_prompt_and_no_other(corpus: Corpus) -> None:
    engine = FakeEngine(["Fewer.", END], ["More.", END])
    conversation = await changed(corpus, engine)
    assert engine.asked[1] == [
        Message("system", system_prompt(REPUBLICAN.persona)),
        Message("user", "Guns?"),
        Message("assistant", "Fewer."),
        Message("user", "And now?"),
    ]
    assert conversation.context()[:4] == engine.asked[1]
    assert conversation.persona == REPUBLICAN.persona


async def test_every_reply_keeps_the_persona_under_which_it_was_made(corpus: Corpus) -> None:
    conversation = await changed(corpus, FakeEngine(["Fewer.", END], ["More.", END]))
    first, second = (row.id for row in conversation.path[1::2])
    assert conversation.personas == {first: under(DEMOCRAT), second: under(REPUBLICAN)}
    assert conversation.title_of(under(DEMOCRAT)) == "A Democrat"
    for reply, loaded in ((first, DEMOCRAT), (second, REPUBLICAN)):
        made = corpus.generation(reply)
        assert made is not None
        assert ReplyPersona(made.persona_name, made.persona_sha256, made.system_prompt) == under(loaded)  # type: ignore[arg-type]
    assert corpus.conversation(conversation.id).persona_name == "democrat", "the one with which it began"


async def test_a_conversation_that_is_taken_up_again_goes_on_with_its_last_persona(corpus: Corpus) -> None:
    engine = FakeEngine(["Fewer.", END], ["More.", END], ["Still.", END])
    found = (await changed(corpus, engine)).id
    again = Conversation.resume(corpus, engine, found)
    assert again.present_persona == under(REPUBLICAN)
    assert [persona.name for persona in again.personas.values()] == ["democrat", "republican"]
    await say(again, "Sure?")
    assert engine.asked[2][0] == Message("system", system_prompt(REPUBLICAN.persona))


async def test_a_reply_that_is_regenerated_is_of_the_present_persona(corpus: Corpus) -> None:
    engine = FakeEngine(["Fewer.", END], ["More.", END])
    conversation = Conversation.start(corpus, engine, DEMOCRAT)
    await say(conversation, "Guns?")
    await conversation.change_persona(REPUBLICAN)
    async for _ in conversation.regenerate():
        pass
    assert list(conversation.personas.values()) == [under(REPUBLICAN)]
    await conversation.next_version()
    assert list(conversation.personas.values()) == [under(DEMOCRAT)]
    assert conversation.present_persona == under(REPUBLICAN), "another version does not change who speaks next"


async def test_a_change_that_is_stored_holds_also_where_nobody_waits_for_it_any_more(
    corpus: Corpus, monkeypatch: pytest.MonkeyPatch
) -> None:
    conversation = Conversation.start(corpus, FakeEngine(["Fewer.", END], ["More.", END]), DEMOCRAT)
    await say(conversation, "Guns?")
    storing, stored = asyncio.Event(), threading.Event()
    loop, change_persona = asyncio.get_running_loop(), corpus.change_persona

    def slowly(change: PersonaChangeRow) -> None:
        loop.call_soon_threadsafe(storing.set)
        assert stored.wait(10)
        change_persona(change)

    monkeypatch.setattr(corpus, "change_persona", slowly)
    changing = asyncio.create_task(conversation.change_persona(REPUBLICAN))
    await storing.wait()
    changing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await changing
    stored.set()
    async with asyncio.timeout(10):
        while not corpus.persona_changes(conversation.id) or conversation.present_persona == under(DEMOCRAT):
            await asyncio.sleep(0)
    assert conversation.persona == REPUBLICAN.persona


async def test_a_sampling_that_was_chosen_holds_for_the_next_persona_too(corpus: Corpus) -> None:
    engine = FakeEngine(["Fewer.", END], ["More.", END])
    conversation = Conversation.start(corpus, engine, DEMOCRAT, sampling=Sampling(temperature=0.0))
    await say(conversation, "Guns?")
    await conversation.choose_sampling(PersonaSampling(temperature=1.5))
    await conversation.change_persona(REPUBLICAN)
    assert conversation.sampling.temperature == 1.5


async def test_before_anything_was_said_there_is_nothing_to_go_on_with(corpus: Corpus) -> None:
    conversation = Conversation.start(corpus, FakeEngine(), DEMOCRAT)
    with pytest.raises(ValueError, match="nothing was said yet"):
        await conversation.change_persona(REPUBLICAN)


async def test_a_persona_that_cannot_be_talked_with_leaves_the_one_before(corpus: Corpus) -> None:
    engine = FakeEngine(["Fewer.", END], ["Why not.", END])
    conversation = Conversation.start(corpus, engine, DEMOCRAT)
    await say(conversation, "Guns?")
    with pytest.raises(PersonaError, match="few_shot"):
        await conversation.change_persona(composed(groups_in("SEX=Male"), "few_shot"))
    document = DEMOCRAT.persona.model_dump(by_alias=True) | {"steering": "ablation", "ablation": {"direction": "none"}}
    inside = LoadedPersona(type(DEMOCRAT.persona).model_validate(document), Path("x.toml"), "ab" * 32)
    with pytest.raises(SteeringError):
        await conversation.change_persona(inside)
    assert conversation.present_persona == under(DEMOCRAT)
    assert corpus.persona_changes(conversation.id) == ()
    await say(conversation, "Sure?")
    assert engine.asked[1][0] == Message("system", system_prompt(DEMOCRAT.persona))


async def test_a_change_that_cannot_be_stored_is_not_made(corpus: Corpus) -> None:
    conversation = Conversation.start(corpus, FakeEngine(["Fewer.", END]), DEMOCRAT)
    await say(conversation, "Guns?")
    with read_only(corpus), pytest.raises(CorpusError):
        await conversation.change_persona(REPUBLICAN)
    assert conversation.present_persona == under(DEMOCRAT)
    assert conversation.persona == DEMOCRAT.persona


async def test_the_views_say_of_each_reply_and_measurement_whose_it_was(corpus: Corpus) -> None:
    conversation = await changed(corpus, FakeEngine(["Fewer.", END], ["More.", END]))
    row = measurement(conversation.path[-1])
    corpus.add_measurement(row.model_copy(update={"persona_name": "republican"}), ())
    database = corpus.database()
    dialogue = database.query("SELECT role, persona_name FROM v_dialogue ORDER BY place")
    assert [row["persona_name"] for row in dialogue if row["role"] == "assistant"] == ["democrat", "republican"]
    turns = database.query("SELECT persona_name FROM v_turns ORDER BY turn")
    assert [row["persona_name"] for row in turns] == ["democrat", "republican"]
    (measured,) = database.query("SELECT persona_name FROM v_measurements")
    assert measured["persona_name"] == "republican"


async def test_a_search_names_who_made_a_reply_and_finds_by_every_persona(corpus: Corpus) -> None:
    conversation = await changed(corpus, FakeEngine(["Fewer.", END], ["More.", END]))
    assert [hit.persona_name for hit in corpus.search("fewer")] == ["democrat"]
    assert [hit.persona_name for hit in corpus.search("more")] == ["republican"]
    for name in ("persona:democrat", "persona:Repub"):
        assert [row.id for row in corpus.conversations(Query.typed(name))] == [conversation.id]
        assert len(corpus.search("more", within=Query.typed(name))) == 1
    assert corpus.conversations(Query.typed("persona:independent")) == ()


async def test_chat_json_has_each_prompt_before_the_first_message_that_is_answered_under_it(
    corpus: Corpus, tmp_path: Path
) -> None:
    conversation = await changed(corpus, FakeEngine(["Fewer.", END], ["More.", END]))
    (line,) = json_lines(corpus, "openai", tmp_path / "out.jsonl")
    expected = [
        {"role": "system", "content": system_prompt(DEMOCRAT.persona)},
        {"role": "user", "content": "Guns?"},
        {"role": "assistant", "content": "Fewer."},
        {"role": "system", "content": system_prompt(REPUBLICAN.persona)},
        {"role": "user", "content": "And now?"},
        {"role": "assistant", "content": "More."},
    ]
    assert line["messages"] == expected
    conversation.write_to(tmp_path / "copy.jsonl")
    assert json.loads((tmp_path / "copy.jsonl").read_text(encoding="utf-8"))["messages"] == expected


async def test_replies_of_two_personas_are_no_preference_pair(corpus: Corpus, tmp_path: Path) -> None:
    engine = FakeEngine(["Fewer.", END], ["More.", END], ["Many more.", END])
    conversation = Conversation.start(corpus, engine, DEMOCRAT)
    democrat = await say(conversation, "Guns?")
    await conversation.change_persona(REPUBLICAN)
    rated = [democrat]
    for _ in range(2):
        async for _ in conversation.regenerate():
            pass
        rated.append(conversation.path[-1].id)
    for value, reply in enumerate(rated, start=1):
        corpus.add_rating(RatingRow(message_id=reply, scale="realism 1-7", value=float(value)))
    (line,) = json_lines(corpus, "trl-preference", tmp_path / "out.jsonl")
    assert (line["chosen"][0]["content"], line["rejected"][0]["content"]) == ("Many more.", "More.")
    assert line["prompt"][0] == {"role": "system", "content": system_prompt(REPUBLICAN.persona)}


async def test_replies_of_two_personas_with_the_same_prompt_are_no_preference_pair(
    corpus: Corpus, tmp_path: Path
) -> None:
    """As of one that is not steered and one that is steered from inside: neither has a prompt."""
    unsteered = composed(groups_in("POLPARTY=Democrat"), "none")
    other = composed(groups_in("POLPARTY=Republican"), "none")
    engine = FakeEngine(["Fewer.", END], ["More.", END])
    conversation = Conversation.start(corpus, engine, unsteered)
    rated = [await say(conversation, "Guns?")]
    await conversation.change_persona(other)
    async for _ in conversation.regenerate():
        pass
    assert system_prompt(unsteered.persona) == system_prompt(other.persona)
    rated.append(conversation.path[-1].id)
    for value, reply in enumerate(rated, start=1):
        corpus.add_rating(RatingRow(message_id=reply, scale="realism 1-7", value=float(value)))
    with pytest.raises(
        ExportError, match="1 conversation without two complete replies to a message, rated differently"
    ):
        json_lines(corpus, "trl-preference", tmp_path / "out.jsonl")


async def test_a_corpus_that_is_merged_keeps_who_speaks_next(corpus: Corpus, tmp_path: Path) -> None:
    found = (await changed(corpus, FakeEngine(["Fewer.", END], ["More.", END]))).id
    with Corpus.open(tmp_path / "other.db") as other:
        other.merge(corpus.path)
        assert Conversation.resume(other, FakeEngine(), found).present_persona == under(REPUBLICAN)
        assert other.merge(corpus.path).conflicts == ()
        other.delete(found)
        assert other.persona_changes(found) == ()


async def test_an_audit_generates_each_reply_under_its_own_persona(corpus: Corpus) -> None:
    open_pocket = partial(LlamaEngine.open, pocket_path(), tried=True)
    pocket = await open_pocket()
    conversation = Conversation.start(corpus, pocket, DEMOCRAT)
    await say(conversation, "What do you think about guns?")
    await conversation.change_persona(BY_BIO)
    await say(conversation, "Why do you think so?")
    await pocket.close()
    audit = Audit(corpus, open_pocket)
    assert [reply.finding async for reply in audit.replies(conversation.id)] == ["identical", "identical"]
    await audit.close()


def exported(corpus: Corpus, form: str, out: Path) -> Path:
    """The file or directory of a format of the export."""
    export_to(corpus, FORMATS[form], EVERYTHING, out, force=True)
    return out


async def test_exports_name_who_made_each_reply(corpus: Corpus, tmp_path: Path) -> None:
    await changed(corpus, FakeEngine(["Fewer.", END], ["More.", END]))
    rows = csv.DictReader(
        (exported(corpus, "csv", tmp_path / "tables") / "messages.csv").read_text("utf-8-sig").splitlines()
    )
    assert [(row["persona_name"], row["system_prompt"]) for row in rows if row["role"] == "assistant"] == [
        ("democrat", system_prompt(DEMOCRAT.persona)),
        ("republican", system_prompt(REPUBLICAN.persona)),
    ]
    folder = exported(corpus, "convokit", tmp_path / "convokit")
    said = [json.loads(line) for line in (folder / "utterances.jsonl").read_text("utf-8").splitlines()]
    assert [each["speaker"] for each in said] == ["person", "democrat on fake", "person", "republican on fake"]
    speakers = json.loads((folder / "speakers.json").read_text("utf-8"))
    assert speakers["republican on fake"]["meta"]["persona"] == "republican"
    prism = exported(corpus, "prism", tmp_path / "prism") / "conversations.jsonl"
    (history,) = [json.loads(line)["conversation_history"] for line in prism.read_text("utf-8").splitlines()]
    assert [one["model_name"] for one in history if one["role"] == "model"] == [
        "democrat on fake",
        "republican on fake",
    ]
    with sqlite3.connect(exported(corpus, "sqlite", tmp_path / "out.db")) as database:
        found = database.execute("SELECT persona_name FROM v_dialogue WHERE role = 'assistant' ORDER BY place")
        assert [name for (name,) in found] == ["democrat", "republican"]


async def test_a_copy_for_reading_names_both_personas_and_prompts(corpus: Corpus, tmp_path: Path) -> None:
    from chat_personas.reporting.conversation_copy import MARKDOWN

    await changed(corpus, FakeEngine(["Fewer.", END], ["More.", END]))
    export_to(corpus, MARKDOWN, EVERYTHING, tmp_path / "copy.md", force=True)
    lines = (tmp_path / "copy.md").read_text("utf-8").splitlines()
    assert "- persona: democrat, then republican" in lines
    assert [line for line in lines if line.startswith("## ")] == [
        "## Person",
        "## democrat",
        "## Person",
        "## republican",
    ]


async def test_a_side_of_a_debate_keeps_its_persona(corpus: Corpus) -> None:
    sides = [Conversation.start(corpus, FakeEngine(), each).unspoken for each in (DEMOCRAT, REPUBLICAN)]
    rows = [row for row in sides if row is not None]
    corpus.begin_debate(new_key(), rows, Words("Guns?", "Moderator"), 2)
    side = Conversation.resume(corpus, FakeEngine(), rows[0].id)
    with pytest.raises(PersonaError, match="the sides of a debate keep their personas"):
        await side.change_persona(BY_BIO)
    assert side.present_persona == under(DEMOCRAT)
