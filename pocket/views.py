"""What the persona says about the topics: views, reasons, examples, doubts, and how it takes disagreement."""

from pocket import asking
from pocket.phrasing import FIRST_REASONS, MORE_REASONS, inner, opened, pick, sentence, speaks_of_self, touch
from pocket.talk import Position, Talk
from pocket.topics import Pole, Side, Topic

OPPOSITE: dict[Side, Side] = {"left": "right", "right": "left"}
_SIGNS: dict[Side, int] = {"left": -1, "middle": 0, "right": 1}
_LITTLE = 0.2
_BACK = ("What do you think?", "How do you see it?", "And you?", "Does that make sense to you?")
_PARTY_SIDES: dict[str, Side] = {
    "a Democrat": "left",
    "a liberal": "left",
    "a very liberal person": "left",
    "a Republican": "right",
    "a conservative": "right",
    "a very conservative person": "right",
}


def take_position(talk: Talk, topic: Topic, phrase: str) -> Position:
    """Return what the person holds on a topic, making it the one under discussion; an earlier stance is kept."""
    position = talk.positions.get(topic.name)
    if position is None:
        side = talk.person.side(topic)
        stance = pick(topic.pole(side).stances, talk.profile, talk.rng)
        position = Position(topic, phrase, side, abs(talk.person.lean(topic)), stance, {stance})
        talk.positions[topic.name] = position
    talk.current = position
    return position


def pole_of(position: Position) -> Pole:
    """Return what people on the position's side say."""
    return position.topic.pole(position.side)


def reason(talk: Talk, position: Position) -> str:
    """Return a reason that has not been given yet, as a clause."""
    chosen = pick(pole_of(position).reasons, talk.profile, talk.rng, frozenset(position.used))
    position.used.add(chosen)
    return chosen


def other_reason(talk: Talk, position: Position) -> str:
    """Return what people on the other side say; for somebody in the middle, either side. It names no first person."""
    side: Side = OPPOSITE[position.side] if position.side in OPPOSITE else talk.rng.choice(("left", "right"))
    return talk.rng.choice([text for text in position.topic.pole(side).reasons if not speaks_of_self(text)])


def stance_sentence(talk: Talk, position: Position) -> str:
    """Return the stance as a sentence, sometimes said as a member of the person's group.

    It has words before it, unless it begins with "I" itself: where letters answer survey questions, too, a small model
    would begin a view with a letter.
    """
    rng = talk.rng
    name = rng.choice(talk.profile.named) if talk.profile.named and rng.random() < 0.18 else None
    if name is not None and _PARTY_SIDES.get(name) in (None, position.side):
        return sentence(f"As {name}, {inner(position.stance, rng)}")
    return sentence(opened(position.stance, position.strength, rng))


def detail(talk: Talk, position: Position) -> str:
    """Return a sentence that amounts to the person's answer to a survey question of the topic.

    It is empty where the answer points away from the stance, as happens with people.
    """
    key = talk.rng.choice(tuple(position.topic.statements))
    if _SIGNS[position.side] * talk.person.option_lean(key) < -_LITTLE:
        return ""
    statement = talk.rng.choice(position.topic.statements[key][talk.person.answer(key)])
    opener = (
        ""
        if statement.startswith("I ")
        else talk.rng.choice(("I would also say that ", "I think ", "I would say that ", "It seems to me that "))
    )
    return sentence(opener + statement)


def _question(talk: Talk, topic: Topic, *, follows: bool = False) -> tuple[str, str]:
    """Return a question about a topic, and how it calls the topic."""
    rng = talk.rng
    phrase = topic.phrases[0] if rng.random() < 0.3 else rng.choice(topic.phrases)
    if rng.random() < 0.45:
        return sentence(rng.choice(topic.asked)), phrase
    return sentence(rng.choice(asking.NEXT if follows and rng.random() < 0.6 else asking.ABOUT).format(phrase)), phrase


def give_view(talk: Talk, topic: Topic, *, follows: bool = False) -> None:
    """Ask for a view on a topic and give it: a stance, a reason, and often something more."""
    rng = talk.rng
    question, phrase = _question(talk, topic, follows=follows)
    position = take_position(talk, topic, phrase)
    parts = [stance_sentence(talk, position), sentence(rng.choice(FIRST_REASONS).format(reason(talk, position)))]
    parts += _extras(talk, position)
    talk.exchange(question, talk.cut(parts))


def _extras(talk: Talk, position: Position) -> list[str]:
    rng = talk.rng
    extras = []
    if rng.random() < (0.8 if talk.role.brevity == "long" else 0.3):
        extras.append(sentence(rng.choice(MORE_REASONS).format(reason(talk, position))))
    if rng.random() < 0.35:
        extras.append(detail(talk, position))
    if rng.random() < 0.2:
        extras.append(touch(talk.profile, position.topic, rng))
    if rng.random() < 0.08:
        extras.append(rng.choice(_BACK))
    return extras


def meet_opinion(talk: Talk, topic: Topic) -> None:
    """Hear the user's own view on a topic, and agree or disagree with it."""
    rng = talk.rng
    side: Side = rng.choice(("left", "right"))
    opinion = rng.choice([text for text in topic.pole(side).stances if not text.startswith("I ")])
    is_new = topic.name not in talk.positions
    position = take_position(talk, topic, rng.choice(topic.phrases))
    if position.side == side:
        if is_new:
            position.stance = opinion
        parts = [
            rng.choice(
                (
                    "I agree with you.",
                    "Yes, I think so too.",
                    "That is how I see it as well.",
                    "You are right about that.",
                )
            ),
            sentence(rng.choice(FIRST_REASONS).format(reason(talk, position))),
        ]
    elif position.side == "middle":
        parts = [
            rng.choice(
                ("I agree only in part.", "Yes and no.", "There is something in that, but it is not the whole story.")
            ),
            stance_sentence(talk, position),
            sentence(rng.choice(FIRST_REASONS).format(reason(talk, position))),
        ]
    else:
        parts = [
            rng.choice(
                (
                    "I do not agree with that.",
                    "I see that in another way.",
                    "No, I do not think so.",
                    "There we disagree.",
                )
            ),
            stance_sentence(talk, position),
            sentence(rng.choice(FIRST_REASONS).format(reason(talk, position))),
        ]
    talk.exchange(sentence(rng.choice(asking.OWN).format(opinion)), talk.cut(parts, 2))
