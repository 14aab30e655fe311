"""The distribution as the letters of thirty people that the model writes down in one reply.

The `sequence` of Meister et al. (2024). The reply is drawn with temperature 1, so the model's own distribution over
replies decides, not its likeliest reply.
"""

import re
from collections import Counter
from collections.abc import AsyncGenerator, Iterable, Sequence

from eval.answers import Answer, Failure
from eval.engine import ORDERS, Engine, Message, Order, Sampling
from eval.expression.rendering import SEQUENCE_INSTRUCTION, SEQUENCE_LENGTH, QuestionLike, Rendered, render
from eval.expression.requests import OneReply, ask_for_one_reply, quoted

FEWEST, MOST = SEQUENCE_LENGTH - 5, SEQUENCE_LENGTH + 5
"""How many letters a reply may hold: models miscount a little."""
SAMPLING = Sampling(temperature=1.0, top_p=1.0, max_tokens=160)
_BETWEEN = re.compile(r"\s*,\s*|\s+")


def ask(
    engine: Engine,
    prefix: Sequence[Message],
    questions: Iterable[QuestionLike],
    orders: Sequence[Order] = ORDERS,
    *,
    seed: int = 0,
) -> AsyncGenerator[Answer | Failure, None]:
    """Put `questions` to the model after `prefix`, one reply for each order; yield each answer as soon as it is known.

    Raises:
        EngineError: the engine failed as a whole.
    """
    return ask_for_one_reply(OneReply(rendering, _sampling, read), engine, prefix, questions, orders, seed)


def rendering(question: QuestionLike, order: Order) -> Rendered:
    """Return the prompt for one order."""
    return render(question, order, SEQUENCE_INSTRUCTION)


def _sampling(_: Rendered) -> Sampling:
    return SAMPLING


def read(reply: str, labels: Sequence[str]) -> Counter[str] | str:
    """Count the labels in a reply that holds nothing else, or say why it cannot be read.

    Labels stand between white space or commas; a full stop at the end is allowed. Letters in prose are never counted.
    25 to 35 labels are accepted: their shares are taken among those that are there.
    """
    letters = _BETWEEN.split(reply.strip().rstrip("., \n"))
    if not set(letters) <= set(labels):
        return f"the reply is not a list of letters: {quoted(reply)}"
    if not FEWEST <= len(letters) <= MOST:
        return f"the reply holds too {'few' if len(letters) < FEWEST else 'many'} answers: {len(letters)}, not 30"
    return Counter(letters)
