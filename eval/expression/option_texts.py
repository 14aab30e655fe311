"""Expression `option_texts`: how likely the text of each option is as the reply to the question, without any letters.

The options are not shown. Each one, refusals among them, is put after the question as if it were the reply; its score
is the mean of the log-probabilities of its tokens, so that a long option does not lose by its length alone. The shares
are proportional to the exponentials of the scores. Nothing is drawn. No letter is shown that could be followed, which
is why models answer in this way that cannot choose among letters: small ones, and base models, which continue text.

A text that is common anywhere has a high score here, too. It is not divided by its probability without the question:
that is another estimate (of pointwise mutual information), which needs a choice of what to condition on instead.
"""

import math
from collections.abc import AsyncGenerator, Iterable, Sequence
from contextlib import aclosing

import numpy as np

from eval.answers import Answer, Failure, OrderAnswer
from eval.engine import Engine, EngineError, EngineInfo, Message, Probe, ProbeScore
from eval.expression.rendering import QuestionLike


def render(question: QuestionLike) -> Probe:
    """Return the probe for one question: its stem alone, with every option and refusal as a possible reply."""
    texts = (*question.option_texts, *question.refusals)
    return Probe(key=f"{question.id}/texts", prompt=question.stem, labels=texts, texts=True)


def cannot(info: EngineInfo) -> str | None:
    """Return in one line why an engine cannot be asked in this way and what to do, or None if it can."""
    if info.scores_texts:
        return None
    return f"{info.name} does not score whole texts; use an embedded model (a GGUF file) or another expression"


async def ask(
    engine: Engine, prefix: Sequence[Message], questions: Iterable[QuestionLike]
) -> AsyncGenerator[Answer | Failure, None]:
    """Put `questions` to the model after `prefix`; yield each answer once it is known, every question exactly once.

    Raises:
        EngineError: the engine cannot score whole texts, or failed as a whole.
    """
    if (why := cannot(engine.info)) is not None:
        raise EngineError(why)
    probes = {question.id: render(question) for question in questions}
    waiting = {probes[question.id].key: question for question in questions}
    if not waiting:
        return
    async with aclosing(engine.score(prefix, list(probes.values()))) as scores:
        async for score in scores:
            yield _answer(waiting.pop(score.key), score)
    for question in waiting.values():
        yield Failure(question.id, "the engine ended without an answer")


def _answer(question: QuestionLike, score: ProbeScore) -> Answer | Failure:
    outcome = _shares(question, score)
    if isinstance(outcome, str):
        return Failure(question.id, outcome, score.tokens_decoded, score.tokens_reused)
    return Answer(question.id, (outcome,), score.tokens_decoded, score.tokens_reused, score.dropped_messages)


def _shares(question: QuestionLike, score: ProbeScore) -> OrderAnswer | str:
    """Return the shares of the options and of the refusals, or in a few words why there are none."""
    if score.failure is not None:
        return score.failure
    means = {each.label: each.lower for each in score.labels}
    missing = [text for text in (*question.option_texts, *question.refusals) if text not in means]
    if missing:
        return f"the engine gave no figure for an answer: {missing[0]}"
    if not all(map(math.isfinite, means.values())):
        return "the engine gave a figure that is not a log-probability"
    highest = max(means.values())
    weights = {text: math.exp(mean - highest) for text, mean in means.items()}
    total = sum(weights.values())
    return OrderAnswer(
        order="survey",
        options=np.array([weights[text] for text in question.option_texts]) / total,
        refusal=sum(weights[text] for text in question.refusals) / total,
        label_mass=None,
    )
