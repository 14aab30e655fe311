"""What a round of probes leaves in the corpus is what was measured: nothing is rounded, reordered or called exact."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from chat_personas import __version__
from chat_personas.corpus import Corpus, CorpusError, GroupRow, ProbeRow
from chat_personas.monitor.history import Measure, RepeatedRound, RoundHistory, RoundPlace
from chat_personas.monitor.recording import RoundRecorder
from chat_personas.monitor.round import ProbeRound
from eval.answers import Answer, Failure, OrderAnswer
from eval.engine import ORDERS, EngineInfo, Message
from eval.scoring.distributions import MAX_TRUNCATION
from eval.scoring.scores import score
from eval.surveys.loading import LoadedSurvey
from tests.corpus.full_disk import no_room
from tests.corpus.making import branch_of, conversation_row, talk
from tests.eval.towns import DEMOCRAT, question, town

EXACT = OrderAnswer("survey", np.array([0.5, 0.25]), 0.125, 0.875)
CUT_OFF = OrderAnswer("reversed", np.array([0.5, 0.0]), 0.0, 0.5, truncation=1 / 3, options_upper=np.array([0.5, 0.25]))
SURVEY = LoadedSurvey(
    town(*(question(name, {DEMOCRAT: (6, 4)}, overall=(6, 4)) for name in ("BUS", "TRAM"))), Path("t.json"), "ef" * 32
)
INFO = EngineInfo(
    "small.gguf",
    "llama",
    "ab" * 32,
    quantization="Q8_0",
    template_sha256="cd" * 32,
    flash_attention=False,
    prompt_format="plain",
    interventions=("add party, strength 0.5",),
)
MEASURE = Measure(SURVEY, (DEMOCRAT,), INFO, "log_probability", seed=3)


def recorder_for(corpus: Corpus | None) -> tuple[RoundRecorder, RoundHistory]:
    history = RoundHistory(corpus, MEASURE)
    return RoundRecorder(corpus, history, MEASURE), history


def round_of(place: RoundPlace, *outcomes: Answer | Failure, reused: RepeatedRound | None = None) -> ProbeRound:
    """A round of all questions that has found these."""
    found = ProbeRound(place, SURVEY.survey.questions, (), reused=reused or RepeatedRound())
    for outcome in outcomes:
        found.take(outcome)
    return found


def place_in(corpus: Corpus) -> RoundPlace:
    """After the reply of a conversation in the corpus."""
    reply = branch_of(corpus, talk(corpus, ("Hello", "Good day")))[-1]
    return RoundPlace(reply.conversation_id, reply.id, (Message("user", "Hello"), Message("assistant", "Good day")))


def recorded(corpus: Corpus, outcomes: Sequence[Answer | Failure]) -> list[ProbeRow]:
    """The probes that a round with these outcomes leaves, in the survey's order first."""
    place = place_in(corpus)
    recorder_for(corpus)[0].record(round_of(place, *outcomes))
    assert place.conversation_id is not None
    (row,) = corpus.measurements(place.conversation_id)
    return sorted(corpus.probes(row.id), key=lambda probe: ORDERS.index(probe.option_order))


def test_the_verdict_and_its_interval_are_those_on_the_panel_in_whatever_order_the_questions_were_asked(
    corpus: Corpus,
) -> None:
    drawn = np.random.default_rng(5)
    names = [f"Q{number}" for number in range(30)]
    survey = town(*(question(name, {DEMOCRAT: (6, 4)}, overall=(6, 4)) for name in names))
    first = drawn.uniform(0.3, 0.9, (30, 2))
    answers = [
        Answer(
            name,
            tuple(OrderAnswer(order, np.array([p, 1 - p]), 0.0, 1.0) for order, p in zip(ORDERS, both, strict=True)),
        )
        for name, both in zip(names, first.tolist(), strict=True)
    ]
    measure = Measure(LoadedSurvey(survey, Path("t.json"), "ef" * 32), (DEMOCRAT,), INFO, "log_probability", seed=3)
    place = place_in(corpus)
    found = ProbeRound(place, survey.questions, ())
    for answer in drawn.permutation(np.array(answers, dtype=object)):
        found.take(answer)
    RoundRecorder(corpus, RoundHistory(corpus, measure), measure).record(found)

    shown = score(survey, (DEMOCRAT,), answers, seed=3).verdict
    assert place.conversation_id is not None
    (row,) = corpus.measurements(place.conversation_id)
    assert shown.order_agreement is not None
    assert row.verdict == shown.finding
    assert (row.order_agreement, row.order_agreement_low, row.order_agreement_high) == pytest.approx(
        (shown.order_agreement.mean, shown.order_agreement.low, shown.order_agreement.high), abs=1e-12
    )


