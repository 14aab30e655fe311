"""A model that is too slow to be asked everything each turn: what is asked, what the figures rest on, what is kept."""

import asyncio
import math
from collections.abc import AsyncGenerator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from chat_personas.cli.launch import Launch
from chat_personas.corpus import Corpus, MeasurementRow
from chat_personas.monitor.history import RoundPlace
from chat_personas.monitor.monitor import OF_A_REQUEST, Monitor
from chat_personas.monitor.planning import ANCHORS, LEAST_REST
from chat_personas.monitor.round import Coverage, Estimate, ProbeRound
from eval.engine import EngineError, EngineInfo, Message, Probe, ProbeScore, Sampling
from eval.surveys.loading import LoadedSurvey
from tests.corpus.making import branch_of, conversation_of, talk
from tests.eval.fake_engine import FakeEngine
from tests.eval.towns import DEMOCRAT, question, town

NAMES = [f"Q{number}" for number in range(40)]
# Of the Democrats 40% choose "option 1": a model that gives it mass p of two has alignment 1 - |p - 0.4|.
TOWN = LoadedSurvey(
    town(*(question(name, {DEMOCRAT: (40, 60)}, overall=(50, 50)) for name in NAMES)), Path("town.json"), "ef" * 32
)
SLICE = ANCHORS + LEAST_REST
NO_TIME = 1e-9
HELLO = [Message("user", "Hello"), Message("assistant", "Good day")]


def saying(share: float) -> dict[str, dict[str, float]]:
    """Masses that give "option 1" a share in every question."""
    return {name: {"option 1": share, "option 2": 1 - share} for name in NAMES}


def slow(engine: FakeEngine, corpus: Corpus | None = None) -> Monitor:
    """A monitor for which every model is too slow."""
    return Monitor(engine, TOWN, [DEMOCRAT], corpus=corpus, seconds=NO_TIME)


async def round_of(monitor: Monitor, turn: int, message_id: str | None = None) -> Estimate:
    conversation = conversation_of(monitor, message_id)
    estimates = [estimate async for estimate in monitor.measure(HELLO * turn, message_id, conversation)]
    assert estimates[-1].complete
    assert not estimates[-1].first_part
    return estimates[-1]


async def round_of_everything(monitor: Monitor, turn: int, message_id: str | None = None) -> Estimate:
    """A round while the model was still fast."""
    monitor._plan.seconds = math.inf
    last = await round_of(monitor, turn, message_id)
    monitor._plan.seconds = NO_TIME
    return last


def place_of(monitor: Monitor, message_id: str, turn: int) -> RoundPlace:
    """Where the round after a reply stands."""
    return RoundPlace(conversation_of(monitor, message_id), message_id, tuple(HELLO * turn))


def asked(engine: FakeEngine, begin: int) -> set[str]:
    """The questions asked since `begin` probes had been asked."""
    return {prompt.removeprefix("What about ").partition("?")[0] for prompt in engine.asked[begin:]}


def alignment(estimate: Estimate) -> float:
    assert estimate.scorecard is not None
    assert estimate.scorecard.scores.alignment is not None
    return estimate.scorecard.scores.alignment.mean


def branch(corpus: Corpus, turns: int, model: EngineInfo) -> list[str]:
    """The replies of a model in a conversation of so many turns."""
    key = talk(corpus, *[("Hello", "Good day")] * turns, model=model)
    return [message.id for message in branch_of(corpus, key)[1::2]]


def rows(corpus: Corpus, message_id: str) -> list[MeasurementRow]:
    found = corpus.measurements(corpus.branch(message_id)[0].conversation_id)
    return [row for row in found if row.message_id == message_id]


async def test_every_round_the_first_too_asks_the_anchors_and_a_further_slice() -> None:
    engine = FakeEngine()
    monitor = slow(engine)
    rounds = []
    for turn in range(4):
        begin = len(engine.asked)
        last = await round_of(monitor, turn)
        assert (last.done, last.total) == (SLICE, SLICE)
        rounds.append(asked(engine, begin))
    anchors = set.intersection(*rounds)
    assert len(anchors) == ANCHORS
    assert set.union(*rounds) == set(NAMES)
    assert [len(others - anchors) for others in rounds] == [LEAST_REST] * 4


async def test_the_first_round_asks_what_fits_the_time_that_its_anchors_took(monkeypatch: pytest.MonkeyPatch) -> None:
    engine = FakeEngine()
    monitor = Monitor(engine, TOWN, [DEMOCRAT], seconds=35.0)
    monkeypatch.setattr(ProbeRound, "seconds_per_question", 1.0)
    estimates = [estimate async for estimate in monitor.measure(HELLO, None)]
    assert estimates[0].total == SLICE
    assert (estimates[-1].done, estimates[-1].total) == (35, 35)
    assert len(engine.asked) == len(set(engine.asked)) == 2 * 35


