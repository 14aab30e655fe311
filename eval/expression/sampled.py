"""Expression `sampled`: the shares of n single answers, each drawn in a request of its own.

For servers that give no log-probabilities. Every reply is drawn with temperature 1, so that the shares estimate the
model's own distribution. They contain sampling noise, as the answers of n people would.
"""

import re
from collections import Counter
from collections.abc import AsyncGenerator, Iterable, Sequence
from dataclasses import replace

from eval.answers import Answer, Failure, Replies
from eval.engine import Engine, Message, Order, Sampling
from eval.expression.asking import OrderOutcome, ask_each, ask_in_orders, mostly_unread, seed_for, shares
from eval.expression.rendering import QuestionLike, Rendered, render
from eval.orders import TWO, Orders, orders_for

SAMPLES = 30
SAMPLING = Sampling(temperature=1.0, top_p=1.0, max_tokens=32)
_LETTER = r"(?:\((?P<a>[A-Z])\)|(?P<b>[A-Z]))"
_ALONE = re.compile(rf"{_LETTER}[.):]?")
_WITH_TEXT = re.compile(rf"{_LETTER}[.):]?\s+(?P<text>.+)", re.DOTALL)


def ask(
    engine: Engine,
    prefix: Sequence[Message],
    questions: Iterable[QuestionLike],
    orders: Orders = TWO,
    *,
    seed: int = 0,
    samples: int = SAMPLES,
) -> AsyncGenerator[Answer | Failure, None]:
    """Put `questions` to the model after `prefix`, `samples` replies per order; yield each answer once it is known.

    Replies that cannot be read are left out and counted. If fewer than half can be read, the question fails.

    Raises:
        EngineError: the engine failed as a whole.
    """

    async def in_order(question: QuestionLike, order: Order) -> OrderOutcome:
        rendered = render(question, order)
        sampling = replace(SAMPLING, seed=seed_for(seed, question.id, order))
        replies = await engine.complete([*prefix, Message("user", rendered.probe.prompt)], sampling, samples)
        return _counted(question, rendered, replies)

    return ask_each(
        engine.info, questions, lambda question: ask_in_orders(question, orders_for(orders, question), in_order)
    )


def _counted(question: QuestionLike, rendered: Rendered, texts: Sequence[str]) -> OrderOutcome:
    """Return the shares of the labels among the replies that can be read."""
    found = [read(text, rendered) for text in texts]
    unread = tuple(why for label, why in found if label is None)
    replies = Replies(len(texts), unread)
    if (why := mostly_unread(unread, len(texts))) is not None:
        return OrderOutcome(why, replies)
    counts = Counter(label for label, _ in found if label is not None)
    return OrderOutcome(shares(question, rendered, counts), replies)


def read(reply: str, rendered: Rendered) -> tuple[str | None, str]:
    """Return the label that a reply stands for and an empty reason, or None and why it cannot be read.

    A reply is a label (`B`, `B.`, `(B)`), a label with the text of its option (`B. Not too often`), or that text alone.
    Case matters in a label; in a text neither case nor a full stop at the end matters.
    """
    text = reply.strip()
    if not text:
        return None, "an empty reply"
    meanings = {label for label in (_by_label(text, rendered), _by_text(text, rendered)) if label is not None}
    if len(meanings) == 1:
        return meanings.pop(), ""
    return None, "a reply that can be read in two ways" if meanings else "a reply that is none of the answers"


def _by_label(text: str, rendered: Rendered) -> str | None:
    """Return the label that stands alone or before the text of its own option."""
    if alone := _ALONE.fullmatch(text):
        label = alone["a"] or alone["b"]
        return label if label in rendered.probe.labels else None
    if with_text := _WITH_TEXT.fullmatch(text):
        label = with_text["a"] or with_text["b"]
        return label if label == _by_text(with_text["text"], rendered) else None
    return None


def _by_text(text: str, rendered: Rendered) -> str | None:
    labels = {_folded(option): label for option, label in zip(rendered.options, rendered.probe.labels, strict=True)}
    return labels.get(_folded(text))


def _folded(text: str) -> str:
    return " ".join(text.split()).removesuffix(".").casefold()
