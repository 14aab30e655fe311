"""After the screen has closed, one line says how to go on; where nothing was said, none does."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from chat_personas.cli import launch
from chat_personas.cli.launch import Launch, open_screen
from chat_personas.corpus import Corpus
from chat_personas.settings import Settings
from chat_personas.tui.app import ChatApp
from tests.tui.fakes import SECONDS, ScreenEngine, chat, reply, screen, session, shown, type_text, until

GO_ON = "chat-personas chat --resume "


async def test_the_command_names_the_conversation_that_was_left_by_its_short_name(corpus_file: Path) -> None:
    app = session(corpus_file, ScreenEngine(reply("Yes.")))
    async with screen(app) as pilot:
        await type_text(pilot, "Well?")
        await until(pilot, lambda: "Yes." in shown(pilot) and not chat(pilot).replies.busy)
        assert app.how_to_go_on is None, "it is open"
        assert app.conversation is not None
        key = app.conversation.id
    assert app.how_to_go_on is not None
    name = app.how_to_go_on.removeprefix(GO_ON)
    with Corpus.open(corpus_file, read_only=True) as corpus:
        assert corpus.conversation(name).id == key
        assert corpus.short_names()[key] == name


async def test_where_nothing_was_said_there_is_nothing_to_go_on_with(corpus_file: Path) -> None:
    app = session(corpus_file, ScreenEngine())
    async with screen(app):
        pass
    assert app.how_to_go_on is None


@pytest.mark.parametrize(
    ("given", "template", "more"),
    [
        (None, None, ""),
        ("pocket", None, ""),
        ("/models/my model.gguf", None, " --model '/models/my model.gguf'"),
        ("https://user:hunter2@lab.example.org/v1#qwen3", None, " --model 'https://lab.example.org/v1#qwen3'"),
        ("pocket", "chatml", " --model pocket --template chatml"),
    ],
)
def test_the_model_is_named_only_where_the_settings_name_another(
    corpus_file: Path, given: str | None, template: str | None, more: str
) -> None:
    left = session(corpus_file, ScreenEngine(), model=given, template=template)
    left.settings, left.left = Settings(model="pocket"), "k3v9qx"
    assert left.how_to_go_on == f"{GO_ON}k3v9qx{more}"


@pytest.mark.parametrize(("name", "says"), [("k3v9qx", f"Go on with: {GO_ON}k3v9qx\n"), (None, "")])
def test_it_is_said_on_standard_output_however_the_screen_was_left(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path, name: str | None, says: str
) -> None:
    def interrupted(make: Callable[[], ChatApp]) -> int:
        make().session.left = name
        raise KeyboardInterrupt

    monkeypatch.setenv("CHAT_PERSONAS_HOME", str(tmp_path))
    monkeypatch.setattr(launch, "run_on_screen", interrupted)
    monkeypatch.setattr("chat_personas.tui.leaving.terminal_gone", lambda: False)
    with pytest.raises(KeyboardInterrupt):
        open_screen(Launch())
    assert capsys.readouterr().out == says


async def test_the_program_ends_while_a_slow_disk_is_being_read(corpus_file: Path) -> None:
    app = session(corpus_file, ScreenEngine(reply("Yes.")))
    async with asyncio.timeout(SECONDS), screen(app) as pilot:
        await type_text(pilot, "Well?")
        await until(pilot, lambda: "Yes." in shown(pilot) and not chat(pilot).replies.busy)
        assert app.corpus is not None
        assert app.conversation is not None
        reading, key = app.corpus._connections.reading(), app.conversation.id
        reading.__enter__()
        await pilot.press("ctrl+q")
    reading.__exit__(None, None, None)
    assert app.how_to_go_on == f"{GO_ON}{key}", "the whole key names it where the short names cannot be read in time"
