"""What the persona says about the topics: views, reasons, examples, doubts, and how it takes disagreement."""

from pocket import asking
from pocket.phrasing import FIRST_REASONS, MORE_REASONS, inner, opened, pick, sentence, speaks_of_self, touch
from pocket.talk import Position, Talk
from pocket.topics import TOPICS, Pole, Side, Topic

_OPPOSITE: dict[Side, Side] = {"left": "right", "right": "left"}
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
_PLURALS = {
    "a Democrat": "Democrats",
    "a liberal": "liberals",
    "a very liberal person": "very liberal people",
    "a Republican": "Republicans",
    "a conservative": "conservatives",
    "a very conservative person": "very conservative people",
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
    side = _OPPOSITE.get(position.side) or talk.rng.choice(("left", "right"))
    return talk.rng.choice([text for text in position.topic.pole(side).reasons if not speaks_of_self(text)])


def stance_sentence(talk: Talk, position: Position) -> str:
    """Return the stance as a sentence, sometimes said as a member of the person's group."""
    rng = talk.rng
    named = talk.profile.named
    if named and rng.random() < 0.18:
        name = rng.choice(named)
        own_side = _PARTY_SIDES.get(name)
        if own_side is None or own_side == position.side:
            return sentence(f"As {name}, {inner(position.stance, rng)}")
        return sentence(f"Many {_PLURALS[name]} may not agree, but {inner(position.stance, rng)}")
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


def give_view(talk: Talk, topic: Topic, *, follows: bool = False) -> None:
    """Ask for a view on a topic and give it: a stance, a reason, and often something more."""
    rng = talk.rng
    phrase = topic.phrases[0] if rng.random() < 0.3 else rng.choice(topic.phrases)
    if rng.random() < 0.45:
        question = rng.choice(topic.asked)
    else:
        question = rng.choice(asking.NEXT if follows and rng.random() < 0.6 else asking.ABOUT).format(phrase)
    position = take_position(talk, topic, phrase)
    parts = [stance_sentence(talk, position), sentence(rng.choice(FIRST_REASONS).format(reason(talk, position)))]
    parts += _extras(talk, position)
    talk.exchange(sentence(question), talk.cut(parts))


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


def give_reason(talk: Talk, position: Position) -> None:
    """Answer "why?" with another reason for the stance just taken."""
    rng = talk.rng
    openings = (
        "Mainly because {}.",
        "Because {}.",
        "I say that because {}.",
        "Well, {}.",
        "The main thing is that {}.",
        f"When it comes to {position.phrase}, what counts for me is that {{}}.",
        "For me it comes down to this: {}.",
    )
    parts = [sentence(rng.choice(openings).format(reason(talk, position)))]
    if rng.random() < 0.6:
        parts.append(sentence(rng.choice(MORE_REASONS).format(reason(talk, position))))
    if rng.random() < 0.35:
        parts.append(
            rng.choice((f"That is why I say that {position.stance}.", f"So I still think that {position.stance}."))
        )
    elif rng.random() < 0.3:
        parts.append(touch(talk.profile, position.topic, rng))
    talk.exchange(rng.choice(asking.WHY), talk.cut(parts))


def give_example(talk: Talk, position: Position) -> None:
    """Answer with an example for the stance just taken."""
    example = pick(pole_of(position).examples, talk.profile, talk.rng, frozenset(position.used))
    position.used.add(example)
    parts = [talk.rng.choice(("", "", "Sure.", "Yes, of course.")), example]
    if talk.rng.random() < 0.4:
        parts.append(f"That shows why I think that {position.stance}.")
    talk.exchange(
        talk.rng.choice(asking.EXAMPLE), talk.cut(parts) if parts[0] == "" else " ".join(p for p in parts if p)
    )


def say_what_would_change_it(talk: Talk, position: Position) -> None:
    """Say what would change the person's mind: good evidence for what the other side holds."""
    rng = talk.rng
    argument = other_reason(talk, position)
    parts = [
        rng.choice(
            (
                f"I would think again about {position.phrase} if somebody could show me that {argument}.",
                f"If I saw with my own eyes that {argument}, I might change my mind.",
                f"It would take a lot, but good proof that {argument} would make me think again.",
                f"I might change my mind about {position.phrase} if I became sure that {argument}.",
            )
        ),
        rng.choice(
            (
                f"For now, I still think that {position.stance}.",
                "I try to keep an open mind.",
                "So far, nobody has convinced me of that.",
                f"But as things are, I believe that {position.stance}.",
                "I like to listen to people who know more than I do.",
            )
        ),
    ]
    talk.exchange(rng.choice(asking.CHANGE), talk.cut(parts))


def hold_on(talk: Talk, position: Position) -> None:
    """Answer "are you sure?" as firmly as the stance is held."""
    rng = talk.rng
    if position.strength > 0.6:
        firm = (
            f"Yes, I am sure. I think that {position.stance}.",
            f"Yes, quite sure. {sentence(reason(talk, position))}",
            f"I am. When it comes to {position.phrase}, my mind is made up.",
            f"Yes. I have thought about it, and {reason(talk, position)}.",
        )
        reply = rng.choice(firm)
    else:
        soft = (
            "Not completely. I can see good points on both sides.",
            f"I am fairly sure, but not certain. I still lean toward saying that {position.stance}.",
            f"Mostly. I have some doubts about {position.phrase}, like many people.",
        )
        reply = rng.choice(soft)
    talk.exchange(rng.choice(asking.SURE), reply)


def respect_others(talk: Talk, position: Position) -> None:
    """Say what people on the other side have on their minds, and where the person stands all the same."""
    rng = talk.rng
    parts = [
        rng.choice(
            (
                f"People on the other side would say that {other_reason(talk, position)}.",
                f"I know that some people say that {other_reason(talk, position)}.",
                f"They would tell you that {other_reason(talk, position)}, and I can understand that they worry.",
            )
        ),
        rng.choice(
            (
                f"I respect that, but for me it weighs more that {reason(talk, position)}.",
                f"Even so, I think that {position.stance}.",
                "I do not think that they are bad people. We just see it in different ways.",
                f"Still, {reason(talk, position)}.",
            )
        ),
    ]
    talk.exchange(rng.choice(asking.OTHER_SIDE), talk.cut(parts))


def take_pushback(talk: Talk, position: Position) -> None:
    """Hear an argument of the other side; acknowledge it, then hold the stance or soften it."""
    rng = talk.rng
    argument = other_reason(talk, position)
    parts = [
        rng.choice(
            (
                "I hear you.",
                "That is a fair point.",
                "I understand that view.",
                "I know that many people see it that way.",
                "You may have a point there.",
                "I have heard that before.",
            )
        ),
    ]
    if position.strength > 0.6 or rng.random() < 0.4:
        parts.append(
            rng.choice(
                (
                    f"But I still think that {position.stance}.",
                    f"Even so, {reason(talk, position)}.",
                    f"For me it counts more that {reason(talk, position)}.",
                )
            )
        )
        parts.append(rng.choice(("", "", "We do not have to agree on everything.", "I hope you can see my side too.")))
    else:
        parts.append(
            rng.choice(
                (
                    f"Perhaps I should think more about {position.phrase}.",
                    "I am not as sure about it as some people are.",
                )
            )
        )
        parts.append(f"On the whole, I still lean toward saying that {position.stance}.")
    talk.exchange(sentence(rng.choice(asking.BUT).format(argument)), talk.cut(parts, 2))


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


def recall(talk: Talk, position: Position) -> None:
    """Say again what was said earlier about a topic."""
    rng = talk.rng
    talk.current = position
    reply = rng.choice(
        (
            f"I said that {position.stance}.",
            f"On {position.phrase}, I said that {position.stance}.",
            f"My view on {position.phrase} was that {position.stance}.",
            f"I told you that {position.stance}, and I still think so.",
            f"As I said, I think that {position.stance}.",
        )
    )
    talk.exchange(rng.choice(asking.RECALL).format(position.phrase), reply)


def recall_first(talk: Talk) -> None:
    """Say again what was said about the first topic of the conversation, without being told which it was."""
    rng = talk.rng
    position = talk.current = next(iter(talk.positions.values()))
    first = rng.choice(
        (
            f"We began with {position.phrase}.",
            f"The first topic was {position.phrase}.",
            f"It was about {position.phrase}.",
        )
    )
    second = rng.choice(
        (f"I said that {position.stance}.", f"My view was that {position.stance}.", f"I think that {position.stance}.")
    )
    talk.exchange(rng.choice(asking.RECALL_FIRST), f"{first} {second}")


def confirm(talk: Talk, position: Position) -> None:
    """Hear one's own earlier words, or words one did not say, and set it right."""
    rng = talk.rng
    talk.current = position
    if not speaks_of_self(position.stance) and (rng.random() < 0.75 or position.side == "middle"):
        words = position.stance
        reply = rng.choice(
            (
                "Yes, that is what I think.",
                "Yes, I said that, and I still think so.",
                "That is right.",
                "Yes, that is my view.",
            )
        )
        if rng.random() < 0.5:
            reply += " " + sentence(rng.choice(MORE_REASONS[:4]).format(reason(talk, position)))
    else:
        opposite = _OPPOSITE.get(position.side) or rng.choice(("left", "right"))
        words = rng.choice([text for text in position.topic.pole(opposite).stances if not speaks_of_self(text)])
        reply = (
            rng.choice(("No, I did not say that.", "No, that is not what I said.", "That is not quite my view."))
            + f" I said that {position.stance}."
        )
    talk.exchange(rng.choice(asking.EARLIER).format(words), reply)


def explain(talk: Talk, position: Position) -> None:
    """Say the same thing in other words."""
    rng = talk.rng
    other = pick(pole_of(position).stances, talk.profile, rng, frozenset(position.used))
    position.used.add(other)
    opener = rng.choice(
        ("What I mean is that", "In other words,", "Let me put it simply:", "I mean that", "To say it simply,")
    )
    parts = [f"{opener} {other}.", sentence(rng.choice(FIRST_REASONS).format(reason(talk, position)))]
    talk.exchange(rng.choice(asking.MEANING), talk.cut(parts))


def sum_up(talk: Talk) -> None:
    """Sum up the views given so far, or a few others if there are none."""
    rng = talk.rng
    positions = list(talk.positions.values())[-3:]
    if len(positions) < 2:
        for topic in rng.sample(TOPICS, 3):
            if topic.name not in talk.positions:
                take_position(talk, topic, rng.choice(topic.phrases))
        positions = list(talk.positions.values())[-3:]
    frames = (
        "On {}, I think that {}.",
        "As for {}, I believe that {}.",
        "When it comes to {}, I would say that {}.",
        "About {}: I think that {}.",
    )
    parts = [
        frame.format(one.phrase, one.stance)
        for frame, one in zip(rng.sample(frames, len(positions)), positions, strict=True)
    ]
    talk.exchange(rng.choice(asking.SUMMARY), " ".join(parts))
