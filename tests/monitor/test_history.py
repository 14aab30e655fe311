"""A message that was measured before in the very same way: shown again, completed, or measured again."""

from collections.abc import Callable, Sequence
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from chat_personas.corpus import Corpus, MeasurementRow
from chat_personas.corpus.messages import transcript
from chat_personas.monitor import history
from chat_personas.monitor.monitor import Monitor
from chat_personas.monitor.planning import ANCHORS, LEAST_REST
from chat_personas.monitor.round import Coverage, Estimate
from eval.engine import EngineInfo, Message, Sampling
from eval.surveys.loading import LoadedSurvey
from personas import Group
from tests.corpus.making import branch_of, conversation_of, talk
from tests.eval.fake_engine import FakeEngine
from tests.eval.towns import DEMOCRAT, REPUBLICAN, question, town
from tests.examples import slow_but_first

NAMES = [f"Q{number}" for number in range(40)]
# Of the Democrats 40% choose "option 1": a model that gives it mass p of two has alignment 1 - |p - 0.4|.
FIGURES = {DEMOCRAT: (40, 60), REPUBLICAN: (10, 90)}
TOWN = LoadedSurvey(town(*(question(name, FIGURES, overall=(50, 50)) for name in NAMES)), Path("town.json"), "ef" * 32)
SLICE = ANCHORS + LEAST_REST
NO_TIME = 1e-9
HELLO = [Message("user", "Hello"), Message("assistant", "Good day")]
INFO = EngineInfo(
    "small.gguf",
    "llama",
    "ab" * 32,
    quantization="Q8_0",
    context_length=2048,
    template_sha256="cd" * 32,
    flash_attention=False,
    log_probabilities="exact",
)


def saying(share: float, info: EngineInfo = INFO, **faults: Any) -> FakeEngine:
    """A model that gives "option 1" a share in every question."""
    return FakeEngine({name: {"option 1": share, "option 2": 1 - share} for name in NAMES}, info=info, **faults)


def monitor(
    engine: FakeEngine, corpus: Corpus, groups: Sequence[Group] = (DEMOCRAT,), seconds: float = 1e9, seed: int = 0
) -> Monitor:
    return Monitor(engine, TOWN, groups, corpus=corpus, seconds=seconds, seed=seed)


async def round_of(monitor: Monitor, message_id: str, turn: int = 1) -> Estimate:
    conversation = conversation_of(monitor, message_id)
    return [estimate async for estimate in monitor.measure(HELLO * turn, message_id, conversation)][-1]


async def cut_short(monitor: Monitor, message_id: str, after: int) -> None:
    """Begin a round and leave it once so many questions are done."""
    monitor_seconds = "chat_personas.monitor.monitor.SECONDS_BETWEEN_ESTIMATES"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(monitor_seconds, 0.0)
        async with aclosing(monitor.measure(HELLO, message_id, conversation_of(monitor, message_id))) as estimates:
            async for estimate in estimates:
                if estimate.done == after:
                    break
    await monitor.settle()


def replies(corpus: Corpus, turns: int = 1) -> list[str]:
    """The replies of a conversation of so many turns, by the model that `INFO` describes."""
    key = talk(corpus, *[("Hello", "Good day")] * turns)
    return [message.id for message in branch_of(corpus, key)[1::2]]


def answered(corpus: Corpus, message_id: str, model: EngineInfo) -> str:
    """Go on after a message with one more, and a reply by a model; return the reply."""
    key = corpus.branch(message_id)[0].conversation_id
    _, reply = corpus.begin_turn(key, message_id, "Go on", model, Sampling())
    corpus.end_reply(reply.id, "Well", "complete")
    return reply.id


async def begin_of(monitor: Monitor, key: str) -> None:
    """The round before the first message of a conversation."""
    async for _ in monitor.measure([], None, key):
        pass


def rows(corpus: Corpus, message_id: str) -> list[MeasurementRow]:
    found = corpus.measurements(corpus.branch(message_id)[0].conversation_id)
    return [row for row in found if row.message_id == message_id]


