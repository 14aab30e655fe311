"""The picker of models: what is found, fetched or typed is opened, and what is being typed stays."""

import asyncio
import threading
from dataclasses import replace
from pathlib import Path

import pytest
from textual.pilot import Pilot

from chat_personas.corpus import Corpus, CorpusError
from chat_personas.engines.open import UnknownModelError, same_model
from chat_personas.models import pocket_path, pulling
from chat_personas.models.found import Found, ModelInFiles, Problem
from chat_personas.models.pulling import Offer
from chat_personas.models.servers import ModelOnServer
from chat_personas.paths import models_directory
from chat_personas.reporting.models_found import model_called, offered
from chat_personas.settings import Settings
from chat_personas.storage.drafts import Draft, Drafts
from chat_personas.tui.screens.models import ModelsScreen, Row
from chat_personas.tui.session import Session
from eval.engine import EngineError
from tests.examples import slow_but_first
from tests.fakes import END
from tests.tui.fakes import (
    SECONDS,
    FakeLaunch,
    ScreenEngine,
    chat,
    edit_last,
    opening,
    reply,
    screen,
    session,
    shown,
    type_text,
    until,
    words,
)

SMALL = ModelInFiles(
    model="'~/models/small one.gguf'",
    name="small-one",
    place="LM Studio",
    path="~/models/small one.gguf",
    size=98_000_000,
    parts=1,
    architecture="llama",
    quantization="Q4_1",
    parameters=135_000_000,
    context_length=2048,
    chat_template=False,
    memory=200_000_000,
    measured="exact",
    why_not=None,
)
EMBEDDING = SMALL.model_copy(
    update={"name": "bert", "path": "~/bert.gguf", "measured": None, "why_not": "is an embedding model; give another"}
)
SERVED = ModelOnServer(
    model="http://127.0.0.1:11434/v1#qwen3", name="qwen3", server="Ollama", url="http://127.0.0.1:11434/v1"
)
FOUND = Found(
    files=(SMALL, EMBEDDING),
    servers=(SERVED,),
    problems=(Problem(what="~/half.gguf", why="is cut off; fetch it again"),),
)
BETA = replace(ScreenEngine().info, name="beta", sha256="b2" * 32, demonstration=False)
MARK = "from here on another model: beta (before: fake)"


class Unknown(FakeLaunch):
    @property
    def shown_model(self) -> str:
        raise UnknownModelError('no model is called "nothere"; give pocket')


def test_everything_that_there_is_has_a_row_with_what_opens_it_or_why_it_cannot_be_used() -> None:
    rows = {each.name: each for each in offered(FOUND)}
    assert (rows["pocket"].model, rows["pocket"].kind) == ("pocket", "ready")
    assert rows["small-one"].model == "~/models/small one.gguf", "as it is, not as a shell wants it"
    assert rows["small-one"].about[:4] == ("98 MB", "Q4_1", "135M parameters", "base model (no chat template)")
    assert rows["qwen3"].model == "http://127.0.0.1:11434/v1#qwen3"
    assert (rows["bert"].kind, rows["bert"].about) == ("unusable", ("is an embedding model; give another",))
    assert (rows["~/half.gguf"].kind, rows["~/half.gguf"].about) == ("unusable", ("is cut off; fetch it again",))
    fetched = rows["smollm2-360m"]
    assert (fetched.kind, fetched.about[:3]) == ("to fetch", ("386 MB", "Apache-2.0", "instruction model"))
    assert "base model" in rows["smollm2-360m-base"].about


@pytest.mark.parametrize(
    ("name", "opens"),
    [
        ("small-one", "~/models/small one.gguf"),
        ("small one", "~/models/small one.gguf"),
        ("qwen3", "http://127.0.0.1:11434/v1#qwen3"),
        ("bert", "bert"),
        ("small", "small"),
    ],
)
def test_a_model_that_can_be_used_is_opened_by_the_name_under_which_it_is_shown(name: str, opens: str) -> None:
    assert model_called(name, FOUND) == opens


