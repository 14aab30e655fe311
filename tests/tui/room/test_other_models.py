"""Columns on several models: chosen and opened, each measured on its own model, taken up again, and closed."""

import asyncio
import re
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import OptionList, Static

from chat_personas.cli.launch import Launch
from chat_personas.corpus import Corpus
from chat_personas.engines.llama import LlamaEngine
from chat_personas.engines.open import memory_needed, recorded_as
from chat_personas.models import servers
from chat_personas.models.found import Found
from chat_personas.monitor.monitor import Monitor
from chat_personas.paths import corpus_path, models_directory
from chat_personas.reporting.models_found import short_of_memory
from chat_personas.surveys import find_survey
from chat_personas.tui.chat.screen import ChatScreen
from chat_personas.tui.room import other_models
from chat_personas.tui.room.compare import ColumnsScreen, CompareScreen
from chat_personas.tui.room.debate import DebateScreen
from chat_personas.tui.room.other_models import OpeningScreen
from chat_personas.tui.screens.dialogs import ChoiceScreen, ConfirmScreen
from chat_personas.tui.screens.models import ModelsScreen
from chat_personas.tui.session import Session
from eval.engine import Engine, EngineError, EngineInfo
from tests.cli.running import write_survey
from tests.corpus.making import branch_of
from tests.engines.llama.tiny import write_tiny_model
from tests.eval.towns import many
from tests.tui.fakes import (
    FakeLaunch,
    ScreenEngine,
    chat,
    monitor,
    opening,
    reply,
    screen,
    session,
    type_text,
    until,
    words,
)

GUNS = "What about guns?"
BETA = replace(ScreenEngine().info, name="beta", sha256="b2" * 32, demonstration=False)
PERSONA = """
schema = "chat-personas/persona@1"
name = "short"
title = "Short"
steering = "portray"

[[groups]]
attribute = "POLPARTY"
value = "Democrat"

[sampling]
max_tokens = 1
temperature = 0
"""


class Closing(ScreenEngine):
    """Counts how often it is closed."""

    def __init__(self, *scripts: Sequence[str], info: EngineInfo = BETA) -> None:
        super().__init__(*scripts, info=info)
        self.closed = 0

    async def close(self) -> None:
        self.closed += 1


async def choose_model(pilot: Pilot[None], model: str) -> None:
    """In the list of columns, take the line for another model, and type which one."""
    await pilot.press(*"another", "enter")
    await until(pilot, lambda: isinstance(pilot.app.screen, ModelsScreen))
    picker = pilot.app.screen
    assert isinstance(picker, ModelsScreen)
    picker.wanted.value = model
    await pilot.press("enter")


async def columns_listed(pilot: Pilot[None]) -> ColumnsScreen:
    await pilot.press("alt+c")
    await until(pilot, lambda: isinstance(pilot.app.screen, ColumnsScreen))
    found = pilot.app.screen
    assert isinstance(found, ColumnsScreen)
    await until(pilot, lambda: found.query_one("#choices", OptionList).option_count > 1)
    return found


async def comparing(pilot: Pilot[None]) -> CompareScreen:
    await until(pilot, lambda: isinstance(pilot.app.screen, CompareScreen))
    found = pilot.app.screen
    assert isinstance(found, CompareScreen)
    return found


async def compared_on(pilot: Pilot[None], model: str = "/beta.gguf", name: str = "beta") -> CompareScreen:
    """Compare the persona that is talked with with itself on another model, whose name begins so on the screen."""
    await columns_listed(pilot)
    await choose_model(pilot, model)
    await until(pilot, lambda: f"who answers the same on {name}" in words(pilot))
    await pilot.press("enter")
    await until(pilot, lambda: f"(portray) on {name}" in words(pilot))
    await pilot.press("enter")
    return await comparing(pilot)


async def replied(pilot: Pilot[None], compared: CompareScreen, messages: int = 2) -> None:
    columns = compared.comparison.columns
    await until(pilot, lambda: all(len(each.path) == messages and not each.replying for each in columns))


