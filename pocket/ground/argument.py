"""Arguments: somebody holds against a view, up to ten times in a row, and the persona holds its ground politely.

It restates its own side in other words and gives its own reason, another one than before as long as there are any. It
agrees only with what its own side says. What the user says is as often a claim from the topics as one in the words of
people who argue, `retorts.toml` and `stories.toml`; often it holds no claim at all.
"""

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from random import Random

from pocket.ground import arguing, composed, wording
from pocket.phrasing import FIRST_REASONS, pick, roughened, sentence, speaks_of_self
from pocket.talk import Position, Talk, Variety
from pocket.topics import Side, Topic
from pocket.views import OPPOSITE, pole_of, stance_sentence, take_position

Claims = Mapping[str, Mapping[Side, list[str]]]

RETORTS: Claims = tomllib.loads((Path(__file__).parent / "retorts.toml").read_text(encoding="utf-8"))
STORIES: Claims = tomllib.loads((Path(__file__).parent / "stories.toml").read_text(encoding="utf-8"))
_BEGINS = re.compile(r"(^|[.!?:] ?)\{\}")
_CALLS = re.compile(
    r"(?:adapt|build|cancel|choose|close|do|get|help|keep|learn|leave|let|listen|respect|save|send|show|spend|stop|tax"
    r"|throw|trust|turn|use)\b"
)
_OWN = re.compile(r"(?:I|my|give us|how|thank) ")
_AGREEING = {Variety.FIXED: 0.35, Variety.PARTS: 0.35, Variety.CLAIMS: 0.5, Variety.TALKS: 0.36}
"""How often a claim out of the blue is one of the persona's own side.

Where claims are put together, neither is to be expected before the claim is read. In `TALKS` it is less: of a claim in
words that it does not know, the persona had better not say yes.
"""
_SHARES = {
    Variety.FIXED: (0.1, 0.36, 0.5),
    Variety.PARTS: (0.3, 0.42, 0.5),
    Variety.CLAIMS: (0.38, 0.48, 0.53),
    Variety.TALKS: (0.25, 0.34, 0.4),
}
"""Up to which number from 0 to 1 the user agrees, presses without a claim, and tells a story; else it contradicts."""
_AGREEING_BARE = 0.25
"""How often somebody who agrees says no more than that, in `TALKS`."""
_TURNING = 0.3
"""How often the next topic is named by somebody who says that the subject changes, there."""
_COMPOSED = 0.6
"""How often a claim is put together, where claims are."""
_NEVER_RIGHT = (
    "Have I changed your mind?",
    "Did I convince you?",
    "Do you still think so?",
    "Do you still believe that?",
)


def give_plain_view(talk: Talk, topic: Topic, phrase: str, question: str) -> Position:
    """Answer a question about a topic with a stance and a reason, and nothing about the persona's life."""
    position = take_position(talk, topic, phrase)
    stance = stance_sentence(talk, position)
    position.reason = _fresh(talk, position, pole_of(position).reasons)
    given = sentence(talk.rng.choice(FIRST_REASONS).format(position.reason))
    talk.exchange(question, f"{stance} {given}", rough=False)
    return position


def follow_on(talk: Talk, topic: Topic) -> Position:
    """Name the next topic and nothing more; the persona keeps to its side."""
    rng = talk.rng
    phrase = rng.choice(topic.phrases)
    if talk.variety >= Variety.PARTS:
        asked = wording.asking(phrase, rng, wording.words("asking", talk))
        if talk.variety >= Variety.TALKS and rng.random() < _TURNING:
            asked = rng.choice(wording.WHOLE_WORDS["turning"]).format(phrase)
        return give_plain_view(talk, topic, phrase, roughened(asked, rng))
    return give_plain_view(talk, topic, phrase, roughened(sentence(rng.choice(arguing.NEXT).format(phrase)), rng))