@pytest.mark.slow
async def test_a_reply_in_the_middle_of_a_round_makes_the_model_no_slower(monkeypatch: pytest.MonkeyPatch) -> None:
    class Clock:
        """Goes on by half a second for every probe, and by ten minutes for one reply."""

        now = replies = 0.0

        def monotonic(self) -> float:
            return self.now

    clock = Clock()
    monkeypatch.setattr("chat_personas.monitor.monitor.time", clock)

    class Interrupted(FakeEngine):
        async def score(self, prefix: Sequence[Message], probes: Sequence[Probe]) -> AsyncGenerator[ProbeScore, None]:
            async for score in super().score(prefix, probes):
                clock.now += 0.5
                if len(self.asked) > 2 * ANCHORS and not clock.replies:
                    clock.now, clock.replies = clock.now + 600, 600.0
                yield score

    monitor = Monitor(Interrupted(), TOWN, [DEMOCRAT], seconds=35.0)
    for turn in range(2):
        rounds = monitor.measure(HELLO * turn, None, seconds_of_replies=lambda: clock.replies)
        last = [estimate async for estimate in rounds][-1]
        assert (last.done, last.total) == (35, 35)
    assert clock.replies


async def test_what_is_asked_does_not_depend_on_what_was_answered() -> None:
    asked_of = []
    for share in (0.4, 0.99):
        engine = FakeEngine(saying(share))
        monitor = slow(engine)
        for turn in range(3):
            await round_of(monitor, turn)
        asked_of.append(engine.asked)
    assert asked_of[0] == asked_of[1]


async def test_of_a_huge_survey_no_more_than_the_first_slice_is_prepared_before_the_time_is_known() -> None:
    names = [f"Q{number}" for number in range(2000)]
    huge = town(*(question(name, {DEMOCRAT: (40, 60)}, overall=(50, 50)) for name in names))
    engine = FakeEngine({name: {"option 1": 0.5, "option 2": 0.5} for name in names})
    last = await round_of(
        Monitor(engine, LoadedSurvey(huge, Path("t.json"), "ef" * 32), [DEMOCRAT], seconds=NO_TIME), 0
    )
    assert (last.done, last.total, len(engine.asked)) == (SLICE, SLICE, 2 * SLICE)


async def test_a_fast_model_is_asked_everything_every_turn_and_nothing_older_counts() -> None:
    monitor = Monitor(FakeEngine(), TOWN, [DEMOCRAT])
    for turn in range(3):
        last = await round_of(monitor, turn)
        assert last.coverage == Coverage(questions=40, anchors=ANCHORS, this_turn=40)


async def test_the_estimate_rests_on_the_latest_answers_and_says_how_many_are_older() -> None:
    engine = FakeEngine(saying(0.4))
    monitor = slow(engine)
    await round_of_everything(monitor, 0)
    engine._masses = saying(0.6)
    last = await round_of(monitor, 1)
    assert last.coverage == Coverage(questions=40, anchors=ANCHORS, this_turn=SLICE, older=40 - SLICE)
    assert alignment(last) == pytest.approx((SLICE * 0.8 + (40 - SLICE) * 1.0) / 40)
    engine._masses = saying(0.8)
    last = await round_of(monitor, 2)
    of_turn_1, of_turn_0 = LEAST_REST, 40 - SLICE - LEAST_REST
    assert alignment(last) == pytest.approx((SLICE * 0.6 + of_turn_1 * 0.8 + of_turn_0 * 1.0) / 40)


async def test_the_drift_is_over_questions_of_every_turn_and_mixes_no_turns() -> None:
    engine = FakeEngine(saying(0.4))
    monitor = slow(engine)
    assert (await round_of(monitor, 0)).drift is None
    for turn, share in ((1, 0.6), (2, 0.7)):
        engine._masses = saying(share)
        last = await round_of(monitor, turn)
    assert [point.alignment.mean for point in last.course] == pytest.approx([1.0, 0.8, 0.7])
    assert last.drift is not None
    assert (last.drift.first_turn, last.drift.turn, last.drift.questions) == (0, 2, ANCHORS)
    assert last.drift.difference.mean == pytest.approx(-0.3)
    assert last.drift.difference.bounded


async def test_a_round_keeps_what_it_asked_itself_and_nothing_of_earlier_turns(corpus: Corpus) -> None:
    engine = FakeEngine(saying(0.4))
    replies = branch(corpus, 2, engine.info)
    monitor = slow(engine, corpus)
    await round_of(monitor, 1, replies[0])
    engine._masses = saying(0.6)
    await round_of(monitor, 2, replies[1])
    (row,) = rows(corpus, replies[1])
    assert row.complete, "all that was planned was asked"
    assert row.alignment == pytest.approx(0.8)
    assert row.alignment_low == pytest.approx(0.8)
    assert len({probe.question for probe in corpus.probes(row.id)}) == SLICE