def on_two(corpus_file: Path, engine: Engine, other: Engine, **changes: object) -> Session:
    """A session that can open another engine by the name /beta.gguf."""
    return session(corpus_file, engine, others={"/beta.gguf": FakeLaunch(corpus_file, other)}, **changes)


async def alignment(path: Path, survey: str, context: Sequence[object], groups: Sequence[object]) -> float:
    """What a monitor of its own finds on a model that is opened for it alone."""
    engine = await LlamaEngine.open(path)
    try:
        alone = Monitor(engine, find_survey(survey), groups)  # type: ignore[arg-type]
        async with aclosing(alone.measure(context, None)) as estimates:  # type: ignore[arg-type]
            found = [estimate async for estimate in estimates][-1].scorecard
        assert found is not None
        assert found.scores.alignment is not None
        return found.scores.alignment.mean
    finally:
        await engine.close()


async def test_two_model_files_reply_are_measured_kept_and_taken_up_again_each_as_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CHAT_PERSONAS_HOME", str(tmp_path))
    monkeypatch.setattr(servers, "PORTS", {})
    models_directory().mkdir(parents=True)
    paths = [models_directory() / f"{name}.gguf" for name in ("alpha", "beta")]
    for seed, path in zip((2, 3), paths, strict=True):  # each of these begins its reply with a character, and no space
        write_tiny_model(path, seed=seed, context=1024)
    survey = write_survey(tmp_path / "town.json", many(20))
    (tmp_path / "short.toml").write_text(PERSONA)
    async with screen(Session(Launch(str(tmp_path / "short.toml"), "alpha", survey))) as pilot:
        compared = await compared_on(pilot, str(paths[1]))
        await pilot.press(*GUNS, "enter")
        await replied(pilot, compared)
        await until(
            pilot, lambda: all(each.figures.estimate and each.figures.estimate.complete for each in compared.columns)
        )
        columns = compared.comparison.columns
        titles = [str(each.query_one(".title", Static).content) for each in compared.columns]
        assert titles == ["Short on alpha", "Short on beta"]
        contexts = [each.context() for each in columns]
        shown = [each.figures.card.scores.alignment.mean for each in compared.columns]  # type: ignore[union-attr]

        await pilot.press("ctrl+right", "ctrl+right", "enter")  # go on with beta alone
        await until(pilot, lambda: chat(pilot).session.conversation.id == columns[1].id)  # type: ignore[union-attr]
        assert chat(pilot).status_line.model == "beta"
        await pilot.press("alt+c")  # now alpha is the other one, found by its name and hash
        again = await comparing(pilot)
        assert [each.engine.info.name for each in again.comparison.columns] == ["alpha", "beta"]
        assert [each.id for each in again.comparison.columns] == [each.id for each in columns]
    alone = [
        await alignment(path, survey, context, columns[0].persona.groups)
        for path, context in zip(paths, contexts, strict=True)
    ]
    assert shown == pytest.approx(alone, abs=1e-6)
    assert abs(alone[0] - alone[1]) > 0.001, "or the columns could not be told apart"
    with Corpus.open(corpus_path(), read_only=True) as corpus:
        kept = [corpus.conversation(each.id) for each in columns]
        assert [(row.model, row.model_sha256) for row in kept] == [recorded_as(str(path)) for path in paths]