async def test_opening_a_conversation_again_asks_nothing_adds_no_row_and_shows_the_same_figures(corpus: Corpus) -> None:
    first_reply, reply = replies(corpus, 2)
    session = monitor(saying(0.4), corpus)
    await round_of(session, first_reply)
    session._engine = engine = saying(0.6)
    measured = await round_of(session, reply, 2)
    begin = len(engine.asked)

    again = await round_of(monitor(engine, corpus), reply, 2)
    assert len(engine.asked) == begin
    assert len(rows(corpus, reply)) == 1
    assert again.from_before == 40
    assert measured.from_before == 0
    assert replace(again, from_before=0, scorecard=None) == replace(measured, scorecard=None)
    assert again.scorecard is not None
    assert measured.scorecard is not None
    assert again.scorecard.scores == measured.scorecard.scores
    assert again.scorecard.nearest == measured.scorecard.nearest
    assert [point.alignment.mean for point in again.course] == pytest.approx([1.0, 0.8])
    assert again.drift is not None
    assert again.drift.difference.mean == pytest.approx(-0.2)


async def test_a_message_that_a_server_was_asked_after_again_is_one_turn_and_one_look_and_the_newest_counts(
    corpus: Corpus,
) -> None:
    server = replace(INFO, sha256=None)
    first = answered(corpus, replies(corpus)[0], server)
    second = answered(corpus, first, server)
    third = answered(corpus, second, server)
    # Alignments: 1 - |0.4 - 0.4| = 1, 1 - |0.6 - 0.4| = 0.8, and when it is opened again 0.7; then 1 - |0.9 - 0.4|.
    for reply, turn, share in ((first, 2, 0.4), (second, 3, 0.6), (second, 3, 0.7)):
        measured = await round_of(monitor(saying(share, server), corpus), reply, turn)
    assert len(rows(corpus, second)) == 2
    assert [point.alignment.mean for point in measured.course] == pytest.approx([1.0, 0.7])
    assert measured.drift is not None
    assert measured.drift.difference.mean == pytest.approx(-0.3)
    assert measured.drift.level == pytest.approx(1 - 0.05 / 5)  # the first look
    later = await round_of(monitor(saying(0.9, server), corpus), third, 4)
    assert [(point.turn, round(point.alignment.mean, 6)) for point in later.course] == [(2, 1.0), (3, 0.7), (4, 0.5)]
    assert later.drift is not None
    assert later.drift.difference.mean == pytest.approx(-0.5)
    assert later.drift.level == pytest.approx(1 - 0.05 / 6)  # the second


async def test_a_message_whose_reply_came_to_no_word_is_a_turn_as_in_exports(corpus: Corpus) -> None:
    (first,) = replies(corpus)
    key = conversation_of(session := monitor(saying(0.4), corpus), first)
    _, blank = corpus.begin_turn(str(key), first, "Are you there?", INFO, Sampling())
    corpus.end_reply(blank.id, "", "error")
    last = answered(corpus, blank.id, INFO)

    for reply, turn in ((first, 1), (last, 3)):
        given = transcript("", corpus.branch(reply))  # in which the second and the third message are one
        measured = [estimate async for estimate in session.measure(given, reply, key)][-1]
        assert measured.turn == turn
    assert [point.turn for point in measured.course] == [1, 3]


async def test_the_only_estimate_of_what_is_shown_again_is_complete(corpus: Corpus) -> None:
    (reply,) = replies(corpus)
    await round_of(monitor(saying(0.4), corpus), reply)
    again = monitor(saying(0.4), corpus)
    shown = [estimate async for estimate in again.measure(HELLO, reply, conversation_of(again, reply))]
    assert [(estimate.complete, estimate.done, estimate.total) for estimate in shown] == [(True, 40, 40)]


async def test_going_round_two_replies_adds_no_row_and_each_has_its_own_course(corpus: Corpus) -> None:
    first_reply, reply = replies(corpus, 2)
    said = corpus.branch(reply)[2]
    other = corpus.begin_reply(said.conversation_id, said.id, INFO, Sampling()).id
    session = monitor(saying(0.4), corpus)
    await round_of(session, first_reply)
    for key, share in ((reply, 0.6), (other, 0.8)):
        session._engine = saying(share)
        await round_of(session, key, 2)
    session._engine = nobody = saying(0.1)
    for key, ends_at in ((reply, 0.8), (other, 0.6), (reply, 0.8)):
        shown = await round_of(session, key, 2)
        assert [point.alignment.mean for point in shown.course] == pytest.approx([1.0, ends_at])
        assert shown.drift is not None
        assert (shown.drift.questions, shown.drift.difference.mean) == (40, pytest.approx(ends_at - 1.0))
        assert len(rows(corpus, key)) == 1
    assert nobody.asked == []


