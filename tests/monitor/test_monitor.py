"""What the panel and the line mode may rely on while a conversation is measured."""

import asyncio
import threading
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from pathlib import Path

import pytest

from chat_personas.corpus import Corpus, CorpusError, MeasurementRow, ProbeRow
from chat_personas.monitor.monitor import Estimate, Monitor
from chat_personas.monitor.recording import Unspoken
from eval.engine import EngineError, EngineInfo, Message, Probe, ProbeScore, Sampling
from eval.surveys.loading import LoadedSurvey, Survey
from personas import Group
from tests.corpus.full_disk import read_only
from tests.corpus.making import branch_of, conversation_of, conversation_row, talk
from tests.eval.fake_engine import FakeEngine
from tests.eval.towns import DEMOCRAT, MALE, REPUBLICAN, question, town

# Democrats choose "option 1" with 0.8, 0.6 and 0.4; on two options 1 apart, alignment is 1 - |p - q|.
TOWN = town(
    question("BUS", {DEMOCRAT: (80, 20), REPUBLICAN: (20, 80)}, overall=(100, 100)),
    question("TRAM", {DEMOCRAT: (60, 40), REPUBLICAN: (30, 70)}, overall=(90, 110)),
    question("BIKE", {DEMOCRAT: (40, 60), REPUBLICAN: (10, 90)}, overall=(50, 150)),
)
SAID = {
    "BUS": {"option 1": 0.5, "option 2": 0.5},
    "TRAM": {"option 1": 0.5, "option 2": 0.5},
    "BIKE": {"option 1": 0.5, "option 2": 0.5},
}
ALIGNMENTS = {"BUS": 0.7, "TRAM": 0.9, "BIKE": 0.9}
AGREEING = {
    "BUS": {"option 1": 0.8, "option 2": 0.2},
    "TRAM": {"option 1": 0.6, "option 2": 0.4},
    "BIKE": {"option 1": 0.4, "option 2": 0.6},
}
ALIGNMENT = sum(ALIGNMENTS.values()) / 3
HELLO = [Message("user", "Hello"), Message("assistant", "Good day")]


def loaded(survey: Survey = TOWN) -> LoadedSurvey:
    return LoadedSurvey(survey, Path("town.json"), "ef" * 32)


class Gated(FakeEngine):
    """Answers `free` probes, then waits for `gate`; then fails if it has a `failure`."""

    def __init__(self, free: int, failure: EngineError | None = None) -> None:
        super().__init__(SAID)
        self.gate, self.reached = asyncio.Event(), asyncio.Event()
        self._free, self._failure = free, failure

    async def score(self, prefix: Sequence[Message], probes: Sequence[Probe]) -> AsyncGenerator[ProbeScore, None]:
        async with aclosing(super().score(prefix, probes)) as scores:
            given = 0
            async for score in scores:
                if given == self._free:
                    self.reached.set()
                    if self._failure is not None:
                        raise self._failure
                    await self.gate.wait()
                yield score
                given += 1


async def round_of(
    monitor: Monitor,
    context: Sequence[Message] = HELLO,
    message_id: str | None = None,
    conversation_id: str | None = None,
    *,
    unspoken: Unspoken = lambda: None,
) -> Estimate:
    """Run a round to its end and return the last estimate."""
    conversation_id = conversation_id or conversation_of(monitor, message_id)
    measuring = monitor.measure(context, message_id, conversation_id, unspoken=unspoken)
    estimates = [estimate async for estimate in measuring]
    assert [estimate.complete for estimate in estimates] == [False] * (len(estimates) - 1) + [True]
    return estimates[-1]


@pytest.fixture
def message_id(corpus: Corpus) -> str:
    """The last reply of a conversation in the corpus."""
    return branch_of(corpus, talk(corpus, ("Hello", "Good day")))[-1].id


def recorded(corpus: Corpus, message_id: str) -> list[MeasurementRow]:
    return list(corpus.measurements(corpus.branch(message_id)[0].conversation_id))