async def test_the_same_model_is_opened_once_and_closed_with_the_screen(corpus_file: Path) -> None:
    engine, beta = ScreenEngine(reply("1")), Closing(reply("2"), reply("3"))
    opened = list[str]()

    class Counted(FakeLaunch):
        async def open_engine(self) -> Engine:
            opened.append("beta")
            return self.engine

    others = {"/beta.gguf": Counted(corpus_file, beta)}
    async with screen(session(corpus_file, engine, others=others)) as pilot:
        await columns_listed(pilot)
        for persona in ("(democrat", "(republican"):
            await choose_model(pilot, "/beta.gguf")
            await until(pilot, lambda: "on beta?" in words(pilot))
            await pilot.press(*persona, "enter")
        await pilot.press("enter")
        compared = await comparing(pilot)
        await pilot.press(*GUNS, "enter")
        await replied(pilot, compared)
        named = ("A Democrat on fake, a demonstration", "A Democrat on beta", "A Republican on beta")
        await until(pilot, lambda: all(said in words(pilot) for said in (*named, "1", "2", "3")))
        assert beta.closed == 0
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(pilot.app.screen, ChatScreen) and beta.closed == 1)
    assert opened == ["beta"]
    assert [len(each.asked) for each in (engine, beta)] == [1, 2]


