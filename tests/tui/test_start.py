"""The screen comes up before anything heavy is loaded, and the program ends well whatever fails."""

import asyncio
import fcntl
import os
import pty
import select
import sqlite3
import struct
import subprocess
import sys
import termios
import threading
from collections.abc import Sequence
from pathlib import Path

import pytest
from textual.pilot import Pilot

from chat_personas.cli.errors import BAD_INPUT
from chat_personas.corpus import Corpus, CorpusError
from chat_personas.settings import Settings
from chat_personas.tui.app import ChatApp
from chat_personas.tui.chat import screen as chat_screen
from chat_personas.tui.chat.screen import ChatScreen
from chat_personas.tui.drawing import INVITATION
from chat_personas.tui.leaving import HUNG_UP
from chat_personas.tui.screens.help import HelpScreen
from chat_personas.tui.widgets.panel.headline import Headline
from eval.engine import EngineError
from personas import PersonaError, load_persona
from tests.tui.fakes import SECONDS, ScreenEngine, chat, opening, reply, screen, session, shown, type_text, until, words

ROOT = Path(__file__).parents[2]
HEAVY = ("numpy", "scipy", "openai", "llama_cpp", "sqlite_utils", "pydantic", "markdown_it", "personas", "eval")


def test_the_screen_imports_nothing_heavy_before_it_is_painted() -> None:
    code = f"import sys, chat_personas.tui.app; print([name for name in {HEAVY} if name in sys.modules])"

    found = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)

    assert found.stdout.strip() == "[]"


async def test_a_model_that_does_not_open_is_named_and_can_be_tried_again(corpus_file: Path) -> None:
    engine = ScreenEngine(reply("Here I am."))
    open_engine = opening(EngineError("the server does not answer; start it"), engine)
    async with screen(session(corpus_file, engine, open_engine=open_engine), ready=False) as pilot:
        await until(pilot, lambda: "the server does not answer; start it" in shown(pilot))
        await type_text(pilot, "Anyone?")
        await until(pilot, lambda: "not sent: there is no model" in shown(pilot))
        assert isinstance(chat(pilot).session.failure, EngineError)

        await pilot.press("ctrl+r")
        await until(pilot, lambda: "Here I am." in shown(pilot))
        assert chat(pilot).session.failure is None


async def test_a_message_says_what_it_waits_for_while_there_is_no_model(corpus_file: Path) -> None:
    there, again, engine = asyncio.Event(), asyncio.Event(), ScreenEngine(reply("Here."), reply("Yes."))
    open_engine = opening(there, EngineError("cannot reach it"), again, engine)
    async with screen(session(corpus_file, engine, open_engine=open_engine), ready=False) as pilot:
        await type_text(pilot, "First?")
        await until(pilot, lambda: "waiting for the model; sent as soon as possible" in words(pilot))
        there.set()
        await until(pilot, lambda: "cannot reach it (F5 tries again)" in words(pilot))
        await type_text(pilot, "Second?")
        says = "not sent: there is no model; F5 tries to open it again"
        await until(pilot, lambda: words(pilot).count(says) == 2)
        assert "as soon as possible" not in words(pilot)
        await pilot.press("f5")
        await until(pilot, lambda: words(pilot).count("waiting for the model; sent as soon as possible") == 2)
        again.set()
        await until(pilot, lambda: "Here." in words(pilot) and "Yes." in words(pilot))


async def test_a_persona_that_is_picked_while_there_is_no_model_is_shown_and_kept(corpus_file: Path) -> None:
    engine = ScreenEngine(reply("Here I am."))
    open_engine = opening(EngineError("the server does not answer"), engine)
    async with screen(session(corpus_file, engine, open_engine=open_engine), ready=False) as pilot:
        await until(pilot, lambda: "the server does not answer" in shown(pilot))
        chat(pilot).enter(None, load_persona("republican"))
        await until(pilot, lambda: shown(pilot).startswith(" A Republican"))
        await pilot.press("ctrl+r")
        await type_text(pilot, "Anyone?")
        await until(pilot, lambda: "Here I am." in shown(pilot))
        assert shown(pilot).startswith(" A Republican")
    assert "Republican" in engine.asked[-1][0].content


