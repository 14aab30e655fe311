"""What stands on the panel says of which message it is, or is not there."""

import asyncio
import re
import threading
from collections.abc import AsyncGenerator, Sequence
from pathlib import Path

import pytest
from textual.pilot import Pilot

from chat_personas.conversation.conversation import Conversation
from chat_personas.corpus import Corpus, MessageRow
from chat_personas.monitor.monitor import Monitor
from eval.engine import Engine, EngineError, Message, Probe, ProbeScore
from personas import Persona, load_persona
from tests.conversation.test_versions import heard
from tests.corpus.export.participants import take_part
from tests.corpus.making import branch_of, conversation_row, talk
from tests.examples import slow_but_first
from tests.fakes import END, FakeEngine
from tests.tui.chat.test_long_conversation import PERSONA
from tests.tui.fakes import (
    SECONDS,
    ScreenEngine,
    chat,
    edit_last,
    monitor,
    opening,
    reply,
    screen,
    session,
    shown,
    type_text,
    until,
    words,
)

TALL, SMALL = (120, 90), (80, 24)
OFF = "not measuring (F4 starts it)"


def measured(pilot: Pilot[None], turn: int) -> bool:
    estimate = chat(pilot).panel.estimate
    return estimate is not None and estimate.complete and estimate.turn == turn and not chat(pilot).replies.busy


async def said_and_measured(pilot: Pilot[None], text: str, turn: int) -> None:
    await type_text(pilot, text)
    await until(pilot, lambda: measured(pilot, turn))


async def test_the_panel_names_the_turn_of_its_figures(corpus_file: Path) -> None:
    engine = ScreenEngine(reply("Yes."), reply("No."))
    async with screen(session(corpus_file, engine, measure=True, make_monitor=monitor), TALL) as pilot:
        await until(pilot, lambda: "turn 0: before the first message measured: 62 questions" in words(pilot))
        await said_and_measured(pilot, "Well?", 1)
        await until(pilot, lambda: "turn 1: after the reply to message 1 measured: 62 questions" in words(pilot))


@pytest.mark.slow
async def test_after_measuring_is_stopped_the_figures_stay_with_their_turn_and_that_it_is_off(
    corpus_file: Path,
) -> None:
    engine = ScreenEngine(reply("Yes."), reply("No."))
    async with screen(session(corpus_file, engine, measure=True, make_monitor=monitor), TALL) as pilot:
        await said_and_measured(pilot, "Well?", 1)
        await pilot.press("f4")
        await until(pilot, lambda: f"turn 1: after the reply to message 1 measured: 62 questions {OFF}" in words(pilot))
        await type_text(pilot, "And now?")
        await until(pilot, lambda: "No." in shown(pilot) and not chat(pilot).replies.busy)

        assert f"turn 1: after the reply to message 1 measured: 62 questions {OFF}" in words(pilot)

        await pilot.press("f4")
        await until(pilot, lambda: measured(pilot, 2) and OFF not in words(pilot))


@pytest.mark.slow
async def test_on_80_columns_the_title_says_the_turn_and_that_measuring_is_off(corpus_file: Path) -> None:
    engine = ScreenEngine(reply("Yes."))
    async with screen(session(corpus_file, engine, measure=True, make_monitor=monitor), SMALL) as pilot:
        await said_and_measured(pilot, "Well?", 1)
        await until(pilot, lambda: shown(pilot).splitlines()[0].endswith("] · turn 1 (F2)"))
        await pilot.press("f4")
        await until(pilot, lambda: shown(pilot).splitlines()[0].endswith("] · turn 1 · not measuring (F2)"))
        await pilot.press("ctrl+n")
        await until(pilot, lambda: shown(pilot).splitlines()[0].endswith("  not measuring (F2)"))


