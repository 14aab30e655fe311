"""Which questions of a survey are put when not all of them are."""

import random
from collections.abc import Sequence
from itertools import zip_longest

from eval.question import Question


def choose(questions: Sequence[Question], limit: int | None, seed: int) -> tuple[Question, ...]:
    """Return at most `limit` of `questions`, spread over the topics, in the survey's order.

    Within each topic (the first a question names) the seed shuffles; then one question of each topic is taken in turn
    until there are enough. The same seed gives the same questions, and a larger limit only adds to them.
    """
    if limit is None or limit >= len(questions):
        return tuple(questions)
    by_topic: dict[str, list[Question]] = {}
    for question in questions:
        by_topic.setdefault(question.topics[0], []).append(question)
    rng = random.Random(seed)
    topics = list(by_topic.values())
    rng.shuffle(topics)
    for topic in topics:
        rng.shuffle(topic)
    in_turn = [question for taken in zip_longest(*topics) for question in taken if question is not None]
    chosen = {question.id for question in in_turn[:limit]}
    return tuple(question for question in questions if question.id in chosen)