DIFFERENT: dict[str, dict[str, Any]] = {
    "the knob turned": {"interventions": ("add party, strength 0.5",)},
    "another file": {"sha256": "99" * 32},
    "another name": {"name": "other.gguf"},
    "another template": {"template_sha256": "99" * 32},
    "as a base model": {"prompt_format": "plain"},
    "a given template": {"prompt_format": "template", "template": "chatml"},
    "flash attention": {"flash_attention": True},
    "another quantisation": {"quantization": "Q4_0"},
    "another engine": {"engine": "openai"},
    "no hash": {"sha256": None},
    "only the likeliest tokens": {"log_probabilities": "top_k", "top_k": 5},
    "the day in every prompt": {"template_date": "2026-11-22"},
}


@slow_but_first("change", DIFFERENT.values(), ids=DIFFERENT, quick=4)
async def test_a_model_that_is_or_may_be_another_is_measured_again(corpus: Corpus, change: dict[str, Any]) -> None:
    (reply,) = replies(corpus)
    await round_of(monitor(saying(0.4), corpus), reply)
    engine = saying(0.6, replace(INFO, **change))
    again = await round_of(monitor(engine, corpus), reply)
    assert len(engine.asked) == 2 * 40
    assert again.from_before == 0
    assert len(rows(corpus, reply)) == 2
    assert again.scorecard is not None
    assert again.scorecard.scores.alignment is not None
    assert again.scorecard.scores.alignment.mean == pytest.approx(0.8)


@slow_but_first(
    "other",
    [
        lambda corpus: monitor(saying(0.4), corpus, [REPUBLICAN]),
        lambda corpus: monitor(saying(0.4), corpus, seed=1),
        lambda corpus: Monitor(saying(0.4), replace(TOWN, sha256="12" * 32), [DEMOCRAT], corpus=corpus),
    ],
    ids=["another group", "another seed", "another survey"],
)
async def test_another_measurement_is_not_the_same(corpus: Corpus, other: Callable[[Corpus], Monitor]) -> None:
    (reply,) = replies(corpus)
    await round_of(monitor(saying(0.4), corpus), reply)
    assert (await round_of(other(corpus), reply)).from_before == 0
    assert len(rows(corpus, reply)) == 2


async def test_turns_under_another_setting_of_the_knob_are_no_part_of_the_course(corpus: Corpus) -> None:
    first, second = replies(corpus, 2)
    turned = replace(INFO, interventions=("add party, strength 0.5",))
    await round_of(monitor(saying(0.4), corpus), first)
    assert [point.turn for point in (await round_of(monitor(saying(0.6, turned), corpus), second, 2)).course] == [2]
    assert [point.turn for point in (await round_of(monitor(saying(0.4), corpus), second, 2)).course] == [1, 2]


async def test_a_course_begins_after_the_last_reply_of_another_model(corpus: Corpus) -> None:
    own = saying(0.4)
    key = talk(corpus, ("Hello", "Good day"))
    await begin_of(monitor(own, corpus), key)
    first = branch_of(corpus, key)[-1].id
    assert [point.turn for point in (await round_of(monitor(own, corpus), first)).course] == [0, 1]
    others = answered(corpus, first, replace(INFO, name="other.gguf", sha256="99" * 32))
    third = answered(corpus, others, INFO)

    unmeasured_between = await round_of(monitor(own, corpus), third, 3)
    assert [point.turn for point in unmeasured_between.course] == [3]
    assert unmeasured_between.drift is None
    await round_of(monitor(own, corpus), others, 2)
    assert [point.turn for point in (await round_of(monitor(own, corpus), third, 3)).course] == [2, 3]
    assert [point.turn for point in (await round_of(monitor(own, corpus), first)).course] == [0, 1]


async def test_a_course_begins_after_the_last_reply_of_this_model_asked_in_another_form(corpus: Corpus) -> None:
    first, *_ = replies(corpus)
    await round_of(monitor(saying(0.4), corpus), first)
    plain = answered(corpus, first, replace(INFO, prompt_format="plain"))
    third = answered(corpus, plain, INFO)
    assert [point.turn for point in (await round_of(monitor(saying(0.4), corpus), third, 3)).course] == [3]


