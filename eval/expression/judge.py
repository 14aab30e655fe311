"""The judge: a model that is told what somebody said and asked which option of a question that amounts to.

It is not steered, and sees one statement at a time. It errs too, so its error is estimated on statements whose answer
is known: the text of each option, put as what somebody said. Own words are harder: it errs at least so much.
"""

from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass

import numpy as np

from eval.answers import Answer, Failure, FloatArray, OrderAnswer
from eval.engine import ORDERS, Engine, EngineInfo
from eval.expression import log_probability
from eval.expression.rendering import QuestionLike, render_statement
from eval.scoring.opinions import opinion

MOST_ERROR = 0.2
"""Above this mean error over known statements, nothing that the judge says is valid."""
NO_LETTER = "a reply for which the judge gives no letter"


@dataclass(frozen=True, slots=True)
class _Statement:
    """A question with the number of a statement about it as its id."""

    id: str
    stem: str
    option_texts: tuple[str, ...]
    refusals: tuple[str, ...]


class Judge:
    """Maps statements to distributions over the options of a question, by the log-probabilities of the letters."""

    def __init__(self, engine: Engine) -> None:
        """`engine` may be the one that is judged."""
        self._engine = engine
        self._known: dict[tuple[str, str, tuple[str, ...]], float] = {}

    @property
    def info(self) -> EngineInfo:
        """What the judge is."""
        return self._engine.info

    async def weigh(self, question: QuestionLike, statements: Sequence[str]) -> list[tuple[OrderAnswer, ...] | None]:
        """Return for each statement the masses of the options in both orders, or None where the judge gives no letter.

        It gives none when that is not valid as an answer to a probe would be: when all letters together have less than
        half of the probability, or a server shows too little.

        Raises:
            EngineError: the judge gives no log-probabilities, or failed as a whole.
        """
        said = {str(number): statement for number, statement in enumerate(statements)}
        asked = [_Statement(number, question.stem, question.option_texts, question.refusals) for number in said]
        found: dict[str, tuple[OrderAnswer, ...] | None] = dict.fromkeys(said)
        outcomes = log_probability.ask(
            self._engine, [], asked, ORDERS, lambda each, order: render_statement(each, order, said[each.id])
        )
        async with aclosing(outcomes):
            async for outcome in outcomes:
                found[outcome.question_id] = _letters(outcome)
        return list(found.values())

    async def errors(self, questions: Sequence[QuestionLike]) -> FloatArray:
        """Return the judge's error for each question: the mean, over its options, of the probability not given to the
        option whose own text was the statement. That is the total variation from the right answer. 0 to 1.

        A statement for which it gives no letter counts as an error. What was asked once is not asked again.

        Raises:
            EngineError: the judge gives no log-probabilities, or failed as a whole.
        """
        for question in questions:
            key = (question.id, question.stem, question.option_texts)
            if key not in self._known:
                weighed = await self.weigh(question, question.option_texts)
                self._known[key] = float(np.mean([_error(orders, right) for right, orders in enumerate(weighed)]))
        return np.array([self._known[question.id, question.stem, question.option_texts] for question in questions])


def with_refusal(answer: OrderAnswer) -> FloatArray:
    """Return the shares of the options, and of the refusals last, in the masses of all letters."""
    masses: FloatArray = np.append(answer.options, answer.refusal)
    shares: FloatArray = masses / masses.sum()
    return shares


def _letters(outcome: Answer | Failure) -> tuple[OrderAnswer, ...] | None:
    if isinstance(outcome, Failure) or not opinion(outcome, "as-option").valid:
        return None
    return outcome.by_order


def _error(orders: tuple[OrderAnswer, ...] | None, right: int) -> float:
    if orders is None:
        return 1.0
    return 1.0 - float(np.mean([with_refusal(order)[right] for order in orders]))