@pytest.mark.parametrize("error", [PersonaError("there is no persona x"), CorpusError("the disk is full")])
def test_what_leaves_nothing_to_do_ends_the_program_with_its_error(corpus_file: Path, error: Exception) -> None:
    def fail(*_: object) -> None:
        raise error

    place = {"load_persona": fail} if isinstance(error, PersonaError) else {"open_corpus": fail}
    app = ChatApp(session(corpus_file, ScreenEngine(), **place))

    with pytest.raises(type(error), match=str(error)):
        app.run(headless=True)


@pytest.mark.slow
async def test_the_validated_settings_take_the_place_of_their_preview(corpus_file: Path) -> None:
    wanted = Settings(keys={"help": "alt+k"}, theme="nord", measure=False)
    preview = session(corpus_file, ScreenEngine(), measure=True, theme="dracula", validated=wanted)

    async with screen(preview) as pilot:
        assert pilot.app.theme == "nord"
        assert not chat(pilot).measuring.wanted
        await pilot.press("alt+k")
        await until(pilot, lambda: isinstance(pilot.app.screen, HelpScreen))
        assert "alt+k " in next(line for line in shown(pilot).splitlines() if " help " in line)


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ("[keys]\nstop = 5\n", b"keys.stop is not valid; write text in double quotes"),
        pytest.param('keys = "ctrl+x"\n', b"keys is not valid; write a table, such as [keys]", marks=pytest.mark.slow),
    ],
)
def test_keys_of_the_wrong_type_in_the_settings_end_the_command_with_one_line_and_exit_code_2(
    tmp_path: Path, settings: str, says: bytes
) -> None:
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "settings.toml").write_text(settings)
    command = [sys.executable, "-m", "chat_personas", "democrat"]
    pid, terminal = in_terminal(command, CHAT_PERSONAS_HOME=str(tmp_path))

    drawn = read_to_the_end(terminal)
    _, status = os.waitpid(pid, 0)

    assert os.waitstatus_to_exitcode(status) == BAD_INPUT
    assert b"chat-personas: " in drawn
    assert says in b" ".join(drawn.split())
    assert b"Traceback" not in drawn


async def test_the_person_can_type_while_the_corpus_waits_for_another_program(corpus_file: Path) -> None:
    go = threading.Event()

    def open_corpus() -> Corpus:
        assert go.wait(SECONDS)
        return Corpus.open(corpus_file)

    opening = session(corpus_file, ScreenEngine(reply("Here I am.")), open_corpus=open_corpus)
    async with screen(opening, ready=False) as pilot:
        await type_text(pilot, "Anyone?")
        await until(pilot, lambda: "waiting for the model" in shown(pilot))
        go.set()
        await until(pilot, lambda: "Here I am." in shown(pilot))


async def test_a_server_that_is_opened_for_long_has_its_longest_wait_beside_it_until_it_answers(
    corpus_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chat_screen, "LONG", 0)
    go, engine = asyncio.Event(), ScreenEngine()
    waits = "at most 600 s"
    slow = session(corpus_file, engine, open_engine=opening(go, engine), longest_wait=waits)
    async with screen(slow, ready=False) as pilot:
        await until(pilot, lambda: f" s · {waits}" in shown(pilot))
        go.set()
        await until(pilot, lambda: waits not in shown(pilot))


async def test_a_corpus_that_is_still_being_opened_when_the_person_leaves_is_closed(corpus_file: Path) -> None:
    go, opened = threading.Event(), list[Corpus]()

    def open_corpus() -> Corpus:
        assert go.wait(SECONDS)
        opened.append(Corpus.open(corpus_file))
        return opened[0]

    async with screen(session(corpus_file, ScreenEngine(), open_corpus=open_corpus), ready=False) as pilot:
        await until(pilot, lambda: chat(pilot).session.persona is not None)
        await pilot.press("ctrl+q")
        go.set()

    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        opened[0].conversations()


