"""Expression methods that take one reply to each prompt, which holds a whole distribution."""

from collections.abc import AsyncGenerator, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from eval.answers import Answer, Failure, Replies
from eval.engine import Engine, Message, Sampling
from eval.expression.asking import InOrder, each, in_orders, seed_for
from eval.expression.shares import shares
from eval.rendering import Askable, Order, Rendered


@dataclass(frozen=True, slots=True)
class OneReply:
    """One such method: how a question is put in an order, how the reply is drawn, and how it is read.

    `read` takes the reply and the labels and returns a number for each label, or in a few words why it cannot.
    """

    rendering: Callable[[Askable, Order], Rendered]
    sampling: Callable[[Rendered], Sampling]
    read: Callable[[str, Sequence[str]], Mapping[str, float] | str]


def ask_for_one_reply(
    method: OneReply,
    engine: Engine,
    prefix: Sequence[Message],
    questions: Iterable[Askable],
    orders: Sequence[Order],
    seed: int,
) -> AsyncGenerator[Answer | Failure, None]:
    """Put `questions` to the model after `prefix`, one reply for each order; yield each answer as soon as it is known.

    Raises:
        EngineError: the engine failed as a whole.
    """

    async def in_order(question: Askable, order: Order) -> InOrder:
        rendered = method.rendering(question, order)
        sampling = replace(method.sampling(rendered), seed=seed_for(seed, question.id, order))
        (reply,) = await engine.complete([*prefix, Message("user", rendered.probe.prompt)], sampling)
        given = method.read(reply, rendered.probe.labels)
        outcome = given if isinstance(given, str) else shares(question, rendered, given)
        return InOrder(outcome, Replies(asked=1))

    return each(engine.info, questions, lambda question: in_orders(question, orders, in_order))
