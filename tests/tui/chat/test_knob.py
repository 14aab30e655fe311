"""The knob on the screen: what is on is shown, a turn measures again, and what cannot be turned says why."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from threading import Event

import pytest

from chat_personas.steering.direction_file import kept_directions
from eval.engine import EngineInfo, Piece
from eval.interventions import Interventions
from personas import LoadedPersona, load_persona
from tests.fakes import FakeEngine
from tests.steering.directions import inside, keep_random_direction
from tests.tui.fakes import ScreenEngine, chat, monitor, reply, screen, session, type_text, until, words


class SteerableEngine(ScreenEngine):
    """Names its interventions in its `info`; all settings share the script of the model."""

    def __init__(self, *scripts: Sequence[str | Piece]) -> None:
        super().__init__(*scripts, info=replace(FakeEngine().info, log_probabilities="exact"))

    def steered(self, interventions: Interventions) -> "SteerableEngine":
        under = SteerableEngine()
        under._scripts = self._scripts
        under._screen_info = replace(self.info, interventions=tuple(each.key for each in interventions))
        return under


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHAT_PERSONAS_HOME", str(tmp_path / "home"))


@pytest.fixture
def direction(home: None) -> EngineInfo:
    """The direction `party`, kept for the model of the screen."""
    keep_random_direction(FakeEngine().info)
    return FakeEngine().info


def load(name: str | None = None) -> LoadedPersona:
    """The persona that begins at +0.50, and those of the library."""
    if name is not None:
        return load_persona(name)
    return LoadedPersona(inside(activation={"direction": "party", "strength": 0.5}), Path("inside.toml"), "ab" * 32)


async def test_a_strength_can_be_written(corpus_file: Path, direction: EngineInfo) -> None:
    opened = session(corpus_file, SteerableEngine(), load_persona=load)
    async with screen(opened) as pilot:
        await type_text(pilot, "/steer")
        await until(pilot, lambda: "Inside the model: party +0.50." in words(pilot))
        await type_text(pilot, "/steer -1.25")
        await until(pilot, lambda: "A Democrat · party -1.25" in words(pilot))
        await type_text(pilot, "/steer off")
        await until(pilot, lambda: "A Democrat · party off" in words(pilot))
        await type_text(pilot, "/steer more")
        await until(pilot, lambda: 'takes a strength such as 0.5, on or off, and not "more"' in words(pilot))


async def test_what_is_on_stands_in_the_title_and_is_turned_by_keys(corpus_file: Path, direction: EngineInfo) -> None:
    opened = session(corpus_file, SteerableEngine(reply("Yes.")), load_persona=load)
    async with screen(opened) as pilot:
        await until(pilot, lambda: "A Democrat · party +0.50" in words(pilot))
        await pilot.press("alt+up")
        await until(pilot, lambda: "A Democrat · party +0.75" in words(pilot))
        await pilot.press("ctrl+down", "alt+down", "alt+down", "alt+down")
        await until(pilot, lambda: "A Democrat · party -0.25" in words(pilot))
        await type_text(pilot, "Guns?")
        await until(pilot, lambda: "Yes." in words(pilot))
        assert opened.conversation is not None
        assert opened.corpus is not None
        made = opened.corpus.generation(opened.conversation.path[-1].id)
        assert made is not None
        assert [key.rsplit(", ", 1)[1] for key in made.interventions] == ["strength -0.25"]


async def test_a_turn_measures_the_same_conversation_again_under_the_new_setting(
    corpus_file: Path, direction: EngineInfo
) -> None:
    opened = session(corpus_file, SteerableEngine(reply("Yes.")), load_persona=load, measure=True, make_monitor=monitor)
    async with screen(opened) as pilot:
        panel = chat(pilot).panel
        await until(pilot, lambda: panel.estimate is not None and panel.estimate.complete)
        await type_text(pilot, "Guns?")
        await until(pilot, lambda: panel.estimate is not None and panel.estimate.turn == 1 and panel.estimate.complete)
        assert opened.conversation is not None
        assert opened.corpus is not None
        said = opened.conversation.context()
        corpus, key = opened.corpus, opened.conversation.id
        await pilot.press("alt+up")
        await until(pilot, lambda: len(corpus.measurements(key)) == 3)
        rows = corpus.measurements(key)
        assert [row.interventions[0].rsplit(" ", 1)[1] for row in rows] == ["0.5", "0.5", "0.75"]
        assert rows[1].message_id == rows[2].message_id == opened.conversation.path[-1].id
        assert opened.conversation.context() == said


async def test_a_persona_of_the_library_is_turned_along_its_direction(corpus_file: Path, direction: EngineInfo) -> None:
    async with screen(session(corpus_file, SteerableEngine())) as pilot:
        await pilot.press("alt+up")
        await until(pilot, lambda: "A Democrat · party +0.25" in words(pilot))
        await pilot.press("f3")
        await until(pilot, lambda: "The model is steered from inside: party +0.25" in words(pilot))


async def test_while_a_direction_is_looked_for_the_status_line_says_so(
    corpus_file: Path, direction: EngineInfo, monkeypatch: pytest.MonkeyPatch
) -> None:
    let_go = Event()

    def slow() -> list[Path]:
        assert let_go.wait(30)
        return kept_directions()

    monkeypatch.setattr("chat_personas.steering.applied.kept_directions", slow)
    async with screen(session(corpus_file, SteerableEngine())) as pilot:
        await pilot.press("alt+up")
        try:
            await until(pilot, lambda: "looking for a direction" in words(pilot))
        finally:
            let_go.set()
        await until(pilot, lambda: "A Democrat · party +0.25" in words(pilot))
        await until(pilot, lambda: "looking for a direction" not in words(pilot))


async def test_asked_what_is_on_where_nothing_is_it_says_how_to_turn_something_on(
    corpus_file: Path, direction: EngineInfo
) -> None:
    async with screen(session(corpus_file, SteerableEngine()), (160, 40)) as pilot:
        await type_text(pilot, "/steer")
        await until(pilot, lambda: "Inside the model: nothing; /steer 0.5 turns party" in words(pilot))


async def test_a_persona_without_a_direction_is_told_how_to_train_one(corpus_file: Path) -> None:
    async with screen(session(corpus_file, SteerableEngine()), (160, 40)) as pilot:
        await pilot.press("alt+up")
        await until(pilot, lambda: "--positive democrat --negative republican" in words(pilot))
        await pilot.press("alt+up")
        turns = [worker for worker in pilot.app.workers if worker.group == "knob"]
        await pilot.app.workers.wait_for_complete(turns)
        await pilot.pause()
        assert words(pilot).count("has no direction for this model") == 1
        assert "A Democrat ·" not in words(pilot)


async def test_a_persona_whose_direction_is_missing_leaves_the_conversation_open(
    corpus_file: Path, direction: EngineInfo
) -> None:
    def load_without(name: str | None = None) -> LoadedPersona:
        if name is None:
            return load_persona("democrat")
        return LoadedPersona(inside(activation={"direction": "nowhere"}), Path("inside.toml"), "ab" * 32)

    opened = session(corpus_file, SteerableEngine(), load_persona=load_without)
    async with screen(opened, (160, 40)) as pilot:
        before = opened.conversation
        chat(pilot).enter(None, load_without("inside"))
        await until(pilot, lambda: 'there is no direction "nowhere"' in words(pilot))
        assert opened.conversation is before
