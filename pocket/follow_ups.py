"""What the persona says next about a stance: why, for example, and all the same."""

from pocket import asking
from pocket.phrasing import FIRST_REASONS, MORE_REASONS, pick, sentence, touch
from pocket.talk import Position, Talk
from pocket.views import other_reason, pole_of, reason


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
