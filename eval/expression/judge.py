"""The judge: a model that is given a statement in free text and asked which option of a question fits it best.

The judge is not steered and sees one statement at a time. Its error is estimated on statements whose answer is known:
the text of each option, put as something that was said. Free text is harder than these statements, so the estimate is a
lower bound.
"""

from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass

import numpy as np

from eval.answers import Answer, Failure, FloatArray, OrderAnswer
from eval.engine import ORDERS, Engine, EngineInfo
from eval.expression import log_probability
from eval.expression.rendering import QuestionLike, render_statement
from eval.scoring.distributions import opinion

MOST_ERROR = 0.2
"""If the mean error over known statements is above this, no judged answer is valid."""
NO_LETTER = "a reply for which the judge gives no letter"


@dataclass(frozen=True, slots=True)
class _Statement:
    """A question whose id is the number of a statement about it."""

    id: str
    stem: str
    option_texts: tuple[str, ...]
    refusals: tuple[str, ...]


class Judge:
    """Maps statements to distributions over the options of a question, by the log-probabilities of the letters."""

    def __init__(self, engine: Engine) -> None:
        """`engine` may be the one whose answers are judged."""
        self._engine = engine
        self._known_errors: dict[tuple[str, str, tuple[str, ...]], float] = {}

    @property
    def info(self) -> EngineInfo:
        """The judging model."""
        return self._engine.info

    async def weigh(self, question: QuestionLike, statements: Sequence[str]) -> list[tuple[OrderAnswer, ...] | None]:
        """Return, for each statement, the masses of the options in both orders, or None if the judge gives no letter.

        The judge gives no letter if its answer would not be valid as an answer to a probe: if all letters together have
        less than half of the probability, or if a server shows too few tokens.

        Raises:
            EngineError: the judge gives no log-probabilities, or failed as a whole.
        """
        by_number = {str(number): statement for number, statement in enumerate(statements)}
        asked = [_Statement(number, question.stem, question.option_texts, question.refusals) for number in by_number]
        found: dict[str, tuple[OrderAnswer, ...] | None] = dict.fromkeys(by_number)
        outcomes = log_probability.ask(
            self._engine, [], asked, ORDERS, lambda each, order: render_statement(each, order, by_number[each.id])
        )
        async with aclosing(outcomes):
            async for outcome in outcomes:
                found[outcome.question_id] = _letters(outcome)
        return list(found.values())

    async def errors(self, questions: Sequence[QuestionLike]) -> FloatArray:
        """Return the judge's error for each question, 0 to 1.

        The text of each option is put as a statement. The error is the mean, over these, of the probability that the
        judge does not give to that option, which is the total variation from the right answer. A statement for which it
        gives no letter counts as an error of 1. A question is asked only once.

        Raises:
            EngineError: the judge gives no log-probabilities, or failed as a whole.
        """
        return np.array([await self._error_of(question) for question in questions])

    async def _error_of(self, question: QuestionLike) -> float:
        key = (question.id, question.stem, question.option_texts)
        if key not in self._known_errors:
            weighed = await self.weigh(question, question.option_texts)
            self._known_errors[key] = float(np.mean([_error(orders, right) for right, orders in enumerate(weighed)]))
        return self._known_errors[key]


def _letters(outcome: Answer | Failure) -> tuple[OrderAnswer, ...] | None:
    if isinstance(outcome, Failure) or not opinion(outcome, "as-option").valid:
        return None
    return outcome.by_order


def _error(orders: tuple[OrderAnswer, ...] | None, right: int) -> float:
    if orders is None:
        return 1.0
    return 1.0 - float(np.mean([with_refusal(order)[right] for order in orders]))


def with_refusal(answer: OrderAnswer) -> FloatArray:
    """Return the shares of the options, and of the refusals last, in the masses of all letters."""
    masses: FloatArray = np.append(answer.options, answer.refusal)
    shares: FloatArray = masses / masses.sum()
    return shares