async def test_what_an_older_version_measured_after_a_message_without_a_reply_is_no_turn(corpus: Corpus) -> None:
    first, second = replies(corpus, 2)
    asked = corpus.branch(second)[2].id
    await round_of(monitor(saying(0.4), corpus), first)
    await round_of(monitor(saying(0.8), corpus), asked, 2)
    measured = await round_of(monitor(saying(0.4), corpus), answered(corpus, second, INFO), 3)
    assert [point.turn for point in measured.course] == [1, 3]


async def test_another_version_of_this_program_measures_again(corpus: Corpus, monkeypatch: pytest.MonkeyPatch) -> None:
    (reply,) = replies(corpus)
    await round_of(monitor(saying(0.4), corpus), reply)
    monkeypatch.setattr(history, "__version__", "99")
    assert (await round_of(monitor(saying(0.4), corpus), reply)).from_before == 0


async def test_a_round_that_did_not_see_the_whole_conversation_is_measured_again_in_another_session(
    corpus: Corpus,
) -> None:
    (reply,) = replies(corpus)
    await round_of(monitor(saying(0.4, dropped=2), corpus), reply)
    assert (await round_of(monitor(saying(0.4), corpus), reply)).from_before == 0


@slow_but_first(("length", "kept"), [(1024, 0), (2048, 40), (4096, 40)])
async def test_a_model_with_a_shorter_context_than_made_the_reply_is_measured_again(
    corpus: Corpus, length: int, kept: int
) -> None:
    said, _ = branch_of(corpus, talk(corpus, ("Hello", "Good day")))
    reply = corpus.begin_reply(said.conversation_id, said.id, INFO, Sampling()).id
    await round_of(monitor(saying(0.4), corpus), reply)
    again = monitor(saying(0.4, replace(INFO, context_length=length)), corpus)
    assert (await round_of(again, reply)).from_before == kept


async def test_going_back_to_a_version_asks_a_server_nothing_again_in_the_same_session(corpus: Corpus) -> None:
    first, second = replies(corpus, 2)
    server = saying(0.4, replace(INFO, sha256=None, log_probabilities="top_k", top_k=5))
    session = monitor(server, corpus)
    await round_of(session, first)
    await round_of(session, second, 2)
    begin = len(server.asked)
    assert (await round_of(session, first)).from_before == 40
    assert len(server.asked) == begin


async def test_a_round_of_this_session_is_shown_only_for_the_same_conversation_before_the_message(
    corpus: Corpus,
) -> None:
    (reply,) = replies(corpus)
    server = saying(0.4, replace(INFO, sha256=None))
    session = monitor(server, corpus)
    await round_of(session, reply)
    assert (await round_of(session, reply, 2)).from_before == 0


async def test_measuring_is_turned_on_again_before_anything_was_said_and_the_first_round_stays_one(
    corpus: Corpus,
) -> None:
    engine = saying(0.4)
    session = monitor(engine, corpus)
    for _ in range(2):
        assert [estimate async for estimate in session.measure([], None, "a conversation")][-1].done == 40
    assert len(engine.asked) == 2 * 40


async def test_a_round_that_was_cut_short_is_completed_and_kept_whole(corpus: Corpus) -> None:
    (reply,) = replies(corpus)
    engine = saying(0.4)
    session = monitor(engine, corpus)
    session._plan.learn(1.0)
    await cut_short(session, reply, after=30)
    engine.asked.clear()
    last = await round_of(session, reply)
    assert len(engine.asked) == 2 * 10
    assert (last.done, last.total, last.from_before, last.complete) == (40, 40, 30, True)
    cut, whole = rows(corpus, reply)
    assert (cut.complete, whole.complete) == (False, True)
    assert len(corpus.probes(whole.id)) == 2 * 40
    assert whole.alignment == pytest.approx(1.0)


