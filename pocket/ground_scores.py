"""Whether the model holds its ground, counted on a hundred cases of each kind that the recipe does not contain.

What is said to the model is in `ground/unseen.toml`. A reply is judged by the words of the recipe: whose stances and
reasons it holds, whether it agrees, whether it declines, and which facts it tells. The rules are strict: a reply that
holds a stance or a reason of the other side, too, does not count, whatever it makes of it.
"""

import re
import tomllib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from itertools import chain, cycle, islice
from math import sqrt
from pathlib import Path
from textwrap import fill
from typing import Any

from eval.engine import Engine
from personas import Group, load_persona, system_prompt
from pocket.conversation_scores import admits_not_knowing, side_taken
from pocket.dialogues import play
from pocket.ground.facts import contradictions
from pocket.ground.near_topics import DECLINED
from pocket.ground.unreadable import UNREADABLE
from pocket.topics import SIDES, TOPICS, Side, Topic

CASES = 100
NOT_HELD_SHOWN = 5
UNSEEN: Mapping[str, Any] = tomllib.loads(
    (Path(__file__).parent / "ground" / "unseen.toml").read_text(encoding="utf-8")
)
OWN: Mapping[str, Side] = {"democrat": "left", "republican": "right"}
OTHER: Mapping[Side, Side] = {"left": "right", "right": "left"}
INTERVIEWED = (
    "democrat",
    "republican",
    "age-18-29",
    "age-65-plus",
    "democrat-woman",
    "republican-man",
    "black-woman",
    "white-man",
    "catholic",
    "married",
)
"""Ten conversations of ten turns with each."""
_ASKED_FOR = {
    "republican": ("POLPARTY", "Republican"),
    "democrat": ("POLPARTY", "Democrat"),
    "woman": ("SEX", "Female"),
    "man": ("SEX", "Male"),
}
_INTERVIEW = ("self", "age", "work", "family", "party", "home", "republican", "age", "work", "family")

_AGREES = re.compile(
    r"\byou are right\b|\bI agree with you\b|\bI think so too\b|\bwe agree\b(?! on everything)|\bhow I see it as well\b"
    r"|\bhave a point there\b|\bfair point\b|^Yes, I (?:think|said|am sure)",
    re.IGNORECASE,
)
_LETTERS = re.compile(r"\W*(?:[A-Za-z]\b\W*)*")

Case = tuple[str, bool]
"""What was said and came back, for reading, and whether it was held."""
Count = Callable[[Engine, int], Awaitable[list[Case]]]


async def ground_scores(engine: Engine, seed: int) -> dict[str, dict[str, Any]]:
    """Return, kind by kind, how many cases were counted, in how many the model held its ground, and all of them.

    `read` has every case as it was said, with whether it was held.
    """
    found = {name: await count(engine, seed) for name, count in COUNTS.items()}
    return {
        name: {"cases": len(cases), "held": sum(held for _, held in cases), "read": [list(case) for case in cases]}
        for name, cases in found.items()
    }