def test_of_several_models_of_one_name_the_person_is_told_what_opens_each() -> None:
    other = SMALL.model_copy(update={"path": "~/other/small.gguf"})
    found = Found(files=(SMALL, other), servers=(), problems=())
    with pytest.raises(UnknownModelError) as raised:
        model_called("small-one", found)
    said = '2 models are called "small-one"; write "~/models/small one.gguf" or "~/other/small.gguf"'
    assert str(raised.value) == said
    assert model_called("small", found) == "~/other/small.gguf"


def test_two_files_of_one_name_that_cannot_be_used_are_two_rows() -> None:
    other = EMBEDDING.model_copy(update={"path": "~/other/bert.gguf"})
    found = offered(FOUND.model_copy(update={"files": (EMBEDDING, other)}))
    rows = [Row(each) for each in found if each.name == "bert"]
    assert len({each.key for each in rows}) == 2, "the list must be able to tell them apart"


def test_a_model_of_the_catalogue_that_is_there_is_not_offered_again() -> None:
    there = SMALL.model_copy(update={"name": "smollm2-360m"})
    rows = [each for each in offered(FOUND.model_copy(update={"files": (there,)})) if each.name == "smollm2-360m"]
    assert [each.kind for each in rows] == ["ready"]


async def listed(pilot: Pilot[None]) -> ModelsScreen:
    """The picker, once it has looked for models."""
    await pilot.press("alt+m")
    await until(pilot, lambda: "To be fetched" in shown(pilot))
    found = pilot.app.screen
    assert isinstance(found, ModelsScreen)
    return found


async def test_a_conversation_goes_on_with_another_model_and_what_is_typed_stays(corpus_file: Path) -> None:
    closed = threading.Event()

    class Closing(ScreenEngine):
        async def close(self) -> None:
            closed.set()

    beta = ScreenEngine(reply("More."), info=BETA)
    others = {SMALL.path: FakeLaunch(corpus_file, beta)}
    async with screen(session(corpus_file, Closing(reply("Fewer.")), found=FOUND, others=others), (120, 40)) as pilot:
        await type_text(pilot, "Guns?")
        await until(pilot, lambda: "Fewer." in shown(pilot) and not chat(pilot).replies.busy)
        chat(pilot).composer.insert("And now?")
        picker = await listed(pilot)
        picker.wanted.value = "small"
        await until(pilot, lambda: "--model ~/models/small one.gguf" in words(pilot))
        await pilot.press("enter")
        await until(pilot, lambda: "Go on in this one" in shown(pilot))
        await pilot.press("g")
        await until(pilot, lambda: MARK in words(pilot))
        assert closed.is_set(), "the model before is closed"
        assert chat(pilot).composer.text == "And now?"
        await pilot.press("enter")
        await until(pilot, lambda: "More." in shown(pilot) and not chat(pilot).replies.busy)
        assert [message.content for message in beta.asked[0]][1:] == ["Guns?", "Fewer.", "And now?"]


async def test_a_model_is_gone_on_with_by_its_shown_name_and_is_open_by_it_then(corpus_file: Path) -> None:
    beta = FakeLaunch(corpus_file, ScreenEngine(info=BETA), model=SMALL.path, found=FOUND)
    others = {SMALL.path: beta, "none": Unknown(corpus_file, ScreenEngine())}
    async with screen(session(corpus_file, ScreenEngine(), found=FOUND, others=others), (120, 40)) as pilot:
        await until(pilot, lambda: chat(pilot).session.conversation is not None)
        pilot.app.NOTIFICATION_TIMEOUT = 600.0
        await type_text(pilot, "/persona nobody")
        await until(pilot, lambda: "no persona" in " ".join(each.message for each in pilot.app._notifications))
        await type_text(pilot, "/model none")
        await until(pilot, lambda: len(pilot.app._notifications) == 2)
        await type_text(pilot, "/model small-one")
        await until(pilot, lambda: "beta" in shown(pilot).splitlines()[-2])
        await until(pilot, lambda: len(pilot.app._notifications) == 1)
        left = [each.message for each in pilot.app._notifications]
        assert "no persona" in left[0], "only the notice about the model is of the past"
        await type_text(pilot, "/model small-one")
        await until(pilot, lambda: "beta is open already." in words(pilot))


