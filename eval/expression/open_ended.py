"""The distribution behind answers in the persona's own words, which a judge maps to the options.

The persona sees the question without its options. Each of its replies becomes a distribution over the options (and the
refusals) by the judge's log-probabilities, in both orders; these are averaged over the replies.
"""

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import replace

import numpy as np

from eval.answers import Answer, Failure, OrderAnswer, Replies
from eval.engine import Engine, Message, Sampling
from eval.expression.few_shot import bare
from eval.expression.judge import MOST_ERROR, NO_LETTER, Judge, with_refusal
from eval.expression.rendering import QuestionLike, open_prompt
from eval.expression.requests import each, mostly_unread, seed_for

SAMPLES = 5
SAMPLING = Sampling(temperature=0.7, top_p=0.95, max_tokens=80)


async def ask(
    engine: Engine,
    prefix: Sequence[Message],
    questions: Sequence[QuestionLike],
    *,
    judge: Judge,
    seed: int = 0,
    samples: int = SAMPLES,
) -> AsyncGenerator[Answer | Failure, None]:
    """Put `questions` to the model after `prefix`, `samples` replies each; yield each answer as soon as it is judged.

    The judge's own error over these questions is estimated first; where it is above 0.2, every answer is doubtful.
    Replies that are empty or that the judge cannot map are left out and counted; where fewer than half are left, the
    question fails.

    Raises:
        EngineError: the engine or the judge failed as a whole, or the judge gives no log-probabilities.
    """
    if not questions:
        return
    doubtful = float(np.mean(await judge.errors([bare(question) for question in questions]))) > MOST_ERROR

    async def one(question: QuestionLike) -> Answer | Failure:
        sampling = replace(SAMPLING, seed=seed_for(seed, question.id))
        replies = await engine.complete([*prefix, Message("user", open_prompt(question))], sampling, samples)
        said = [reply for reply in replies if reply.strip()]
        weighed = await judge.weigh(bare(question), said)
        unread = ("an empty reply",) * (len(replies) - len(said)) + (NO_LETTER,) * weighed.count(None)
        kept = Replies(len(replies), unread)
        if (why := mostly_unread(unread, len(replies))) is not None:
            return Failure(question.id, why, replies=kept)
        by_order = _averaged([orders for orders in weighed if orders is not None])
        return Answer(question.id, by_order, replies=kept, doubtful=doubtful)

    async with aclosing(each(engine.info, questions, one)) as outcomes:
        async for outcome in outcomes:
            yield outcome


def _averaged(weighed: Sequence[tuple[OrderAnswer, ...]]) -> tuple[OrderAnswer, ...]:
    """Return the mean over the replies of what the judge made of each, in each of its orders."""
    averaged = []
    for of_order in zip(*weighed, strict=True):
        mean = np.mean([with_refusal(answer) for answer in of_order], axis=0)
        averaged.append(
            OrderAnswer(
                order=of_order[0].order,
                options=mean[:-1],
                refusal=float(mean[-1]),
                label_mass=None,
                truncation=float(np.mean([answer.truncation for answer in of_order])),
            )
        )
    return tuple(averaged)
