"""The status line says what the machine is doing, and for how long it has been doing that."""

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest
from textual.widgets._footer import FooterKey

from chat_personas.monitor.monitor import Estimate
from chat_personas.monitor.round import Coverage
from chat_personas.tui.widgets.title_and_status import Doing, speed
from eval.engine import EngineInfo, Usage
from tests.fakes import END
from tests.tui.fakes import ScreenEngine, chat, monitor, reply, screen, session, shown, type_text, until, words


def test_seconds_count_from_when_the_same_began() -> None:
    times = iter([10.0, 12.9, 13.0, 15.0, 16.0])
    doing = Doing(lambda: next(times))
    assert doing.say("reading") == "reading…"
    assert doing.say("reading") == "reading… 3 s"  # to the nearest second
    assert doing.say("replying", "3 words") == "replying 3 words…"
    assert doing.say("replying", "9 words") == "replying 9 words… 2 s"
    assert doing.say("") == ""


def test_the_seconds_of_the_next_round_begin_with_it() -> None:
    times = iter([10.0, 79.0, 80.0, 83.0])
    doing = Doing(lambda: next(times))
    assert doing.say("measuring", "0 of 28", of=1) == "measuring 0 of 28…"
    assert doing.say("measuring", "27 of 28", of=1) == "measuring 27 of 28… 69 s"
    assert doing.say("measuring", "0 of 28", of=2) == "measuring 0 of 28…"
    assert doing.say("measuring", "3 of 28", of=2) == "measuring 3 of 28… 3 s"


@pytest.mark.parametrize(
    ("usage", "said"),
    [
        (Usage(30, 0, 41, seconds=2.5, first_token_seconds=0.5), "20 tokens/s"),
        (Usage(30, 0, 41, seconds=2.5), ""),
        (Usage(30, 0, None, seconds=2.5, first_token_seconds=0.5), ""),
        (Usage(30, 0, 1, seconds=0.5, first_token_seconds=0.5), ""),
        (None, ""),
    ],
)
def test_the_speed_is_that_of_the_tokens_after_the_first_one(usage: Usage | None, said: str) -> None:
    assert speed(usage) == said


@pytest.mark.parametrize(("engine", "waits"), [("llama", "reading…"), ("openai", "waiting for the server…")])
async def test_it_is_said_what_a_reply_waits_for_and_how_far_it_is(corpus_file: Path, engine: str, waits: str) -> None:
    begun, go_on = asyncio.Event(), asyncio.Event()
    model = ScreenEngine([begun, "Two words", go_on, END], info=EngineInfo("big", engine, log_probabilities="exact"))
    async with screen(session(corpus_file, model)) as pilot:
        await type_text(pilot, "Well?")
        await until(pilot, lambda: waits in shown(pilot).splitlines()[-2])
        begun.set()
        await until(pilot, lambda: "replying 2 words…" in shown(pilot).splitlines()[-2])
        go_on.set()
        await until(pilot, lambda: "…" not in shown(pilot).splitlines()[-2])


@pytest.mark.slow
async def test_it_is_said_how_many_questions_are_measured(corpus_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = ScreenEngine(reply("Yes."))
    async with screen(session(corpus_file, engine, measure=True, make_monitor=monitor)) as pilot:
        await until(pilot, lambda: chat(pilot).panel.estimate is not None)
        estimate = chat(pilot).panel.estimate
        assert estimate is not None
        await until(pilot, lambda: all(worker.is_finished for worker in chat(pilot).workers))

        still_measuring = asyncio.Event()
        chat(pilot).run_worker(still_measuring.wait(), group="measure")
        chat(pilot).panel.offer(replace(estimate, done=12, complete=False))
        await until(pilot, lambda: "measuring 12 of 62…" in shown(pilot).splitlines()[-2])
        still_measuring.set()
        await until(pilot, lambda: "measuring" not in shown(pilot).splitlines()[-2])


async def test_the_status_line_and_the_panel_count_in_step(corpus_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chat_personas.tui.chat.measuring.MeasuringController.enabled", True)
    async with screen(session(corpus_file, ScreenEngine()), (120, 40)) as pilot:
        asking = chat(pilot).run_worker(asyncio.Event().wait(), group="measure")
        panel, line = chat(pilot).panel, chat(pilot).status_line
        panel.offer(Estimate(None, 12, 62, complete=False))
        await until(pilot, lambda: "measuring… 12 of 62 questions" in shown(pilot))
        assert line.state.startswith("measuring 12 of 62…")
        panel.offer(Estimate(None, 12, 28, complete=False, coverage=Coverage(62, 24, 12), first_part=True))
        panel._show_due()
        await until(pilot, lambda: "measuring… 12 of the first 28 of 62 questions" in shown(pilot))
        assert line.state.startswith("measuring 12 of the first 28…")
        panel.offer(Estimate(None, 12, 62, complete=False))
        panel._show_due()
        await until(pilot, lambda: "measuring… 12 of 62 questions" in shown(pilot))
        panel._resting = True
        panel.offer(Estimate(None, 40, 62, complete=False, failed=2))
        chat(pilot)._show_doing()
        assert line.state.startswith("measuring 12 of 62…")  # the panel has not shown the newer one
        panel._show_due()
        await until(pilot, lambda: "measuring… 38 of 62 questions" in shown(pilot))
        assert line.state.startswith("measuring 38 of 62…")
        asking.cancel()


async def test_nothing_is_said_of_measuring_where_it_is_off(corpus_file: Path) -> None:
    async with screen(session(corpus_file, ScreenEngine())) as pilot:
        chat(pilot).run_worker(asyncio.Event().wait(), group="measure")
        chat(pilot).replies_changed()
        assert chat(pilot).status_line.state == ""


async def test_everything_can_be_had_by_mouse_from_the_key_line(corpus_file: Path) -> None:
    """The key line has the palette, and that has every command (`test_palette`)."""
    async with screen(session(corpus_file, ScreenEngine())) as pilot:
        (key,) = [each for each in pilot.app.screen.query(FooterKey) if each.description == "Commands"]
        await pilot.click(key)
        await until(pilot, lambda: "Search for commands" in shown(pilot))
        line = next(at for at, text in enumerate(shown(pilot).splitlines()) if "Ask the room one question" in text)
        await pilot.click(offset=(20, line))
        await until(pilot, lambda: "Ask the room: what?" in words(pilot))
