"""Keys have an order: what is typed after a key that opens a screen belongs to that screen, however late that comes."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from textual.events import Key
from textual.pilot import Pilot
from textual.widgets import Input, TextArea

from chat_personas.conversation.commands import COMMANDS
from chat_personas.tui.chat.commands import OPEN_A_SCREEN
from chat_personas.tui.chat.screen import ChatScreen
from chat_personas.tui.palette import Palette
from chat_personas.tui.screens.conversations import ConversationsScreen
from chat_personas.tui.screens.dialogs import ConfirmScreen
from tests.tui.fakes import ScreenEngine, chat, reply, screen, session, shown, type_text, until

NAMES = {" ": "space", "/": "slash", "-": "minus", "\r": "enter"}
NO_TEXT = frozenset({"whole", "prompt", "rate", "explain", "large-print", "delete", "help"})
"""Commands that open a screen on which nothing is written."""
ASKED_FIRST = frozenset({"delete"})
"""Commands that open a question: what is typed on is written in the text behind it."""
ON_SCREEN = sorted(name for name, each in COMMANDS.items() if each.on("screen") and name not in ("quit", "editor"))


def burst(pilot: Pilot[None], *keys: str) -> None:
    """Press all keys before the first of them is looked at; what is no single character is the name of a key."""
    for key in keys:
        named = NAMES.get(key, key)
        pilot.app.post_message(Key(named, key if len(key) == 1 else "\r" if key == "enter" else None))


class SlowDisk:
    """A disk, and everything else that is read in threads, that gives nothing until it is let go."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._goes = threading.Event()
        self._goes.set()
        to_thread = asyncio.to_thread

        async def read(work: Callable[..., object], *arguments: object, **options: object) -> object:
            await to_thread(self._goes.wait)
            return await to_thread(work, *arguments, **options)

        monkeypatch.setattr(asyncio, "to_thread", read)

    def stop(self) -> None:
        self._goes.clear()

    def go(self) -> None:
        self._goes.set()


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Some of the commands write a file, such as that of a persona."""
    monkeypatch.setenv("CHAT_PERSONAS_HOME", str(tmp_path / "home"))


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> "SlowDisk":
    return SlowDisk(monkeypatch)


@asynccontextmanager
async def talking(corpus_file: Path) -> AsyncIterator[Pilot[None]]:
    """A screen on which one message was said and replied to."""
    async with screen(session(corpus_file, ScreenEngine(reply("Ban them."), reply("More.")))) as pilot:
        await type_text(pilot, "About guns?")
        await until(pilot, lambda: "Ban them." in shown(pilot) and not chat(pilot).replies.busy)
        yield pilot


def said(pilot: Pilot[None]) -> list[str]:
    return [entry.text for entry in chat(pilot).transcript.own()]


def written(pilot: Pilot[None]) -> str:
    """What stands in the text of the screen that is in front, if it is not the conversation's."""
    focused = None if isinstance(pilot.app.screen, ChatScreen) else pilot.app.screen.focused
    if isinstance(focused, TextArea):
        return focused.text
    return focused.value if isinstance(focused, Input) else ""


@pytest.mark.slow
@pytest.mark.parametrize("name", ON_SCREEN)
async def test_the_table_of_commands_that_open_a_screen_has_exactly_those(corpus_file: Path, name: str) -> None:
    async with talking(corpus_file) as pilot:
        chat(pilot).do(name)
        await pilot.pause()
        asking = [each for each in chat(pilot).workers if each.group == "ask" and not each.is_finished]
        if asking or name in OPEN_A_SCREEN:
            await until(pilot, lambda: not isinstance(pilot.app.screen, ChatScreen))
        assert isinstance(pilot.app.screen, ChatScreen) == (name not in OPEN_A_SCREEN)


WAYS = [
    pytest.param(name, way, marks=[pytest.mark.slow] if way == "written" and COMMANDS[name].keys else [])
    for name in sorted(OPEN_A_SCREEN)
    for way in ("key", "written")
    if way == "written" or COMMANDS[name].keys
]


@pytest.mark.parametrize(("name", "way"), WAYS)
async def test_what_is_typed_at_once_after_opening_a_screen_stands_there_and_is_never_a_message(
    corpus_file: Path, disk: SlowDisk, name: str, way: str
) -> None:
    async with talking(corpus_file) as pilot:
        disk.stop()
        opening = [COMMANDS[name].keys.split(",")[0]] if way == "key" else [*f"/{name}", "enter"]
        burst(pilot, *opening, *"tvw")
        await pilot.pause()
        disk.go()
        await until(pilot, lambda: not isinstance(pilot.app.screen, ChatScreen))
        if name not in NO_TEXT:
            await until(pilot, lambda: "tvw" in written(pilot))
        burst(pilot, "enter")
        await pilot.pause()
        assert chat(pilot).composer.text == ("tvw" if name in ASKED_FIRST else "")
        assert said(pilot) == ["About guns?"]


