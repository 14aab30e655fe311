"""The screen can be left in every state and in every way: with its exit code, without a traceback, losing nothing.

`python -m benchmarks.leaving` does the same at random moments, and measures how long it takes.
"""

import asyncio
import signal
import threading
from pathlib import Path

import pytest

from benchmarks.leaving import STATES, WAYS, leave_once
from chat_personas.tui.app import ChatApp
from chat_personas.tui.leaving import UnwaitedThreads, in_time, run_unwaited
from tests.examples import slow_but_first
from tests.tui.fakes import ScreenEngine, chat, reply, screen, session, shown, type_text, until

SOME = [("reply", "sigterm"), ("nothing said yet", "ctrl+q"), ("measuring", "sighup")]
ALL = [(state, way) for state in STATES if not state.startswith("server") for way in WAYS]


@slow_but_first(("state", "way"), SOME)
def test_the_screen_is_left_with_its_exit_code_and_loses_nothing(tmp_path: Path, state: str, way: str) -> None:
    left = leave_once(state, way, tmp_path)
    assert left.fine, left


@pytest.mark.long
@pytest.mark.timeout(300)
@pytest.mark.parametrize(("state", "way"), [pair for pair in ALL if pair not in SOME])
def test_it_is_left_in_every_state_and_every_way(tmp_path: Path, state: str, way: str) -> None:
    left = leave_once(state, way, tmp_path)
    assert left.fine, left


def test_exit_codes_are_those_that_a_shell_reports() -> None:
    assert {way: code for way, (_, code) in WAYS.items() if code is not None} == {
        "sigint": 130,
        "sigterm": 143,
        "sighup": 129,
        "closed terminal": 129,
    }


async def test_what_fails_once_the_screen_is_being_left_does_not_make_it_an_error(corpus_file: Path) -> None:
    engine = ScreenEngine(reply("Yes."))
    async with screen(session(corpus_file, engine)) as pilot:
        await type_text(pilot, "Well?")
        await until(pilot, lambda: "Yes." in shown(pilot) and not chat(pilot).replies.busy)
        pilot.app.exit()
        pilot.app._handle_exception(LookupError("a widget that is gone"))
    assert pilot.app.return_code == 0
    assert isinstance(pilot.app, ChatApp)
    assert pilot.app.session.failure is None


async def test_a_mistake_before_that_is_one(corpus_file: Path) -> None:
    app = ChatApp(session(corpus_file, ScreenEngine()))
    mistake = LookupError("a mistake")
    with pytest.raises(LookupError, match="a mistake"):
        async with app.run_test():
            app._handle_exception(mistake)
    assert app.session.failure is mistake


async def test_a_model_that_does_not_close_is_not_waited_for(corpus_file: Path) -> None:
    engine = ScreenEngine()
    never = asyncio.Event()

    async def close() -> None:
        await never.wait()

    engine.close = close  # type: ignore[method-assign]
    async with screen(session(corpus_file, engine)) as pilot:
        await pilot.press("ctrl+q")
    assert pilot.app.return_code == 0


async def test_what_goes_wrong_in_closing_is_raised_and_what_does_not_end_is_left() -> None:
    async def fails() -> None:
        raise ValueError("a fault")

    with pytest.raises(ValueError, match="a fault"):
        await in_time(fails())
    await in_time(asyncio.Event().wait())


def test_a_thread_that_waits_for_ever_does_not_hold_the_end_of_a_command_up() -> None:
    go = threading.Event()

    async def ask() -> str:
        waiting = asyncio.ensure_future(asyncio.to_thread(go.wait))
        await asyncio.sleep(0)
        assert not waiting.done()
        return "done"

    try:
        assert run_unwaited(ask()) == "done"
    finally:
        go.set()


def test_work_that_has_not_begun_is_given_up() -> None:
    begun, go, done = threading.Event(), threading.Event(), list[int]()
    threads = UnwaitedThreads(max_workers=1)

    def work() -> None:
        begun.set()
        go.wait()

    threads.submit(work)
    later = threads.submit(done.append, 1)
    begun.wait()
    threads.shutdown()
    go.set()
    assert later.cancelled()
    assert done == []


def test_a_signal_that_is_ignored_stays_so() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        from chat_personas.tui.leaving import watch_for_the_end

        ended = list[int]()

        async def leave(code: int) -> None:
            ended.append(code)

        async def watch() -> None:
            watching = asyncio.create_task(watch_for_the_end(leave))
            await asyncio.sleep(0)
            signal.raise_signal(signal.SIGHUP)
            signal.raise_signal(signal.SIGTERM)
            signal.raise_signal(signal.SIGINT)
            await watching

        asyncio.run(watch())
        assert ended == [143]
    finally:
        signal.signal(signal.SIGHUP, before)