@slow_but_first("named", ["~/models/small one.gguf", "~/models/../models/small one.gguf"])
async def test_the_model_that_is_open_already_is_said_to_be_and_nothing_changes(corpus_file: Path, named: str) -> None:
    present = Settings.model_construct(model=str(Path("~/models/small one.gguf").expanduser()))
    app = session(corpus_file, ScreenEngine(reply("Fewer.")), validated=present, found=FOUND)
    async with screen(app, (120, 40)) as pilot:
        await type_text(pilot, "Guns?")
        await until(pilot, lambda: "Fewer." in shown(pilot) and not chat(pilot).replies.busy)
        before = app.conversation
        await type_text(pilot, f"/model {named}")
        await until(pilot, lambda: "fake is open already." in words(pilot))
        assert pilot.app.screen is chat(pilot)
        assert app.conversation is before


def test_servers_of_the_settings_are_offered_without_their_passwords_unless_they_answered_already() -> None:
    known = ["http://127.0.0.1:11434/v1/", "https://me:secret@models.example/v1"]
    rows = [each for each in offered(FOUND, known) if each.heading == "On servers of your settings"]
    assert [(each.name, each.model) for each in rows] == [("https://models.example/v1", known[1])]


@slow_but_first(("given", "of_settings"), [("small.gguf", "pocket"), (None, "small.gguf")])
async def test_the_model_of_the_settings_and_the_one_that_was_asked_for_are_told_apart(
    corpus_file: Path, given: str | None, of_settings: str
) -> None:
    """Open is what the command line asks for, and what the settings say only where it asks for nothing."""
    others = {"pocket": FakeLaunch(corpus_file, ScreenEngine(reply("More."), info=BETA), model="pocket")}
    settings = Settings.model_construct(model=of_settings)
    app = session(corpus_file, ScreenEngine(reply("Fewer.")), validated=settings, model=given, others=others)
    async with screen(app, (120, 40)) as pilot:
        await until(pilot, lambda: not app.has_open("pocket") and app.has_open("small.gguf"))
        await type_text(pilot, "/model pocket")
        await until(pilot, lambda: app.engine is not None and app.engine.info.name == "beta")
        assert app.has_open("pocket")
        assert not app.has_open("small.gguf")


def test_one_model_is_known_by_all_of_its_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHAT_PERSONAS_HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    own = models_directory() / "own.gguf"
    own.parent.mkdir(parents=True, exist_ok=True)
    own.write_bytes(b"GGUF")
    (tmp_path / "link.gguf").symlink_to(own)
    assert same_model("own", str(own))
    assert same_model("./link.gguf", "own")
    assert same_model("pocket", str(pocket_path()))
    assert same_model("http://127.0.0.1:8080/v1/#a", "http://127.0.0.1:8080/v1#a")
    assert not same_model("http://127.0.0.1:8080/v1#b", "http://127.0.0.1:8080/v1#a")
    assert not same_model("own", "pocket")
    assert not same_model("nosuch", "nosuch.gguf")


async def test_a_model_that_does_not_exist_is_said_before_anything_is_asked(corpus_file: Path) -> None:
    others = {"nothere": Unknown(corpus_file, ScreenEngine())}
    async with screen(session(corpus_file, ScreenEngine(reply("Fewer.")), others=others), (120, 40)) as pilot:
        await type_text(pilot, "Guns?")
        await until(pilot, lambda: "Fewer." in shown(pilot) and not chat(pilot).replies.busy)
        await type_text(pilot, "/model nothere")
        await until(pilot, lambda: 'no model is called "nothere"' in words(pilot))
        assert pilot.app.screen is chat(pilot)


