"""What the exported model says in conversation, counted: whose side it takes, what it recalls, what it admits."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from eval.answers import FloatArray
from eval.engine import Engine
from eval.scoring.intervals import Bootstrap
from eval.scoring.results import Score
from personas import load_persona, system_prompt
from pocket.dialogues import play
from pocket.expressions import shown
from pocket.topics import SIDES, TOPICS, Side, Topic
from pocket.unknown import ANSWERS

REPLIES_PER_TOPIC = 4
NEW_THINGS = (
    "the rings of Saturn",
    "harpsichords",
    "snowboarding",
    "the Battle of Hastings",
    "crocodiles",
    "oil painting",
    "volleyball",
    "the Eiffel Tower",
    "salsa dancing",
    "espresso machines",
    "the Amazon rainforest",
    "marathon running",
    "medieval armor",
    "comic books",
    "waterfalls",
    "scuba diving",
    "ice cream",
    "the Great Wall of China",
    "accordions",
    "electric guitars",
)
"""Nothing of these is in the training text, word for word."""


@dataclass(frozen=True, slots=True)
class ConversationScores:
    """Of one persona, `replies` replies to questions about the topics it knows, as often about each.

    `sides`: the share of replies with a stance of each side, 0 to 1, with intervals over topics. `recalled`: how often
    the stance was in the reply when the persona was asked what it had said. Of `things` that it knows nothing about it
    `admitted` that, and for `taken` of them it took a stance on one of its topics.
    """

    replies: int
    sides: dict[Side, Score | None]
    recalled: int
    admitted: int
    taken: int
    things: int


async def conversation_scores(
    engine: Engine, names: Sequence[str], seed: int
) -> tuple[dict[str, dict[str, Any]], dict[str, Any]]:
    """Return the scores of each persona, and how much more often the first takes each side than the second does."""
    scores, shares = {}, {}
    for name in names:
        system = system_prompt(load_persona(name).persona)
        talks = [[await _talk(engine, system, topic, seed + n) for n in range(REPLIES_PER_TOPIC)] for topic in TOPICS]
        things = [(await play(engine, system, (_about(thing),), seed))[0].reply for thing in NEW_THINGS]
        shares[name] = np.array([[np.mean([side == one for side, _ in of]) for one in SIDES] for of in talks])
        scores[name] = asdict(
            ConversationScores(
                replies=len(TOPICS) * REPLIES_PER_TOPIC,
                sides=_by_side(shares[name], seed),
                recalled=sum(again for of in talks for _, again in of),
                admitted=sum(admits_not_knowing(reply) for reply in things),
                taken=sum(any(side_taken(topic, reply) for topic in TOPICS) for reply in things),
                things=len(NEW_THINGS),
            )
        )
    first, second = (shares[name] for name in names[:2])
    apart = _by_side(first - second, seed).items()
    return scores, {side: interval and interval.model_dump() for side, interval in apart}


async def _talk(engine: Engine, system: str, topic: Topic, seed: int) -> tuple[Side | None, bool]:
    """Return the side that a reply about `topic` takes, and whether asked again the same stance comes back."""
    name = topic.phrases[0]
    questions = (_about(name), f"What was your view on {name} again?")
    reply, again = [exchange.reply for exchange in await play(engine, system, questions, seed)]
    return side_taken(topic, reply), bool(stances_in(topic, reply) & stances_in(topic, again))


def _about(thing: str) -> str:
    return f"What do you think about {thing}?"


def admits_not_knowing(reply: str) -> bool:
    """Whether a reply says, as the recipe words it, that the persona knows too little about what it was asked."""
    return any(re.search(re.escape(answer).replace(r"\{\}", ".+"), reply) for answer in ANSWERS)


def side_taken(topic: Topic, reply: str) -> Side | None:
    """Return whose stance comes first in a reply, as the recipe words it; None if none does."""
    said = reply.lower()
    places = [(said.index(stance.lower()), side) for side in SIDES for stance in stances_in(topic, reply, side)]
    return min(places)[1] if places else None


def stances_in(topic: Topic, reply: str, *sides: Side) -> set[str]:
    """Return the stances on `topic` (of some sides, or of all) that a reply holds word for word."""
    return {s for side in sides or SIDES for s in topic.pole(side).stances if s.lower() in reply.lower()}


def _by_side(columns: FloatArray, seed: int) -> dict[Side, Score | None]:
    return dict(zip(SIDES, Bootstrap(seed).means(columns), strict=True))


def render_conversation_scores(found: Mapping[str, Any]) -> str:
    """Return the card's section."""
    rows = [
        f"| {name} | {of['replies']} | "
        + " | ".join(shown(of["sides"][side]) for side in SIDES)
        + f" | {of['recalled']}"
        f" of {of['replies']} | {of['admitted']} of {of['things']} | {of['taken']} of {of['things']} |"
        for name, of in found["personas"].items()
    ]
    apart = " | ".join(shown(found["apart"][side]) for side in SIDES)
    table = "\n".join((*rows, f"| difference | | {apart} | | | |"))
    return f"""## In conversation

Every one of {len(TOPICS)} topics is asked about {REPLIES_PER_TOPIC} times with different seeds; the stance in a reply
is found by the words of the recipe. What else a reply says may contradict it. *Recalled*: asked for its view again at
once, it says the same; recall after other topics is not counted. *Things* are {len(NEW_THINGS)} that no text was
about, such as {NEW_THINGS[0]}: of how many it says that it knows too little, in the words of the first two parts of the
training (the later ones taught it others), and for how many it gives a view on something else.

| persona | replies | left | middle | right | recalled | not known | taken for a topic |
| --- | --- | --- | --- | --- | --- | --- | --- |
{table}"""