async def test_a_round_ends_with_the_alignment_of_all_questions() -> None:
    last = await round_of(Monitor(FakeEngine(SAID), loaded(), [DEMOCRAT]))
    assert (last.done, last.total, last.turn, last.message) == (3, 3, 1, None)
    assert last.scorecard is not None
    assert last.scorecard.scores.alignment is not None
    assert last.scorecard.scores.alignment.mean == pytest.approx(ALIGNMENT)
    assert last.scorecard.scores.alignment.low is None, "three questions are too few for an interval"


async def test_every_round_asks_the_same_questions_in_the_same_order_after_the_conversation() -> None:
    engine = FakeEngine(SAID)
    monitor = Monitor(engine, loaded(), [DEMOCRAT])
    await round_of(monitor)
    await round_of(monitor, [*HELLO, *HELLO])
    assert engine.asked[:6] == engine.asked[6:]
    assert [len(prefix) for prefix in engine.prefixes] == [2, 4]
    assert monitor.requests_per_round == 6


class Sorting(FakeEngine):
    """Asks what it is given in alphabetical order, as an engine may that finds this order the quickest."""

    async def score(self, prefix: Sequence[Message], probes: Sequence[Probe]) -> AsyncGenerator[ProbeScore, None]:
        async with aclosing(super().score(prefix, sorted(probes, key=lambda probe: probe.prompt))) as scores:
            async for score in scores:
                yield score


async def test_whatever_order_an_engine_prefers_early_figures_rest_on_a_chance_choice_of_questions() -> None:
    survey = town(*(question(f"Q{number:02}", {DEMOCRAT: (6, 4)}, overall=(16, 14)) for number in range(24)))
    early: set[str] = set()
    for seed in range(12):
        engine = Sorting()
        await round_of(Monitor(engine, loaded(survey), [DEMOCRAT], seed=seed))
        early |= {name for name in survey_ids(survey) for prompt in engine.asked[:16] if f"about {name}?" in prompt}
    assert early == survey_ids(survey), "with one long request the engine would always ask the same ones first"


def survey_ids(survey: Survey) -> set[str]:
    return {each.id for each in survey.questions}


async def test_a_round_is_kept_with_each_probe_of_both_orders(corpus: Corpus, message_id: str) -> None:
    await round_of(Monitor(FakeEngine(SAID), loaded(), [DEMOCRAT], corpus=corpus), message_id=message_id)
    (row,) = recorded(corpus, message_id)
    assert row.complete
    assert row.message_id == message_id
    assert row.alignment == pytest.approx(ALIGNMENT)
    assert [(group.attribute, group.value) for group in row.groups] == [("POLPARTY", "Democrat")]
    probes = corpus.probes(row.id)
    assert {(probe.question, probe.option_order) for probe in probes} == {
        (name, order) for name in SAID for order in ("survey", "reversed")
    }
    assert all(probe.options == pytest.approx((0.5, 0.5)) and probe.options_upper is None for probe in probes)


async def test_what_a_server_hides_is_kept_as_the_most_it_can_be(corpus: Corpus, message_id: str) -> None:
    engine = FakeEngine({name: {"option 1": 0.5, "option 2": 0.3} for name in SAID}, hidden=0.1)
    await round_of(Monitor(engine, loaded(), [DEMOCRAT], corpus=corpus), message_id=message_id)
    (row,) = recorded(corpus, message_id)
    assert corpus.probes(row.id)[0].options_upper == pytest.approx((0.6, 0.4))


async def test_what_the_model_no_longer_saw_of_the_conversation_is_said_and_kept(
    corpus: Corpus, message_id: str
) -> None:
    monitor = Monitor(FakeEngine(SAID, dropped=4), loaded(), [DEMOCRAT], corpus=corpus)
    last = await round_of(monitor, message_id=message_id)
    assert last.message == "measured without the 4 oldest messages, which no longer fit"
    (row,) = recorded(corpus, message_id)
    assert row.dropped_messages == 4


async def test_a_round_before_anything_was_said_is_shown_and_leaves_nothing_behind(corpus: Corpus) -> None:
    monitor = Monitor(FakeEngine(SAID), loaded(), [DEMOCRAT], corpus=corpus)
    last = await round_of(monitor, [], conversation_id=conversation_row().id)
    await monitor.settle()
    assert [point.turn for point in last.course] == [0]
    assert corpus.conversations() == ()
    assert [row["n"] for row in corpus.database().query("SELECT count(*) AS n FROM measurements")] == [0]