@slow_but_first("answer", ["n", "g"])
async def test_what_is_said_while_a_model_is_opened_waits_for_it_and_the_reply_before_is_finished(
    corpus_file: Path, answer: str
) -> None:
    opened, rest = asyncio.Event(), asyncio.Event()
    alpha, beta = ScreenEngine(["Fewer ", rest, "guns.", END]), ScreenEngine(reply("More."), info=BETA)
    launch = FakeLaunch(corpus_file, beta)
    others = {"beta": launch}
    launch.open_engine = opening(opened, beta)  # type: ignore[method-assign]
    app = session(corpus_file, alpha, others=others)
    async with screen(app, (120, 40)) as pilot:
        await type_text(pilot, "Guns?")
        await until(pilot, lambda: "Fewer" in shown(pilot))
        before = app.conversation
        await type_text(pilot, "/model beta")
        await until(pilot, lambda: "Go on in this one" in shown(pilot))
        await pilot.press(answer)
        await until(pilot, lambda: "opening beta" in words(pilot))
        await type_text(pilot, "And taxes?")
        await until(pilot, lambda: "waiting for the model" in words(pilot))
        opened.set()
        await pilot.pause()
        assert app.conversation is before
        assert before is not None
        assert before.engine is alpha, "the reply of the one before is still on its way"
        rest.set()
        await until(pilot, lambda: "More." in shown(pilot) and not chat(pilot).replies.busy)
        assert "stopped" not in words(pilot)
        said = ["Guns?", "Fewer guns."] * (answer == "g") + ["And taxes?"]
        assert [message.content for message in beta.asked[0]][1:] == said
        assert len(alpha.asked) == 1
        if answer == "n":
            assert not chat(pilot).replies.waiting
            await pilot.press("ctrl+o")
            await until(pilot, lambda: "Guns?" in shown(pilot))
            await pilot.press("down", "enter")
            await until(pilot, lambda: "Fewer guns." in shown(pilot) and pilot.app.screen is chat(pilot))
            assert chat(pilot).composer.text == "", "what was sent is not kept as a draft of the conversation before"


async def test_a_first_message_on_its_way_stays_on_the_screen_where_another_model_is_opened(corpus_file: Path) -> None:
    opened = asyncio.Event()
    beta = FakeLaunch(corpus_file, ScreenEngine(reply("More."), info=BETA))
    beta.open_engine = opening(opened, beta.engine)  # type: ignore[method-assign]
    async with screen(session(corpus_file, ScreenEngine(), others={"beta": beta}), (120, 40)) as pilot:
        await type_text(pilot, "/model beta")
        await until(pilot, lambda: "opening beta" in words(pilot))
        await type_text(pilot, "Guns?")
        await until(pilot, lambda: "waiting for the model" in words(pilot))
        opened.set()
        await until(pilot, lambda: "More." in shown(pilot) and not chat(pilot).replies.busy)
        assert "Guns?" in shown(pilot)


async def test_the_open_model_asked_for_while_another_is_opened_stays_and_answers_what_waits(corpus_file: Path) -> None:
    opened = asyncio.Event()
    alpha = ScreenEngine(reply("Fewer."))
    beta = FakeLaunch(corpus_file, ScreenEngine(reply("More."), info=BETA))
    beta.open_engine = opening(opened, beta.engine)  # type: ignore[method-assign]
    app = session(corpus_file, alpha, model="small.gguf", others={"beta": beta})
    async with screen(app, (120, 40)) as pilot:
        await type_text(pilot, "/model beta")
        await until(pilot, lambda: "opening beta" in words(pilot))
        await type_text(pilot, "Guns?")
        await until(pilot, lambda: "waiting for the model" in words(pilot))
        await type_text(pilot, "/model small.gguf")
        await until(pilot, lambda: "fake stays open; the other model is not opened." in words(pilot))
        opened.set()
        await until(pilot, lambda: "Fewer." in shown(pilot) and not chat(pilot).replies.busy)
        assert "opening beta" not in words(pilot)
        assert "open already" not in words(pilot)
        assert app.engine is alpha
        await type_text(pilot, "/model small.gguf")
        await until(pilot, lambda: "fake is open already." in words(pilot))


