"""Referring back: what was said earlier, whether it was meant, and all of it in short."""

from pocket import asking
from pocket.phrasing import MORE_REASONS, sentence, speaks_of_self
from pocket.talk import Position, Talk
from pocket.topics import TOPICS, Side
from pocket.views import OPPOSITE, reason, take_position


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
        opposite: Side = OPPOSITE[position.side] if position.side in OPPOSITE else rng.choice(("left", "right"))
        words = rng.choice([text for text in position.topic.pole(opposite).stances if not speaks_of_self(text)])
        reply = (
            rng.choice(("No, I did not say that.", "No, that is not what I said.", "That is not quite my view."))
            + f" I said that {position.stance}."
        )
    talk.exchange(rng.choice(asking.EARLIER).format(words), reply)


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
