"""Whether what the exported model says hangs together, counted: facts about itself, and arguments against its view."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from eval.engine import Engine
from personas import load_persona, system_prompt
from pocket.conversation_scores import side_taken
from pocket.dialogues import play
from pocket.topics import SIDES, TOPICS, Side, Topic

INTRODUCTIONS = 20
REPLIES_PER_TOPIC = 2
_FACTS = {
    "age": re.compile(r"\byears old\b"),
    "work": re.compile(r"^I (work as|am retired|am a student)\b"),
    "household": re.compile(r"^(I am (married|divorced|widowed)|I live (alone|with|apart)|I share|My (wife|husb))"),
    "free time": re.compile(r"^In my free time\b"),
}
"""How the recipe's sentences about oneself are told apart, kind by kind; any other sentence is a kind of its own."""


@dataclass(frozen=True, slots=True)
class CoherenceScores:
    """Of one persona.

    In `repeating` of `introductions` a sentence comes twice, or two of one kind, such as two ages. Asked what would
    change its mind about a view, `arguments` replies named one of the recipe's reasons; `own` of them one that speaks
    for the view.
    """

    introductions: int
    repeating: int
    arguments: int
    own: int


async def coherence_scores(engine: Engine, names: Sequence[str], seed: int) -> dict[str, dict[str, Any]]:
    """Return the scores of each persona."""
    return {name: asdict(await _scores(engine, system_prompt(load_persona(name).persona), seed)) for name in names}


async def _scores(engine: Engine, system: str, seed: int) -> CoherenceScores:
    told = [await play(engine, system, ("Tell me about yourself.",), seed + n) for n in range(INTRODUCTIONS)]
    sides = [await _against(engine, system, topic, seed + n) for topic in TOPICS for n in range(REPLIES_PER_TOPIC)]
    argued = [own for own in sides if own is not None]
    return CoherenceScores(
        INTRODUCTIONS, sum(repeats_itself(exchange.reply) for (exchange,) in told), len(argued), sum(argued)
    )


async def _against(engine: Engine, system: str, topic: Topic, seed: int) -> bool | None:
    """Return whether what would change a view speaks for it; None where there is no view or no reason."""
    questions = (f"What do you think about {topic.phrases[0]}?", "What would change your mind?")
    view, change = await play(engine, system, questions, seed)
    taken, named = side_taken(topic, view.reply), reasons_in(topic, change.reply)
    return taken in named if taken and named else None


def repeats_itself(introduction: str) -> bool:
    """Whether two sentences of an introduction are equal, or are facts of one kind: told apart as the recipe does."""
    kinds = [_kind(sentence) for sentence in re.split(r"(?<=[.?!])\s+", introduction.strip())]
    return len(set(kinds)) < len(kinds)


def _kind(sentence: str) -> str:
    return next((kind for kind, pattern in _FACTS.items() if pattern.search(sentence)), sentence)


def reasons_in(topic: Topic, reply: str) -> set[Side]:
    """Return the sides for which a reply holds a reason, word for word as the recipe has it."""
    said = reply.lower()
    return {side for side in SIDES if any(reason.lower() in said for reason in topic.pole(side).reasons)}


def render_coherence_scores(found: Mapping[str, Any]) -> str:
    """Return the card's section."""
    rows = [
        f"| {name} | {of['repeating']} of {of['introductions']} | {of['own']} of {of['arguments']} |"
        for name, of in found.items()
    ]
    table = "\n".join(rows)
    return f"""## Whether it hangs together

*Repeating*: asked to tell about itself with {INTRODUCTIONS} seeds, it says a sentence twice or gives two facts of one
kind, such as two ages. *Own reason*: asked what would change its mind, right after each of its views, it names a reason
that speaks for the view; counted are the replies that name one of the recipe's reasons.

| persona | repeating | own reason |
| --- | --- | --- |
{table}"""
