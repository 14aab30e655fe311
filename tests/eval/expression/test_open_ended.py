"""Answers in words: the judge maps them to options, is not steered, and its own error is found and counts."""

import re
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from eval.answers import Answer, Failure, Replies
from eval.engine import ORDERS, EngineError, EngineInfo, LogProbabilities, Message
from eval.evaluation import evaluate
from eval.expression.judge import ABSTAIN, NO_LETTER, NONE_FITS, Judge
from eval.expression.methods import METHODS
from eval.expression.open_ended import ask
from eval.expression.statements import known_statements
from eval.scoring.distributions import opinion
from tests.eval.fake_engine import FakeEngine, Masses
from tests.eval.saying_engine import SayingEngine
from tests.eval.test_evaluate import DEMOCRAT, SURVEY, persona
from tests.eval.towns import question

BUS = question("BUS", {}, overall=(1, 1, 1), ordinals=(1, 2, 3))
RIGHT = 0.9


class ListeningEngine(FakeEngine):
    """An honest judge: it gives `right` to the option that a statement names, and the rest of 0.95 to the others alike.

    It also knows the option when its number is spelled out, and abstains where no option is named. `masses` maps
    statements to the masses of the options, where that is to be otherwise.
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
        statement, texts = heard_in(probe.prompt)
        digits = re.sub(r"\w+", lambda word: SPELLED.get(word[0], word[0]), statement)
        self._masses = {probe.key: self._by_statement.get(statement, self.masses_of(digits, texts))}
        return super()._score(probe)

    def masses_of(self, statement: str, texts: Sequence[str]) -> Masses:
        """Return the masses of the options for one statement."""
        others = (0.95 - self._right) / (len(texts) - 1)
        named = [text for text in texts if text in statement] or [ABSTAIN]
        return {text: self._right if text in named else others for text in texts}


SPELLED = {"one": "1", "two": "2", "three": "3", "four": "4", "five": "5"}


def heard_in(prompt: str) -> tuple[str, list[str]]:
    """Return the statement and the options in a question to the judge."""
    statement = prompt.split('Somebody said: "')[1].split('." Which answer')[0]
    return statement, [line[3:] for line in prompt.splitlines() if line[1:3] == ". "]


def error_of(right: float, options: int) -> float:
    """Return the mean error of a `ListeningEngine` over the known statements about one question.

    Of 0.95, `right` is on one of the options, the refusal and "none fits", and the rest on the others alike. Two
    statements fit no option: there only what is on the options is wrong.
    """
    elsewhere = 0.95 - right
    return (options * elsewhere + 2 * elsewhere * options / (options + 1)) / 0.95 / (options + 2)


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
    right, other = 0.9, 0.05 / 4  # "none fits" has as much as another option, and is taken off
    assert [order.order for order in answer.by_order] == list(ORDERS)
    for order in answer.by_order:
        means = np.array([(2 * right + 2 * other) / 4, other, (right + 3 * other) / 4]) / (0.95 - other)
        np.testing.assert_allclose(order.options, means)
        assert order.refusal == pytest.approx((right + 3 * other) / 4 / (0.95 - other))
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
        "What about BUS?\nA. option 1\nB. option 2\nC. option 3\nD. No answer\nE. None of these answers fits\n"
        'Somebody said: "Buses? Well, "option 2"." Which answer fits that best?\nAnswer with one letter only.'
    )


async def test_the_error_of_the_judge_is_what_it_does_not_give_to_the_right_answer_of_known_statements() -> None:
    known = {statement.option: statement.text for statement in known_statements(BUS)}
    refusing, irrelevant = (statement.text for statement in known_statements(BUS) if statement.option is None)
    lost = {
        known[1]: {"option 1": 0.6, "option 2": 0.3, "No answer": 0.1},
        known[2]: {"option 3": 0.1},
        refusing: {"No answer": 0.5, ABSTAIN: 0.3, "option 1": 0.2},
        irrelevant: {"option 1": 0.8, ABSTAIN: 0.2},
    }
    found = await Judge(ListeningEngine(masses=lost)).errors([BUS])
    # 1 - 0.9/0.95 for the first option, 0.7 for the second, and 1 for the third, to which it gives no letter.
    paraphrases, abstentions = [0.05 / 0.95, 0.7, 1], [0.2, 0.8]
    assert found.paraphrases == pytest.approx([np.mean(paraphrases)])
    assert found.abstentions == pytest.approx([np.mean(abstentions)])
    assert found.overall == pytest.approx([np.mean(paraphrases + abstentions)])
    assert (found.paraphrase_count, found.abstention_count) == (3, 2)


async def test_known_statements_are_put_once_for_all_personas() -> None:
    engine = ListeningEngine()
    judge = Judge(engine)
    first, again = await judge.errors([BUS]), await judge.errors([BUS])
    np.testing.assert_array_equal(first.overall, again.overall)
    assert len(engine.asked) == 10 == METHODS["open_ended"].known_requests(BUS)


class ComparingEngine(ListeningEngine):
    """A judge that only compares texts, and abstains where no option's text occurs in the statement."""

    def _score(self, probe: Any) -> Any:
        statement, texts = heard_in(probe.prompt)
        self._by_statement = {statement: self.masses_of(statement, texts)}
        return super()._score(probe)