async def test_a_conversation_taken_up_again_goes_on_as_if_it_had_not_been_left(corpus: Corpus) -> None:
    engine = FakeEngine(saying(0.4))
    replies = branch(corpus, 3, engine.info)
    first = slow(engine, corpus)
    await round_of_everything(first, 1, replies[0])
    engine._masses = saying(0.6)
    await round_of(first, 2, replies[1])
    again = slow(engine, corpus)
    again._plan.learn(1.0)
    engine._masses = saying(0.8)
    resumed = await round_of(again, 3, replies[2])
    assert resumed.coverage == Coverage(questions=40, anchors=ANCHORS, this_turn=SLICE, older=40 - SLICE)
    of_turn_2, of_turn_1 = LEAST_REST, 40 - SLICE - LEAST_REST
    assert alignment(resumed) == pytest.approx((SLICE * 0.6 + of_turn_2 * 0.8 + of_turn_1 * 1.0) / 40)
    assert [point.alignment.mean for point in resumed.course] == pytest.approx([1.0, 0.8, 0.6])


async def test_answers_of_a_server_that_hides_some_are_not_taken_from_the_corpus(corpus: Corpus) -> None:
    server = FakeEngine(saying(0.4), info=replace(FakeEngine().info, log_probabilities="top_k", top_k=5))
    replies = branch(corpus, 2, server.info)
    await round_of(slow(server, corpus), 1, replies[0])
    again = slow(server, corpus)
    again._plan.learn(1.0)
    resumed = await round_of(again, 2, replies[1])
    assert resumed.coverage == Coverage(questions=40, anchors=ANCHORS, this_turn=SLICE)
    assert [point.turn for point in resumed.course] == [1, 2], "alignments do not depend on what was hidden"


async def test_answers_of_another_branch_do_not_count(corpus: Corpus) -> None:
    engine = FakeEngine(saying(0.4))
    replies = branch(corpus, 2, engine.info)
    monitor = slow(engine, corpus)
    await round_of_everything(monitor, 1, replies[0])
    engine._masses = saying(0.8)
    await round_of(monitor, 2, replies[1])
    said_again = corpus.branch(replies[1])[2]
    other = corpus.begin_reply(said_again.conversation_id, said_again.id, engine.info, Sampling())
    engine._masses = saying(0.6)
    last = await round_of(monitor, 2, other.id)
    assert alignment(last) == pytest.approx((SLICE * 0.8 + (40 - SLICE) * 1.0) / 40)
    assert [point.alignment.mean for point in last.course] == pytest.approx([1.0, 0.8])


async def test_anchors_are_asked_first_so_that_a_round_that_breaks_off_still_has_its_place_in_the_course(
    corpus: Corpus,
) -> None:
    class BreaksOff(FakeEngine):
        """Fails at the first question that is not an anchor."""

        async def score(self, prefix: Sequence[Message], probes: Sequence[object]):  # type: ignore[no-untyped-def,override]
            if len(self.prefixes) == ANCHORS // OF_A_REQUEST:
                raise EngineError("the server went away")
            async for score in super().score(prefix, probes):  # type: ignore[arg-type]
                yield score

    replies = branch(corpus, 2, FakeEngine(saying(0.4)).info)
    with pytest.raises(EngineError):
        await round_of(slow(BreaksOff(saying(0.4)), corpus), 1, replies[0])
    (row,) = rows(corpus, replies[0])
    assert not row.complete
    later = await round_of(slow(FakeEngine(saying(0.6), info=FakeEngine(saying(0.4)).info), corpus), 2, replies[1])
    assert [(point.turn, point.alignment.mean) for point in later.course] == [
        (1, pytest.approx(1.0)),
        (2, pytest.approx(0.8)),
    ]
    assert later.drift is not None
    assert later.drift.questions == ANCHORS


async def test_a_round_that_the_next_one_replaces_is_recorded_before_that_is_planned(corpus: Corpus) -> None:
    engine = FakeEngine()
    replies = branch(corpus, 2, engine.info)
    monitor = slow(engine, corpus)
    monitor._plan.learn(1.0)
    begun = monitor.measure(HELLO, replies[0], conversation_of(monitor, replies[0]))
    async for estimate in begun:
        if estimate.done:
            break
    replaced = asyncio.create_task(begun.aclose())  # type: ignore[arg-type]
    last = await round_of(monitor, 2, replies[1])
    await replaced
    (replaced_row,), (row,) = rows(corpus, replies[0]), rows(corpus, replies[1])
    assert not replaced_row.complete
    assert replaced_row.created_at <= row.created_at
    assert {earlier.turn for earlier in monitor._history.earlier(place_of(monitor, replies[1], 2))} == {1, 2}
    assert last.done == SLICE


async def test_the_set_seconds_reach_the_monitor(monkeypatch: pytest.MonkeyPatch, corpus: Corpus) -> None:
    monkeypatch.setenv("CHAT_PERSONAS_PROBE_SECONDS", "7.5")
    launch = Launch("democrat")
    monitor = launch.make_monitor(FakeEngine(), launch.load_persona().persona, corpus)
    assert monitor._plan.seconds == 7.5


async def test_a_long_conversation_holds_each_answer_once(corpus: Corpus) -> None:
    engine = FakeEngine()
    replies = branch(corpus, 6, engine.info)
    monitor = slow(engine, corpus)
    for turn, reply in enumerate(replies, start=1):
        await round_of(monitor, turn, reply)
    last = place_of(monitor, replies[-1], 6)
    held = [name for earlier in monitor._history.earlier(last) for name in earlier.answers]
    assert sorted(held) == sorted(NAMES)
