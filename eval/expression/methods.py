"""The expression methods by name: how each one asks, what it needs, and how many requests it takes."""

from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, get_args

from eval.answers import Answer, Failure
from eval.engine import ORDERS, Engine, EngineInfo, Message, Order, Sampling
from eval.expression import log_probability, open_ended, option_texts, sampled
from eval.expression.asking import OneReply
from eval.expression.judge import Judge
from eval.expression.rendering import QuestionLike, open_prompt, render
from eval.expression.sequence import SEQUENCE
from eval.expression.statements import known_statements
from eval.expression.verbalized import VERBALIZED
from eval.orders import TWO, Orders, OrderScheme, all_orders, orders_for

Expression = Literal["log_probability", "option_texts", "sequence", "verbalized", "sampled", "open_ended"]
EXPRESSIONS: tuple[Expression, ...] = get_args(Expression)


@dataclass(frozen=True, slots=True)
class Asking:
    """How a survey is asked: the `seed` of everything that is drawn, the number of replies, the judge, and the orders.

    `samples` None means the method's own number. `judge` None lets the model judge its own answers in words. `orders`
    are those in which options are lettered, by the methods that letter them for the model.
    """

    seed: int = 0
    samples: int | None = None
    judge: Judge | None = None
    orders: OrderScheme = TWO


class Prompts(Protocol):
    """Returns the user's turns for one question; only methods that letter options have more of them in more orders."""

    def __call__(self, question: QuestionLike, orders: Orders = TWO, /) -> Sequence[str]:
        """Return them."""
        ...


Outcomes = AsyncGenerator[Answer | Failure, None]


@dataclass(frozen=True, slots=True)
class Method:
    """One way to obtain distributions.

    `ask` puts questions to a model. `prompts` returns the user's turns for one question. `sampling` is how replies are
    drawn, None if none are. `samples` is the default number of replies to each prompt, and `several` whether another
    number can be chosen. `fixed_orders` are the option orders of a method that takes no others, None where `Asking`
    says which. `constrained` says whether engines are asked to keep replies to a form, `judged` whether a judge maps
    replies to the options.
    """

    ask: Callable[[Engine, Sequence[Message], Sequence[QuestionLike], Asking], Outcomes]
    prompts: Prompts
    sampling: Sampling | None = None
    samples: int = 1
    several: bool = False
    fixed_orders: tuple[Order, ...] | None = None
    constrained: bool = False
    judged: bool = False

    @property
    def in_words(self) -> bool:
        """Whether the model replies in words, whose tokens no engine counts."""
        return self.sampling is not None

    def replies(self, asking: Asking) -> int:
        """Return how many replies are drawn for each prompt."""
        return asking.samples if self.several and asking.samples is not None else self.samples

    def requests(self, question: QuestionLike, asking: Asking) -> int:
        """Return how many requests one question takes."""
        return len(self.prompts(question, asking.orders)) * self.replies(asking)

    def orders(self, questions: Sequence[QuestionLike], asking: Asking) -> tuple[Order, ...]:
        """Return every order in which at least one of the questions is lettered."""
        return all_orders(self.fixed_orders or asking.orders, questions)

    def probes(self, questions: Sequence[QuestionLike], asking: Asking) -> int:
        """Return how often the questions are put, each as often as it has orders."""
        return sum(len(orders_for(self.fixed_orders or asking.orders, question)) for question in questions)

    def judge_requests(self, asking: Asking) -> int:
        """Return how many requests to the judge the replies to one question take."""
        return len(ORDERS) * self.replies(asking) if self.judged else 0

    def known_requests(self, question: QuestionLike) -> int:
        """Return how many requests to the judge the known statements about a question take, once for all personas."""
        return len(ORDERS) * len(known_statements(question)) if self.judged else 0


def _lettered_prompts(question: QuestionLike, orders: Orders = TWO, /) -> list[str]:
    """Return the prompts that ask for one letter, one per option order."""
    return [render(question, order).probe.prompt for order in orders_for(orders, question)]


def _unlettered(prompt: Callable[[QuestionLike], str]) -> Prompts:
    """Return the one prompt of a method that letters no options for the model."""

    def prompts(question: QuestionLike, orders: Orders = TWO, /) -> list[str]:
        return [prompt(question)]

    return prompts


def _one_reply(method: OneReply) -> Method:
    def prompts(question: QuestionLike, orders: Orders = TWO, /) -> list[str]:
        return [method.render(question, order).probe.prompt for order in orders_for(orders, question)]

    return Method(
        ask=lambda engine, prefix, questions, asking: method.ask(
            engine, prefix, questions, asking.orders, seed=asking.seed
        ),
        prompts=prompts,
        sampling=method.sampling,
        constrained=method.constrained,
    )


METHODS: dict[Expression, Method] = {
    "log_probability": Method(
        ask=lambda engine, prefix, questions, asking: log_probability.ask(engine, prefix, questions, asking.orders),
        prompts=_lettered_prompts,
    ),
    "option_texts": Method(
        ask=lambda engine, prefix, questions, asking: option_texts.ask(engine, prefix, questions),
        prompts=_unlettered(lambda question: option_texts.render(question).prompt),
        fixed_orders=ORDERS[:1],
    ),
    "sequence": _one_reply(SEQUENCE),
    "verbalized": _one_reply(VERBALIZED),
    "sampled": Method(
        ask=lambda engine, prefix, questions, asking: sampled.ask(
            engine, prefix, questions, asking.orders, seed=asking.seed, samples=METHODS["sampled"].replies(asking)
        ),
        prompts=_lettered_prompts,
        sampling=sampled.SAMPLING,
        samples=sampled.SAMPLES,
        several=True,
    ),
    "open_ended": Method(
        ask=lambda engine, prefix, questions, asking: open_ended.ask(
            engine,
            prefix,
            questions,
            judge=asking.judge or Judge(engine),
            seed=asking.seed,
            samples=METHODS["open_ended"].replies(asking),
        ),
        prompts=_unlettered(open_prompt),
        fixed_orders=ORDERS,
        sampling=open_ended.SAMPLING,
        samples=open_ended.SAMPLES,
        several=True,
        judged=True,
    ),
}


def cannot(expression: Expression, info: EngineInfo, judge: EngineInfo) -> str | None:
    """Return in one line why a model cannot be asked in this way with this judge, or None if it can."""
    if expression == "log_probability" and info.log_probabilities == "none":
        return f"{info.name} gives no log-probabilities; use another model or another expression"
    if expression == "option_texts":
        return option_texts.cannot(info)
    if METHODS[expression].judged and judge.log_probabilities == "none":
        return f"the judge {judge.name} gives no log-probabilities; name another with --judge"
    return None