async def test_escape_stops_the_opening_and_an_error_is_said_and_what_was_chosen_stays(
    corpus_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    never, beta = asyncio.Event(), Closing()
    by_script = opening(never, beta, EngineError("this is not a model"))

    class Slow(FakeLaunch):
        async def open_engine(self) -> Engine:
            return await by_script()

    others = {"/beta.gguf": Slow(corpus_file, beta)}
    monkeypatch.setattr(other_models, "LONG", 1)
    async with screen(session(corpus_file, ScreenEngine(), others=others)) as pilot:
        listed = await columns_listed(pilot)
        await pilot.press(*"(repub", "enter")
        await choose_model(pilot, "/beta.gguf")
        await until(pilot, lambda: isinstance(pilot.app.screen, OpeningScreen) and "Opening" in words(pilot))
        await until(pilot, lambda: re.search(r"… \d+ s\. Esc cancels\.", words(pilot)) is not None)
        await pilot.press("escape")
        await until(pilot, lambda: pilot.app.screen is listed)
        await pilot.press(*"another", "enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, ModelsScreen))
        await pilot.press(*"/beta.gguf", "enter")
        await until(pilot, lambda: pilot.app.screen is listed and "on beta?" in words(pilot))
        await pilot.press("escape")  # nobody is on it: it is closed
        await until(pilot, lambda: beta.closed == 1)
        await choose_model(pilot, "/beta.gguf")
        await until(pilot, lambda: "this is not a model" in words(pilot))
        assert pilot.app.screen is listed
        assert "A Democrat (portray) | A Republican (portray)" in words(pilot)


async def test_short_memory_is_said_before_a_model_is_opened(
    corpus_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = write_tiny_model(tmp_path / "beta.gguf")
    monkeypatch.setattr(other_models, "free_memory", lambda: 1_000_000)
    async with screen(
        session(corpus_file, ScreenEngine(), others={str(file): FakeLaunch(corpus_file, Closing())})
    ) as pilot:
        listed = await columns_listed(pilot)
        await choose_model(pilot, str(file))
        await until(pilot, lambda: isinstance(pilot.app.screen, ConfirmScreen))
        assert "and 1 MB are free: this machine may stall. Open it all the same?" in words(pilot)
        await pilot.press("n")
        await until(pilot, lambda: pilot.app.screen is listed and "the same?" in words(pilot))


def test_memory_is_short_only_where_both_figures_are_known_and_too_much_is_needed(tmp_path: Path) -> None:
    assert short_of_memory(2_000_000_000, 2_000_000_000) == ""
    assert short_of_memory(None, 1) == short_of_memory(1, None) == ""
    said = "It needs about 2.0 GB of memory, and 500 MB are free: this machine may stall."
    assert short_of_memory(2_000_000_000, 500_000_000) == said
    file = write_tiny_model(tmp_path / "m.gguf")
    needed = memory_needed(str(file), None)
    assert needed is not None
    assert needed > file.stat().st_size
    assert memory_needed("http://127.0.0.1:1/v1", None) is None
    assert memory_needed(str(tmp_path / "missing.gguf"), None) is None


@pytest.mark.parametrize(
    ("changes", "why"),
    [({"log_probabilities": "none"}, "cannot be measured"), ({"local": False}, "and you did not agree")],
)
async def test_a_column_whose_model_is_not_measured_says_why_and_the_others_are(
    corpus_file: Path, changes: dict[str, object], why: str
) -> None:
    beta = Closing(reply("2"), info=replace(BETA, **changes))  # type: ignore[arg-type]
    app = on_two(corpus_file, ScreenEngine(reply("1")), beta, measure=True, make_monitor=monitor)
    async with screen(app) as pilot:
        await columns_listed(pilot)
        await choose_model(pilot, "/beta.gguf")
        await until(pilot, lambda: "who answers the same on beta?" in words(pilot))
        await pilot.press("enter")
        await until(pilot, lambda: "A Democrat (portray) on beta" in words(pilot))
        await pilot.press("enter")
        if not beta.info.local:  # 62 questions in two orders, in one column
            await until(pilot, lambda: "up to 124 requests" in words(pilot))
            await pilot.press("n")
        compared = await comparing(pilot)
        await pilot.press(*GUNS, "enter")
        await replied(pilot, compared)
        await until(pilot, lambda: "Democrat: alignment" in words(pilot))
        lines = [str(each.query_one(".measured", Static).content) for each in compared.columns]
        assert lines[0].startswith("Democrat: alignment")
        assert why in " ".join(lines[1].split())
        assert beta.probed == 0


async def test_a_model_that_is_missing_is_named_and_another_one_or_none_can_be_taken(corpus_file: Path) -> None:
    async with screen(on_two(corpus_file, ScreenEngine(reply("1")), Closing(reply("2")))) as pilot:
        compared = await compared_on(pilot)
        await pilot.press(*GUNS, "enter")
        await replied(pilot, compared)
    first, second = (column.id for column in compared.comparison.columns)

    engine = ScreenEngine(reply("3"), reply("4"))
    async with screen(
        session(corpus_file, engine, resume=first, found=Found(files=(), servers=(), problems=()))
    ) as pilot:
        await pilot.press("alt+c")
        await until(pilot, lambda: isinstance(pilot.app.screen, ChoiceScreen))
        assert "A Democrat: the model beta was not found on this machine." in words(pilot)
        await pilot.press("l")  # with one column left there is nothing to compare
        await until(pilot, lambda: "fewer than two columns of this comparison have a model" in words(pilot))
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(pilot.app.screen, ChatScreen))
        await pilot.press("alt+c")
        await until(pilot, lambda: isinstance(pilot.app.screen, ChoiceScreen))
        await pilot.press("g")
        again = await comparing(pilot)
        await pilot.press(*"Why?", "enter")
        await replied(pilot, again, 4)
    with Corpus.open(corpus_file) as corpus:
        assert [message.text for message in branch_of(corpus, second)] == [GUNS, "2", "Why?", "4"]
        assert [corpus.last_model(key).name for key in (first, second)] == ["fake", "fake"]


async def test_a_server_that_only_the_corpus_names_is_not_asked_without_the_persons_consent(corpus_file: Path) -> None:
    info = replace(BETA, name="http://far.example:9/v1#beta", sha256=None, local=False)
    opened = list[str]()

    class Far(FakeLaunch):
        async def open_engine(self) -> Engine:
            opened.append(info.name)
            return self.engine

    others = {info.name: Far(corpus_file, Closing(reply("2"), info=info))}
    async with screen(session(corpus_file, ScreenEngine(reply("1")), others=others)) as pilot:
        compared = await compared_on(pilot, info.name, "http")
        await pilot.press(*GUNS, "enter")
        await replied(pilot, compared)
    assert opened == [info.name]
    first = compared.comparison.columns[0].id
    async with screen(session(corpus_file, ScreenEngine(), others=others, resume=first)) as pilot:
        for answer, times in (("n", 1), ("y", 2)):
            await pilot.press("alt+c")
            await until(pilot, lambda: isinstance(pilot.app.screen, ConfirmScreen) and "Connect?" in words(pilot))
            assert opened == [info.name]
            await pilot.press(answer)
            await until(pilot, lambda: isinstance(pilot.app.screen, ChoiceScreen | CompareScreen))
            assert len(opened) == times
            await pilot.press("escape")
            await until(pilot, lambda: isinstance(pilot.app.screen, ChatScreen))


async def test_one_goes_on_alone_with_the_model_of_the_column(corpus_file: Path) -> None:
    engine, beta = Closing(reply("1"), info=ScreenEngine().info), Closing(reply("2"), reply("More."))
    async with screen(on_two(corpus_file, engine, beta)) as pilot:
        compared = await compared_on(pilot)
        await pilot.press(*GUNS, "enter")
        await replied(pilot, compared)
        await pilot.press("ctrl+left", "enter")
        second = compared.comparison.columns[1].id
        await until(pilot, lambda: chat(pilot).session.conversation.id == second)  # type: ignore[union-attr]
        await until(pilot, lambda: engine.closed == 1)
        await type_text(pilot, "Why?")
        await until(pilot, lambda: "More." in words(pilot) and not chat(pilot).replies.busy)
        assert "another model" not in words(pilot)
        assert beta.closed == 0


async def test_one_goes_on_alone_also_while_the_conversation_that_is_left_waits_for_a_reply(corpus_file: Path) -> None:
    never = asyncio.Event()
    engine = Closing(reply("1"), ["Taxes", never, "!"], info=ScreenEngine().info)  # type: ignore[list-item]
    async with screen(on_two(corpus_file, engine, Closing(reply("2")))) as pilot:
        talk = chat(pilot)
        compared = await compared_on(pilot)
        await pilot.press(*GUNS, "enter")
        await replied(pilot, compared)
        talk.submitted("And taxes?")
        await until(pilot, lambda: talk.replies.busy)
        await pilot.press("ctrl+left", "enter")
        second = compared.comparison.columns[1].id
        await until(pilot, lambda: talk.session.conversation.id == second)  # type: ignore[union-attr]
        await pilot.press(*"Why?")
        await until(pilot, lambda: talk.composer.text == "Why?")


async def test_the_same_persona_debates_with_itself_on_another_model_and_both_are_measured_on_their_own(
    corpus_file: Path,
) -> None:
    engine, beta = ScreenEngine(reply("Less."), reply("No.")), Closing(reply("More."))
    app = on_two(corpus_file, engine, beta, measure=True, make_monitor=monitor)
    async with screen(app, (120, 40)) as pilot:
        await type_text(pilot, "/debate Guns?")
        await until(pilot, lambda: "A Democrat (democrat)" in words(pilot))
        await pilot.press("enter")  # the Democrat begins
        await choose_model(pilot, "/beta.gguf")
        await until(pilot, lambda: "who answers? On beta." in words(pilot))
        await pilot.press("enter")
        await until(pilot, lambda: "A Democrat and A Democrat on beta" in words(pilot))
        await pilot.press("1", "enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, DebateScreen))
        held = pilot.app.screen
        assert isinstance(held, DebateScreen)
        await until(pilot, lambda: held.debate.next_place is None and not held.busy)
        shown = words(pilot)
        assert "● A Democrat (on fake)" in shown
        assert "□ A Democrat (on beta)" in shown
        for name in ("fake", "beta"):
            assert f"(on {name}), compared with Democrat answers" in shown
        assert beta.probed == 2 * 124, "before its turn and after it, 62 questions in two orders"
        side = held.debate.sides[0].id
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(pilot.app.screen, ChatScreen) and beta.closed == 1)

    async with screen(session(corpus_file, ScreenEngine(reply("No."), reply("Yes.")), resume=side)) as pilot:
        await type_text(pilot, "/debate")
        await until(pilot, lambda: isinstance(pilot.app.screen, ChoiceScreen))
        assert "A Democrat: the model beta was not found on this machine." in words(pilot)
        assert "Leave it out" not in words(pilot)
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(pilot.app.screen, ChatScreen))