class AlwaysChoosingEngine(ListeningEngine):
    """A judge that knows every paraphrase, and gives the first option where a statement fits none."""

    def masses_of(self, statement: str, texts: Sequence[str]) -> Masses:
        named = [text for text in texts if text in statement] or [next(text for text in texts if text != ABSTAIN)]
        return {text: 0.95 if text in named else 0.0 for text in texts}


@pytest.mark.parametrize(
    ("engine", "paraphrases", "abstentions", "unreliable"),
    [
        (ListeningEngine(0.95), 0.0, 0.0, False),
        (ComparingEngine(0.95), 1.0, 0.0, True),
        (AlwaysChoosingEngine(), 0.0, 1.0, True),
    ],
    ids=["honest", "compares texts", "always chooses"],
)
async def test_an_honest_judge_passes_and_one_that_compares_texts_or_always_chooses_does_not(
    engine: ListeningEngine, paraphrases: float, abstentions: float, unreliable: bool
) -> None:
    talker = SayingEngine(lambda prompt, number: "option 1")
    made = await evaluate(
        talker, persona(DEMOCRAT), SURVEY, expression="open_ended", samples=2, judge=Judge(engine), limit=20
    )
    assert made.judge is not None
    assert made.judge.paraphrase_error is not None
    assert made.judge.abstention_error is not None
    assert made.judge.paraphrase_error.mean == pytest.approx(paraphrases)
    assert made.judge.abstention_error.mean == pytest.approx(abstentions)
    assert made.judge.paraphrase_error.low is not None
    assert (made.verdict.finding == "judge_unreliable") == made.judge.errs_too_often == unreliable


async def test_a_judge_whose_error_on_paraphrases_cannot_be_estimated_is_not_trusted() -> None:
    options = tuple({"text": text, "ordinal": 1} for text in ("Rot", "Blau", "Gelb"))
    colours = type(BUS).model_validate({**BUS.model_dump(), "options": options})
    errors = await Judge(ListeningEngine(0.95)).errors([colours])
    assert (errors.paraphrase_count, errors.too_often) == (0, True)


async def test_a_reply_that_fits_no_option_is_left_out_and_counted() -> None:
    answer = await outcome(saying("Bananas are yellow.", "option 1", "option 1"), ListeningEngine(0.95), 3)
    assert isinstance(answer, Answer)
    assert answer.replies == Replies(3, (NONE_FITS,))
    assert answer.by_order[0].options == pytest.approx([1, 0, 0])


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
    assert answer.by_order[0].options[0] == pytest.approx(0.9 / (0.95 - 0.05 / 4))
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
    sizes = [len(question.options) for question in SURVEY.survey.questions]
    assert (made.judge.paraphrases, made.judge.abstentions) == (sum(sizes), 2 * len(sizes))
    assert made.judge.statements == sum(sizes) + 2 * len(sizes)
    assert made.judge.error.mean == pytest.approx(np.mean([error_of(0.5, size) for size in sizes]))
    assert made.judge.worst.mean == pytest.approx(1 - 0.5 / 0.95)
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