async def test_the_round_before_the_first_message_is_on_the_disk_when_it_is_shown_as_complete(corpus: Corpus) -> None:
    row, at_the_end = conversation_row(), []
    monitor = Monitor(FakeEngine(SAID), loaded(), [DEMOCRAT], corpus=corpus)
    async with aclosing(monitor.measure([], None, row.id, unspoken=lambda: row)) as estimates:
        async for estimate in estimates:
            at_the_end += [corpus.measurements(row.id)] if estimate.complete else []
    (((kept,),),) = (at_the_end,)
    assert (kept.message_id, kept.complete, kept.alignment) == (None, True, pytest.approx(ALIGNMENT))
    assert len(corpus.probes(kept.id)) == 2 * len(SAID)


async def test_a_conversation_that_was_only_measured_is_not_measured_again_when_it_is_taken_up(corpus: Corpus) -> None:
    row, again = conversation_row(), FakeEngine(SAID)
    for engine in (FakeEngine(SAID), again):
        monitor = Monitor(engine, loaded(), [DEMOCRAT], corpus=corpus)
        last = await round_of(monitor, [], conversation_id=row.id, unspoken=lambda: row)
        assert last.scorecard is not None
    assert again.asked == []
    assert len(corpus.measurements(row.id)) == 1


async def test_a_round_that_could_not_be_recorded_is_shown_all_the_same_and_recorded_later(
    corpus: Corpus, message_id: str
) -> None:
    monitor = Monitor(FakeEngine(SAID), loaded(), [DEMOCRAT], corpus=corpus)
    shown = []

    async def measure() -> None:
        async with aclosing(monitor.measure(HELLO, message_id, conversation_of(monitor, message_id))) as estimates:
            async for estimate in estimates:
                shown.append(estimate.complete)

    with read_only(corpus), pytest.raises(CorpusError, match="is read-only"):
        await measure()
    assert shown[-1]
    assert str(monitor.unwritten).endswith("is read-only; make the file and its directory writable")
    await monitor.settle()
    assert monitor.unwritten is None
    assert len(recorded(corpus, message_id)) == 1


async def test_the_round_before_the_first_message_is_kept_once_something_was_said(corpus: Corpus) -> None:
    row = conversation_row()
    monitor = Monitor(FakeEngine(SAID), loaded(), [DEMOCRAT], corpus=corpus)
    await round_of(monitor, [], conversation_id=row.id)
    talk(corpus, ("Hello", "Good day"), row=row)
    await monitor.settle()
    await monitor.settle()
    (kept,) = corpus.measurements(row.id)
    assert (kept.message_id, kept.complete, kept.alignment) == (None, True, pytest.approx(ALIGNMENT))
    assert len(corpus.probes(kept.id)) == 2 * len(SAID)


async def test_the_round_before_the_first_message_is_kept_though_it_ends_after_it(
    corpus: Corpus,
) -> None:
    row, engine = conversation_row(), Gated(free=4)
    monitor = Monitor(engine, loaded(), [DEMOCRAT], corpus=corpus)
    measuring = asyncio.create_task(round_of(monitor, [], conversation_id=row.id))
    await engine.reached.wait()
    talk(corpus, ("Hello", "Good day"), row=row)
    engine.gate.set()
    await measuring
    (kept,) = corpus.measurements(row.id)
    assert (kept.message_id, kept.complete) == (None, True)


async def test_a_conversation_taken_up_again_and_edited_has_its_course_from_before_the_first_message(
    corpus: Corpus,
) -> None:
    row, first_engine = conversation_row(), FakeEngine(SAID)
    first = Monitor(first_engine, loaded(), [DEMOCRAT], corpus=corpus)
    await round_of(first, [], conversation_id=row.id)
    talk(corpus, ("Hello", "Good day"), row=row, model=first_engine.info)
    same = [point.turn for point in (await round_of(first, HELLO, branch_of(corpus, row.id)[1].id)).course]
    corpus.begin_turn(row.id, None, "Hi", first_engine.info, Sampling())
    later = Monitor(FakeEngine(AGREEING, info=first_engine.info), loaded(), [DEMOCRAT], corpus=corpus)
    last = await round_of(later, HELLO, branch_of(corpus, row.id)[1].id)
    assert same == [0, 1]
    assert [(point.turn, point.alignment.mean) for point in last.course] == [
        (0, pytest.approx(ALIGNMENT)),
        (1, pytest.approx(1)),
    ]
    assert last.drift is not None
    assert (last.drift.first_turn, last.drift.turn) == (0, 1)