def test_each_order_is_kept_as_the_model_gave_it(corpus: Corpus) -> None:
    exact, cut_off = recorded(corpus, [Answer("BUS", (EXACT, CUT_OFF))])
    assert (exact.question, exact.option_order, exact.options) == ("BUS", "survey", (0.5, 0.25))
    assert (exact.refusal, exact.label_mass, exact.failure) == (0.125, 0.875, None)
    assert (cut_off.option_order, cut_off.options, cut_off.label_mass) == ("reversed", (0.5, 0.0), 0.5)


def test_bounds_of_a_server_that_hides_unlikely_letters_are_kept_and_exact_figures_have_none(corpus: Corpus) -> None:
    exact, cut_off = recorded(corpus, [Answer("BUS", (EXACT, CUT_OFF))])
    assert exact.options_upper is None
    assert cut_off.options_upper == (0.5, 0.25)
    hidden = sum(cut_off.options_upper) - sum(cut_off.options)
    assert hidden / (sum(cut_off.options) + hidden) == pytest.approx(CUT_OFF.truncation)
    assert CUT_OFF.truncation > MAX_TRUNCATION


def test_a_failure_has_its_reason_in_both_orders_and_no_figures(corpus: Corpus) -> None:
    rows = recorded(corpus, [Failure("BUS", "the server is gone")])
    assert tuple(row.option_order for row in rows) == ORDERS
    assert {(row.options, row.refusal, row.label_mass, row.failure) for row in rows} == {
        ((), None, None, "the server is gone")
    }


def test_a_round_is_kept_with_all_that_decided_what_it_found(corpus: Corpus) -> None:
    place = place_in(corpus)
    survey_order = OrderAnswer("survey", np.array([0.5, 0.5]), 0.0, 1.0)
    reversed_order = OrderAnswer("reversed", np.array([0.5, 0.5]), 0.0, 1.0)
    answers = [Answer(name, (survey_order, reversed_order), dropped_messages=2) for name in ("BUS", "TRAM")]
    recorder_for(corpus)[0].record(round_of(place, *answers))
    assert place.conversation_id is not None
    (row,) = corpus.measurements(place.conversation_id)
    assert row.seconds is not None
    assert row.seconds >= 0
    assert row.model_dump(exclude={"id", "created_at", "seconds"}) == {
        "conversation_id": place.conversation_id,
        "message_id": place.message_id,
        "survey": "town",
        "survey_sha256": "ef" * 32,
        "expression": "log_probability",
        "refusals": "apart",
        "groups": (GroupRow(attribute="POLPARTY", value="Democrat").model_dump(),),
        "complete": True,
        "alignment": pytest.approx(0.9),  # half of each option, where 6 of 10 Democrats chose the first
        "alignment_low": None,
        "alignment_high": None,
        "verdict": "cannot_be_checked",
        "order_agreement": 0.0,
        "order_agreement_low": None,
        "order_agreement_high": None,
        "engine": "llama",
        "model": "small.gguf",
        "model_sha256": "ab" * 32,
        "quantization": "Q8_0",
        "template_sha256": "cd" * 32,
        "prompt_format": "plain",
        "template": None,
        "flash_attention": False,
        "interventions": ("add party, strength 0.5",),
        "seed": 3,
        "dropped_messages": 2,
        "program_version": __version__,
        "persona_name": None,
        "system_prompt": "",
    }


def test_a_round_that_asked_nothing_itself_leaves_no_row(corpus: Corpus) -> None:
    place = place_in(corpus)
    again = RepeatedRound((Answer("BUS", (EXACT,)),), complete=True)
    recorder_for(corpus)[0].record(round_of(place, reused=again))
    assert place.conversation_id is not None
    assert corpus.measurements(place.conversation_id) == ()


def test_without_a_corpus_a_round_is_known_in_this_session() -> None:
    recorder, history = recorder_for(None)
    place = RoundPlace(None, None, (Message("user", "Hello"),))
    recorder.record(round_of(place, Answer("BUS", (EXACT,))))
    assert [earlier.turn for earlier in history.earlier(RoundPlace(None, None, place.context * 2))] == [1]
    repeat = history.repeat_of(place)
    assert repeat is not None
    assert repeat.asked == {"BUS"}


def test_a_round_before_the_first_message_that_does_not_fit_on_the_disk_is_written_once_there_is_room(
    corpus: Corpus,
) -> None:
    row = conversation_row()
    recorder, history = recorder_for(corpus)
    place = RoundPlace(row.id, None, ())
    found = round_of(place, *(Failure(name, "long " * 100_000) for name in ("BUS", "TRAM")))
    recorder.record(found)
    reply = branch_of(corpus, talk(corpus, ("Hello", "Good day"), row=row, model=INFO))[-1]
    with no_room(corpus), pytest.raises(CorpusError, match="no space is left"):
        recorder.flush()
    assert corpus.measurements(row.id) == ()
    recorder.flush()
    recorder.flush()
    assert [kept.message_id for kept in corpus.measurements(row.id)] == [None]
    later = RoundPlace(row.id, reply.id, (Message("user", "Hello"), Message("assistant", "Good day")))
    assert [earlier.turn for earlier in history.earlier(later)] == [0], "it counts once"