async def test_a_round_cut_short_in_another_session_has_its_anchors_again_to_tell_how_fast_the_model_is_and_no_other(
    corpus: Corpus,
) -> None:
    (reply,) = replies(corpus)
    before = monitor(saying(0.4), corpus)
    before._plan.learn(1.0)
    await cut_short(before, reply, after=30)
    engine = saying(0.4)
    last = await round_of(monitor(engine, corpus), reply)
    assert len(engine.asked) == 2 * (ANCHORS + 10)
    assert (last.done, last.total, last.from_before) == (40, 40, 6)
    assert [row.complete for row in rows(corpus, reply)] == [False, True]


async def test_a_slow_models_round_is_whole_as_it_was_planned_and_is_not_made_again(corpus: Corpus) -> None:
    (reply,) = replies(corpus)
    await round_of(monitor(saying(0.4), corpus, seconds=NO_TIME), reply)
    engine = saying(0.4)
    again = await round_of(monitor(engine, corpus, seconds=NO_TIME), reply)
    assert engine.asked == []
    assert again.coverage == Coverage(questions=40, anchors=ANCHORS, this_turn=SLICE)


async def test_a_round_smaller_than_what_fits_today_is_filled_up_and_one_that_is_nearly_as_large_is_not(
    corpus: Corpus,
) -> None:
    (reply,) = replies(corpus)
    await round_of(monitor(saying(0.4), corpus, seconds=NO_TIME), reply)
    engine = saying(0.4)
    session = monitor(engine, corpus, seconds=37.0)
    session._plan.learn(1.0)
    assert (await round_of(session, reply)).done == SLICE  # 28 of 37 are more than three quarters
    session._plan.seconds = 1e9
    filled = await round_of(session, reply)
    assert (filled.done, filled.from_before) == (40, SLICE)
    assert len(engine.asked) == 2 * (40 - SLICE)


async def test_questions_that_failed_are_shown_again_as_failures_with_their_reasons(corpus: Corpus) -> None:
    (reply,) = replies(corpus)
    first = await round_of(monitor(saying(0.4, failures={"Q7/reversed": "too long"}), corpus), reply)
    again = await round_of(monitor(saying(0.4), corpus), reply)
    assert again.from_before == 40
    assert [(one.question_id, one.why) for one in again.failures] == [("Q7", "reversed order: too long")]
    assert [(one.question_id, one.why) for one in first.failures] == [("Q7", "reversed order: too long")]


async def test_a_round_left_before_its_size_was_settled_never_passes_for_whole(corpus: Corpus) -> None:
    (reply,) = replies(corpus)
    before = monitor(saying(0.4), corpus)
    before._plan.learn(1.0)
    await cut_short(before, reply, after=30)
    await cut_short(monitor(saying(0.4), corpus), reply, after=6 + ANCHORS)  # six of the rest are there already
    assert [row.complete for row in rows(corpus, reply)] == [False, False]
    assert (await round_of(monitor(saying(0.4), corpus), reply)).done == 40


def told(prompt: str, turn: int) -> list[Message]:
    return [Message("system", prompt), *HELLO * turn]


async def under(monitor: Monitor, prompt: str, message_id: str, turn: int) -> Estimate:
    """A round under a system prompt."""
    conversation = conversation_of(monitor, message_id)
    return [estimate async for estimate in monitor.measure(told(prompt, turn), message_id, conversation)][-1]


async def test_the_courses_of_two_system_prompts_are_not_joined(corpus: Corpus) -> None:
    first, second, third = replies(corpus, 3)
    await under(monitor(saying(0.4), corpus), "Portray a Democrat.", first, 1)
    other = await under(monitor(saying(0.6), corpus), "Be a Democrat.", second, 2)
    assert [point.turn for point in other.course] == [2]
    assert other.drift is None
    back = await under(monitor(saying(0.3), corpus), "Portray a Democrat.", third, 3)
    assert [point.turn for point in back.course] == [1, 3]


async def test_a_round_under_another_system_prompt_is_not_shown_again(corpus: Corpus) -> None:
    (reply,) = replies(corpus)
    await under(monitor(saying(0.4), corpus), "Portray a Democrat.", reply, 1)
    engine = saying(0.6)
    found = await under(monitor(engine, corpus), "Be a Democrat.", reply, 1)
    assert found.from_before == 0
    assert len(engine.asked) > 0
    again = saying(0.1)
    assert (await under(monitor(again, corpus), "Portray a Democrat.", reply, 1)).from_before == 40
    assert again.asked == []
