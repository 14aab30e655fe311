"""Putting questions to an engine one by one, several under way at once, answers as they come.

From a number for each letter to the masses of the options, in the survey's order.

Expression methods that take one reply to each prompt, which holds a whole distribution.
"""

import asyncio
import hashlib
from collections import Counter
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from eval.answers import Answer, Failure, OrderAnswer, Replies
from eval.engine import Engine, EngineInfo, Message, Order, RequestError, Sampling
from eval.expression.rendering import QuestionLike, Rendered

FEWEST_UNDER_WAY = 8
"""Questions that are asked at once of an engine that takes fewer requests, so that it never waits for the next."""
_SEEDS = 2**31
_SHOWN = 60

AskOne = Callable[[QuestionLike], Awaitable[Answer | Failure]]
AskInOrder = Callable[[QuestionLike, Order], Awaitable["InOrder"]]


@dataclass(frozen=True, slots=True)
class InOrder:
    """What came of asking a question in one option order: the answer, or in a few words why there is none."""

    outcome: OrderAnswer | str
    replies: Replies


async def each(
    engine: EngineInfo, questions: Iterable[QuestionLike], ask_one: AskOne
) -> AsyncGenerator[Answer | Failure, None]:
    """Call `ask_one` for every question, several at once, and yield what comes of each as soon as it is known.

    So many are under way that `engine` can use all the requests it may make at once, and no more, however long the
    survey is. A question whose request fails is a failure with that reason. Closing the iterator cancels what is under
    way.

    Raises:
        EngineError: the model or the server failed as a whole.
    """
    most = max(FEWEST_UNDER_WAY, engine.requests_at_once)
    waiting, running = iter(questions), set[asyncio.Task[Answer | Failure]]()
    try:
        while True:
            while len(running) < most and (question := next(waiting, None)) is not None:
                running.add(asyncio.create_task(_guarded(question, ask_one)))
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


async def in_orders(question: QuestionLike, orders: Sequence[Order], ask_in_order: AskInOrder) -> Answer | Failure:
    """Ask `question` in each order; the first order that cannot be answered fails the question."""
    by_order: list[OrderAnswer] = []
    replies = Replies()
    for order in orders:
        given = await ask_in_order(question, order)
        replies = Replies(replies.asked + given.replies.asked, replies.unread + given.replies.unread)
        if isinstance(given.outcome, str):
            return Failure(question.id, f"{order} order: {given.outcome}", replies=replies)
        by_order.append(given.outcome)
    return Answer(question.id, tuple(by_order), replies=replies)


def seed_for(seed: int, *of: str) -> int:
    """Return a seed of its own for each question and order, the same whatever was asked before. 0 <= seed < 2**31."""
    digest = hashlib.sha256("\0".join((str(seed), *of)).encode()).digest()
    return int.from_bytes(digest[:8], "big") % _SEEDS


def mostly_unread(unread: Sequence[str], replies: int) -> str | None:
    """Say why a question fails if fewer than half of its replies can be read; `unread` is why the others cannot."""
    if len(unread) * 2 <= replies:
        return None
    ((reason, _),) = Counter(unread).most_common(1)
    return f"most replies cannot be read: {len(unread)} of {replies}, mostly {reason}"


def quoted(reply: str) -> str:
    """Return a reply as a failure shows it: on one line, in quotation marks, cut off if it is long."""
    line = " ".join(reply.split())
    return f'"{line}"' if len(line) <= _SHOWN else f'"{line[:_SHOWN]}…"'


async def _guarded(question: QuestionLike, ask_one: AskOne) -> Answer | Failure:
    try:
        return await ask_one(question)
    except RequestError as error:
        return Failure(question.id, str(error))


def shares(question: QuestionLike, rendered: Rendered, by_label: Mapping[str, float]) -> OrderAnswer:
    """Return the share of each option in the numbers given to the labels (at least one above 0), matched by text.

    There is no label mass: nothing but labels was counted. Refusals alone are an answer, too.
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


@dataclass(frozen=True, slots=True)
class OneReply:
    """One such method: how a question is put in an order, how the reply is drawn, and how it is read.

    `read` takes the reply and the labels and returns a number for each label, or in a few words why it cannot.
    """

    rendering: Callable[[QuestionLike, Order], Rendered]
    sampling: Callable[[Rendered], Sampling]
    read: Callable[[str, Sequence[str]], Mapping[str, float] | str]


def ask_for_one_reply(
    method: OneReply,
    engine: Engine,
    prefix: Sequence[Message],
    questions: Iterable[QuestionLike],
    orders: Sequence[Order],
    seed: int,
) -> AsyncGenerator[Answer | Failure, None]:
    """Put `questions` to the model after `prefix`, one reply for each order; yield each answer as soon as it is known.

    Raises:
        EngineError: the engine failed as a whole.
    """

    async def in_order(question: QuestionLike, order: Order) -> InOrder:
        rendered = method.rendering(question, order)
        sampling = replace(method.sampling(rendered), seed=seed_for(seed, question.id, order))
        (reply,) = await engine.complete([*prefix, Message("user", rendered.probe.prompt)], sampling)
        given = method.read(reply, rendered.probe.labels)
        outcome = given if isinstance(given, str) else shares(question, rendered, given)
        return InOrder(outcome, Replies(asked=1))

    return each(engine.info, questions, lambda question: in_orders(question, orders, in_order))
