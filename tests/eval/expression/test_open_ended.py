"""Answers in words: the judge maps them to options, is not steered, and its own error is found and counts."""

from typing import Any

import numpy as np
import pytest

from eval.answers import Answer, Failure, Replies
from eval.engine import ORDERS, EngineError, EngineInfo, LogProbabilities, Message
from eval.evaluation import evaluate
from eval.expression.judge import NO_LETTER, Judge
from eval.expression.open_ended import ask
from eval.scoring.distributions import opinion
from tests.eval.fake_engine import FakeEngine, Masses
from tests.eval.saying_engine import SayingEngine
from tests.eval.test_evaluate import DEMOCRAT, SURVEY, persona
from tests.eval.towns import question

BUS = question("BUS", {}, overall=(1, 1, 1), ordinals=(1, 2, 3))
RIGHT = 0.9


class ListeningEngine(FakeEngine):
    """A judge that gives `right` to the option that a statement names, and the rest of 0.95 to the others alike.

    `masses` maps statements to the masses of the options, where that is to be otherwise.
    """

    def __init__(
        self,
        right: float = RIGHT,
        masses: dict[str, Masses] | None = None,
        log_probabilities: LogProbabilities = "exact",
    ) -> None:
        super().__init__(info=EngineInfo("listening", "fake", sha256="cd" * 32, log_probabilities=log_probabilities))
        self._right = right
        self._by_statement = masses or {}

    def _score(self, probe: Any) -> Any:
        statement = probe.prompt.split('Somebody said: "')[1].split('."')[0]
        texts = [line[3:] for line in probe.prompt.splitlines() if line[1:3] == ". "]
        others = (0.95 - self._right) / (len(texts) - 1)
        named = {text: self._right if text in statement else others for text in texts}
        self._masses = {probe.key: self._by_statement.get(statement, named)}
        return super()._score(probe)


def saying(*replies: str) -> SayingEngine:
    """Return a persona that gives these replies in turn."""
    return SayingEngine(lambda prompt, number: replies[number])


async def outcome(engine: SayingEngine, judge: FakeEngine, samples: int) -> Answer | Failure:
    """Return what comes of asking about buses."""
    (found,) = [
        each async for each in ask(engine, [Message("system", "x")], [BUS], judge=Judge(judge), samples=samples)
    ]
    return found


async def test_replies_are_mapped_by_the_judge_in_both_orders_and_averaged() -> None:
    engine = saying("I take option 1.", "Surely option 1", "option 3, I think.", "No answer")
    answer = await outcome(engine, ListeningEngine(), 4)
    assert isinstance(answer, Answer)
    right, other = 0.9 / 0.95, 0.05 / 3 / 0.95
    assert [order.order for order in answer.by_order] == list(ORDERS)
    for order in answer.by_order:
        means = [(2 * right + 2 * other) / 4, other, (right + 3 * other) / 4]
        np.testing.assert_allclose(order.options, means)
        assert order.refusal == pytest.approx((right + 3 * other) / 4)
        assert order.label_mass is None
    assert (answer.doubtful, answer.replies) == (False, Replies(4))


async def test_the_persona_sees_no_options_and_the_judge_no_persona() -> None:
    engine, judge = saying('Buses?\nWell, "option 2". '), ListeningEngine()
    await outcome(engine, judge, 1)
    ((messages, _, _),) = engine.heard
    assert messages == (
        Message("system", "x"),
        Message("user", "What about BUS?\nAnswer in one or two sentences of your own."),
    )
    assert set(judge.prefixes) == {()}
    assert judge.asked[-1] == (
        "What about BUS?\nA. option 1\nB. option 2\nC. option 3\nD. No answer\n"
        'Somebody said: "Buses? Well, "option 2"." Which answer fits that best?\nAnswer with one letter only.'
    )


async def test_the_error_of_the_judge_is_what_it_does_not_give_to_the_right_option_of_known_statements() -> None:
    lost = {"option 2": {"option 1": 0.6, "option 2": 0.3, "No answer": 0.1}, "option 3": {"option 3": 0.1}}
    (error,) = await Judge(ListeningEngine(masses=lost)).errors([BUS])
    # 1 - 0.9/0.95 for the first option, 0.7 for the second, and 1 for the third, to which it gives no letter.
    assert error == pytest.approx((0.05 / 0.95 + 0.7 + 1) / 3)


async def test_known_statements_are_put_once_for_all_personas() -> None:
    engine = ListeningEngine()
    judge = Judge(engine)
    first, again = await judge.errors([BUS]), await judge.errors([BUS])
    np.testing.assert_array_equal(first, again)
    assert len(engine.asked) == 6


@pytest.mark.parametrize(("right", "doubtful"), [(0.77, False), (0.75, True)])
async def test_where_the_judge_errs_in_more_than_a_fifth_nothing_is_valid(right: float, doubtful: bool) -> None:
    answer = await outcome(saying("option 1"), ListeningEngine(right), 1)
    assert isinstance(answer, Answer)
    assert answer.doubtful == doubtful
    assert opinion(answer, "apart").valid == (not doubtful)


async def test_replies_without_a_letter_of_the_judge_are_left_out_and_counted() -> None:
    judge = ListeningEngine(masses={"Hm": {"option 1": 0.4}})
    answer = await outcome(saying("Hm.", "option 1", "option 1", " "), judge, 4)
    assert isinstance(answer, Answer)
    assert answer.replies == Replies(4, ("an empty reply", NO_LETTER))
    assert answer.by_order[0].options[0] == pytest.approx(0.9 / 0.95)
    failed = await outcome(saying("Hm.", "Hm", "option 1"), judge, 3)
    assert isinstance(failed, Failure)
    assert failed.why == f"most replies cannot be read: 2 of 3, mostly {NO_LETTER}"


async def test_the_report_names_the_judge_with_its_error_and_calls_nothing_valid_that_it_cannot_judge() -> None:
    engine = SayingEngine(lambda prompt, number: "option 1")
    made = await evaluate(
        engine, persona(DEMOCRAT), SURVEY, expression="open_ended", samples=2, judge=Judge(ListeningEngine(0.5))
    )
    assert made.judge is not None
    assert (made.judge.name, made.judge.sha256, made.judge.limit) == ("listening", "cd" * 32, 0.2)
    assert made.judge.statements == sum(len(question.options) for question in SURVEY.survey.questions)
    assert made.judge.error.mean == pytest.approx(1 - 0.5 / 0.95)
    assert made.judge.error.low is not None
    assert not any(question.valid for question in made.questions)
    assert made.scores_valid_only.alignment is None
    assert made.replies is not None
    assert (made.replies.per_prompt, made.replies.asked) == (2, 48)


async def test_a_judge_without_log_probabilities_is_refused_before_anything_is_asked() -> None:
    engine = SayingEngine(lambda prompt, number: "option 1")
    judge = Judge(ListeningEngine(log_probabilities="none"))
    with pytest.raises(EngineError, match="the judge listening gives no log-probabilities; name another with --judge"):
        await evaluate(engine, persona(DEMOCRAT), SURVEY, expression="open_ended", judge=judge)
    assert engine.heard == []