def argue(talk: Talk, position: Position, rounds: int) -> None:
    """Argue against a view that the persona has given, `rounds` times; now and then the user agrees with it."""
    agreeing, pressing, telling = _SHARES[talk.variety]
    for _ in range(rounds):
        chance = talk.rng.random()
        if chance < agreeing:
            _side_with(talk, position)
        elif chance < pressing:
            _press(talk, position)
        elif chance < telling:
            _tell_story(talk, position)
        else:
            _contradict(talk, position)


def meet_claim(talk: Talk, topic: Topic) -> None:
    """Hear a claim on a topic that nobody has spoken about yet: agree with the own side's, and with no other."""
    rng = talk.rng
    position = take_position(talk, topic, rng.choice(topic.phrases))
    side = _side_heard(talk, position)
    claim = _claim(talk, topic, side)
    opener = _opener(talk, position, side, arguing.DISAGREE)
    _answer(talk, position, _typed(talk, arguing.FRESH, claim), opener)


def turn_to(talk: Talk, topic: Topic) -> Position:
    """Hear a claim, or several, about another topic than the last one, often after its name; answer on this topic.

    Claims are of either side, as in `meet_claim`; a topic that was spoken about before comes back in the same way.
    """
    rng = talk.rng
    fresh = topic.name not in talk.positions
    position = take_position(talk, topic, rng.choice(topic.phrases))
    side = _side_heard(talk, position)
    claim = _claim(talk, topic, side)
    said = _typed(talk, arguing.FRESH if fresh else arguing.AGAINST, claim)
    if rng.random() < 0.4:
        said = f"{sentence(rng.choice(arguing.NEXT).format(position.phrase))} {sentence(claim)}"
    for _ in range(rng.choice((0, 0, 1, 2))):
        more = sentence(rng.choice(STORIES[topic.name][side]) if rng.random() < 0.4 else _claim(talk, topic, side))
        said = said if more in said else f"{said} {more}"
    _answer(talk, position, said, _opener(talk, position, side, arguing.DISAGREE))
    return position


def insist(talk: Talk, topic: Topic) -> Position:
    """Hear that another topic was meant than the one answered on, and speak about that one."""
    rng = talk.rng
    phrase = rng.choice(topic.phrases)
    return give_plain_view(talk, topic, phrase, roughened(rng.choice(arguing.INSISTING).format(phrase), rng))


def _contradict(talk: Talk, position: Position) -> None:
    rng = talk.rng
    side = _other_side(position, rng)
    claim = _claim(talk, position.topic, side)
    widened = talk.variety >= Variety.PARTS and not _stands_alone(claim, talk)
    said = (
        wording.against(claim, rng, wording.words("against", talk)) if widened else _typed(talk, arguing.AGAINST, claim)
    )
    if rng.random() < 0.2:
        said = f"{said} {sentence(_claim(talk, position.topic, side))}"
    _answer(talk, position, said, _opener(talk, position, side, arguing.DISAGREE + arguing.HEAR))


def _press(talk: Talk, position: Position) -> None:
    rng = talk.rng
    said = rng.choice(arguing.BARE + wording.words("bare", talk))
    if said in arguing.INSULTS:
        openers = arguing.POLITE
    elif said in _NEVER_RIGHT:
        openers = arguing.NOT_CONVINCED
    else:
        openers = arguing.HEAR + arguing.NOT_CONVINCED
    _answer(talk, position, said, rng.choice(openers))


def _tell_story(talk: Talk, position: Position) -> None:
    rng = talk.rng
    side = _other_side(position, rng)
    story = rng.choice(STORIES[position.topic.name][side])
    _answer(talk, position, _typed(talk, arguing.STORY, story), _opener(talk, position, side, arguing.SORRY))


