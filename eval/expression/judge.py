"""The judge: a model that is given a statement in free text and asked which option of a question fits it best, or none.

The judge is not steered and sees one statement at a time. How often it errs is estimated on statements whose answer is
known (`eval.expression.statements`). What people say is harder than these, so the estimate is a lower bound.
"""

from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass

import numpy as np

from eval.answers import Answer, Failure, FloatArray, OrderAnswer
from eval.engine import ORDERS, Engine, EngineInfo, Order
from eval.expression import log_probability
from eval.expression.rendering import QuestionLike, Rendered, render_statement
from eval.expression.statements import KnownStatement, known_statements
from eval.scoring.distributions import opinion

MOST_ERROR = 0.2
"""If the mean error over paraphrases, or over statements to abstain from, is above this, no judged answer is valid."""
NO_LETTER = "a reply for which the judge gives no letter"
NONE_FITS = "a reply that fits no option"
ABSTAIN = "None of these answers fits"
"""The last option of every question to the judge."""
_MOSTLY = 0.5


@dataclass(frozen=True, slots=True)
class _Statement:
    """A question whose id is the number of a statement about it."""

    id: str
    stem: str
    option_texts: tuple[str, ...]
    refusals: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Weighed:
    """What the judge makes of one statement.

    `by_order` has the masses of the options and of the refusals together, in each order, without those of "none fits".
    `shares` are of all letters, in the mean of both orders: of each option, of the refusals together, of "none fits".
    """

    by_order: tuple[OrderAnswer, ...]
    shares: FloatArray

    @property
    def fits(self) -> bool:
        """Whether the statement amounts to one of the answers, rather than to none."""
        return bool(self.shares[-1] <= _MOSTLY) and all(each.options.sum() + each.refusal > 0 for each in self.by_order)


@dataclass(frozen=True, slots=True)
class JudgeErrors:
    """The judge's errors, 0 to 1, one value per question: over all its known statements, and over those of each kind.

    `paraphrases` is NaN for a question no option of which can be put in other words.
    """

    overall: FloatArray
    paraphrases: FloatArray
    abstentions: FloatArray
    paraphrase_count: int
    abstention_count: int

    @property
    def too_often(self) -> bool:
        """Whether no judged answer can be trusted: an error is above `MOST_ERROR`, or nothing could be paraphrased."""
        if self.paraphrase_count == 0:
            return True
        return float(np.nanmean(self.paraphrases)) > MOST_ERROR or float(self.abstentions.mean()) > MOST_ERROR


class Judge:
    """Maps statements to distributions over the options of a question, by the log-probabilities of the letters."""

    def __init__(self, engine: Engine) -> None:
        """`engine` may be the one whose answers are judged."""
        self._engine = engine
        self._known_errors: dict[tuple[str, str, tuple[str, ...]], tuple[float, ...]] = {}

    @property
    def info(self) -> EngineInfo:
        """The judging model."""
        return self._engine.info

    async def weigh(self, question: QuestionLike, statements: Sequence[str]) -> list[Weighed | None]:
        """Return what the judge makes of each statement in both orders, or None if it gives no letter.

        The last option, after the refusals, is that none fits. The judge gives no letter if its answer would not be
        valid as an answer to a probe: if all letters together have less than half of the probability, or if a server
        shows too few tokens.

        Raises:
            EngineError: the judge gives no log-probabilities, or failed as a whole.
        """
        by_number = {str(number): statement for number, statement in enumerate(statements)}
        answers = (*question.option_texts, *question.refusals)
        asked = [_Statement(number, question.stem, answers, (ABSTAIN,)) for number in by_number]

        def rendering(each: QuestionLike, order: Order) -> Rendered:
            shown = _Statement(each.id, question.stem, question.option_texts, (*question.refusals, ABSTAIN))
            return render_statement(shown, order, by_number[each.id])

        found: dict[str, Weighed | None] = dict.fromkeys(by_number)
        async with aclosing(log_probability.ask(self._engine, [], asked, ORDERS, rendering)) as outcomes:
            async for outcome in outcomes:
                found[outcome.question_id] = _weighed(outcome, len(question.option_texts))
        return list(found.values())

    async def errors(self, questions: Sequence[QuestionLike]) -> JudgeErrors:
        """Return the judge's error for each question.

        The known statements of each question are put to the judge. Its error on one is the probability that it does not
        give to the right answer, which is the total variation from it: to the option that is paraphrased, or to
        abstaining or refusing. A statement for which it gives no letter counts as an error of 1. A question is asked
        only once.

        Raises:
            EngineError: the judge gives no log-probabilities, or failed as a whole.
        """
        found = [(question, await self._errors_of(question)) for question in questions]
        known = [(known_statements(question), errors) for question, errors in found]
        paraphrases = [[error for each, error in zip(*one, strict=True) if each.option is not None] for one in known]
        abstentions = [[error for each, error in zip(*one, strict=True) if each.option is None] for one in known]
        return JudgeErrors(
            overall=np.array([np.mean(errors) for _, errors in known]),
            paraphrases=np.array([np.mean(errors) if errors else np.nan for errors in paraphrases]),
            abstentions=np.array([np.mean(errors) for errors in abstentions]),
            paraphrase_count=sum(map(len, paraphrases)),
            abstention_count=sum(map(len, abstentions)),
        )

    async def _errors_of(self, question: QuestionLike) -> tuple[float, ...]:
        key = (question.id, question.stem, question.option_texts)
        if key not in self._known_errors:
            known = known_statements(question)
            weighed = await self.weigh(question, [statement.text for statement in known])
            self._known_errors[key] = tuple(map(_error, known, weighed))
        return self._known_errors[key]


def _weighed(outcome: Answer | Failure, options: int) -> Weighed | None:
    """Return what an answer says about a statement; its refusal is "none fits", and its last options are refusals."""
    if isinstance(outcome, Failure) or not opinion(outcome, "as-option").valid:
        return None
    by_order = tuple(_answered(order, options) for order in outcome.by_order)
    masses = np.array(
        [[*here.options, here.refusal, order.refusal] for here, order in zip(by_order, outcome.by_order, strict=True)]
    )
    return Weighed(by_order, (masses / masses.sum(axis=1, keepdims=True)).mean(axis=0))


def _answered(order: OrderAnswer, options: int) -> OrderAnswer:
    """Return the masses of the options and of the refusals together, which stand after the options in `order`."""
    kept, refusal = order.options[:options], float(order.options[options:].sum())
    shown = float(kept.sum()) or refusal
    hidden = order.truncation * float(order.options.sum()) / (1 - order.truncation) if order.truncation < 1 else np.inf
    return OrderAnswer(
        order=order.order,
        options=kept,
        refusal=refusal,
        label_mass=order.label_mass,
        truncation=1.0 if not np.isfinite(hidden) else hidden / (shown + hidden) if hidden > 0 else 0.0,
        options_upper=None if order.options_upper is None else order.options_upper[:options],
    )


def _error(known: KnownStatement, weighed: Weighed | None) -> float:
    """Return the share that is not on the right answer; to abstain from a statement, refusing is right, too."""
    if weighed is None:
        return 1.0
    if known.option is None:
        return float(weighed.shares[:-2].sum())
    return 1.0 - float(weighed.shares[known.option])


def with_refusal(answer: OrderAnswer) -> FloatArray:
    """Return the shares of the options, and of the refusals last, in the masses of all answers but "none fits"."""
    masses: FloatArray = np.append(answer.options, answer.refusal)
    shares: FloatArray = masses / masses.sum()
    return shares