@pytest.mark.parametrize("cancel", [True, False], ids=["cancelled", "left"])
async def test_a_round_that_is_stopped_keeps_what_it_measured(corpus: Corpus, message_id: str, cancel: bool) -> None:
    engine = Gated(free=4)
    monitor = Monitor(engine, loaded(), [DEMOCRAT], corpus=corpus)
    estimates = monitor.measure(HELLO, message_id, conversation_of(monitor, message_id))

    async def watch() -> None:
        async with aclosing(estimates):
            async for estimate in estimates:
                if not cancel and estimate.done:
                    return

    watching = asyncio.create_task(watch())
    if cancel:
        await engine.reached.wait()
        watching.cancel()
    await asyncio.gather(watching, return_exceptions=True)
    await monitor.settle()
    assert engine.closed_early
    (row,) = recorded(corpus, message_id)
    kept = {probe.question for probe in corpus.probes(row.id)}
    assert not row.complete
    assert len(kept) == (2 if cancel else 1)
    assert row.alignment == pytest.approx(sum(ALIGNMENTS[name] for name in kept) / len(kept))


async def test_a_model_that_fails_half_way_loses_nothing_that_was_measured(corpus: Corpus, message_id: str) -> None:
    monitor = Monitor(Gated(free=2, failure=EngineError("the server went away")), loaded(), [DEMOCRAT], corpus=corpus)
    with pytest.raises(EngineError, match="went away"):
        await round_of(monitor, message_id=message_id)
    (row,) = recorded(corpus, message_id)
    assert not row.complete
    assert len(corpus.probes(row.id)) == 2


async def test_a_question_that_fails_is_counted_and_kept_with_its_reason(corpus: Corpus, message_id: str) -> None:
    engine = FakeEngine(SAID, failures={"TRAM/reversed": "too long"})
    last = await round_of(Monitor(engine, loaded(), [DEMOCRAT], corpus=corpus), message_id=message_id)
    assert [(failure.question_id, failure.why) for failure in last.failures] == [("TRAM", "reversed order: too long")]
    assert last.done == 3
    (row,) = recorded(corpus, message_id)
    assert row.complete
    assert {probe.failure for probe in corpus.probes(row.id) if probe.question == "TRAM"} == {
        "reversed order: too long"
    }


async def test_a_group_without_figures_still_has_distributions_and_nearest_groups(
    corpus: Corpus, message_id: str
) -> None:
    mormon = Group(attribute="RELIG", value="Mormon")
    last = await round_of(Monitor(FakeEngine(AGREEING), loaded(), [mormon], corpus=corpus), message_id=message_id)
    assert last.message == "no human figures for this group in the survey town"
    assert last.course == ()
    assert last.scorecard is not None
    assert last.scorecard.scores.alignment is None
    assert last.scorecard.nearest[0].group == DEMOCRAT
    shares = {scored.id: scored.model[0] for scored in last.scorecard.questions}
    assert shares == pytest.approx({"BUS": 0.8, "TRAM": 0.6, "BIKE": 0.4})
    (row,) = recorded(corpus, message_id)
    assert row.alignment is None


async def test_without_a_group_the_persona_is_compared_with_everyone() -> None:
    last = await round_of(Monitor(FakeEngine(SAID), loaded(), []))
    assert last.message == "no group: compared with everyone"
    assert last.scorecard is not None
    assert last.scorecard.scores.alignment is not None  # everyone: 0.5, 0.45, 0.25
    assert last.scorecard.scores.alignment.mean == pytest.approx((1 + 0.95 + 0.75) / 3)