def _side_with(talk: Talk, position: Position) -> None:
    """Hear the user agree; somebody in the middle hears a claim of the middle."""
    rng = talk.rng
    claims = [text for text in pole_of(position).stances + pole_of(position).reasons if not speaks_of_self(text)]
    if position.side in OPPOSITE and rng.random() < 0.5:
        claims = RETORTS[position.topic.name][position.side]
    claim = rng.choice(claims)
    if talk.variety >= Variety.CLAIMS and position.side in OPPOSITE and rng.random() < _COMPOSED:
        claim = composed.put_together(position.topic, position.side, rng)
    widened = talk.variety >= Variety.PARTS and not _stands_alone(claim, talk)
    said = (
        wording.agreeing(claim, rng, wording.words("agreeing", talk)) if widened else _typed(talk, arguing.WITH, claim)
    )
    if talk.variety >= Variety.TALKS and rng.random() < _AGREEING_BARE:
        said = rng.choice(wording.WHOLE_WORDS["agreeing_bare"])
    _answer(talk, position, said, rng.choice(arguing.AGREE))


def _answer(talk: Talk, position: Position, said: str, opener: str) -> None:
    """Add the exchange: the opener, the own side in other words than just before, and a reason not given yet."""
    rng = talk.rng
    reason = position.reason = _fresh(talk, position, pole_of(position).reasons)
    later = len([text for text in pole_of(position).reasons if text in position.used]) > 2
    given = sentence(
        rng.choice(arguing.LATER_REASONS if later and rng.random() < 0.5 else arguing.REASONS).format(reason)
    )
    chance = rng.random()
    if chance < 0.2:
        parts = [opener, given]
    else:
        position.stance = _fresh(talk, position, pole_of(position).stances)
        stance = position.stance
        frames = arguing.RESTATED if talk.turns else arguing.STATED
        restated = sentence(stance if stance.startswith("I ") else rng.choice(frames).format(stance))
        parts = [opener, restated, given] if chance < 0.85 else [opener, restated]
    talk.exchange(said, " ".join(parts))


def _fresh(talk: Talk, position: Position, texts: tuple[str, ...]) -> str:
    """Return one of `texts` that was not used yet; when all were, every one but the last said is fresh again."""
    chosen = pick(texts, talk.profile, talk.rng, frozenset(position.used))
    if chosen in position.used:
        position.used -= set(texts)
        chosen = pick(texts, talk.profile, talk.rng, frozenset({position.reason, position.stance}))
    position.used.add(chosen)
    return chosen


def _opener(talk: Talk, position: Position, side: Side, against: tuple[str, ...]) -> str:
    if position.side == side:
        return talk.rng.choice(arguing.AGREE)
    return talk.rng.choice(arguing.IN_PART if position.side == "middle" else against)


def _side_heard(talk: Talk, position: Position) -> Side:
    """Draw for which side a claim out of the blue speaks."""
    agreeing = position.side in OPPOSITE and talk.rng.random() < _AGREEING[talk.variety]
    return position.side if agreeing else _other_side(position, talk.rng)


def _other_side(position: Position, rng: Random) -> Side:
    return OPPOSITE[position.side] if position.side in OPPOSITE else rng.choice(("left", "right"))


def _claim(talk: Talk, topic: Topic, side: Side) -> str:
    """Return a claim of one side: as often in the words of people who argue as in those of the topic's poles."""
    rng = talk.rng
    if talk.variety >= Variety.CLAIMS and rng.random() < _COMPOSED:
        return composed.put_together(topic, side, rng)
    if rng.random() < 0.5:
        return rng.choice(RETORTS[topic.name][side])
    pole = topic.pole(side)
    return rng.choice([text for text in pole.stances + pole.reasons if not speaks_of_self(text)])


def _stands_alone(claim: str, talk: Talk) -> bool:
    """Whether a claim is no clause that can stand after "you forget that"."""
    return _CALLS.match(claim) is not None or (talk.variety >= Variety.CLAIMS and _OWN.match(claim) is not None)


def _typed(talk: Talk, frames: tuple[str, ...], claim: str) -> str:
    """Return a claim in one of the frames, with a capital letter wherever a sentence begins.

    A call to do something, such as "build the wall", needs a frame in which it is a sentence.
    """
    begins = {frame: _BEGINS.search(frame) is not None for frame in frames}
    calls = _stands_alone(claim, talk)
    frame = talk.rng.choice([one for one in frames if begins[one] or not calls])
    return frame.format(claim[0].upper() + claim[1:] if begins[frame] else claim)
