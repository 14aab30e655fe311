"""Expression `log_probability`: the model's own probabilities of the answer letters.

Each question is asked on a branch after the conversation, once per option order, and the probability that the answer
begins with each letter is read off. Nothing is sampled, so the same model always gives the same answer.
"""

import math
from collections.abc import AsyncGenerator, Callable, Iterable, Sequence
from contextlib import aclosing
from itertools import chain

import numpy as np

from eval.answers import Answer, Failure, OrderAnswer
from eval.engine import Engine, EngineError, Message, Order, ProbeScore
from eval.expression.rendering import QuestionLike, Rendered, render
from eval.orders import TWO, Orders, orders_for

Rendering = Callable[[QuestionLike, Order], Rendered]


async def ask(
    engine: Engine,
    prefix: Sequence[Message],
    questions: Iterable[QuestionLike],
    orders: Orders = TWO,
    rendering: Rendering = render,
) -> AsyncGenerator[Answer | Failure, None]:
    """Put `questions` to the model after `prefix`; yield each answer once all its orders are known.

    `rendering` makes the probes. Closing the iterator, or cancelling the task, stops the engine. Every question is
    yielded exactly once.

    Raises:
        EngineError: the engine gives no log-probabilities, or failed as a whole.
    """
    if engine.info.log_probabilities == "none":
        raise EngineError(f"{engine.info.name} gives no log-probabilities; use another model or another expression")
    waiting = {question.id: _Collected(question, orders_for(orders, question), rendering) for question in questions}
    if not waiting:
        return
    probes = [rendered.probe for collected in waiting.values() for rendered in collected.rendered.values()]
    of_probe = {
        rendered.probe.key: (collected, order)
        for collected in waiting.values()
        for order, rendered in collected.rendered.items()
    }
    async with aclosing(engine.score(prefix, probes)) as scores:
        async for score in scores:
            collected, order = of_probe[score.key]
            collected.scores[order] = score
            if len(collected.scores) == len(collected.rendered):
                yield waiting.pop(collected.question.id).answer()
    for question_id in waiting:
        yield Failure(question_id, "the engine ended without an answer")


class _Collected:
    """The scores of one question, as its orders come in."""

    def __init__(self, question: QuestionLike, orders: Sequence[Order], rendering: Rendering) -> None:
        self.question = question
        self.rendered = {order: rendering(question, order) for order in orders}
        self.scores: dict[Order, ProbeScore] = {}

    def answer(self) -> Answer | Failure:
        """Return the answer over all orders, or why there is none."""
        decoded = sum(score.tokens_decoded for score in self.scores.values())
        reused = sum(score.tokens_reused for score in self.scores.values())
        by_order = []
        for order, rendered in self.rendered.items():
            outcome = _order_answer(self.question, rendered, self.scores[order])
            if isinstance(outcome, str):
                return Failure(self.question.id, f"{order} order: {outcome}", decoded, reused)
            by_order.append(outcome)
        dropped = max((score.dropped_messages for score in self.scores.values()), default=0)
        return Answer(self.question.id, tuple(by_order), decoded, reused, dropped)


def _order_answer(question: QuestionLike, rendered: Rendered, score: ProbeScore) -> OrderAnswer | str:
    """Return the masses by option, or in a few words why there are none."""
    if score.failure is not None:
        return score.failure
    bounds = {label.label: (math.exp(label.lower), math.exp(label.upper)) for label in score.labels}
    missing = [label for label in rendered.probe.labels if label not in bounds]
    if missing:
        return f"the engine gave no figure for the answer {missing[0]}"
    mass = math.nan if score.label_mass is None else score.label_mass
    if not all(map(math.isfinite, [mass, *chain.from_iterable(bounds.values())])):
        return "the engine gave a figure that is not a probability"
    of_text = {text: bounds[label] for label, text in zip(rendered.probe.labels, rendered.options, strict=True)}
    options, upper = np.array([of_text[text] for text in question.option_texts]).T
    refusal = sum(of_text[text][0] for text in question.refusals)
    if not options.sum() + refusal > 0:
        return "no probability on any answer"
    return OrderAnswer(
        order=rendered.order,
        options=options,
        refusal=refusal,
        label_mass=mass,
        truncation=_truncation(bounds.values(), float(options.sum()) or refusal, mass),
        options_upper=None if np.array_equal(options, upper) else upper,
    )


def _truncation(bounds: Iterable[tuple[float, float]], shown: float, label_mass: float) -> float:
    """Return the greatest possible total variation between the estimated distribution and the true one.

    Let S be the mass that was shown and D the mass that was not. The true distribution is (S p + D d)/(S + D), which
    is at most D/(S + D) away from p, whatever d is. D is at most the sum of the labels' slacks, and at most 1 minus
    the label mass. S, here `shown`, is the mass on the options, or on the refusals if the options have none.
    """
    hidden = min(sum(upper - lower for lower, upper in bounds), max(0.0, 1.0 - label_mass))
    return max(0.0, hidden) / (shown + hidden) if hidden > 0 else 0.0