async def test_figures_for_some_questions_only_are_said() -> None:
    partly = town(*TOWN.questions[:2], question("SHOP", {MALE: (5, 5)}, overall=(10, 10)))
    engine = FakeEngine(SAID)
    last = await round_of(Monitor(engine, loaded(partly), [DEMOCRAT]))
    assert last.message == "survey data for 2 of 3 questions"
    assert last.scorecard is not None
    assert last.scorecard.scores.alignment is not None
    assert last.scorecard.scores.alignment.mean == pytest.approx((0.7 + 0.9) / 2)


async def test_a_model_without_log_probabilities_gets_a_message_and_no_request(corpus: Corpus, message_id: str) -> None:
    engine = FakeEngine(SAID, info=EngineInfo(name="far", engine="openai", log_probabilities="none"))
    last = await round_of(Monitor(engine, loaded(), [DEMOCRAT], corpus=corpus), message_id=message_id)
    assert last.message == "this model gives no log-probabilities: it can be talked with, not measured"
    assert (last.scorecard, last.done, engine.asked) == (None, 0, [])
    assert recorded(corpus, message_id) == []


async def test_the_course_grows_by_a_point_for_each_turn() -> None:
    engine = FakeEngine(SAID)
    monitor = Monitor(engine, loaded(), [DEMOCRAT])
    await round_of(monitor, [])
    engine._masses = AGREEING
    last = await round_of(monitor, HELLO)
    assert [(point.turn, point.alignment.mean) for point in last.course] == [
        (0, pytest.approx(ALIGNMENT)),
        (1, pytest.approx(1)),
    ]


async def test_a_conversation_taken_up_again_has_its_course(corpus: Corpus) -> None:
    first_engine = FakeEngine(SAID)
    turns = ("Hello", "Good day"), ("Why?", "Because"), ("Well?", "Well")
    branch = branch_of(corpus, talk(corpus, *turns, model=first_engine.info))
    first = Monitor(first_engine, loaded(), [DEMOCRAT], corpus=corpus)
    await round_of(first, HELLO, branch[1].id)
    later = Monitor(FakeEngine(AGREEING, info=first_engine.info), loaded(), [DEMOCRAT], corpus=corpus)
    last = await round_of(later, HELLO * 3, branch[5].id)
    assert [(point.turn, point.alignment.mean) for point in last.course] == [
        (1, pytest.approx(ALIGNMENT)),
        (3, pytest.approx(1)),
    ]


async def test_the_course_is_that_of_the_branch_and_of_the_same_measure(corpus: Corpus) -> None:
    engine = FakeEngine(SAID)
    branch = branch_of(corpus, talk(corpus, ("Hello", "Good day"), ("Why?", "Because"), model=engine.info))
    other = corpus.begin_reply(branch[0].conversation_id, branch[0].id, engine.info, Sampling())
    monitor = Monitor(engine, loaded(), [DEMOCRAT], corpus=corpus)
    await round_of(monitor, HELLO, other.id)
    await round_of(Monitor(FakeEngine(SAID), loaded(), [REPUBLICAN], corpus=corpus), HELLO, branch[1].id)
    last = await round_of(monitor, HELLO * 2, branch[3].id)
    assert [point.turn for point in last.course] == [2]


async def test_recording_does_not_hold_up_the_screen(corpus: Corpus, message_id: str) -> None:
    threads: list[int] = []

    class Watched:
        """The corpus, with a look at who writes."""

        branch, measurements_after, models = corpus.branch, corpus.measurements_after, corpus.models
        measurements = corpus.measurements

        def add_measurement(self, row: MeasurementRow, probes: Sequence[ProbeRow], *, new: object) -> None:
            threads.append(threading.get_ident())

    await round_of(Monitor(FakeEngine(SAID), loaded(), [DEMOCRAT], corpus=Watched()), message_id=message_id)  # type: ignore[arg-type]
    assert threads
    assert threads[0] != threading.get_ident()


async def test_label_mass_of_one_half_is_what_makes_a_question_valid() -> None:
    faint = {"BUS": {"option 1": 0.2, "option 2": 0.2}, "TRAM": SAID["TRAM"], "BIKE": SAID["BIKE"]}
    last = await round_of(Monitor(FakeEngine(faint), loaded(), [DEMOCRAT]))
    assert last.scorecard is not None
    assert {scored.id: scored.valid for scored in last.scorecard.questions} == {
        "BUS": False,
        "TRAM": True,
        "BIKE": True,
    }