async def test_what_waits_for_a_model_that_does_not_open_returns_to_the_person(corpus_file: Path) -> None:
    failed = asyncio.Event()
    alpha = ScreenEngine(reply("Fewer."))
    beta = FakeLaunch(corpus_file, ScreenEngine(info=BETA))
    beta.open_engine = opening(failed, EngineError("this is not a model"))  # type: ignore[method-assign]
    async with screen(session(corpus_file, alpha, others={"beta": beta}), (120, 40)) as pilot:
        await type_text(pilot, "/model beta")
        await until(pilot, lambda: "opening beta" in words(pilot))
        await type_text(pilot, "/compare A long question?")
        await until(pilot, lambda: "Another model is being opened: wait for it." in words(pilot))
        assert chat(pilot).composer.text == "/compare A long question?"
        chat(pilot).composer.clear()
        await type_text(pilot, "Guns?")
        await until(pilot, lambda: "waiting for the model" in words(pilot))
        failed.set()
        await until(pilot, lambda: "this is not a model" in words(pilot))
        await until(pilot, lambda: chat(pilot).composer.text == "Guns?")
        assert alpha.asked == []
        assert "opening" not in words(pilot)


async def test_a_model_asked_for_again_while_the_one_before_is_being_closed_is_open_already(corpus_file: Path) -> None:
    closed = asyncio.Event()

    class SlowToClose(ScreenEngine):
        async def close(self) -> None:
            await closed.wait()

    beta = FakeLaunch(corpus_file, ScreenEngine(reply("More."), info=BETA), model="beta.gguf")
    app = session(corpus_file, SlowToClose(), model="small.gguf", others={"beta.gguf": beta})
    async with screen(app, (120, 40)) as pilot:
        await type_text(pilot, "/model beta.gguf")
        await until(pilot, lambda: app.engine is beta.engine)
        await type_text(pilot, "/model beta.gguf")
        await until(pilot, lambda: "beta is open already." in words(pilot))
        assert chat(pilot).status_line.model == "beta"
        await type_text(pilot, "Guns?")
        await until(pilot, lambda: "More." in shown(pilot) and not chat(pilot).replies.busy)
        closed.set()


