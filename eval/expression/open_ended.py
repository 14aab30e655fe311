"""Expression `open_ended`: the persona answers in its own words, and a judge maps each reply to the options.

The persona sees the question without its options. Each reply becomes a distribution over the options and the refusals,
by the judge's log-probabilities in both orders; these distributions are averaged over the replies. A reply that the
judge finds to fit no option is left out.
"""

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import replace

import numpy as np

from eval.answers import Answer, Failure, OrderAnswer, Replies
from eval.engine import Engine, Message, Sampling
from eval.expression.asking import ask_each, mostly_unread, seed_for
from eval.expression.few_shot import without_examples
from eval.expression.judge import NO_LETTER, NONE_FITS, Judge, with_refusal
from eval.expression.rendering import QuestionLike, open_prompt

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
    """Put `questions` to the model after `prefix`, `samples` replies each; yield each answer once it is judged.

    The judge's own errors over these questions are estimated first. If one is above `MOST_ERROR`, every answer is
    doubtful. Replies that are empty, that the judge cannot map, or that fit no option are left out and counted. If
    fewer than half are left, the question fails.

    Raises:
        EngineError: the engine or the judge failed as a whole, or the judge gives no log-probabilities.
    """
    if not questions:
        return
    errors = await judge.errors([without_examples(question) for question in questions])
    doubtful = errors.too_often

    async def ask_one(question: QuestionLike) -> Answer | Failure:
        sampling = replace(SAMPLING, seed=seed_for(seed, question.id))
        texts = await engine.complete([*prefix, Message("user", open_prompt(question))], sampling, samples)
        statements = [text for text in texts if text.strip()]
        weighed = await judge.weigh(without_examples(question), statements)
        unread = ("an empty reply",) * (len(texts) - len(statements)) + (NO_LETTER,) * weighed.count(None)
        unread += (NONE_FITS,) * sum(each is not None and not each.fits for each in weighed)
        replies = Replies(len(texts), unread)
        if (why := mostly_unread(unread, len(texts))) is not None:
            return Failure(question.id, why, replies=replies)
        by_order = _averaged([each.by_order for each in weighed if each is not None and each.fits])
        return Answer(question.id, by_order, replies=replies, doubtful=doubtful)

    async with aclosing(ask_each(engine.info, questions, ask_one)) as outcomes:
        async for outcome in outcomes:
            yield outcome


def _averaged(weighed: Sequence[tuple[OrderAnswer, ...]]) -> tuple[OrderAnswer, ...]:
    """Return the mean over the replies of the judge's distributions, in each order."""
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
