"""Asking an engine question by question: several questions at once, a seed for each request, replies read into shares.

The methods in which the model replies in words are built on this; log-probabilities are asked for in one call.
"""

import asyncio
import hashlib
from collections import Counter
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from eval.answers import Answer, Failure, OrderAnswer, Replies
from eval.engine import Engine, EngineInfo, Message, Order, Percentages, RequestError, Sampling
from eval.expression.rendering import QuestionLike, Rendered, render
from eval.orders import TWO, Orders, orders_for

MIN_AT_ONCE = 8
"""Questions that are asked at once of an engine that takes fewer requests, so that it never waits for the next one."""
_SEEDS = 2**31
_EXCERPT = 60
"""Characters of a reply that a failure shows."""

AskOne = Callable[[QuestionLike], Awaitable[Answer | Failure]]
AskInOrder = Callable[[QuestionLike, Order], Awaitable["OrderOutcome"]]


@dataclass(frozen=True, slots=True)
class OrderOutcome:
    """What came of asking a question in one option order: the answer, or in a few words why there is none."""

    outcome: OrderAnswer | str
    replies: Replies


@dataclass(frozen=True, slots=True)
class OneReply:
    """A method in which the model gives one reply to each prompt, and the reply holds a whole distribution.

    `instruction` ends the prompt, and `sampling` is how the reply is drawn. `read` takes the reply and the labels and
    returns a number for each label, or in a few words why the reply cannot be read. With `constrained` the engine is
    asked to keep the reply to percentages by label.
    """

    instruction: str
    sampling: Sampling
    read: Callable[[str, Sequence[str]], Mapping[str, float] | str]
    constrained: bool = False

    def render(self, question: QuestionLike, order: Order) -> Rendered:
        """Return the probe for one question in one option order."""
        return render(question, order, self.instruction)

    def ask(
        self,
        engine: Engine,
        prefix: Sequence[Message],
        questions: Iterable[QuestionLike],
        orders: Orders = TWO,
        *,
        seed: int = 0,
    ) -> AsyncGenerator[Answer | Failure, None]:
        """Put `questions` to the model after `prefix`, with one reply per order; yield each answer once it is known.

        Raises:
            EngineError: the engine failed as a whole.
        """

        async def in_order(question: QuestionLike, order: Order) -> OrderOutcome:
            rendered = self.render(question, order)
            sampling = replace(self.sampling, seed=seed_for(seed, question.id, order))
            if self.constrained:
                sampling = replace(sampling, constraint=Percentages(rendered.probe.labels))
            (reply,) = await engine.complete([*prefix, Message("user", rendered.probe.prompt)], sampling)
            numbers = self.read(reply, rendered.probe.labels)
            outcome = numbers if isinstance(numbers, str) else shares(question, rendered, numbers)
            return OrderOutcome(outcome, Replies(asked=1))

        return ask_each(
            engine.info, questions, lambda question: ask_in_orders(question, orders_for(orders, question), in_order)
        )


async def ask_each(
    engine: EngineInfo, questions: Iterable[QuestionLike], ask_one: AskOne
) -> AsyncGenerator[Answer | Failure, None]:
    """Call `ask_one` for every question, several at once, and yield each outcome as soon as it is known.

    As many questions are asked at once as `engine` can have requests under way, but at least `MIN_AT_ONCE`. The next
    question is taken from `questions` only when there is room for it. If the request for a question fails, the outcome
    is a failure with that reason. Closing the iterator cancels the requests that are under way.

    Raises:
        EngineError: the model or the server failed as a whole.
    """
    most = max(MIN_AT_ONCE, engine.requests_at_once)
    waiting, running = iter(questions), set[asyncio.Task[Answer | Failure]]()
    try:
        while True:
            while len(running) < most and (question := next(waiting, None)) is not None:
                running.add(asyncio.create_task(_or_failure(question, ask_one)))
            if not running:
                return
            done, _ = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                yield task.result()
                running.discard(task)
    finally:
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)


async def _or_failure(question: QuestionLike, ask_one: AskOne) -> Answer | Failure:
    try:
        return await ask_one(question)
    except RequestError as error:
        return Failure(question.id, str(error))


async def ask_in_orders(question: QuestionLike, orders: Sequence[Order], ask_in_order: AskInOrder) -> Answer | Failure:
    """Ask `question` in each order. If one order cannot be answered, the question fails and the rest is not asked."""
    by_order: list[OrderAnswer] = []
    replies = Replies()
    for order in orders:
        found = await ask_in_order(question, order)
        replies = Replies(replies.asked + found.replies.asked, replies.unread + found.replies.unread)
        if isinstance(found.outcome, str):
            return Failure(question.id, f"{order} order: {found.outcome}", replies=replies)
        by_order.append(found.outcome)
    return Answer(question.id, tuple(by_order), replies=replies)


def seed_for(seed: int, *of: str) -> int:
    """Return a seed for one request, such as a question and an order, that does not depend on what was asked before.

    It is at least 0 and below 2**31.
    """
    digest = hashlib.sha256("\0".join((str(seed), *of)).encode()).digest()
    return int.from_bytes(digest[:8], "big") % _SEEDS


def shares(question: QuestionLike, rendered: Rendered, by_label: Mapping[str, float]) -> OrderAnswer:
    """Return the share of each option in the numbers given to the labels, matched by the options' text.

    At least one number must be above 0. Refusals alone are an answer too. There is no label mass, because replies that
    are not labels are not counted here.
    """
    total = sum(by_label.values())
    texts = dict(zip(rendered.probe.labels, rendered.options, strict=True))
    of_text = {text: by_label.get(label, 0) / total for label, text in texts.items()}
    options = np.array([of_text[text] for text in question.option_texts])
    return OrderAnswer(
        order=rendered.order,
        options=options,
        refusal=sum(of_text[text] for text in question.refusals),
        label_mass=None,
    )


def mostly_unread(unread: Sequence[str], replies: int) -> str | None:
    """Return why a question fails if fewer than half of its replies can be read; None if at least half can.

    `unread` has the reason for each reply that cannot be read.
    """
    if len(unread) * 2 <= replies:
        return None
    ((reason, _),) = Counter(unread).most_common(1)
    return f"most replies cannot be read: {len(unread)} of {replies}, mostly {reason}"


def excerpt(reply: str) -> str:
    """Return a reply as a failure shows it: on one line, in quotation marks, cut off if it is long."""
    line = " ".join(reply.split())
    return f'"{line}"' if len(line) <= _EXCERPT else f'"{line[:_EXCERPT]}…"'