@pytest.mark.parametrize("hangup", ["default", pytest.param("ignored", marks=pytest.mark.slow)])
def test_when_the_terminal_is_gone_the_program_keeps_what_was_said_and_ends(corpus_file: Path, hangup: str) -> None:
    program = [sys.executable, str(Path(__file__).with_name("real_terminal.py")), str(corpus_file), hangup]
    pid, terminal = in_terminal(program)
    read_until(terminal, b"guns?")
    os.write(terminal, b"Well?\r")
    read_until(terminal, b"Half a sentence")

    os.close(terminal)
    _, status = os.waitpid(pid, 0)

    assert os.waitstatus_to_exitcode(status) == HUNG_UP
    with Corpus.open(corpus_file, read_only=True) as corpus:
        leaf = corpus.conversation(corpus.conversations()[0].id).active_leaf_id
        assert leaf is not None
        assert [(row.text, row.status) for row in corpus.branch(leaf)] == [
            ("Well?", "complete"),
            ("Half a sentence", "stopped"),
        ]


def in_terminal(program: Sequence[str], **environment: str) -> tuple[int, int]:
    """Start a program in a terminal of its own; return its process and the terminal's other end."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.environ |= {"TERM": "xterm-256color", "PYTHONPATH": str(ROOT), **environment}
        os.execv(program[0], program)
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 30, 160, 0, 0))
    return pid, terminal


def read_to_the_end(terminal: int) -> bytes:
    """Read what the program draws until it has left the terminal."""
    drawn = b""
    while select.select([terminal], [], [], 60)[0]:
        try:
            drawn += os.read(terminal, 65536)
        except OSError:  # how Linux says that nobody is at the other end any more
            return drawn
    raise AssertionError(f"the program did not end; the last was {drawn[-500:]!r}")


def read_until(terminal: int, words: bytes) -> None:
    """Read what the program draws until `words` are among it."""
    drawn = b""
    while words not in drawn:
        ready, _, _ = select.select([terminal], [], [], 20)
        assert ready, f"{words!r} was never drawn; the last was {drawn[-500:]!r}"
        drawn += os.read(terminal, 65536)


async def test_what_is_typed_before_the_conversation_is_drawn_is_not_lost(corpus_file: Path) -> None:
    app = ChatApp(session(corpus_file, ScreenEngine(reply("Here I am."))))
    async with app.run_test() as pilot:
        assert INVITATION in shown(pilot)
        await pilot.press(*"Anyone?", "enter")

        await until(pilot, lambda: "Here I am." in shown(pilot))
        assert "Anyone?" in shown(pilot)


def test_a_mistake_ends_the_screen_without_a_traceback_which_goes_to_the_log(
    corpus_file: Path, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    app = ChatApp(session(corpus_file, ScreenEngine(["Half a sentence", ZeroDivisionError("a mistake")])))

    async def talk(pilot: Pilot[None]) -> None:
        await until(pilot, lambda: isinstance(app.screen, ChatScreen) and app.session.conversation is not None)
        await type_text(pilot, "Well?")

    with pytest.raises(ZeroDivisionError):
        app.run(headless=True, auto_pilot=talk)

    assert "Traceback" not in capfd.readouterr().err
    assert "Traceback" in caplog.text
    with Corpus.open(corpus_file, read_only=True) as corpus:
        leaf = corpus.conversation(corpus.conversations()[0].id).active_leaf_id
        assert leaf is not None
        assert [row.text for row in corpus.branch(leaf)] == ["Well?", "Half a sentence"]


async def test_the_group_is_named_while_the_model_opens(corpus_file: Path) -> None:
    open_engine = opening(asyncio.Event())
    async with screen(session(corpus_file, ScreenEngine(), open_engine=open_engine), ready=False) as pilot:
        await until(pilot, lambda: pilot.app.session.persona is not None)  # type: ignore[attr-defined]
        headline = pilot.app.screen.query_one(Headline)
        assert headline.draw(40).plain.partition("\n")[0] in ("", "Democrat")  # nothing is said before it is known
        await until(pilot, lambda: headline.draw(40).plain.partition("\n")[0] == "Democrat")
