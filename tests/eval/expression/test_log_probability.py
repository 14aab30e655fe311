"""Reading answers off an engine: by text, in both orders, with nothing lost and nothing made up."""

from collections.abc import Sequence

import numpy as np
import pytest

from eval.answers import Answer, Failure
from eval.engine import EngineError, EngineInfo, Message
from eval.expression.log_probability import ask
from eval.surveys.model import Question
from tests.eval.fake_engine import FakeEngine
from tests.eval.towns import question

BUS = question("BUS", {}, overall=(1, 1, 1), ordinals=(1, 2, 3))
TRAM = question("TRAM", {}, overall=(1, 1))
SAID = {"option 1": 0.5, "option 2": 0.2, "option 3": 0.1, "No answer": 0.05}


async def outcomes(engine: FakeEngine, questions: Sequence[Question] = (BUS,)) -> dict[str, Answer | Failure]:
    """Return what came back, by question."""
    found = [outcome async for outcome in ask(engine, [], questions)]
    assert len(found) == len({outcome.question_id for outcome in found})
    return {outcome.question_id: outcome for outcome in found}


async def answered(engine: FakeEngine) -> Answer:
    """Return the answer to the question about buses."""
    outcome = (await outcomes(engine))["BUS"]
    assert isinstance(outcome, Answer)
    return outcome


async def failed(engine: FakeEngine) -> Failure:
    """Return why there is no answer to the question about buses."""
    outcome = (await outcomes(engine))["BUS"]
    assert isinstance(outcome, Failure)
    return outcome


async def test_masses_belong_to_the_options_whatever_the_order_in_which_they_were_printed() -> None:
    survey_order, reversed_order = (await answered(FakeEngine({"BUS": SAID}))).by_order
    assert (survey_order.order, reversed_order.order) == ("survey", "reversed")
    np.testing.assert_allclose(survey_order.options, [0.5, 0.2, 0.1])
    np.testing.assert_allclose(reversed_order.options, [0.5, 0.2, 0.1])
    assert survey_order.refusal == pytest.approx(0.05)
    assert survey_order.label_mass == pytest.approx(0.85)


async def test_exact_probabilities_leave_nothing_uncertain() -> None:
    assert [order.truncation for order in (await answered(FakeEngine({"BUS": SAID}))).by_order] == [0, 0]


async def test_what_each_option_could_have_at_most_is_kept_unless_it_is_exact() -> None:
    assert (await answered(FakeEngine({"BUS": SAID}))).by_order[0].options_upper is None
    for order in (await answered(FakeEngine({"BUS": SAID}, hidden=0.02))).by_order:
        np.testing.assert_allclose(order.options, [0.5, 0.2, 0.1])
        np.testing.assert_allclose(order.options_upper, [0.52, 0.22, 0.12])


async def test_a_figure_that_is_no_number_fails_the_question() -> None:
    broken = await failed(FakeEngine({"BUS/reversed": {**SAID, "No answer": float("nan")}}))
    assert broken.why == "reversed order: the engine gave a figure that is not a probability"


async def test_mass_that_a_server_did_not_show_bounds_how_far_the_distribution_may_be_off() -> None:
    shown = await answered(FakeEngine({"BUS": SAID}, hidden=0.02))
    assert shown.by_order[0].truncation == pytest.approx(0.08 / (0.8 + 0.08))


async def test_labels_cannot_hide_more_mass_than_they_leave() -> None:
    shown = await answered(FakeEngine({"BUS": SAID}, hidden=0.3))
    assert shown.by_order[0].truncation == pytest.approx(0.15 / (0.8 + 0.15))


async def test_the_cost_of_a_question_is_that_of_its_probes() -> None:
    given = await answered(FakeEngine({"BUS": SAID}))
    assert (given.tokens_decoded, given.tokens_reused) == (20, 60)


async def test_a_failure_in_one_order_fails_the_question_and_no_other() -> None:
    found = await outcomes(FakeEngine(failures={"BUS/reversed": "the server cut it off"}), (BUS, TRAM))
    assert isinstance(found["TRAM"], Answer)
    assert found["BUS"] == Failure("BUS", "reversed order: the server cut it off", 11, 30)


async def test_no_mass_on_any_answer_is_a_failure_not_a_zero() -> None:
    assert "no probability on any answer" in (await failed(FakeEngine({"BUS": {}}))).why


async def test_refusals_only_are_an_answer() -> None:
    given = await answered(FakeEngine({"BUS": {"No answer": 0.9}}))
    for order in given.by_order:
        assert (order.options.tolist(), order.refusal, order.truncation) == ([0, 0, 0], pytest.approx(0.9), 0)


async def test_mass_that_was_not_shown_beside_refusals_only_is_set_against_the_refusals() -> None:
    shown = await answered(FakeEngine({"BUS": {"No answer": 0.9}}, hidden=0.02))
    assert shown.by_order[0].truncation == pytest.approx(0.08 / (0.9 + 0.08))


async def test_a_question_that_the_engine_never_answers_is_a_failure() -> None:
    assert "without an answer" in (await failed(FakeEngine(silent=frozenset({"BUS/survey"})))).why


async def test_an_engine_without_log_probabilities_is_refused() -> None:
    engine = FakeEngine(info=EngineInfo(name="mute", engine="openai", log_probabilities="none"))
    with pytest.raises(EngineError, match="mute gives no log-probabilities"):
        await outcomes(engine)


async def test_the_conversation_so_far_comes_before_every_probe() -> None:
    engine = FakeEngine()
    prefix = [Message("system", "You ride the bus."), Message("user", "Hello")]
    assert [outcome async for outcome in ask(engine, prefix, [BUS])]
    assert engine.prefixes == [tuple(prefix)]


async def test_without_questions_the_engine_is_not_asked() -> None:
    engine = FakeEngine()
    assert await outcomes(engine, ()) == {}
    assert engine.prefixes == []


async def test_closing_the_iterator_stops_the_engine() -> None:
    engine = FakeEngine()
    asked = ask(engine, [], [BUS, TRAM])
    assert await anext(asked)
    await asked.aclose()
    assert engine.closed_early