async def test_a_change_of_model_that_is_broken_off_once_its_conversation_was_left_is_made_to_its_end(
    corpus_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    go, release = threading.Event(), Drafts.release
    beta = FakeLaunch(corpus_file, ScreenEngine(info=BETA), model="beta.gguf")
    app = session(corpus_file, ScreenEngine(reply("Fewer.")), model="small.gguf", others={"beta.gguf": beta})
    async with screen(app, (120, 40)) as pilot:
        await type_text(pilot, "Guns?")
        await until(pilot, lambda: "Fewer." in shown(pilot) and not chat(pilot).replies.busy)
        assert app.conversation is not None
        first = app.conversation.id

        def slow(drafts: Drafts, key: str) -> None:
            assert go.wait(SECONDS)
            release(drafts, key)

        monkeypatch.setattr(Drafts, "release", slow)
        await pilot.press(*"words")
        changing = chat(pilot).run_worker(
            chat(pilot).navigator.change_model("beta.gguf", new=True), exit_on_error=False
        )
        await until(pilot, lambda: chat(pilot).drafts.between)
        changing.cancel()
        go.set()
        await until(pilot, lambda: chat(pilot).status_line.model == "beta" and not chat(pilot).drafts.between)
        assert app.engine is beta.engine
        await pilot.press(*"other")
    with Corpus.open(corpus_file) as corpus:
        assert corpus.drafts.of(first, ()) == Draft("words")
        assert corpus.drafts.of(None, ()) == Draft("other")


async def test_an_edit_whose_message_is_on_another_branch_by_then_comes_back_as_a_new_message(
    corpus_file: Path,
) -> None:
    beta = FakeLaunch(corpus_file, ScreenEngine(reply("Three."), info=BETA), model="beta.gguf")
    alpha = ScreenEngine(reply("One."), reply("Two."))
    app = session(corpus_file, alpha, model="small.gguf", others={"beta.gguf": beta})
    async with screen(app, (120, 40)) as pilot:
        await type_text(pilot, "First?")
        await until(pilot, lambda: "One." in shown(pilot) and not chat(pilot).replies.busy)
        assert app.conversation is not None
        leaf = app.conversation.path[-1].id
        await edit_last(pilot, "Second?")
        await until(pilot, lambda: "Two." in shown(pilot) and not chat(pilot).replies.busy)
        await pilot.press("f6")
        await until(pilot, lambda: chat(pilot).editing.under_way)
        with Corpus.open(corpus_file) as other:  # another program
            other.activate(app.conversation.id, leaf)
        await chat(pilot).navigator.change_model("beta.gguf", new=False)
        await pilot.press("backspace", *" indeed?", "enter")
        await until(pilot, lambda: "is on another branch now" in words(pilot))
        await until(pilot, lambda: chat(pilot).composer.text == "Second indeed?")
        await pilot.press("enter")
        await until(pilot, lambda: "Three." in shown(pilot) and not chat(pilot).replies.busy)
        assert [row.text for row in app.conversation.path] == ["First?", "One.", "Second indeed?", "Three."]


async def test_the_last_of_two_models_that_were_asked_for_is_said_to_be_opened_until_it_is(corpus_file: Path) -> None:
    """Or the columns of a comparison would be begun on a model that is closed a moment later."""
    ended, opened = asyncio.Event(), asyncio.Event()

    class SlowToClose(ScreenEngine):
        async def close(self) -> None:
            await asyncio.to_thread(str)

    gamma = FakeLaunch(corpus_file, ScreenEngine(info=replace(BETA, name="gamma")))
    gamma.open_engine = opening(opened, gamma.engine)  # type: ignore[method-assign]
    others = {"beta": FakeLaunch(corpus_file, SlowToClose(info=BETA)), "gamma": gamma}
    engine = ScreenEngine(["Fewer", ended, END])  # type: ignore[list-item]
    async with screen(session(corpus_file, engine, others=others), (120, 40)) as pilot:
        await type_text(pilot, "Guns?")
        await until(pilot, lambda: "Fewer" in shown(pilot))
        for name in others:
            await type_text(pilot, f"/model {name}")
            await until(pilot, lambda: "Go on in this one" in shown(pilot))
            await pilot.press("g")
            await until(pilot, lambda name=name: f"opening {name}" in words(pilot))  # type: ignore[misc]
        await until(pilot, lambda: len([one for one in chat(pilot).workers if one.group == "model"]) == 1)
        await type_text(pilot, "/compare")
        await until(pilot, lambda: "Another model is being opened: wait for it." in words(pilot))
        ended.set()
        opened.set()
        await until(pilot, lambda: chat(pilot).status_line.model == "gamma" and not chat(pilot).replies.busy)
        await until(pilot, lambda: "opening" not in words(pilot))


async def test_a_model_that_does_not_open_leaves_the_one_before_and_what_is_typed(corpus_file: Path) -> None:
    class Broken(FakeLaunch):
        async def open_engine(self) -> ScreenEngine:
            raise EngineError("this is not a model")

    engine = ScreenEngine(reply("Fewer."), reply("Still here."))
    others = {"http://127.0.0.1:9/v1": Broken(corpus_file, engine)}
    async with screen(session(corpus_file, engine, others=others), (120, 40)) as pilot:
        await type_text(pilot, "Guns?")
        await until(pilot, lambda: "Fewer." in shown(pilot) and not chat(pilot).replies.busy)
        chat(pilot).composer.insert("Well?")
        picker = await listed(pilot)
        picker.wanted.value = "http://127.0.0.1:9/v1"
        await pilot.press("enter")
        await until(pilot, lambda: "Go on in this one" in shown(pilot))
        await pilot.press("n")
        await until(pilot, lambda: "this is not a model" in words(pilot))
        assert chat(pilot).composer.text == "Well?"
        await pilot.press("enter")
        await until(pilot, lambda: "Still here." in shown(pilot))


@pytest.mark.parametrize(("part", "step", "new"), [("replies", "finish", False), ("drafts", "leave", True)])
async def test_a_model_that_was_opened_and_is_not_gone_on_with_is_closed(
    corpus_file: Path, monkeypatch: pytest.MonkeyPatch, part: str, step: str, new: bool
) -> None:
    closed = list[str]()

    class Closing(ScreenEngine):
        async def close(self) -> None:
            closed.append(self.info.name)

    async def fails(**_: object) -> None:
        raise CorpusError("the disk is full")

    others = {SMALL.path: FakeLaunch(corpus_file, Closing(info=BETA))}
    async with screen(session(corpus_file, ScreenEngine(), others=others)) as pilot:
        monkeypatch.setattr(getattr(chat(pilot), part), step, fails)
        with pytest.raises(CorpusError, match="the disk is full"):
            await chat(pilot).navigator.change_model(SMALL.path, new=new)
        assert closed == ["beta"]
        monkeypatch.undo()


async def test_fetching_is_asked_first_counts_and_stops_at_escape(
    corpus_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CHAT_PERSONAS_HOME", str(tmp_path))
    turn = threading.Event()

    def fetch(offer: Offer, directory: Path, advance: pulling.Advance) -> Path:
        while True:  # until `advance` says that the person has stopped
            advance(7 * 10**6, offer.size)
            turn.wait(0.001)

    monkeypatch.setattr(pulling, "ask_hub", lambda entry, _: Offer(entry, "http://hub/x", entry.size, "ab" * 32, None))
    monkeypatch.setattr(pulling, "fetch", fetch)
    async with screen(session(corpus_file, ScreenEngine()), (120, 40)) as pilot:
        picker = await listed(pilot)
        picker.wanted.value = "qwen3-0.6b"
        await pilot.press("enter")
        await until(pilot, lambda: "licence Apache-2.0" in words(pilot) and "Fetch it?" in words(pilot))
        await pilot.press("y")
        await until(pilot, lambda: "Fetching qwen3-0.6b: 7 of 639 MB" in words(pilot))
        await pilot.press("escape")
        await until(pilot, lambda: "Stopped. What has arrived of qwen3-0.6b is kept" in words(pilot))
        assert pilot.app.screen is picker
        await pilot.press("escape")
        await until(pilot, lambda: pilot.app.screen is chat(pilot))


@pytest.mark.slow
async def test_where_no_model_opened_another_one_continues_the_conversation_that_was_asked_for(
    corpus_file: Path,
) -> None:
    async with screen(session(corpus_file, ScreenEngine(reply("Fewer.")))) as pilot:
        await type_text(pilot, "Guns?")
        await until(pilot, lambda: "Fewer." in shown(pilot) and not chat(pilot).replies.busy)
        conversation = chat(pilot).session.conversation
        assert conversation is not None

    class Broken(FakeLaunch):
        async def open_engine(self) -> ScreenEngine:
            raise EngineError("this is not a model")

    beta = FakeLaunch(corpus_file, ScreenEngine(reply("More."), info=BETA), resume=conversation.id)
    launch = Broken(corpus_file, ScreenEngine(), resume=conversation.id, others={"beta": beta})
    async with screen(Session(launch), ready=False) as pilot:
        await until(pilot, lambda: "this is not a model" in words(pilot))
        await pilot.press(*"/model beta", "enter")
        await until(pilot, lambda: "Fewer." in shown(pilot) and MARK in words(pilot))