@slow_but_first("change", ["f5", "f8", "edit", "ctrl+n"])
async def test_figures_of_a_branch_that_was_left_are_gone(corpus_file: Path, change: str) -> None:
    engine = ScreenEngine(reply("Yes."), reply("No."), reply("Maybe."))
    async with screen(session(corpus_file, engine, measure=True, make_monitor=monitor), TALL) as pilot:
        await said_and_measured(pilot, "Well?", 1)
        await pilot.press("f5")
        await until(pilot, lambda: "No." in shown(pilot) and measured(pilot, 1))
        await until(pilot, lambda: "Course over the turns" in shown(pilot))
        await pilot.press("f4")
        await until(pilot, lambda: OFF in words(pilot))

        await (edit_last(pilot, "What?") if change == "edit" else pilot.press(change))
        await until(pilot, lambda: "measured" not in shown(pilot))
        assert OFF in words(pilot)
        for section in ("Course over the turns", "Nearest groups", "Probe 1/62", "alignment 0."):
            assert section not in shown(pilot)


@pytest.mark.slow
async def test_another_version_is_not_shown_with_the_figures_of_the_one_before_while_it_is_measured(
    corpus_file: Path,
) -> None:
    engine = ScreenEngine(reply("Yes."), reply("No."))
    async with screen(session(corpus_file, engine, measure=True, make_monitor=monitor), TALL) as pilot:
        await said_and_measured(pilot, "Well?", 1)
        seen: list[str] = []
        offer = chat(pilot).panel.offer
        chat(pilot).panel.offer = lambda estimate: (seen.append(words(pilot)), offer(estimate))[1]  # type: ignore[method-assign,func-returns-value]
        await pilot.press("f5")
        await until(pilot, lambda: "No." in shown(pilot) and measured(pilot, 1))
        assert seen
        assert not any("turn 1: measuring…" in text for text in seen)


@pytest.mark.slow
async def test_who_types_while_the_model_is_being_opened_has_a_turn_0_to_compare_with(corpus_file: Path) -> None:
    opened, engine = asyncio.Event(), ScreenEngine(reply("Yes."))
    slow = session(corpus_file, engine, measure=True, make_monitor=monitor, open_engine=opening(opened, engine))
    async with screen(slow, TALL, ready=False) as pilot:
        await type_text(pilot, "Well?")
        await until(pilot, lambda: "waiting for the model" in shown(pilot))
        opened.set()
        await until(pilot, lambda: "Yes." in shown(pilot) and measured(pilot, 1))

        estimate = chat(pilot).panel.estimate
        assert estimate is not None
        assert [point.turn for point in estimate.course] == [0, 1]
        await until(pilot, lambda: "since turn 0:" in words(pilot))
    with Corpus.open(corpus_file, read_only=True) as corpus:
        (row,) = corpus.conversations()
        assert [found.message_id is None for found in corpus.measurements(row.id)] == [True, False]


class DyingServer(ScreenEngine):
    """Answers no probe, or only those of `turns` rounds, and then is gone."""

    def __init__(self, rounds: int) -> None:
        super().__init__(reply("Yes."), reply("No."))
        self._left = rounds * 124

    async def score(self, prefix: Sequence[Message], probes: Sequence[Probe]) -> AsyncGenerator[ProbeScore, None]:
        async for score in super().score(prefix, probes):
            if self.probed > self._left:
                raise EngineError("the server is gone; start it again")
            yield score


@slow_but_first("rounds", [0, 1])
@pytest.mark.parametrize("size", [pytest.param(TALL, marks=pytest.mark.slow), SMALL])
async def test_a_server_that_dies_while_it_measures_does_not_leave_measuring_on_the_screen(
    corpus_file: Path, rounds: int, size: tuple[int, int]
) -> None:
    engine = DyingServer(rounds)
    async with screen(session(corpus_file, engine, measure=True, make_monitor=monitor), size) as pilot:
        if rounds:
            await until(pilot, lambda: measured(pilot, 0))
            await type_text(pilot, "Well?")
        await until(pilot, lambda: "not measured: the server is gone" in words(pilot))
        await until(pilot, lambda: "measuring…" not in shown(pilot))
        if size == SMALL:
            assert "not measured (F2)" in shown(pilot).splitlines()[0]
            await pilot.press("f2")
        why = "questions; not measured: it failed; the next reply"
        await until(pilot, lambda: why in " ".join(re.sub("[┃▁-▏]", " ", shown(pilot)).split()))  # without the border
        assert "stopped after 0 of" in words(pilot)


