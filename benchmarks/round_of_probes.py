"""What the probing benchmarks ask: 24 civic questions in two orders after a conversation of about 800 tokens."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count, cycle

from eval.engine import ORDERS, Message, Probe
from eval.expression.rendering import render
from eval.surveys.loading import load_survey

QUESTIONS = 24
CONVERSATION_TOKENS = 800
_SYSTEM = "You are a Democrat in the United States. Answer as yourself, in a few sentences."
_SAID = (
    "What should be done about guns where you live?",
    "I would ask for a check on everyone who buys one, at shows too. My neighbours hunt, and nobody wants that ended.",
    "And who should pay for the roads and the schools?",
    "Those who earn the most can pay a little more. We drive on the same roads, and their workers went to school here.",
    "Do you trust what the government says about the economy?",
    "Some of it. I look at what groceries cost and what my sister earns, and then I know how things are going.",
    "What about people who come here to work?",
    "They pick what we eat and look after our parents. Give them papers and let them pay taxes like everybody else.",
    "Is it harder to get ahead than it was for your parents?",
    "It is. My father bought a house on one wage. My children will share a flat, and they went to college.",
)


@dataclass(frozen=True, slots=True)
class RoundOfProbes:
    """A conversation, and the probes that follow it: both orders of a question one after the other."""

    conversation: tuple[Message, ...]
    probes: tuple[Probe, ...]


def round_of_probes(tokens: Callable[[tuple[Message, ...]], int], questions: int = QUESTIONS) -> RoundOfProbes:
    """Return a round; `tokens` counts those of a conversation, which has the most turns that stay within 800.

    The last turn is filled up with words until one more would be too many.
    """
    survey = load_survey("civic").survey
    chosen = random.Random(0).sample(survey.questions, questions)
    probes = tuple(render(question, order).probe for question in chosen for order in ORDERS)
    return RoundOfProbes(_conversation(tokens), probes)


def all_probes() -> tuple[Probe, ...]:
    """Return what a whole round of the civic survey asks: every question in both orders."""
    return tuple(
        render(question, order).probe for question in load_survey("civic").survey.questions for order in ORDERS
    )


def _conversation(tokens: Callable[[tuple[Message, ...]], int]) -> tuple[Message, ...]:
    messages: tuple[Message, ...] = (Message("system", _SYSTEM),)
    for number in count():
        question, answer = (_SAID[(2 * number + place) % len(_SAID)] for place in (0, 1))
        turns = (Message("user", question), Message("assistant", answer))
        if tokens((*messages, *turns)) > CONVERSATION_TOKENS:
            return _filled_up(messages, tokens)
        messages = (*messages, *turns)
    raise AssertionError("unreachable")


def _filled_up(messages: tuple[Message, ...], tokens: Callable[[tuple[Message, ...]], int]) -> tuple[Message, ...]:
    for word in cycle(" ".join(_SAID[1::2]).split()):
        longer = (*messages[:-1], Message("assistant", f"{messages[-1].content} {word}"))
        if tokens(longer) > CONVERSATION_TOKENS:
            break
        messages = longer
    return messages
