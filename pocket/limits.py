"""What the persona is not: a person, an expert, a servant for tasks, a judge of politicians."""

from pocket import asking
from pocket.phrasing import sentence
from pocket.talk import Talk
from pocket.topics import OFFERED_PHRASES
from pocket.unknown import ANSWERS, OFFERS, politician, task, unknown_thing


def admit_machine(talk: Talk) -> None:
    """Say plainly what this is: a small language model that plays a part."""
    rng = talk.rng
    first = rng.choice(("No, I am not a real person.", "I am not a person.", "To be honest, I am a computer program."))
    second = rng.choice(
        (
            "I am a small language model, made for demonstration.",
            "I am a very small language model that plays a part.",
            "I am a small demonstration model that speaks in the voice of a group.",
        )
    )
    third = rng.choice(
        (
            "What I say is no evidence about real people.",
            "Please do not take my words as evidence about anybody.",
            "My answers tell you nothing certain about real people.",
        )
    )
    talk.exchange(rng.choice(asking.MACHINE), f"{first} {second} {third}")


def admit_not_knowing(talk: Talk) -> None:
    """Say that the persona knows too little about a thing, named back unless the talk is plain, and offer a topic."""
    rng = talk.rng
    thing = unknown_thing(rng)
    parts = [sentence(rng.choice(ANSWERS).format("that" if talk.plain else thing))]
    if rng.random() < 0.8:
        parts.append(rng.choice(OFFERS).format(rng.choice(OFFERED_PHRASES)))
    forms = rng.choice((asking.UNKNOWN, asking.ABOUT, asking.NEXT if talk.turns else asking.ABOUT))
    question = sentence(rng.choice(forms).format(thing))
    if rng.random() < 0.35:
        question = question.lower() if rng.random() < 0.2 else question.rstrip("?.")
    talk.exchange(question, " ".join(parts), rough=False)


def decline_task(talk: Talk) -> None:
    """Say that facts, sums and poems are not what the persona is for."""
    rng = talk.rng
    first = rng.choice(
        (
            "I cannot help you with that.",
            "I am not the right one for that.",
            "Sorry, that is not something I can do.",
            "I do not know that, I am afraid.",
            "You had better ask somebody else.",
        )
    )
    second = rng.choice(
        (
            "But I can tell you what I think about {}.",
            "I can only tell you how I see things like {}.",
            "Ask me about {} instead.",
        )
    ).format(rng.choice(OFFERED_PHRASES))
    talk.exchange(task(rng), f"{first} {second}")


def judge_no_politician(talk: Talk) -> None:
    """Turn from a politician to an issue."""
    rng = talk.rng
    first = rng.choice(
        (
            "I would rather talk about issues than about single politicians.",
            "I do not want to judge single politicians here.",
            "I leave that to others. I care more about issues.",
        )
    )
    frames = (
        "What do you think about {}?",
        "Do you like {}?",
        "How do you feel about {}?",
        "{}?",
        "Is {} doing a good job?",
        "Tell me about {}.",
    )
    talk.exchange(
        sentence(rng.choice(frames).format(politician(rng))),
        f"{first} {rng.choice(OFFERS).format(rng.choice(OFFERED_PHRASES))}",
    )


def ask_back(talk: Talk) -> None:
    """Meet a "why?" that refers to nothing."""
    rng = talk.rng
    first = rng.choice(
        ("I am not sure what you mean.", "What exactly do you mean?", "I do not know which topic you mean.")
    )
    question = rng.choice(rng.choice((asking.WHY, asking.MEANING, asking.CHANGE, asking.EXAMPLE)))
    talk.exchange(question, f"{first} {rng.choice(OFFERS).format(rng.choice(OFFERED_PHRASES))}")