@pytest.mark.slow
async def test_without_a_turn_0_the_drift_says_that_there_is_none(corpus_file: Path) -> None:
    engine = ScreenEngine(reply("Yes."), reply("No."))
    async with screen(session(corpus_file, engine, measure=False, make_monitor=monitor), TALL) as pilot:
        await type_text(pilot, "Well?")
        await until(pilot, lambda: "Yes." in shown(pilot) and not chat(pilot).replies.busy)
        await pilot.press("f4")
        await until(pilot, lambda: measured(pilot, 1))
        await said_and_measured(pilot, "And now?", 2)
        await until(pilot, lambda: "since turn 1:" in words(pilot))
        assert "changes count from turn 1: nothing before it was measured in this way" in words(pilot)


@pytest.mark.parametrize("wordless", [False, True], ids=["no reply", "a reply stopped before its first word"])
async def test_a_message_without_a_reply_is_not_measured_until_it_has_one(corpus_file: Path, *, wordless: bool) -> None:
    row = conversation_row().model_copy(update={"persona": PERSONA})
    with Corpus.open(corpus_file) as corpus:
        key = talk(corpus, ("Well?", "Yes."), ("And schools?", ""), row=row, last="stopped")
        if not wordless:
            key = corpus.fork(branch_of(corpus, key)[2].id)
    engine = ScreenEngine(reply("Maybe."))
    taken_up = session(corpus_file, engine, measure=True, make_monitor=monitor, resume=key)
    async with screen(taken_up, TALL) as pilot:
        await until(pilot, lambda: "not measured: the last message has no reply yet" in words(pilot))
        assert "turn 2" not in words(pilot)
        assert engine.probed == 0
        await pilot.press("f5")
        await until(pilot, lambda: "Maybe." in shown(pilot) and measured(pilot, 2))
        assert "no reply yet" not in words(pilot)
        assert "turn 2: after the reply to message 2" in words(pilot)
    with Corpus.open(corpus_file, read_only=True) as corpus:
        (found,) = corpus.measurements(key)
        assert found.message_id == branch_of(corpus, key)[-1].id


async def test_who_is_measured_is_the_persona_that_speaks_next_whoever_changed_it(corpus_file: Path) -> None:
    made = list[str]()

    def noted(engine: Engine, persona: Persona, corpus: Corpus) -> Monitor:
        made.append(persona.name)
        return monitor(engine, persona, corpus)

    sitting = session(corpus_file, ScreenEngine(reply("Yes.")), make_monitor=noted)
    await sitting.open_persona()
    conversation = await sitting.begin()
    async for _ in conversation.send("Well?"):
        pass
    await sitting.open_monitor()
    await conversation.change_persona(load_persona("republican"))
    assert await sitting.open_monitor() is await sitting.open_monitor()
    assert made == ["democrat", "republican"]
    await sitting.close()


async def test_what_a_participant_said_is_not_measured_and_takes_no_words_of_others(corpus_file: Path) -> None:
    with Corpus.open(corpus_file) as corpus:
        way = take_part(corpus)
        talk = Conversation.start(corpus, FakeEngine(["Less.", END]), load_persona("democrat"))
        assert talk.unspoken is not None
        corpus.studies.attach(way.id, talk.unspoken)
        await heard(talk.send("Guns?"))
    opened = session(corpus_file, ScreenEngine(reply("No.")), measure=True, make_monitor=monitor, resume=talk.id)
    async with screen(opened, TALL) as pilot:
        await until(pilot, lambda: "a participant's conversation is not measured here" in words(pilot))
        await type_text(pilot, "What I say")
        await until(pilot, lambda: "what a participant of a study said, and stays as it is" in words(pilot))
        assert chat(pilot).composer.text == "What I say"
        assert await opened.open_monitor() is None
    with Corpus.open(corpus_file) as corpus:
        assert corpus.measurements(talk.id) == ()
        leaf = corpus.conversation(talk.id).active_leaf_id
        assert leaf is not None
        assert [message.text for message in corpus.branch(leaf)] == ["Guns?", "Less."]