async def test_a_burst_goes_through_all_steps_of_a_choice(corpus_file: Path, disk: SlowDisk) -> None:
    async with talking(corpus_file) as pilot:
        disk.stop()
        typed = "/debate Taxes\rrepublican\rindependent"
        burst(pilot, *typed)
        await pilot.pause()
        disk.go()
        await until(pilot, lambda: "Debate: who answers?" in shown(pilot) and written(pilot) == "independent")
        assert said(pilot) == ["About guns?"]


async def test_words_that_are_typed_on_answer_no_question_and_are_in_the_text_when_it_is_answered(
    corpus_file: Path, disk: SlowDisk
) -> None:
    async with talking(corpus_file) as pilot:
        disk.stop()
        burst(pilot, "ctrl+g", *"a republican", "enter", *"no guns", "enter")
        await pilot.pause()
        disk.go()
        await until(pilot, lambda: "A new conversation; this one is kept" in shown(pilot))
        await until(pilot, lambda: chat(pilot).composer.text == "no guns")
        conversation = chat(pilot).session.conversation
        assert conversation is not None
        assert conversation.persona.name == "democrat"
        assert said(pilot) == ["About guns?"]

        await pilot.press("g")
        await until(pilot, lambda: "A Republican" in shown(pilot).splitlines()[0])
        assert chat(pilot).composer.text == "no guns"


async def test_words_that_are_typed_on_delete_nothing(corpus_file: Path, disk: SlowDisk) -> None:
    async with talking(corpus_file) as pilot:
        disk.stop()
        burst(pilot, *"/delete\ryes")
        await pilot.pause()
        disk.go()
        await until(pilot, lambda: isinstance(pilot.app.screen, ConfirmScreen))
        await until(pilot, lambda: chat(pilot).composer.text == "yes")
        await pilot.press("escape")
        assert said(pilot) == ["About guns?"]


async def test_words_for_a_screen_that_does_not_come_are_kept_and_not_sent(corpus_file: Path) -> None:
    async with screen(session(corpus_file, ScreenEngine(reply("Hi.")))) as pilot:
        burst(pilot, *"/jump\rabc\r")
        await until(pilot, lambda: chat(pilot).composer.text == "abc")
        await pilot.pause()
        assert said(pilot) == []

        await pilot.press("enter")
        await until(pilot, lambda: said(pilot) == ["abc"])


async def test_where_no_screen_is_asked_for_a_burst_is_sent(corpus_file: Path, disk: SlowDisk) -> None:
    async with screen(session(corpus_file, ScreenEngine(reply("Hi.")))) as pilot:
        disk.stop()
        burst(pilot, *"/persona republican\rHello\r")
        await pilot.pause()
        disk.go()
        await until(pilot, lambda: said(pilot) == ["Hello"])


async def test_what_is_said_while_another_conversation_is_opened_is_sent_there(
    corpus_file: Path, disk: SlowDisk
) -> None:
    async with talking(corpus_file) as pilot:
        before = chat(pilot).session.conversation
        disk.stop()
        chat(pilot).enter(None)
        await until(pilot, lambda: not chat(pilot).replies.busy)
        chat(pilot).submitted("What about taxes?")
        await pilot.pause()
        disk.go()
        await until(pilot, lambda: said(pilot) == ["What about taxes?"] and "More." in shown(pilot))
        assert before is not None
        assert [message.text for message in before.path] == ["About guns?", "Ban them."]
        assert chat(pilot).composer.text == ""


async def test_ctrl_c_and_ctrl_q_do_not_wait_for_a_screen(corpus_file: Path, disk: SlowDisk) -> None:
    async with talking(corpus_file) as pilot:
        disk.stop()
        burst(pilot, "ctrl+g", *"abc", "ctrl+c")
        await until(pilot, lambda: "Press Ctrl+C again" in shown(pilot))
        burst(pilot, "ctrl+q")
        await until(pilot, lambda: pilot.app._exit)
        disk.go()


async def test_ctrl_q_does_not_wait_for_the_lines_of_a_list(corpus_file: Path, disk: SlowDisk) -> None:
    async with talking(corpus_file) as pilot:
        disk.stop()
        burst(pilot, "ctrl+o")
        await until(pilot, lambda: isinstance(pilot.app.screen, ConversationsScreen))
        burst(pilot, "enter", "ctrl+q")
        await until(pilot, lambda: pilot.app._exit)
        disk.go()


async def test_enter_in_the_palette_takes_what_fits_all_that_was_typed(corpus_file: Path) -> None:
    async with talking(corpus_file) as pilot:
        burst(pilot, "ctrl+p", *"choose a theme")
        await until(pilot, lambda: isinstance(pilot.app.screen, Palette) and written(pilot) == "choose a theme")
        burst(pilot, *["backspace"] * 14, *"theme dracula", "enter", *"Hello")
        await until(pilot, lambda: chat(pilot).composer.text == "Hello")
        assert pilot.app.theme == "dracula"


async def test_a_command_of_the_palette_that_opens_a_screen_has_what_is_typed_after_it(corpus_file: Path) -> None:
    async with talking(corpus_file) as pilot:
        burst(pilot, "ctrl+p", *"choose another persona", "enter", *"black")
        await until(pilot, lambda: "Choose a persona" in shown(pilot) and written(pilot) == "black")
        assert said(pilot) == ["About guns?"]