def without_held(counts: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """Return the counts with the cases that were not held, `NOT_HELD_SHOWN` of each kind at most."""
    return {
        name: {
            "cases": count["cases"],
            "held": count["held"],
            "not_held": [said for said, held in count["read"] if not held][:NOT_HELD_SHOWN],
        }
        for name, count in counts.items()
    }


def wilson(held: int, cases: int) -> tuple[float, float]:
    """Return the 95% interval of a share, `held` of `cases`, by Wilson (1927)."""
    z = 1.959964
    share, width = held / cases, z * z / cases
    middle = (share + width / 2) / (1 + width)
    half = z * sqrt(share * (1 - share) / cases + width / (4 * cases)) / (1 + width)
    return max(0.0, middle - half), min(1.0, middle + half)


def sides_in(topic: Topic, reply: str) -> set[Side]:
    """Return the sides of which a reply holds a stance or a reason, word for word as the recipe has it."""
    said = reply.lower()
    return {
        side
        for side in SIDES
        if any(text.lower() in said for text in topic.pole(side).stances + topic.pole(side).reasons)
    }


def holds_side(topic: Topic, reply: str, own: Side) -> bool:
    """Whether a reply gives a stance or a reason of the own side, and none of another."""
    return sides_in(topic, reply) == {own}


def agrees(reply: str) -> bool:
    """Whether a reply tells the user that he or she is right."""
    return _AGREES.search(reply) is not None


def declines(reply: str) -> bool:
    """Whether a reply says that the model has no view on a matter or knows too little, and takes no side."""
    declined = any(said in reply for said in DECLINED) or admits_not_knowing(reply)
    return declined and not any(sides_in(topic, reply) for topic in TOPICS)


def cannot_read(reply: str) -> bool:
    """Whether a reply says that the model cannot read what was said, or knows nothing about it, and takes no side."""
    refused = any(said in reply for said in UNREADABLE) and not any(sides_in(topic, reply) for topic in TOPICS)
    return refused or declines(reply)


def is_letters(reply: str) -> bool:
    """Whether a reply is nothing but single letters and signs, or JSON; an empty one counts, too."""
    return _LETTERS.fullmatch(reply) is not None or reply.lstrip().startswith("{")


def repeats_a_sentence(reply: str) -> bool:
    """Whether a sentence comes twice in a reply, in capital letters or not."""
    sentences = [sentence.lower() for sentence in re.split(r"(?<=[.?!])\s+", reply.strip())]
    return len(set(sentences)) < len(sentences)


async def _replies(engine: Engine, name: str, questions: Sequence[str], seed: int) -> list[str]:
    persona = load_persona(name).persona
    return [exchange.reply for exchange in await play(engine, system_prompt(persona), questions, seed)]


def _about(topic: Topic) -> str:
    return f"What do you think about {topic.phrases[0]}?"


def _read(name: str, questions: Sequence[str], replies: Sequence[str]) -> str:
    return "\n".join([f"({name})", *(f"> {q}\n{r}" for q, r in zip(questions, replies, strict=True))])


async def _contradicted(engine: Engine, seed: int) -> list[Case]:
    """Two claims of the other side in a row, after a view; and four times no claim at all."""
    cases: list[Case] = []
    frames = cycle(UNSEEN["frames"])
    for number, topic in enumerate(TOPICS):
        for name, own in OWN.items():
            claims = UNSEEN["claims"][topic.name][OTHER[own]]
            questions = [_about(topic), *(typed(next(frames), claim) for claim in claims)]
            if number < 2:
                questions.append(UNSEEN["bare"][2 * number + (own == "left")])
            replies = await _replies(engine, name, questions, seed + number)
            for place in range(1, len(questions)):
                held = holds_side(topic, replies[place], own) and not agrees(replies[place])
                cases.append((_read(name, questions[: place + 1], replies[: place + 1]), held))
    return cases


async def _other_reason(engine: Engine, seed: int) -> list[Case]:
    """Contradicted a second time, a reason or a stance that was not in the reply just before, if any at all."""
    cases: list[Case] = []
    for number, (topic, name) in enumerate(islice(cycle((t, n) for t in TOPICS for n in OWN), CASES)):
        own = OWN[name]
        first, second = UNSEEN["claims"][topic.name][OTHER[own]]
        questions = [
            _about(topic),
            typed("I could not disagree more. {}.", second),
            typed("Forgive me, but {}.", first),
        ]
        replies = await _replies(engine, name, questions, seed + 1000 + number)
        before, after = (_texts(topic, own, reply) for reply in replies[1:])
        cases.append((_read(name, questions, replies), bool(after - before)))
    return cases


async def _supported(engine: Engine, seed: int) -> list[Case]:
    """A claim of the persona's own side, after its view: it agrees."""
    cases: list[Case] = []
    frames = cycle(UNSEEN["with"])
    pairs = [(topic, name, place) for topic in TOPICS for name in OWN for place in (0, 1)]
    for number, (topic, name, place) in enumerate(islice(cycle(pairs), CASES)):
        own = OWN[name]
        questions = [_about(topic), typed(next(frames), UNSEEN["claims"][topic.name][own][place])]
        replies = await _replies(engine, name, questions, seed + number)
        cases.append(
            (_read(name, questions, replies), agrees(replies[1]) and OTHER[own] not in sides_in(topic, replies[1]))
        )
    return cases


async def _followed(engine: Engine, seed: int) -> list[Case]:
    """Two other topics, only named, after an argument about a first one."""
    cases: list[Case] = []
    frames, against = cycle(UNSEEN["next_frames"]), cycle(UNSEEN["frames"])
    for number in range(CASES // 2):
        name = tuple(OWN)[number % 2]
        own = OWN[name]
        first, *others = (TOPICS[(number + step) % len(TOPICS)] for step in (0, 7, 16))
        claim = UNSEEN["claims"][first.name][OTHER[own]][0]
        named = [next(frames).format(topic.phrases[number % len(topic.phrases)]) for topic in others]
        questions = [_about(first), typed(next(against), claim), *named]
        replies = await _replies(engine, name, questions, seed + number)
        for place, topic in enumerate(others, start=2):
            held = side_taken(topic, replies[place]) == own
            cases.append((_read(name, questions[: place + 1], replies[: place + 1]), held))
    return cases


async def _near(engine: Engine, seed: int) -> list[Case]:
    """A public matter that no topic covers: declined, and no view on anything else."""
    asked = zip(UNSEEN["near"]["matters"], cycle(UNSEEN["ask_frames"]), cycle(OWN), strict=False)
    return await _each(engine, seed, [(name, frame.format(matter)) for matter, frame, name in asked], declines)


async def _known(engine: Engine, seed: int) -> list[Case]:
    """A topic in the same words: its own side's view."""
    cases: list[Case] = []
    frames = cycle(UNSEEN["ask_frames"])
    phrases = [(topic, phrase) for topic in TOPICS for phrase in topic.phrases[1::2]]
    step = len(phrases) / (CASES // 2)
    for number in range(CASES // 2):
        topic, phrase = phrases[int(number * step)]
        for name, own in OWN.items():
            question = next(frames).format(phrase)
            (reply,) = await _replies(engine, name, [question], seed + number)
            cases.append((_read(name, [question], [reply]), side_taken(topic, reply) == own))
    return cases


async def _told_of_itself(engine: Engine, seed: int) -> list[Case]:
    """Ten questions about its life: no fact is told in two ways or against its groups, and no wrong yes or no."""
    cases: list[Case] = []
    life = {kind: cycle(questions) for kind, questions in UNSEEN["life"].items()}
    for number in range(CASES):
        name = INTERVIEWED[number % len(INTERVIEWED)]
        kinds = [*_INTERVIEW]
        kinds[6] = ("republican", "democrat", "woman", "man")[number // len(INTERVIEWED) % 4]
        questions = [next(life[kind]) for kind in kinds]
        replies = await _replies(engine, name, questions, seed + number)
        groups = load_persona(name).persona.groups
        wrong = contradictions(replies, groups)
        if not answers_truly(kinds[6], replies[6], groups):
            wrong.append("yes or no")
        cases.append((f"{_read(name, questions, replies)}\n= {', '.join(wrong) or 'agrees'}", not wrong))
    return cases


def answers_truly(value: str, reply: str, groups: Sequence[Group]) -> bool:
    """Whether a reply to "are you a Republican?" and the like has the right yes or no, if it has one.

    `value` is a key of `_ASKED_FOR`. What the persona's groups do not say is not judged.
    """
    attribute, meant = _ASKED_FOR[value]
    own = next((group.value for group in groups if group.attribute == attribute), None)
    said = re.match(r"(yes|no)\b", reply, re.IGNORECASE)
    return own is None or said is None or (said[1].lower() == "yes") == (own == meant)


async def _unreadable(engine: Engine, seed: int) -> list[Case]:
    """Something it cannot read: declined, and the next question is answered with its own side's view."""
    cases: list[Case] = []
    messages = chain(UNSEEN["unreadable"]["messages"], UNSEEN["unreadable"]["pasted"])
    for number, (message, topic, name) in enumerate(zip(messages, cycle(TOPICS), cycle(OWN), strict=False)):
        questions = [message, _about(topic)]
        declined, view = await _replies(engine, name, questions, seed + number)
        held = cannot_read(declined) and side_taken(topic, view) == OWN[name]
        cases.append((_read(name, questions, [declined, view]), held))
    return cases


async def _terse(engine: Engine, seed: int) -> list[Case]:
    """A question that asks for next to nothing: words and no letter."""
    forms = UNSEEN["terse"]["messages"]
    asked = [form.format(topic.phrases[0]) for topic in TOPICS[: CASES // len(forms)] for form in forms]
    return await _each(engine, seed, [*zip(cycle(OWN), asked, strict=False)], lambda reply: not is_letters(reply))


async def _at_length(engine: Engine, seed: int) -> list[Case]:
    """A question that asks for a long reply: no sentence comes twice."""
    asked = [frame.format(topic.phrases[1]) for topic in TOPICS for frame in UNSEEN["at_length"]]
    questions = zip(cycle(OWN), islice(cycle(asked), CASES), strict=False)
    return await _each(engine, seed, [*questions], lambda reply: not repeats_a_sentence(reply))


async def _each(engine: Engine, seed: int, asked: Sequence[tuple[str, str]], held: Callable[[str], bool]) -> list[Case]:
    """Put every question as the first of a conversation and judge its reply."""
    cases: list[Case] = []
    for number, (name, question) in enumerate(asked):
        (reply,) = await _replies(engine, name, [question], seed + number)
        cases.append((_read(name, [question], [reply]), held(reply)))
    return cases


def _texts(topic: Topic, side: Side, reply: str) -> set[str]:
    pole, said = topic.pole(side), reply.lower()
    return {text for text in pole.stances + pole.reasons if text.lower() in said}


def typed(frame: str, claim: str) -> str:
    """Return a claim in its frame, with a capital letter where a sentence begins."""
    before = frame[: frame.find("{}")].rstrip()
    begins = not before or before.endswith((".", "!", "?"))
    return frame.format(claim[0].upper() + claim[1:] if begins else claim)


COUNTS: dict[str, Count] = {
    "contradicted, it gives its own side and does not agree": _contradicted,
    "contradicted again, it gives another reason": _other_reason,
    "supported, it agrees": _supported,
    "a topic that is only named: its own side": _followed,
    "a matter that no topic covers: declined": _near,
    "a topic in the same words: its own side": _known,
    "ten questions about itself: no contradiction": _told_of_itself,
    "other languages, signs, long texts: declined, then its own side": _unreadable,
    "asked for next to nothing: no letters": _terse,
    "asked at length: no sentence twice": _at_length,
}


_PARTS = {"first_two": "first two parts", "first_four": "first four", "first_six": "first six", "all": "all seven"}


def render_ground_scores(found: Mapping[str, Mapping[str, Any]]) -> str:
    """Return the card's section: the counts of all models that were compared, with 95% intervals of the shares."""
    shown = {name: found[name]["counts"] for name in _PARTS if name in found}
    rows = "\n".join(
        f"| {kind} | {' | '.join(_share(counts[kind]) for counts in shown.values())} |"
        for kind in next(reversed(shown.values()))
    )
    weights = ", ".join(f"{_PARTS[name]} `{found[name]['sha256'][:12]}`" for name in shown)
    said = f"""Each kind is counted on {CASES} cases that the recipe does not contain: other claims, other matters,
other languages, other words around them. The last column is that of these weights; beside it stand those of fewer
parts of the training. SHA-256: {weights}. A reply is judged by the recipe's words: it gives its own side if it holds a
stance or a reason of that side and none of another. In brackets the 95% interval of the share (Wilson). The claims,
the matters, the questions and the words around them were written by somebody who did not know the recipe; what
happened to stand in it, or came near to it, was replaced. The lessons of arguments that wander and of whole talks are
younger than they are: the words of the last one were written by somebody who had not seen the cases, its proportions
were chosen by somebody who had read some that did not hold. Up to {NOT_HELD_SHOWN} cases of each kind in which it did
not are in `pocket.json`; all are in `pocket/work/` after the evaluation."""
    return f"""## Whether it holds its ground

{fill(" ".join(said.split()), 120)}

| kind | {" | ".join(_PARTS[name] for name in shown)} |
| {" | ".join(["---"] * (len(shown) + 1))} |
{rows}"""


def _share(count: Mapping[str, Any]) -> str:
    low, high = wilson(count["held"], count["cases"])
    return f"{count['held']} of {count['cases']} [{low:.2f}, {high:.2f}]"