class Waiting(ScreenEngine):
    """Answers no probe before `go` is set."""

    def __init__(self, go: asyncio.Event, *replies: Sequence[object]) -> None:
        super().__init__(*replies)
        self._go = go

    async def score(self, prefix: Sequence[Message], probes: Sequence[Probe]) -> AsyncGenerator[ProbeScore, None]:
        await self._go.wait()
        async for score in super().score(prefix, probes):
            yield score


async def test_the_needle_is_of_the_message_that_the_round_is_about_whatever_was_said_meanwhile(
    corpus_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read, go, rest = list[tuple[str, str]](), asyncio.Event(), asyncio.Event()

    class Needle:
        async def read(self, context: Sequence[Message], path: Sequence[MessageRow]) -> None:
            read.append((context[-1].content, path[-1].text))

    begun = threading.Event()

    def late(engine: Engine, persona: Persona, corpus: Corpus) -> Monitor:
        assert begun.wait(SECONDS)
        return monitor(engine, persona, corpus)

    monkeypatch.setattr("chat_personas.monitor.inside.needle_of", lambda *_: Needle())
    engine = Waiting(go, reply("One."), ["Two", rest, " or three.", END])
    async with screen(session(corpus_file, engine, measure=True, make_monitor=late), TALL) as pilot:
        await type_text(pilot, "Guns?")  # before the beginning was measured
        await until(pilot, lambda: "One." in shown(pilot) and not chat(pilot).replies.busy)
        begun.set()
        await until(pilot, lambda: chat(pilot).measuring.rounds_begun > 0)
        await type_text(pilot, "Taxes?")
        await until(pilot, lambda: "Two" in shown(pilot))
        go.set()
        await until(pilot, lambda: len(read) > 0)
        rest.set()
        await until(pilot, lambda: measured(pilot, 2))
    assert read == [("One.", "One."), ("Two or three.", "Two or three.")]


async def test_replies_that_come_during_one_round_do_not_pile_up_behind_it_and_the_last_is_measured(
    corpus_file: Path,
) -> None:
    go = asyncio.Event()

    engine = Waiting(go, *(reply(f"Reply {number}.") for number in range(1, 6)))
    async with screen(session(corpus_file, engine, measure=True, make_monitor=monitor), TALL) as pilot:
        await until(pilot, lambda: chat(pilot).measuring.rounds_begun > 0)
        for number in range(1, 6):
            await type_text(pilot, "Well?")
            await until(pilot, lambda: f"Reply {number}." in shown(pilot) and not chat(pilot).replies.busy)  # noqa: B023
        waiting = [worker for worker in pilot.app.workers if worker.group == "measure" and not worker.is_finished]
        assert len(waiting) == 2
        go.set()
        await until(pilot, lambda: measured(pilot, 5))


async def test_measuring_is_switched_off_while_the_model_is_being_opened(corpus_file: Path) -> None:
    opened, engine = asyncio.Event(), ScreenEngine(reply("Yes."))
    slow = session(corpus_file, engine, measure=True, make_monitor=monitor, open_engine=opening(opened, engine))
    async with screen(slow, ready=False) as pilot:
        await type_text(pilot, "/measure off")
        await until(pilot, lambda: "not measuring (F4 starts it)" in words(pilot))
        opened.set()
        await type_text(pilot, "Well?")
        await until(pilot, lambda: "Yes." in words(pilot) and not chat(pilot).replies.busy)
        assert engine.probed == 0
